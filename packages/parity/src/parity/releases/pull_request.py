"""Opens the pull request for a changed stack file through GitHub's API, without clone, push or credentials on disk."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.documents import rows
from parity.errors import ParityError, RefusedError, UsageError
from parity.git import Repository as Checkout
from parity.releases import release_status
from parity.vendors.http import NotFound, VendorError

if TYPE_CHECKING:
    from parity.config.parameters import Repository
    from parity.config.project import Project
    from parity.releases.steps import Change
    from parity.vendors.http import Client

APPLIED = "rolled-back"
"""The first part of the branch of a rollback that was applied before its pull request was made."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request."""

    number: int
    url: str
    title: str
    branch: str

    @property
    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {"number": self.number, "url": self.url, "title": self.title, "branch": self.branch}


def branch_of(change: Change, *, applied: bool) -> str:
    """The branch of a change; the same change has the same branch, so that a repeat makes no second pull request."""
    digest = hashlib.sha256(change.file.text.encode()).hexdigest()[:8]
    verb = APPLIED if applied and change.verb == "rollback" else change.verb
    what = f"{change.application}-{change.release}" if change.release else change.application
    return f"{verb}/{change.stack}/{what}-{digest}"


def body_of(change: Change, *, applied: bool, run: str) -> str:
    """The pull request's text, Markdown."""
    lines = [f"{markup.text(change.title)}.", ""]
    lines += [f"- {markup.text(note)}" for note in change.notes]
    if applied:
        lines += ["", f"**Applied already**{run}: merge it, or the next update of {change.stack} undoes it."]
    elif change.next_update:
        lines += ["", "The update after the merge will:", ""]
        lines += [f"{number}. {markup.text(each)}" for number, each in enumerate(change.next_update, start=1)]
    else:
        lines += ["", f"The next update does nothing for {change.application}."]
    lines += ["", f"Made by `parity {change.verb}`."]
    return "\n".join(lines)


async def make(
    change: Change, project: Project, repository: Repository, *, applied: bool, run: str = ""
) -> PullRequest:
    """Commit the changed file to its own branch and open the pull request, or use the existing ones.

    `change.file.read` must be what the default branch has. `applied` says whether the update has run, and `run` where,
    beginning with a space; empty where that is not known.

    Raises:
        UsageError: there is no token, or nothing was changed.
        RefusedError: the default branch has another text of the file than was edited.
        ParityError: GitHub refused.
    """
    if change.file.text == change.file.read:
        raise UsageError("Nothing was changed, so there is nothing to review.", where=change.file.path.name)
    client = release_status.github()
    if client is None:
        raise UsageError(
            "GitHub cannot be asked: neither GH_TOKEN nor GITHUB_TOKEN is set.",
            remedy="Export a token with `Contents: write` and `Pull requests: write` on the repository.",
        )
    async with client:
        try:
            return await _Maker(client, change, project, repository).make(applied=applied, run=run)
        except VendorError as error:
            raise ParityError(
                f"The pull request could not be made: {error}",
                where=f"{repository.owner}/{repository.name}",
                remedy=f"The change is in {change.file.path.name}: commit it yourself. The token needs `Contents` and "
                "`Pull requests: write`, and GitHub Actions must be allowed to make pull requests.",
            ) from error


class _Maker:
    def __init__(self, github: Client, change: Change, project: Project, repository: Repository) -> None:
        self.github, self.change, self.repository = github, change, repository
        self.root = f"/repos/{repository.owner}/{repository.name}"
        self.path = Checkout(project.root).prefix + change.file.path.name

    async def make(self, *, applied: bool, run: str) -> PullRequest:
        branch = branch_of(self.change, applied=applied)
        base = self.repository.default_branch
        there = await self._content(base)
        if there is None or there[0] != self.change.file.read:
            what = "does not have it" if there is None else "has another text of it than was edited"
            raise RefusedError(
                f"No pull request was made: {base} of {self.repository.owner}/{self.repository.name} {what}.",
                where=self.path,
                remedy=f"Take {base}'s {self.path} (git pull), and run the command again.",
            )
        if await self.github.get_or_none(f"{self.root}/git/ref/heads/{branch}") is None:
            head = await self.github.get(f"{self.root}/git/ref/heads/{base}")
            reference = {"ref": f"refs/heads/{branch}", "sha": head["object"]["sha"]}
            await self.github.request("POST", f"{self.root}/git/refs", body=reference, repeat=False)
        now = await self._content(branch)
        if now is None or now[0] != self.change.file.text:
            await self._commit(branch, now[1] if now else there[1])
        return await self._ask(branch, base, body_of(self.change, applied=applied, run=run))

    async def _content(self, reference: str) -> tuple[str, str] | None:
        """The file's text and its blob's name on a branch."""
        try:
            found = await self.github.get(f"{self.root}/contents/{self.path}", ref=reference)
        except NotFound:
            return None
        return base64.b64decode(str(found["content"])).decode(), str(found["sha"])

    async def _commit(self, branch: str, blob: str) -> None:
        body = {
            "message": f"{self.change.title}\n\n" + "\n".join(self.change.notes),
            "content": base64.b64encode(self.change.file.text.encode()).decode(),
            "branch": branch,
            "sha": blob,
        }
        # The blob's name makes a repeat safe: GitHub refuses it, or it changes nothing.
        await self.github.request("PUT", f"{self.root}/contents/{self.path}", body=body, repeat=False)

    async def _ask(self, branch: str, base: str, body: str) -> PullRequest:
        async for page in self.github.pages(
            f"{self.root}/pulls", state="open", head=f"{self.repository.owner}:{branch}"
        ):
            for row in page:
                return _pull(row)
        asked = {"title": self.change.title, "head": branch, "base": base, "body": body}
        answer = await self.github.request("POST", f"{self.root}/pulls", body=asked, repeat=False)
        return _pull(answer.json())


async def of_commit(github: Client, repository: str, commit: str) -> PullRequest | None:
    """The merged pull request that brought a commit in; None if there is none. Raises VendorError."""
    async for page in github.pages(f"/repos/{repository}/commits/{commit}/pulls"):
        for row in page:
            if row.get("merged_at"):
                return _pull(row)
    return None


async def applied_and_open(github: Client, repository: Repository, stack: str) -> list[PullRequest]:
    """The open pull requests of rollbacks that were applied to a stack already; raises VendorError."""
    found: list[PullRequest] = []
    async for page in github.pages(f"/repos/{repository.owner}/{repository.name}/pulls", state="open", per_page=100):
        found += [_pull(row) for row in rows(page)]
    return [each for each in found if each.branch.startswith(f"{APPLIED}/{stack}/")]


def _pull(row: dict[str, Any]) -> PullRequest:
    return PullRequest(int(row["number"]), str(row["html_url"]), str(row["title"]), str(row["head"]["ref"]))
