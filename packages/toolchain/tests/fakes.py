"""Fake programs: small shell scripts with the names of real ones."""

from pathlib import Path

from parity_toolchain import recipes
from parity_toolchain.model import PluginVersion

SHELL = "/usr/bin:/bin"

GITHUB = PluginVersion("github", "6.15.0")
POSTGRESQL = PluginVersion("postgresql", "3.18.2")
VERCEL = PluginVersion("vercel", "5.21.1", "github://api.github.com/pulumiverse")


def program(folder: Path, name: str, body: str) -> Path:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def cli(folder: Path, version: str) -> Path:
    """A CLI with its language host, whose `plugin install -f` copies as the real one does."""
    program(folder, "pulumi-language-python", "exit 0")
    return program(
        folder,
        "pulumi",
        f"""
if [ "$1" = version ]; then echo v{version}; exit 0; fi
echo "$@" >> "{folder}/calls"
target="$PULUMI_HOME/plugins/resource-$4-v$5"
mkdir -p "$target"
for file; do :; done
cp "$file" "$target/pulumi-resource-$4"
""",
    )


def go(folder: Path, version: str, *, body: str = "") -> Path:
    """A Go whose `build` writes a program that says its stamped version, and which counts its builds.

    `body` runs at the begin of a build.
    """
    return program(
        folder,
        "go",
        f"""
case "$1" in
version) echo "go version go{version} linux/amd64" ;;
mod) printf '{{"Dir": "{folder}/module"}}' ;;
build)
    echo build >> "{folder}/builds"
    {body}
    stamp=${{4##*=}}
    echo "some/package" >&2
    printf '#!/bin/sh\\necho %s\\n' "$stamp" > "$6"
    chmod 755 "$6"
    ;;
esac
""",
    )


def builds(folder: Path) -> int:
    """How often the fake Go has built."""
    path = folder / "builds"
    return len(path.read_text().splitlines()) if path.exists() else 0


def host_module(folder: Path) -> None:
    """The scripts that the language host's Go module carries."""
    for name in (
        "cmd/pulumi-language-python-exec",
        "dist/pulumi-resource-pulumi-python",
        "dist/pulumi-analyzer-policy-python",
    ):
        path = folder / "module" / "python" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
    for name in {name for name, _, _ in recipes.POLICY_PACKS.edits}:
        main = folder / "module" / name
        main.parent.mkdir(parents=True, exist_ok=True)
        main.write_text("package main\n" + "".join(old for file, old, _ in recipes.POLICY_PACKS.edits if file == name))
