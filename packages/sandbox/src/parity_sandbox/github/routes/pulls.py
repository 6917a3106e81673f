"""Routes of pull requests and their review comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import Answer, Call, endpoint, paged
from parity_sandbox.github.errors import GitHubError
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import git, issues, pulls
from parity_sandbox.github.wire import issues as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


class NotMergeable(GitHubError):
    """The pull request is closed, or has been merged."""

    status = 405


def _short(call: Call, repository: Document, found: Document) -> Document:
    return wire.pull(
        repository,
        named.owner_of(call, repository),
        found,
        labels=issues.labels_of(call.context, found),
        user=named.user_by_id(call, found["user_id"]),
        head_sha=pulls.head_sha(call.context, found),
    )


def _full(call: Call, repository: Document, found: Document) -> Document:
    head = git.history(call.context, repository["id"], pulls.head_sha(call.context, found))
    base = {each["sha"] for each in git.history(call.context, repository["id"], found["pull"]["base_sha"])}
    return wire.full_pull(
        _short(call, repository, found),
        comments=len(issues.comments(call.context, found)),
        review_comments=len(pulls.review_comments(call.context, found)),
        commits=sum(each["sha"] not in base for each in head),
    )


def _pull(call: Call, repository: Document) -> Document:
    return pulls.pull(call.context, repository["id"], call.number("pull_number"))


def _list(call: Call) -> Answer:
    repository = named.repository(call)
    state, head, base = call.query("state", "open"), call.query("head"), call.query("base")
    found = [
        each
        for each in pulls.pulls(call.context, repository["id"])
        if state in {"all", each["state"]}
        and (not head or head == f"{repository['owner']}:{each['pull']['head']}")
        and (not base or base == each["pull"]["base"])
    ]
    page = paged(call, [_short(call, repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _create(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    return Answer(201, _full(call, repository, pulls.create(call.context, repository, call.body)))


def _get(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _full(call, repository, _pull(call, repository)))


def _edit(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    fields = {name: call.body[name] for name in ("title", "body", "state") if name in call.body}
    return Answer(200, _full(call, repository, issues.edit(call.context, _pull(call, repository), fields)))


def _merge(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    found = _pull(call, repository)
    if found["state"] != "open":
        raise NotMergeable("Pull Request is not mergeable")
    sha = pulls.merge(call.context, repository, found)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _with_commit(call: Call) -> Answer:
    repository = named.repository(call)
    commit = git.resolve(call.context, repository["id"], call.path("commit_sha"))
    found = pulls.with_commit(call.context, repository["id"], commit["sha"])
    page = paged(call, [_short(call, repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _comment_shown(call: Call, repository: Document, found: Document) -> Document:
    return wire.review_comment(repository, found, named.user_by_id(call, found["user_id"]))


def _comments(call: Call) -> Answer:
    repository = named.repository(call)
    found = pulls.review_comments(call.context, _pull(call, repository))
    page = paged(call, [_comment_shown(call, repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _create_comment(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    made = pulls.create_review_comment(call.context, _pull(call, repository), call.body)
    return Answer(201, _comment_shown(call, repository, made))


_ALL = "/repos/{owner}/{repo}/pulls"
_ONE = f"{_ALL}/{{pull_number}}"

ROUTES = (
    Route("GET", _ALL, endpoint(_list), "pulls/list", ("Newest first; filters: `state`, `head`, `base`.",)),
    Route("POST", _ALL, endpoint(_create), "pulls/create", ("Only within one repository.",)),
    Route("GET", _ONE, endpoint(_get), "pulls/get", ("Lines and files changed are always 0.",)),
    Route("PATCH", _ONE, endpoint(_edit), "pulls/update", ("The base cannot be changed.",)),
    Route("PUT", f"{_ONE}/merge", endpoint(_merge), "pulls/merge", ("Always a merge commit; never a conflict.",)),
    Route("GET", f"{_ONE}/comments", endpoint(_comments), "pulls/list-review-comments"),
    Route("POST", f"{_ONE}/comments", endpoint(_create_comment), "pulls/create-review-comment"),
    Route(
        "GET",
        "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
        endpoint(_with_commit),
        "repos/list-pull-requests-associated-with-commit",
    ),
)
