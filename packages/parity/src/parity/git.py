"""The one place that runs git: which commit is checked out, a file as it was, which commit changed a line."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from parity.errors import ParityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_VERSIONS = 50
"""How many commits of one file are read one by one."""

_NOT_COMMITTED = "0" * 40

_LIMIT_SECONDS = 30

_LEADING = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
)
"""Variables that lead git to another repository than the folder's; a hook's environment has them."""


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

    @property
    def prefix(self) -> str:
        """The project's folder within the repository, with a slash behind it; empty at the top or outside of one."""
        return (self._ask("rev-parse", "--show-prefix") or "").strip()

    @property
    def state(self) -> str:
        """The commit that is checked out, 40 hex digits, with `+changes` where files differ from it; empty for none."""
        sha = self.resolve("HEAD")
        return sha + "+changes" if sha and self._ask("status", "--porcelain", "--untracked-files=no") else sha

    def version(self) -> str:
        """What git says of itself; empty where it is not there."""
        return (self._ask("version") or "").strip().removeprefix("git version ")

    def resolve(self, name: str) -> str:
        """The 40 hex digits of a commit, a branch or a tag; empty where git knows none of that name."""
        return (self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}") or "").strip()

    def has(self, sha: str) -> bool | None:
        """Whether the repository has a commit; None where there is no repository, or a shallow one lacks it.

        A shallow clone lacks commits that exist, as in a workflow's checkout: it knows nothing against one.
        """
        if (self._ask("rev-parse", "--is-inside-work-tree") or "").strip() != "true":
            return None
        if self._ask("cat-file", "-e", f"{sha}^{{commit}}") is not None:
            return True
        return None if (self._ask("rev-parse", "--is-shallow-repository") or "").strip() == "true" else False

    def differing(self, other: str, paths: Sequence[str]) -> list[str]:
        """The files under `paths` (git's path specifications) that differ between the checkout and a commit.

        Raises:
            ParityError: git cannot compare them.
        """
        done = self.run("diff", "--name-only", "HEAD", other, "--", *paths)
        if done is None or done.returncode:
            why = done.stderr.strip() if done else "git did not answer"
            raise ParityError(
                f"Git cannot compare the checkout with {other}: {why}",
                where=str(self.root),
                remedy="Check out the full history (fetch-depth: 0).",
            )
        return done.stdout.split()

    def names_in(self, sha: str, folder: str) -> list[str]:
        """The names in one of the project's folders as a commit has them; none where git does not know it."""
        found = self._ask("ls-tree", "--name-only", sha, f"{folder}/")
        return [each.rpartition("/")[2] for each in (found or "").splitlines()]

    def files(self) -> list[str] | None:
        """The project's files that Git has, or would take, from its folder; None where there is no repository."""
        found = self._ask("ls-files", "--cached", "--others", "--exclude-standard", "-z")
        return None if found is None else [each for each in found.split("\0") if each]

    def differs(self, sha: str, folder: str) -> bool | None:
        """Whether a folder, named from the repository's top, differs between a commit and HEAD; None without answer."""
        done = self.run("diff", "--quiet", sha, "HEAD", "--", f":(top){folder}")
        return None if done is None or done.returncode not in {0, 1} else bool(done.returncode)

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

    def introduced(self, text: str, path: Path) -> Commit | None:
        """The last commit that brought a text into a file; None where none did, or the history at hand begins later."""
        said = self._ask("log", "-1", "--format=%H", f"-S{text}", "--diff-filter=AM", "--", str(path))
        return self.commit(said.strip()) if said and said.strip() else None

    def begins_at(self, commit: Commit) -> bool:
        """Whether the history at hand begins with a commit because the clone is shallow."""
        return (self._ask("log", "-1", "--format=%D", commit.sha) or "").startswith("grafted")

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
        done = self.run(*arguments)
        return done.stdout if done is not None and done.returncode == 0 else None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str] | None:
        """Run git in the project's folder; None where there is no git, or it does not answer in time."""
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self.root,
                env={name: value for name, value in os.environ.items() if name not in _LEADING},
                capture_output=True,
                text=True,
                check=False,
                errors="replace",
                timeout=_LIMIT_SECONDS,
            )
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return None


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
