"""Documents of issues, labels, comments and pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from parity_sandbox.github.calls import API, HTML
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire import repositories
from parity_sandbox.github.wire.accounts import account

if TYPE_CHECKING:
    from parity_sandbox.store import Document

_ASSOCIATION = "OWNER"


def label(repository: Document, found: Document) -> Document:
    """A label."""
    return {
        "id": found["id"],
        "node_id": node_id("LA", repository["id"], found["id"]),
        "url": f"{repositories.url(repository)}/labels/{quote(found['name'], safe='')}",
        "name": found["name"],
        "color": found["color"],
        "default": False,
        "description": found["description"],
    }


def issue(repository: Document, found: Document, labels: list[Document], user: Document, comments: int) -> Document:
    """An issue; a pull request, too, where issues are listed."""
    number = found["number"]
    address = f"{repositories.url(repository)}/issues/{number}"
    kind = "issues" if found["pull"] is None else "pull"
    document: Document = {
        "url": address,
        "repository_url": repositories.url(repository),
        "labels_url": f"{address}/labels{{/name}}",
        "comments_url": f"{address}/comments",
        "events_url": f"{address}/events",
        "html_url": f"{repositories.page(repository)}/{kind}/{number}",
        "id": found["id"],
        "node_id": node_id("I" if found["pull"] is None else "PR", repository["id"], found["id"]),
        "number": number,
        "title": found["title"],
        "user": account(user),
        "labels": [label(repository, each) for each in labels],
        "state": found["state"],
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": comments,
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
        "closed_at": found["closed_at"],
        "author_association": _ASSOCIATION,
        "active_lock_reason": None,
        "body": found["body"],
        "timeline_url": f"{address}/timeline",
        "performed_via_github_app": None,
        "state_reason": found["state_reason"],
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
    return {
        "url": f"{address}/issues/comments/{found['id']}",
        "html_url": f"{repositories.page(repository)}/issues/{found['number']}#issuecomment-{found['id']}",
        "issue_url": f"{address}/issues/{found['number']}",
        "id": found["id"],
        "node_id": node_id("IC", repository["id"], found["id"]),
        "user": account(user),
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
        "body": found["body"],
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
    statuses = f"{repositories.url(repository)}/statuses/{head_sha}"
    links = {
        "self": address,
        "html": page["html_url"],
        "issue": issue_address,
        "comments": f"{issue_address}/comments",
        "review_comments": f"{address}/comments",
        "review_comment": f"{repositories.url(repository)}/pulls/comments{{/number}}",
        "commits": f"{address}/commits",
        "statuses": statuses,
    }
    return {
        "url": address,
        "id": fields["id"],
        "node_id": node_id("PR", repository["id"], fields["id"]),
        "html_url": page["html_url"],
        "diff_url": page["diff_url"],
        "patch_url": page["patch_url"],
        "issue_url": issue_address,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": statuses,
        "number": found["number"],
        "state": found["state"],
        "locked": False,
        "title": found["title"],
        "user": account(user),
        "body": found["body"],
        "labels": [label(repository, each) for each in labels],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
        "closed_at": found["closed_at"],
        "merged_at": fields["merged_at"],
        "merge_commit_sha": fields["merge_commit_sha"],
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(repository, owner, fields["head"], head_sha),
        "base": _end(repository, owner, fields["base"], fields["base_sha"]),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": _ASSOCIATION,
        "auto_merge": None,
        "draft": fields["draft"],
    }


def full_pull(short: Document, comments: int, review_comments: int, commits: int) -> Document:
    """A pull request as it is read alone; `short` is its document from `pull`."""
    merged = short["merged_at"] is not None
    return short | {
        "merged": merged,
        "mergeable": None if merged else True,
        "rebaseable": None if merged else True,
        "mergeable_state": "unknown" if merged else "clean",
        "merged_by": short["user"] if merged else None,
        "comments": comments,
        "review_comments": review_comments,
        "maintainer_can_modify": False,
        "commits": commits,
        "additions": 0,
        "deletions": 0,
        "changed_files": 0,
    }


def _end(repository: Document, owner: Document, branch: str, sha: str) -> Document:
    return {
        "label": f"{repository['owner']}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": account(owner),
        "repo": repositories.minimal(repository, owner),
    }


def review_comment(repository: Document, found: Document, user: Document) -> Document:
    """A comment on a line of a pull request."""
    address = f"{repositories.url(repository)}/pulls/comments/{found['id']}"
    pull_address = f"{repositories.url(repository)}/pulls/{found['number']}"
    page = f"{repositories.page(repository)}/pull/{found['number']}#discussion_r{found['id']}"
    return {
        "url": address,
        "pull_request_review_id": None,
        "id": found["id"],
        "node_id": node_id("PRRC", repository["id"], found["id"]),
        "diff_hunk": "",
        "path": found["path"],
        "commit_id": found["commit_id"],
        "original_commit_id": found["commit_id"],
        "user": account(user),
        "body": found["body"],
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
        "html_url": page,
        "pull_request_url": pull_address,
        "author_association": _ASSOCIATION,
        "_links": {"self": {"href": address}, "html": {"href": page}, "pull_request": {"href": pull_address}},
        "line": found["line"] or 1,
        "side": found["side"] or "RIGHT",
    }


def run(repository: Document, owner: Document, found: Document, actor: Document, head: Document) -> Document:
    """A workflow run."""
    address = f"{repositories.url(repository)}/actions/runs/{found['id']}"
    rest = ("jobs", "logs", "artifacts", "cancel", "rerun")
    return {
        "id": found["id"],
        "name": found["name"],
        "node_id": node_id("WFR", repository["id"], found["id"]),
        "head_branch": found["head_branch"],
        "head_sha": found["head_sha"],
        "path": found["path"],
        "display_title": head["message"].partition("\n")[0],
        "run_number": found["run_number"],
        "event": found["event"],
        "status": found["status"],
        "conclusion": found["conclusion"],
        "workflow_id": found["workflow_id"],
        "check_suite_id": found["id"] + 1,
        "check_suite_node_id": node_id("CS", repository["id"], found["id"] + 1),
        "url": address,
        "html_url": f"{HTML}/{repository['owner']}/{repository['name']}/actions/runs/{found['id']}",
        "pull_requests": [],
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
        "actor": account(actor),
        "triggering_actor": account(actor),
        "run_attempt": 1,
        "referenced_workflows": [],
        "run_started_at": found["created_at"],
        **{f"{name}_url": f"{address}/{name}" for name in rest},
        "check_suite_url": f"{repositories.url(repository)}/check-suites/{found['id'] + 1}",
        "previous_attempt_url": None,
        "workflow_url": f"{API}/repos/{repository['owner']}/{repository['name']}/actions/workflows/"
        f"{found['workflow_id']}",
        "head_commit": head,
        "repository": repositories.minimal(repository, owner),
        "head_repository": repositories.minimal(repository, owner),
    }


def workflow(repository: Document, found: Document) -> Document:
    """A workflow."""
    address, page = repositories.url(repository), repositories.page(repository)
    return {
        "id": found["id"],
        "node_id": node_id("W", repository["id"], found["id"]),
        "name": found["name"],
        "path": found["path"],
        "state": "active",
        "created_at": found["created_at"],
        "updated_at": found["created_at"],
        "url": f"{address}/actions/workflows/{found['id']}",
        "html_url": f"{page}/blob/{repository['default_branch']}/{found['path']}",
        "badge_url": f"{page}/workflows/{quote(found['name'])}/badge.svg",
    }
