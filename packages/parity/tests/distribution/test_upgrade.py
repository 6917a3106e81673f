"""A project of the version before, edited by its team, is upgraded: every edit is kept or shown as a conflict."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from support import wheels as building
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = "0.1.9"
SCAFFOLD = "packages/parity/src/parity/scaffold"
OLDER = {
    "components/telemetry.py": ('"""The Telemetry component', '"""An older text. The Telemetry component'),
    ".github/workflows/ci.yml": ("    timeout-minutes: 30\n", "    timeout-minutes: 45\n"),
    ".github/workflows/promote.yml": (
        "# What is on main is delivered",
        "# An older text. What is on main is delivered",
    ),
    f"{SCAFFOLD}/overlay/infra/catalog.py.jinja": ('node_version="22.x"', 'node_version="20.x"'),
    f"{SCAFFOLD}/overlay/partials/stack.yaml": ("    waitMinutes: 0\n", "    waitMinutes: 5\n"),
    f"{SCAFFOLD}/parts.py": ('    "tests/test_program.py",\n', '    "docs/gone.md",\n'),
    "VERSION": (building.VERSION, BEFORE),
}
"""How the template of the version before differs: this version's text, and the one it had."""
EDITS = {
    "infra/catalog.py": (
        'SensitiveVariable(name="SESSION_SECRET", generated=True),',
        'SensitiveVariable(name="TEAM_SECRET"),',
    ),
    "components/web_app.py": ('"""The WebApp component', '"""Edited by the team. The WebApp component'),
    "Pulumi.prod.yaml": ("connectionLimit: 200", "connectionLimit: 333"),
    ".github/workflows/promote.yml": ("workflow_dispatch:\n", "workflow_dispatch: # by the team\n"),
    ".github/workflows/ci.yml": ("    timeout-minutes: 45\n", "    timeout-minutes: 99\n"),
}
"""What the team changed: the text of the version before, and its own."""


def replace(folder: Path, changes: dict[str, tuple[str, str]]) -> None:
    for name, (old, new) in changes.items():
        path = folder / name
        text = path.read_text()
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new))


def git(folder: Path, *arguments: str) -> str:
    return building.run(
        "git", "-c", "user.name=team", "-c", "user.email=team@acme.test", *arguments, cwd=folder, env=os.environ
    ).ok()


@pytest.fixture(scope="session")
def both(shared: Path, wheels: Path) -> Path:
    """The packages of this version, and `pulumi-parity` of the version before with its own template."""

    def make(folder: Path) -> None:
        source = shared / "before"
        for name in git(ROOT, "ls-files", "-z").split("\0"):
            if name.startswith(("packages/tool", "packages/san", "packages/pol", "tools/", "benchmarks/")) or not name:
                continue
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
        replace(source, OLDER)
        (source / "docs" / "gone.md").write_text("Not in the template any more.\n")
        shutil.copytree(wheels, folder)
        command = (building.UV, "build", "--quiet", "--wheel", source / "packages" / "parity", "--out-dir", folder)
        building.run(*command, cwd=source, env=os.environ).ok()

    return building.once(shared / "both", make)


@pytest.fixture(scope="session")
def made_before(shared: Path, both: Path) -> Path:
    """A project that the version before made, with its team's edits, everything committed."""
    return building.once(shared / "made" / "acme", lambda project: make_edited(project, shared, both))


@pytest.fixture
def edited(made_before: Path, tmp_path: Path) -> Path:
    """A copy of that project that the test may change."""
    return shutil.copytree(made_before, tmp_path / "acme")


def make_edited(project: Path, shared: Path, both: Path) -> None:
    requirement = f"pulumi-parity[template]=={BEFORE}"
    programs = building.once(shared / "older", lambda folder: building.install(folder, both, requirement) and None)
    command = (programs / "bin" / "parity", "init", project, "--application", "portal", "--defaults")
    building.run(*command, cwd=shared, env=building.environment(both)).ok()
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Start from the template")
    replace(project, EDITS)
    (project / ".github" / "pull_request_template.md").unlink()
    (project / "infra" / "own.py").write_text('"""The team\'s own."""\n')
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Edit")


def upgrade(template: Path, both: Path, project: Path) -> building.Ended:
    return building.run(template / "parity", "upgrade", cwd=project, env=building.environment(both))


@pytest.fixture(scope="module")
def upgraded(made_before, template, both, tmp_path_factory):
    """A copy of that project, upgraded, and how that ended; tests only read it."""
    project = shutil.copytree(made_before, tmp_path_factory.mktemp("upgraded") / "acme")
    return project, upgrade(template, both, project)


def test_every_edit_is_kept_or_shown_as_a_conflict(upgraded):
    edited, ended = upgraded
    assert ended.code == 10, ended.said
    text = {name: (edited / name).read_text() for name in {*EDITS, "components/telemetry.py", "pyproject.toml"}}
    for name, (_, own) in EDITS.items():
        assert own in text[name], name
    conflict = text[".github/workflows/ci.yml"]
    shown = ("<<<<<<< HEAD", "timeout-minutes: 99", "timeout-minutes: 30", f">>>>>>> parity-{building.VERSION}")
    assert sorted(shown, key=conflict.index) == list(shown)
    assert [name for name, each in text.items() if "<<<<<<<" in each] == [".github/workflows/ci.yml"]
    assert "conflict .github/workflows/ci.yml" in ended.said
    assert (edited / "infra" / "own.py").is_file()
    assert not (edited / ".github" / "pull_request_template.md").exists()


def test_what_only_the_template_changed_is_changed(upgraded):
    edited, _ = upgraded
    assert "An older text" not in (edited / "components" / "telemetry.py").read_text()
    assert "An older text" not in (edited / ".github" / "workflows" / "promote.yml").read_text()
    assert 'node_version="22.x"' in (edited / "infra" / "catalog.py").read_text()
    assert "waitMinutes: 0" in (edited / "Pulumi.prod.yaml").read_text()
    assert (edited / "tests" / "test_program.py").is_file()
    assert not (edited / "docs" / "gone.md").exists()
    assert "==0.2.*" in (edited / "pyproject.toml").read_text()
    assert os.access(edited / "scripts" / "uv", os.X_OK)
    # The example's secrets and releases are as they were: only what the template says about them may change.
    changed = git(edited, "diff", "--unified=0", "--", "Pulumi.prod.yaml").splitlines()
    assert [line for line in changed if line[:1] in "+-" and line[:3] not in {"+++", "---"}] == [
        "-    waitMinutes: 5",
        "+    waitMinutes: 0",
    ]


def test_undoing_an_upgrade_is_gits(upgraded, tmp_path):
    edited = shutil.copytree(upgraded[0], tmp_path / "acme")
    git(edited, "restore", ".")
    git(edited, "clean", "--quiet", "--force", "-d")
    assert git(edited, "status", "--porcelain") == ""


def test_upgraded_and_resolved_it_has_nothing_more_to_do(upgraded, template, both, tmp_path):
    edited = shutil.copytree(upgraded[0], tmp_path / "acme")
    git(edited, "checkout", "--quiet", "HEAD", "--", ".github/workflows/ci.yml")
    git(edited, "add", "--all")
    git(edited, "commit", "--quiet", "--message", "Upgrade Parity")
    assert "nothing to do" in upgrade(template, both, edited).ok()
    assert git(edited, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda project: (project / "README.md").write_text("not committed"), (8, "git add --all")),
        (lambda project: (project / ".copier-answers.yml").unlink(), (2, ".copier-answers.yml")),
        (lambda project: _version(project, "9.0.0"), (8, "is of version 9.0.0")),
        (lambda project: _version(project, "0.1.1"), (2, "pulumi-parity==0.1.1")),
        (lambda project: _version(project, "new"), (2, "is no version")),
        (lambda project: shutil.rmtree(project / ".git"), (8, "Git repository")),
    ],
    ids=["dirty", "no answers", "newer", "never released", "no version", "no repository"],
)
def test_what_cannot_be_upgraded_is_refused_and_left_as_it_was(edited, template, both, change, expected):
    change(edited)
    before = {path: path.read_bytes() for path in edited.rglob("*") if path.is_file() and ".git" not in path.parts}
    ended = upgrade(template, both, edited)
    code, said = expected
    assert (ended.code, "Traceback" in ended.said) == (code, False), ended.said
    assert said in ended.said
    after = {path: path.read_bytes() for path in edited.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert {path: text for path, text in after.items() if ".tools" not in path.parts} == before


def _version(project: Path, version: str) -> None:
    path = project / ".copier-answers.yml"
    path.write_text(path.read_text().replace(BEFORE, version))
    git(project, "commit", "--quiet", "--all", "--message", "Rewrite the version")
