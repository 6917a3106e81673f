"""Asks the local repository, and GitHub if there is a token, whether a commit exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config import forms
from parity.errors import UsageError
from parity.git import Repository as Checkout
from parity.vendors.http import NotFound, Refused, VendorError

if TYPE_CHECKING:
    from pathlib import Path

    from parity.config.parameters import Repository
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
    """Require 40 hex digits and return the commit.

    Raises:
        UsageError: it is shorter, a branch or a tag; the remedy has the full one if the repository knows it.
    """
    if _COMMIT.fullmatch(commit):
        return commit
    found = Checkout(root).resolve(commit)
    what = f"{commit!r} is not a full commit: 40 hex digits, lower case."
    remedy = f"Give --commit {found}." if found else "Give what `git rev-parse <commit>` prints."
    raise UsageError(what, where="--commit", remedy=remedy)


async def known(commit: str, root: Path, repository: Repository, github: Client | None) -> Knowledge:
    """Ask the project's own repository, if it is one, and GitHub, if there is a client."""
    local = Checkout(root).has(commit)
    if github is None:
        return Knowledge(local, None, "neither GH_TOKEN nor GITHUB_TOKEN is set")
    try:
        await github.get(f"/repos/{repository.owner}/{repository.name}/commits/{commit}")
    except NotFound as error:
        return Knowledge(local, None, f"{error}: the repository does not exist, or the token may not read it")
    except Refused as error:
        # GitHub's words for a commit that it does not have: 422 "No commit found for SHA".
        if error.status == _UNPROCESSABLE:
            return Knowledge(local, github=False)
        return Knowledge(local, None, str(error))
    except VendorError as error:
        return Knowledge(local, None, str(error))
    return Knowledge(local, github=True)


def judge(commit: str, repository: Repository, found: Knowledge) -> str:
    """Give a warning about the commit; empty if there is none.

    Raises:
        UsageError: a repository that should know it was asked, and none knows it.
    """
    title = f"{repository.owner}/{repository.name}"
    if found.local or found.github:
        if found.github is False:
            return f"GitHub does not have {commit[:12]} in {title} yet: push it before the update, or the build fails."
        return ""
    if found.local is None and found.github is None:
        return f"It could not be checked whether {commit[:12]} exists ({found.unasked}; no Git repository here)."
    asked = [
        name
        for name, said in (("the repository here", found.local), (title + " at GitHub", found.github))
        if said is False
    ]
    raise UsageError(
        f"Commit {commit} is unknown: {' and '.join(asked)} {'does' if len(asked) == 1 else 'do'} not have it.",
        where="--commit",
        remedy="Push it, or fetch, and give what `git rev-parse <commit>` prints.",
    )
