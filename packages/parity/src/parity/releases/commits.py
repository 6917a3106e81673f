"""Whether a commit exists: asked of the repository that is at hand, and of GitHub where there is a token."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config import forms
from parity.errors import UsageError
from parity.vendors.http import NotFound, Refused, VendorError

if TYPE_CHECKING:
    from pathlib import Path

    from parity.config.parameters import Repository
    from parity.vendors.http import Client

_COMMIT = re.compile(forms.COMMIT)
_UNPROCESSABLE = 422
_GIT_SECONDS = 20


@dataclass(frozen=True)
class Knowledge:
    """Who knows the commit; None where nobody could be asked."""

    local: bool | None
    github: bool | None
    unasked: str = ""
    """Why GitHub could not be asked, where it could not."""


def whole(commit: str, root: Path) -> str:
    """The commit, where it is 40 hex digits.

    Raises:
        UsageError: it is shorter, a branch or a tag; the remedy has the whole one, where the repository knows it.
    """
    if _COMMIT.fullmatch(commit):
        return commit
    meant = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    full = meant.stdout.strip() if meant is not None and meant.returncode == 0 else ""
    what = f"{commit!r} is not a whole commit: 40 hex digits, lower case."
    remedy = f"Give --commit {full}." if full else "Give what `git rev-parse <commit>` prints."
    raise UsageError(what, where="--commit", remedy=remedy)


async def known(commit: str, root: Path, repository: Repository, github: Client | None) -> Knowledge:
    """Ask the project's own repository, where it is one, and GitHub, where there is a client."""
    local = _locally(commit, root)
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
    """A sentence worth saying about the commit; empty where all is well.

    Raises:
        UsageError: somebody who should know it was asked, and nobody knows it.
    """
    title = f"{repository.owner}/{repository.name}"
    if found.local or found.github:
        if found.github is False:
            return f"GitHub does not have {commit[:12]} in {title} yet: push it before the update, or the build fails."
        return ""
    if found.local is None and found.github is None:
        return f"Nobody could be asked whether {commit[:12]} exists ({found.unasked}; no Git repository here)."
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


def _locally(commit: str, root: Path) -> bool | None:
    inside = _git(root, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.returncode or inside.stdout.strip() != "true":
        return None
    found = _git(root, "cat-file", "-e", f"{commit}^{{commit}}")
    if found is None:
        return None
    if found.returncode:
        shallow = _git(root, "rev-parse", "--is-shallow-repository")
        # A shallow clone lacks commits that exist, as in a workflow's checkout: it knows nothing against one.
        return None if shallow is not None and shallow.stdout.strip() == "true" else False
    return True


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Run Git, or give None where there is no Git or it does not answer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_GIT_SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
