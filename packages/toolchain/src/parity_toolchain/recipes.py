"""Says what is built from which Go module, and names each build after everything it is made from."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity_toolchain.errors import BadModules

if TYPE_CHECKING:
    from parity_toolchain.model import PluginVersion

MODULES = Path(__file__).parent / "modules"

CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
STAMP = f"{SDK_MODULE}/go/common/version.Version"

PATCHES = "_patch"
"""The folder next to a go.mod with the files that a patch adds; Go itself passes over it."""

BUILT_PLUGINS = ("github", "postgresql")
"""The plugins that have a main in engine/modules/plugins."""

ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-trimpath -mod=readonly -buildvcs=false",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}
"""What a build sets, so that it gives the same program wherever it runs and needs no C compiler."""


@dataclass(frozen=True)
class Patch:
    """A change of a published module's source before it is built, where what is published lacks something."""

    module: str
    """The Go module that is changed: it gets the files of the step's own `_patch` folder."""
    edits: tuple[tuple[str, str, str], ...]
    """(file, old, new) texts; each old one must be there just once."""
    copy: str = "module"
    """The folder of the changed copy, from its go.mod: the program holds it, so it is the same for each build."""


_LANGUAGE = "python/cmd/pulumi-language-python"

POLICY_PACKS = Patch(
    SDK_MODULE,
    (
        (
            f"{_LANGUAGE}/main.go",
            "\targs := []string{req.Program}\n\targs = append(args, req.Args...)\n",
            "\targs, folder := pluginCommand(req)\n",
        ),
        (f"{_LANGUAGE}/main.go", "\tcmd.Dir = req.Pwd\n", "\tcmd.Dir = folder\n"),
    ),
)
"""Policy packs: the engine asks for one with fields that this old host does not know, and it would run the program."""

_ACT = "github.com/nektos/act"
_STEPS = "pkg/container/host_environment.go"

AS_GITHUB = Patch(
    _ACT,
    (
        (_STEPS, "\tcmd.Path = f\n", "\tcmd.Path = f\n\tcancelAsRunner(cmd)\n"),
        (_STEPS, "if true /* allocate Terminal */", "if false /* a step of GitHub's has no terminal */"),
        ("pkg/runner/run_context.go", "\t\t\treturn executor(ctx)\n", "\t\t\treturn admitted(rc, executor)(ctx)\n"),
    ),
)
"""The runner of workflows: a step is cancelled as GitHub's runner does it, and a job begins when it is let."""


@dataclass(frozen=True)
class Step:
    """One `go build`."""

    module: str
    """The folder below engine/modules."""
    package: str
    program: str
    version: str
    stamp: str
    """The string variable that the linker sets to the version."""
    ask: str
    """The argument that makes the program say its version; empty where it has none."""
    scripts: tuple[tuple[str, str], ...] = ()
    """(Go module, path in it) of files that are copied into the program's folder."""
    patch: Patch | None = None


_ACTIONLINT = "github.com/rhysd/actionlint"

PROGRAMS: dict[str, tuple[str, str, str, Patch | None]] = {
    "act": (_ACT, "", "main.stamped", AS_GITHUB),
    "actionlint": (_ACTIONLINT, "/cmd/actionlint", f"{_ACTIONLINT}.version", None),
}
"""(module, package in it, stamp, patch) of each program about workflows. act embeds its version itself."""


@dataclass(frozen=True)
class Recipe:
    """One entry of the cache."""

    name: str
    steps: tuple[Step, ...]

    @property
    def minimum_go(self) -> str:
        """The highest Go version that its modules ask for."""
        versions = [_pin(step.module, r"^go (\S+)$") for step in self.steps]
        return max(versions, key=lambda version: [int(part) for part in version.split(".")])

    def entry(self, go: str) -> str:
        """The name of the cache's entry when it is built with a Go version on this machine."""
        digest = hashlib.sha256()
        inputs = {"recipe": asdict(self), "go": go, "environment": ENVIRONMENT, "platform": _platform()}
        digest.update(json.dumps(inputs, sort_keys=True).encode())
        for path in self._files():
            digest.update(f"\0{path.relative_to(MODULES)}\0".encode())
            digest.update(path.read_bytes())
        return f"{self.name}-{digest.hexdigest()[:16]}"

    def _files(self) -> list[Path]:
        files = {path for step in self.steps for path in (MODULES / step.module).glob("go.*")}
        files |= {path for step in self.steps for path in (MODULES / step.module / step.package).glob("*.go")}
        files |= {path for step in self.steps if step.patch for path in (MODULES / step.module / PATCHES).rglob("*.go")}
        return sorted(files)


def command_line() -> Recipe:
    """The CLI with the Python language host and its scripts in the same folder."""
    cli = cli_version()
    host = _pin("language", rf"^\s*(?:require )?{re.escape(SDK_MODULE)} v(\S+)")
    scripts = (
        "python/cmd/pulumi-language-python-exec",
        "python/dist/pulumi-resource-pulumi-python",
        "python/dist/pulumi-analyzer-policy-python",
    )
    return Recipe(
        f"pulumi-{cli}",
        (
            Step(
                "language",
                f"{SDK_MODULE}/{_LANGUAGE}",
                "pulumi-language-python",
                f"v{host}",
                STAMP,
                "",
                tuple((SDK_MODULE, script) for script in scripts),
                POLICY_PACKS,
            ),
            Step("cli", f"{CLI_MODULE}/cmd/pulumi", "pulumi", f"v{cli}", STAMP, "version"),
        ),
    )


def plugin(asked: PluginVersion) -> Recipe:
    """A plugin, named with the version that the SDK asks for."""
    step = Step("plugins", f"./{asked.program}", asked.program, asked.version, "main.version", "-version")
    return Recipe(f"{asked.program}-{asked.version}", (step,))


def program(name: str) -> Recipe:
    """What checks or runs workflows: `actionlint` or `act`; raises KeyError for any other name."""
    module, package, stamp, patch = PROGRAMS[name]
    version = _pin("workflows", rf"^\s*{re.escape(module)} v(\S+)")
    step = Step("workflows", module + package, name, version, stamp, "--version", patch=patch)
    return Recipe(f"{name}-{version}", (step,))


def cli_version() -> str:
    """The version of the CLI that engine/modules/cli pins."""
    return _pin("cli", rf"^\s*(?:require )?{re.escape(CLI_MODULE)} v(\S+)")


def _pin(module: str, pattern: str) -> str:
    path = MODULES / module / "go.mod"
    match = re.search(pattern, path.read_text(), re.MULTILINE)
    if match is None:
        raise BadModules(f"{path} has no line that matches {pattern}: restore it from the repository")
    return match[1]


def _platform() -> str:
    return f"{platform.system()}-{platform.machine()}".lower()
