"""Upgrades a project to this installation's template: what the template changed is merged into what the team has."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.errors import ProjectError, RefusedError
from parity.scaffold import merge, parts, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.scaffold.merge import Merged

_UV = Path("scripts/uv")


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade did."""

    old: str
    new: str
    merged: Merged


def upgrade(project: Path, report: Callable[[str], None] = lambda _: None) -> Upgrade | None:
    """Merge the template's changes since the project's version; None where the project has this version already.

    Everything in the project's folder is committed.

    Raises:
        ProjectError: the project does not say what it was made from, or its version's template cannot be had.
        RefusedError: something is not committed, or the project is newer than this installation.
    """
    answers = render.answers(project)
    old, new = answers.pop(render.VERSION_KEY), render.version()
    if old == new:
        return None
    if _numbers(old) > _numbers(new):
        raise RefusedError(
            f"the project is of version {old}, this is parity {new}",
            where=str(project / render.ANSWERS),
            remedy=f"pip install 'pulumi-parity[template]=={old}' or later",
        )
    if not merge.clean(project):
        raise RefusedError(
            "the project is not in a Git repository with everything committed: an upgrade could not be distinguished "
            "from the team's own changes",
            where=str(project),
            remedy="git add --all && git commit, or git stash",
        )
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: Path(temporary) / name for name in ("package", "templates", "old", "new", "work")}
        folders["work"].mkdir()
        report(f"the template of {old}")
        before, after = folders["templates"] / "old", folders["templates"] / "new"
        parts.unpack(_installed(old, folders["package"], project), before, old)
        parts.assemble(after, new)
        report("the merge")
        render.again(before, folders["old"], answers, old)
        render.again(after, folders["new"], answers, new)
        return Upgrade(old, new, merge.merge(project, folders["old"], folders["new"], folders["work"], f"parity-{new}"))


def _installed(version: str, target: Path, project: Path) -> Path:
    """The `parity/scaffold` folder of that version, from its wheel: what the project was made with, byte for byte."""
    requirement = f"pulumi-parity=={version}"
    options = ["--quiet", "--no-deps", "--target", str(target), "--python", sys.executable]
    done = subprocess.run(
        [_uv(project), "pip", "install", *options, requirement],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    scaffold = target / "parity" / "scaffold"
    if done.returncode or not (scaffold / parts.PACKAGED.name).is_dir():
        raise ProjectError(
            f"the template of {version} cannot be had: {done.stderr.strip() or 'its package has none'}",
            where=requirement,
            remedy=f"let the package index answer, and see that {render.ANSWERS} names a released version",
        )
    return scaffold


def _uv(project: Path) -> str:
    """The project's own uv, so that the package comes from where the project's packages come from."""
    own = project / _UV
    found = str(own) if own.is_file() else shutil.which("uv")
    if found is None:
        raise ProjectError(
            "uv is not at hand", where=str(own), remedy="restore scripts/uv, or install uv: pip install uv"
        )
    return found


def _numbers(version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        raise ProjectError(
            f"{version} is no version", where=render.ANSWERS, remedy="write it as three numbers, for example 0.2.0"
        ) from None
