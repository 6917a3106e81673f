"""What git knows of the project: the commit to compare with, a file as it was, and which commit changed a line."""

from __future__ import annotations

import re
import subprocess
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_VERSIONS = 50
"""How many commits of one file are read one by one."""

_NOT_COMMITTED = "0" * 40


@dataclass(frozen=True)
class Commit:
    """One commit; an empty `sha` stands for what is in the working tree and in no commit yet."""

    sha: str
    """40 hex digits, or empty."""
    subject: str
    """The first line of its message."""

    @property
    def short(self) -> str:
        """What a person reads: the first digits, or that there is no commit yet."""
        return self.sha[:9] or "not committed yet"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


UNCOMMITTED = Commit("", "")


@dataclass(frozen=True)
class Base:
    """The commit that the stack's changes are counted from."""

    commit: Commit
    why: str
    """`the last update`, `the merge base with origin/main`, ..."""


@dataclass(frozen=True)
class Repository:
    """The git repository that holds the project; `there` is False where there is none."""

    root: Path
    """The project's folder, which need not be the repository's."""

    @property
    def there(self) -> bool:
        """Whether the project is in a repository that has a commit."""
        return self._ask("rev-parse", "--verify", "HEAD^{commit}") is not None

    def head(self) -> Commit | None:
        """The commit that is checked out."""
        return self.commit("HEAD")

    def commit(self, name: str) -> Commit | None:
        """A commit by any of its names, or None where there is no such one."""
        said = self._ask("log", "-1", "--format=%H%x00%s", name, "--")
        if not said:
            return None
        sha, _, subject = said.strip().partition("\0")
        return Commit(sha, subject)

    def base(self, given: str | None, applied: str | None) -> Base | None:
        """Where the changes are counted from.

        Args:
            given: what the caller asked for; it must exist.
            applied: the commit of the stack's last update, as the engine recorded it; it may be unknown here.

        Raises:
            UsageError: `given` is no commit.
        """
        if given is not None:
            found = self.commit(given)
            if found is None:
                raise UsageError(f"there is no commit {given}", where="--base", remedy="name a commit that git knows")
            return Base(found, given)
        if applied and (found := self.commit(applied)) is not None:
            return Base(found, "the last update")
        for branch in ("origin/HEAD", "origin/main", "main"):
            merged = self._ask("merge-base", "HEAD", branch)
            if merged and (found := self.commit(merged.strip())) is not None:
                return Base(found, f"the merge base with {branch}")
        found = self.head()
        return Base(found, "the commit that is checked out") if found else None

    def show(self, commit: Commit, path: Path) -> str | None:
        """A file of the project as it was in a commit, or None where it was not there."""
        return self._ask("show", f"{commit.sha}:./{path.relative_to(self.root).as_posix()}")

    def changed_lines(self, base: Commit, path: Path) -> Mapping[int, Commit]:
        """The lines of a file, from 1, that came after `base`, each with the commit that wrote it last."""
        said = self._ask("blame", "--line-porcelain", f"^{base.sha}", "--", str(path))
        return _blamed(said or "")

    def versions(self, base: Commit, path: Path) -> tuple[tuple[Commit, str | None, str | None], ...]:
        """Each commit since `base` that touches a file, newest first, with its text before and after it.

        What is not committed yet comes first, where there is something.
        """
        found: list[tuple[Commit, str | None, str | None]] = []
        for commit in self.commits(base, [path])[:_VERSIONS]:
            if commit.sha:
                parent = Commit(f"{commit.sha}^", "")
                found.append((commit, self.show(parent, path), self.show(commit, path)))
            elif head := self.head():
                found.append((commit, self.show(head, path), path.read_text(encoding="utf-8")))
        return tuple(found)

    def commits(self, base: Commit, paths: Sequence[Path]) -> tuple[Commit, ...]:
        """The commits since `base` that touch the paths, newest first, begun by what is not committed yet."""
        names = [str(path) for path in paths]
        dirty = self._ask("status", "--porcelain", "--", *names)
        said = self._ask("log", "--no-merges", "--format=%H%x00%s", f"{base.sha}..HEAD", "--", *names) or ""
        rows = [line.partition("\0") for line in said.splitlines()]
        return (*((UNCOMMITTED,) if dirty and dirty.strip() else ()), *(Commit(sha, text) for sha, _, text in rows))

    def _ask(self, *arguments: str) -> str | None:
        """What git answers, or None where it fails: no repository, no such name."""
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False, errors="replace"
            )
        except FileNotFoundError:
            return None
        return done.stdout if done.returncode == 0 else None


_HEADER = re.compile(r"^([0-9a-f]{40}) \d+ (\d+)")


def _blamed(porcelain: str) -> dict[int, Commit]:
    """The lines in `git blame --line-porcelain` that are not from the boundary or before it."""
    found: dict[int, Commit] = {}
    sha, line, subject, old = "", 0, "", False
    for row in porcelain.splitlines():
        if match := _HEADER.match(row):
            sha, line, subject, old = match[1], int(match[2]), "", False
        elif row.startswith("summary "):
            subject = row.removeprefix("summary ")
        elif row == "boundary":
            old = True
        elif row.startswith("\t") and not old:
            found[line] = UNCOMMITTED if sha == _NOT_COMMITTED else Commit(sha, subject)
    return found
