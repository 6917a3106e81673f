"""Routes of pull requests."""

from __future__ import annotations

from parity_sandbox.context import Context
from parity_sandbox.github.calls import Call
from parity_sandbox.github.errors import GitHubError
from parity_sandbox.github.routes.table import Kind, Result, inside
from parity_sandbox.github.state import accounts, git, issues, pulls
from parity_sandbox.github.wire import issues as wire
from parity_sandbox.store import Document


class NotMergeable(GitHubError):
    """The pull request is closed, or has been merged."""

    status = 405


def _short(call: Call, repository: Document, found: Document) -> Document:
    return wire.pull(
        repository,
        accounts.owner_of(call.context, repository),
        found,
        labels=issues.labels_of(call.context, found),
        user=accounts.user_by_id(call.context, found["user_id"]),
        head_sha=pulls.head_sha(call.context, found),
    )


def _full(call: Call, repository: Document, found: Document) -> Document:
    return wire.full_pull(
        _short(call, repository, found),
        comments=len(issues.comments(call.context, found)),
        commits=len(pulls.commits(call.context, found)),
    )


def _pull(call: Call, repository: Document) -> Document:
    return pulls.pull(call.context, repository["id"], call.number("pull_number"))


def _list(call: Call, repository: Document) -> Result:
    state, head, base = call.query("state", "open"), call.query("head"), call.query("base")
    return [
        _short(call, repository, each)
        for each in pulls.pulls(call.context, repository["id"])
        if state in {"all", each["state"]}
        and head in {"", f"{repository['owner']}:{each['pull']['head']}"}
        and base in {"", each["pull"]["base"]}
    ]


def _edit(context: Context, found: Document, body: Document) -> Document:
    return issues.edit(context, found, {name: body[name] for name in ("title", "body", "state") if name in body})


def _merge(call: Call, repository: Document) -> Document:
    found = _pull(call, repository)
    if found["state"] != "open":
        raise NotMergeable("Pull Request is not mergeable")
    sha = pulls.merge(call.context, repository, found)
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def _with_commit(call: Call, repository: Document) -> Result:
    commit = git.resolve(call.context, repository["id"], call.path("commit_sha"))
    found = pulls.with_commit(call.context, repository["id"], commit["sha"])
    return [_short(call, repository, each) for each in found]


_ONE, _PULLS = "/pulls/{pull_number}", Kind("issues", _pull, _full)

ROUTES = (
    inside("GET", "/pulls", _list, "pulls/list", "Newest first; filters: `state`, `head`, `base`."),
    inside("POST", "/pulls", _PULLS.made(pulls.create), "pulls/create", "Only within one repository."),
    inside("GET", _ONE, _PULLS.get, "pulls/get", "Lines and files changed are always 0."),
    inside("PATCH", _ONE, _PULLS.changed(_edit), "pulls/update", "The base cannot be changed."),
    inside("PUT", f"{_ONE}/merge", _merge, "pulls/merge", "Always a merge commit; never a conflict."),
    inside("GET", "/commits/{commit_sha}/pulls", _with_commit, "repos/list-pull-requests-associated-with-commit"),
)
