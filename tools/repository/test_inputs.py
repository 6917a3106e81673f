"""Every input from outside is pinned: what a file takes, at one version, with a digest where the registry gives one.

And a Renovate configuration moves each: a pin that stays is a fault that stays.
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ACTION = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\b")
_IMAGE = re.compile(r"@sha256:[0-9a-f]{64}(\s|$)")
_EXACT = re.compile(r"^[\w.-]+(\[[\w,-]+\])?==[\w.]+$")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_FETCHES = re.compile(
    r"\b(pip3? install|uv tool (?:run|install)|uvx|pipx (?:run|install)|npx|npm (?:i|install)|go (?:install|run)|"
    r"docker (?:pull|run)|curl|wget|apt-get install|cargo install|gem install)\b(.*)"
)
"""A script that brings something in, and what it names."""


def workflow(text: str) -> Iterator[str]:
    """Actions by commit, with the version that it is; images by digest; no runner that moves from name to name."""
    for line in map(str.strip, text.splitlines()):
        key, _, value = line.removeprefix("- ").partition(": ")
        if (
            (key == "uses" and not value.startswith("./") and not _ACTION.match(value))
            or (key in {"image", "container"} and value and not _IMAGE.search(value))
            or (key == "runs-on" and not re.search(r"-\d", value))
        ):
            yield line
    yield from script(text)


def image(text: str) -> Iterator[str]:
    """A Dockerfile: what it begins with, by digest; and what it runs."""
    stages = {"scratch"}
    for line in text.splitlines():
        if words := re.match(r"FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", line, re.IGNORECASE):
            if words[1] not in stages and not _IMAGE.search(words[1]):
                yield line
            stages.add(words[2])
    yield from script(text)


def requirements(text: str) -> Iterator[str]:
    """Exact versions with digests."""
    for entry in re.sub(r"\\\n\s*", " ", text).splitlines():
        name = entry.split()[0] if entry.strip() and not entry.startswith("#") else ""
        if name and not (_EXACT.match(name) and _HASH.search(entry)):
            yield entry


def uv_lock(text: str) -> Iterator[str]:
    """Files of a registry with digests, or folders of this repository."""
    for each in tomllib.loads(text)["package"]:
        source, files = each["source"], [*each.get("wheels", ()), *([each["sdist"]] if "sdist" in each else ())]
        own = "editable" in source or "virtual" in source
        if not own and not ("registry" in source and files and all("hash" in file for file in files)):
            yield f"{each['name']} {each.get('version')} from {source}"


def project(text: str) -> Iterator[str]:
    """What a package is built with; what it runs with is the lock file's."""
    required = tomllib.loads(text).get("build-system", {}).get("requires", ())
    yield from (each for each in required if not _EXACT.match(each))


def go_module(text: str, sums: str) -> Iterator[str]:
    """A digest for each module, or for what takes its place; Go takes no range of versions."""
    blocks = re.sub(r" *//.*", "", text)
    replaced = dict(re.findall(r"^(?:replace )?\s*(\S+)(?: v\S+)? => (.*)$", blocks, re.MULTILINE))
    required = re.findall(r"^(?:require )?\s*(\S+\.\S+) (v\S+)$", blocks, re.MULTILINE)
    for name, version in required:
        taken = replaced.get(name, f"{name} {version}")
        if taken not in sums:
            yield taken


def script(text: str) -> Iterator[str]:
    """Nothing brought in by a name alone."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        found = _FETCHES.search(line.partition(" #")[0])
        if found and not line.lstrip().startswith(("#", "echo")) and not _pinned(found[1], found[2]):
            yield line.strip()


def debian(text: str) -> Iterator[str]:
    """Debian's packages with version, path and digest."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    yield from (line for line in lines if not re.fullmatch(r"[\w.+-]+=\S+ debian\S*/\S+ sha256:[0-9a-f]{64}", line))


def _pinned(command: str, named: str) -> bool:
    if command == "pip install":
        return "--require-hashes" in named
    if command.startswith("docker"):
        return bool(_IMAGE.search(named))
    # curl -s of the project's own server brings nothing in; a version is what follows the name.
    return bool(re.search(r"@v?\d+\.\d+\.\d+|==\d", named))


RULES: dict[str, Callable[[str], Iterator[str]]] = {
    ".github/workflows/*.y*ml": workflow,
    ".github/actions/*/action.yml": workflow,
    "*Dockerfile*": image,
    "*Containerfile*": image,
    "*devcontainer.json": lambda text: (each for each in re.findall(r'"image": .*', text) if not _IMAGE.search(each)),
    "uv.lock": uv_lock,
    "*pyproject.toml": project,
    "*pyproject.toml.jinja": project,
    "scripts/*.txt": requirements,
    "tools/*.txt": requirements,
    "*/modules/*.txt": requirements,
    "*/image/debian.txt": debian,
    "*Makefile": script,
    "scripts/*": script,
    ".ci/*": script,
    "*.sh": script,
}
"""What reads a file, by its path; the first that fits."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def read(name: str, text: str) -> list[str]:
    """What is not pinned in a file of that name."""
    if name.endswith("go.mod"):
        sums = ROOT / name.replace("go.mod", "go.sum")
        return list(go_module(text, sums.read_text()))
    rule = next((rule for pattern, rule in RULES.items() if fnmatch.fnmatchcase(name, pattern)), None)
    return [] if rule is None else list(rule(text))


def inputs() -> list[str]:
    """The files that a rule reads."""
    patterns = [*RULES, "*go.mod"]
    return [name for name in tracked() if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def test_each_input_is_pinned():
    found = inputs()
    kinds = {pattern for pattern in [*RULES, "*go.mod"] for name in found if fnmatch.fnmatchcase(name, pattern)}
    assert len(kinds) > 8, "the files are not where this test expects them"
    assert {name: wrong for name in found if (wrong := read(name, (ROOT / name).read_text()))} == {}


def test_an_action_has_one_pin():
    text = "\n".join((ROOT / name).read_text() for name in inputs() if name.startswith(".github/"))
    pins = {(action, pin) for action, pin in re.findall(r"uses: ([\w./-]+)@(\S+ # v[\d.]+)", text)}
    assert len(pins) == len({action for action, _ in pins}), sorted(pins)


WORKFLOW = ".github/workflows/ci.yml"
GO = "packages/toolchain/src/parity_toolchain/modules/workflows/go.mod"
BREAKS = [
    (WORKFLOW, "uses: actions/checkout@v7"),
    (WORKFLOW, f"- uses: actions/checkout@{'a' * 40}"),
    (WORKFLOW, f"uses: actions/checkout@{'a' * 12} # v7.0.1"),
    (WORKFLOW, "uses: docker://alpine:3.22"),
    (WORKFLOW, "image: postgres:18"),
    (WORKFLOW, "container: ubuntu:24.04"),
    (WORKFLOW, "runs-on: ubuntu-latest"),
    (WORKFLOW, "run: npx wrangler deploy"),
    (".github/actions/parity/action.yml", "uses: pulumi/actions@v7"),
    ("Dockerfile", "FROM python:3.13-slim"),
    ("docs/Dockerfile.vercel", f"FROM python@sha256:{'a' * 64} AS base\nFROM base\nFROM alpine"),
    ("Dockerfile", "RUN pip install httpx"),
    (".devcontainer/devcontainer.json", '"image": "mcr.microsoft.com/devcontainers/base:ubuntu"'),
    ("scripts/uv.txt", "uv>=0.13"),
    ("scripts/uv.txt", "uv==0.13.9"),
    ("packages/toolchain/src/parity_toolchain/image/debian.txt", "git=1:2.39.5 debian/pool/main/g/git/git.deb"),
    ("uv.lock", '[[package]]\nname = "x"\nsource = { git = "https://example.com/x" }'),
    ("uv.lock", '[[package]]\nname = "x"\nsource = { registry = "r" }\nsdist = { url = "u" }'),
    ("uv.lock", '[[package]]\nname = "x"\nsource = { registry = "r" }'),
    ("packages/policy/pyproject.toml", '[build-system]\nrequires = ["hatchling>=1"]'),
    (GO, "require example.com/module v1.0.0"),
    (GO, "\texample.com/module v1.0.0 // indirect"),
    (GO, "require example.com/module v1.0.0\nreplace example.com/module => ../module"),
    ("Makefile", "\tpip install ruff"),
    ("scripts/lint", "go install example.com/lint@latest"),
    ("scripts/lint", "curl -fsSL https://example.com/install.sh | sh"),
    ("scripts/lint", "docker run alpine:3 true"),
    (".ci/run", "apt-get install -y jq"),
    ("release.sh", "uvx twine upload"),
]


@pytest.mark.parametrize(("name", "line"), BREAKS)
def test_a_break_of_each_kind_is_found(name: str, line: str):
    assert len(read(name, line)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (WORKFLOW, f"uses: actions/checkout@{'a' * 40} # v7.0.1\nuses: ./.github/actions/x\nruns-on: ubuntu-24.04"),
        ("Dockerfile", f"FROM python@sha256:{'a' * 64} AS base\nFROM scratch\nCOPY --from=base / /"),
        ("scripts/x", "go install example.com/lint@v1.2.3\npip install --require-hashes -r x.txt\ndocker run a@sha256:"
         + "a" * 64),
    ],
)  # fmt: skip
def test_what_is_pinned_is_let_be(name: str, text: str):
    assert read(name, text) == []


@dataclass(frozen=True)
class Manager:
    """What moves pins, and the files that it reads where the configuration names no others (docs.renovatebot.com)."""

    name: str
    files: str


MANAGERS = (
    Manager("github-actions", r"^\.github/(workflows|actions)/.+\.ya?ml$|(^|/)action\.ya?ml$"),
    Manager("gomod", r"(^|/)go\.mod$"),
    Manager("pep621", r"(^|/)pyproject\.toml$|(^|/)uv\.lock$"),
    Manager("pip_requirements", r"(^|/)[\w-]*requirements([-._]\w+)?\.(txt|pip)$"),
    Manager("dockerfile", r"(^|/|\.)([Dd]ocker|[Cc]ontainer)file$|(^|/)([Dd]ocker|[Cc]ontainer)file[^/]*$"),
    Manager("devcontainer", r"^.devcontainer/devcontainer.json$|^.devcontainer.json$"),
)
RENOVATE: dict[str, Any] = json.loads((ROOT / ".github" / "renovate.json").read_text())


def moved_by(name: str) -> list[str]:
    found: list[str] = []
    for manager in MANAGERS:
        given = RENOVATE.get(manager.name, {}).get("managerFilePatterns", [f"/{manager.files}/"])
        if manager.name in RENOVATE["enabledManagers"] and any(re.search(each.strip("/"), name) for each in given):
            found.append(manager.name)
    return found


def test_each_pin_is_moved():
    """All but scripts: one that brings something in takes it from a list with digests, and a test holds that.

    And all but the base of the image: Renovate moves a version of Debian's, and no digest. `make base` moves both.
    """
    scripts = {pattern for pattern, rule in RULES.items() if rule is script}
    pinned = [name for name in inputs() if not any(fnmatch.fnmatchcase(name, each) for each in scripts)]
    pinned += [name for name, _ in BREAKS if name.endswith((".txt", "devcontainer.json")) or "Dockerfile" in name]
    left = {name for name in pinned if not moved_by(name) and not name.endswith(".jinja")}
    assert [name for name in left if not name.endswith("/image/debian.txt")] == []
    assert "\nbase:" in (ROOT / "tools/Makefile").read_text()


@pytest.mark.parametrize("manager", RENOVATE["customManagers"], ids=lambda each: each["description"])
def test_a_pin_that_no_manager_knows_has_an_expression_that_finds_it(manager: dict[str, Any]):
    (pattern,) = (re.compile(each.replace("(?<", "(?P<")) for each in manager["matchStrings"])
    files = [name for name in tracked() for each in manager["managerFilePatterns"] if re.search(each.strip("/"), name)]
    assert [found for name in files for found in pattern.findall((ROOT / name).read_text())]
