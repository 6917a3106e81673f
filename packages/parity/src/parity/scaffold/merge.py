"""A three-way merge of folders by Git: the old rendering, the new one, and the project as its team has it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.errors import ProjectError
from parity.git import Repository
from parity.scaffold.parts import copy

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = {
    "user.name": "parity",
    "user.email": "parity@localhost",
    "commit.gpgsign": "false",
    "core.autocrlf": "false",
    "core.hooksPath": os.devnull,
}


@dataclass(frozen=True)
class Merged:
    """What a merge did to a project's files; every path is relative to its folder, with slashes."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    conflicts: tuple[str, ...]
    """Files in which both sides changed the same lines: they hold Git's conflict markers, or one side removed them."""


def tracked(project: Path) -> list[str]:
    """The files of a project that its repository knows."""
    return _names(_git(project, "ls-files", "-z", "--", "."))


def clean(project: Path) -> bool:
    """Whether the project is in a Git repository and everything in it is committed."""
    try:
        return _git(project, "rev-parse", "--verify", "HEAD") != "" and _git(project, "status", "--porcelain") == ""
    except ProjectError:
        return False


def merge(project: Path, old: Path, new: Path, work: Path, label: str) -> Merged:
    """Bring what changed from `old` to `new` into the project's files.

    `project` is clean, so that the team sees and can undo what this does; `old` and `new` are what the template gave
    last and gives now, `work` is an empty folder, `label` what the conflict markers call the new side.

    Raises:
        ProjectError: Git is missing or fails.
    """
    before = tracked(project)
    _git(work, "init", "--quiet", "--initial-branch", "old")
    for key, value in _SETTINGS.items():
        _git(work, "config", key, value)
    _commit(work, old, _names_below(old), "old")
    _git(work, "switch", "--quiet", "--create", label)
    _commit(work, new, _names_below(new), label)
    _git(work, "switch", "--quiet", "--create", "project", "old")
    _commit(work, project, before, "project")
    _git(work, "merge", "--quiet", "--no-edit", label, may_fail=True)
    conflicts = tuple(dict.fromkeys(_names(_git(work, "diff", "--name-only", "--diff-filter=U", "-z"))))
    if not conflicts and _git(work, "status", "--porcelain"):
        raise ProjectError("the merge did not end", where=str(project), remedy="run `git status` there and report this")
    after = _names_below(work)
    written = tuple(name for name in after if _differs(work / name, project / name))
    removed = tuple(sorted(set(before) - set(after)))
    for name in written:
        copy(work / name, project / name)
    for name in removed:
        (project / name).unlink()
    return Merged(written, removed, conflicts)


def _commit(work: Path, source: Path, names: list[str], message: str) -> None:
    """Replace everything in `work` by the named files of `source`, and commit it."""
    for name in _names_below(work):
        (work / name).unlink()
    for name in names:
        if (source / name).is_file():
            copy(source / name, work / name)
    _git(work, "add", "--all", "--force")
    _git(work, "commit", "--quiet", "--allow-empty", "--message", message)


def _differs(one: Path, other: Path) -> bool:
    return (
        not other.is_file()
        or one.read_bytes() != other.read_bytes()
        or os.access(one, os.X_OK) != os.access(other, os.X_OK)
    )


def _names_below(folder: Path) -> list[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(each.as_posix() for each in files if each.parts[0] != ".git" and "__pycache__" not in each.parts)


def _names(listed: str) -> list[str]:
    return [name for name in listed.split("\0") if name]


def _git(folder: Path, *arguments: str, may_fail: bool = False) -> str:
    done = Repository(folder).run(*arguments)
    if done is None:
        raise ProjectError("git is not installed, or does not answer", where="PATH", remedy="install git")
    if done.returncode and not may_fail:
        said = (done.stderr or done.stdout).strip()
        raise ProjectError(f"git {arguments[0]} failed: {said}", where=str(folder), remedy="correct what git names")
    return done.stdout
