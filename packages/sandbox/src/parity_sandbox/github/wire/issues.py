"""Documents of issues, labels, comments and pull requests."""

from __future__ import annotations

from urllib.parse import quote

from parity_sandbox.github.calls import HTML
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire import repositories
from parity_sandbox.github.wire.accounts import account
from parity_sandbox.narrowing import picked
from parity_sandbox.store import Document

_ASSOCIATION = "OWNER"


def label(repository: Document, found: Document) -> Document:
    """A label."""
    return picked(found, "id", "name", "color", "description") | {
        "node_id": node_id("LA", repository["id"], found["id"]),
        "url": f"{repositories.url(repository)}/labels/{quote(found['name'], safe='')}",
        "default": False,
    }


_SHOWN = ("number", "title", "body", "state", "created_at", "updated_at", "closed_at")
"""What an issue and a pull request show as it is kept."""


def issue(repository: Document, found: Document, labels: list[Document], user: Document, comments: int) -> Document:
    """An issue; a pull request, too, where issues are listed."""
    number = found["number"]
    address = f"{repositories.url(repository)}/issues/{number}"
    kind = "issues" if found["pull"] is None else "pull"
    document = picked(found, "id", "state_reason", *_SHOWN) | {
        "url": address,
        "repository_url": repositories.url(repository),
        "labels_url": f"{address}/labels{{/name}}",
        **{f"{name}_url": f"{address}/{name}" for name in ("comments", "events", "timeline")},
        "html_url": f"{repositories.page(repository)}/{kind}/{number}",
        "node_id": node_id("I" if found["pull"] is None else "PR", repository["id"], found["id"]),
        "user": account(user),
        "labels": [label(repository, each) for each in labels],
        "locked": False,
        "assignees": [],
        "comments": comments,
        "author_association": _ASSOCIATION,
        **dict.fromkeys(("assignee", "milestone", "active_lock_reason", "performed_via_github_app")),
    }
    if found["pull"] is not None:
        document["pull_request"] = _pull_links(repository, found)
    return document


def _pull_links(repository: Document, found: Document) -> Document:
    page = f"{repositories.page(repository)}/pull/{found['number']}"
    return {
        "url": f"{repositories.url(repository)}/pulls/{found['number']}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": found["pull"]["merged_at"],
    }


def comment(repository: Document, found: Document, user: Document) -> Document:
    """A comment on an issue or a pull request."""
    address = repositories.url(repository)
    return picked(found, "id", "created_at", "updated_at", "body") | {
        "url": f"{address}/issues/comments/{found['id']}",
        "html_url": f"{repositories.page(repository)}/issues/{found['number']}#issuecomment-{found['id']}",
        "issue_url": f"{address}/issues/{found['number']}",
        "node_id": node_id("IC", repository["id"], found["id"]),
        "user": account(user),
        "author_association": _ASSOCIATION,
        "performed_via_github_app": None,
    }


def pull(
    repository: Document, owner: Document, found: Document, *, labels: list[Document], user: Document, head_sha: str
) -> Document:
    """A pull request as lists give it."""
    fields = found["pull"]
    address = f"{repositories.url(repository)}/pulls/{found['number']}"
    issue_address = f"{repositories.url(repository)}/issues/{found['number']}"
    page = _pull_links(repository, found)
    links = {
        "self": address,
        "html": page["html_url"],
        "issue": issue_address,
        "comments": f"{issue_address}/comments",
        "review_comments": f"{address}/comments",
        "review_comment": f"{repositories.url(repository)}/pulls/comments{{/number}}",
        "commits": f"{address}/commits",
        "statuses": f"{repositories.url(repository)}/statuses/{head_sha}",
    }
    return {
        **picked(found, *_SHOWN),
        **picked(fields, "id", "merged_at", "merge_commit_sha", "draft"),
        **picked(page, "html_url", "diff_url", "patch_url"),
        **{f"{name}_url": links[name] for name in links if name not in {"self", "html"}},
        "url": address,
        "node_id": node_id("PR", repository["id"], fields["id"]),
        "locked": False,
        "user": account(user),
        "labels": [label(repository, each) for each in labels],
        **dict.fromkeys(("milestone", "active_lock_reason", "assignee", "auto_merge")),
        **{name: list[object]() for name in ("assignees", "requested_reviewers", "requested_teams")},
        "head": _end(repository, owner, fields["head"], head_sha),
        "base": _end(repository, owner, fields["base"], fields["base_sha"]),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": _ASSOCIATION,
    }


def full_pull(short: Document, comments: int, commits: int) -> Document:
    """A pull request as it is read alone; `short` is its document from `pull`."""
    merged = short["merged_at"] is not None
    return short | {
        "merged": merged,
        "mergeable": None if merged else True,
        "rebaseable": None if merged else True,
        "mergeable_state": "unknown" if merged else "clean",
        "merged_by": short["user"] if merged else None,
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": commits,
        **dict.fromkeys(("additions", "deletions", "changed_files"), 0),
    }


def _end(repository: Document, owner: Document, branch: str, sha: str) -> Document:
    return {
        "label": f"{repository['owner']}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": account(owner),
        "repo": repositories.minimal(repository, owner),
    }


_RUN = (
    *("id", "name", "head_branch", "head_sha", "path", "run_number", "event", "status", "conclusion", "workflow_id"),
    *("created_at", "updated_at"),
)


def run(repository: Document, owner: Document, found: Document, actor: Document, head: Document) -> Document:
    """A workflow run."""
    base = repositories.url(repository)
    address, suite = f"{base}/actions/runs/{found['id']}", found["id"] + 1
    rest = ("jobs", "logs", "artifacts", "cancel", "rerun")
    return picked(found, *_RUN) | {
        "node_id": node_id("WFR", repository["id"], found["id"]),
        "display_title": head["message"].partition("\n")[0],
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CS", repository["id"], suite),
        "url": address,
        "html_url": f"{HTML}/{repository['owner']}/{repository['name']}/actions/runs/{found['id']}",
        "pull_requests": [],
        **dict.fromkeys(("actor", "triggering_actor"), account(actor)),
        "run_attempt": 1,
        "referenced_workflows": [],
        "run_started_at": found["created_at"],
        **{f"{name}_url": f"{address}/{name}" for name in rest},
        "check_suite_url": f"{base}/check-suites/{suite}",
        "previous_attempt_url": None,
        "workflow_url": f"{base}/actions/workflows/{found['workflow_id']}",
        "head_commit": head,
        **dict.fromkeys(("repository", "head_repository"), repositories.minimal(repository, owner)),
    }


def workflow(repository: Document, found: Document) -> Document:
    """A workflow."""
    address, page = repositories.url(repository), repositories.page(repository)
    return picked(found, "id", "name", "path", "created_at") | {
        "node_id": node_id("W", repository["id"], found["id"]),
        "state": "active",
        "updated_at": found["created_at"],
        "url": f"{address}/actions/workflows/{found['id']}",
        "html_url": f"{page}/blob/{repository['default_branch']}/{found['path']}",
        "badge_url": f"{page}/workflows/{quote(found['name'])}/badge.svg",
    }
