"""Asks the local repository, and GitHub if there is a token, whether a commit exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config import forms
from parity.errors import UsageError
from parity.git import Repository as Checkout
from parity.vendors.http import NotFound, VendorError

if TYPE_CHECKING:
    from pathlib import Path

    from parity.config.parameters import Application, Repository
    from parity.config.stack_models import Releases
    from parity.vendors.http import Client

_COMMIT = re.compile(forms.COMMIT)
_UNPROCESSABLE = 422


@dataclass(frozen=True)
class Knowledge:
    """Who knows the commit; None for one that could not be asked."""

    local: bool | None
    github: bool | None
    unasked: str = ""
    """Why GitHub could not be asked; empty if it could."""


def full(commit: str, root: Path) -> str:
    """The 40 hex digits of a commit by any name that the repository here knows; raises UsageError for another one."""
    if _COMMIT.fullmatch(commit):
        return commit
    found = Checkout(root).resolve(commit)
    if not found:
        remedy = "Fetch, and give a name that `git rev-parse <commit>` knows, or all 40 hex digits."
        raise UsageError(f"Git knows no commit {commit!r} here.", where="--commit", remedy=remedy)
    return found


async def known(commit: str, root: Path, repository: Repository, github: Client | None) -> Knowledge:
    """Ask the project's own repository, if it is one, and GitHub, if there is a client."""
    local = Checkout(root).has(commit)
    if github is None:
        return Knowledge(local, None, "neither GH_TOKEN nor GITHUB_TOKEN is set")
    try:
        await github.get(f"/repos/{repository.owner}/{repository.name}/commits/{commit}")
    except VendorError as error:
        # GitHub's words for a commit that it does not have: 422 "No commit found for SHA".
        if error.status == _UNPROCESSABLE:
            return Knowledge(local, github=False)
        lost = ": the repository does not exist, or the token may not read it" if isinstance(error, NotFound) else ""
        return Knowledge(local, None, f"{error}{lost}")
    return Knowledge(local, github=True)


def judge(commit: str, repository: Repository, found: Knowledge) -> str:
    """A warning about the commit, or an empty text; raises UsageError where those that were asked do not know it."""
    title = f"{repository.owner}/{repository.name}"
    if found.local and found.github is False:
        return f"GitHub does not have {commit[:12]} in {title} yet: push it before the update, or the build fails."
    if found.local or found.github:
        return ""
    if found.local is None and found.github is None:
        return f"It could not be checked whether {commit[:12]} exists ({found.unasked}; no Git repository here)."
    said = {"the repository here": found.local, f"{title} at GitHub": found.github}
    asked = [name for name, knows in said.items() if knows is False]
    raise UsageError(
        f"Commit {commit} is unknown: {' and '.join(asked)} {'does' if len(asked) == 1 else 'do'} not have it.",
        where="--commit",
        remedy="Push it, or fetch, and give what `git rev-parse <commit>` prints.",
    )


@dataclass(frozen=True)
class Taken:
    """The commit that a release gets."""

    sha: str
    """40 hex digits."""
    why: str
    """What was taken and why, as a sentence; empty where the caller named all of it."""


def chosen(given: str | None, root: Path, application: Application, releases: Releases) -> Taken:
    """The commit to record: the one that was named, else HEAD for a change of code and the live one's for config alone.

    `given` is any name that Git knows; without it the code in the application's root directory is compared with the
    newest release's. Raises UsageError where Git knows no such commit, or no choice can be made.
    """
    if given is not None:
        sha = full(given, root)
        return Taken(sha, "" if sha == given else f"--commit {given} is {sha}.")
    head, newest = Checkout(root).resolve("HEAD"), releases.newest
    if newest is None:
        return Taken(full("HEAD", root), f"Commit: HEAD, {head[:12]}; it is the first release.")
    folder = application.root_directory or "."
    differs = Checkout(root).differs(newest[1].commit, folder)
    if differs is None:
        raise UsageError(
            f"Whether {folder} changed since {newest[0]} is not known: Git does not have {newest[1].commit[:12]} here.",
            where="--commit",
            remedy=f"Fetch all of the history; or name it: --commit HEAD, or --commit {newest[1].commit}.",
        )
    if differs:
        return Taken(head, f"Commit: HEAD, {head[:12]}, because {folder} changed since {newest[0]}.")
    live = releases.live or newest[0]
    sha = releases.kept[live].commit
    return Taken(sha, f"Commit: {live}'s, {sha[:12]}, because {folder} is as it was when {newest[0]} was recorded.")
