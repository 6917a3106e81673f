"""What GraphQL's queries read: documents whose fields are values, or functions of a field's arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github.calls import Call
from parity_sandbox.github.errors import GitHubError, NotFound
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.state import accounts, git, issues, pulls, repositories
from parity_sandbox.github.state.collections import collection, held
from parity_sandbox.github.wire import git as git_wire
from parity_sandbox.github.wire import issues as issues_wire
from parity_sandbox.github.wire import repositories as repositories_wire
from parity_sandbox.narrowing import as_object
from parity_sandbox.store import Document

_ASSOCIATION = "OWNER"


class Unserved(GitHubError):
    """An argument that the sandbox knows and cannot honour."""

    status = 501


def unresolved(what: str, name: str) -> NotFound:
    """GitHub's words for what a query names and is not there."""
    return NotFound(f"Could not resolve to {what} with the {name}.")


def refuse(**arguments: Any) -> None:
    """Refuse arguments about what the sandbox does not keep."""
    given = [name for name, value in arguments.items() if value]
    if given:
        raise Unserved(f"The sandbox keeps no {', '.join(given)}. Nothing happened.")


def page(
    rows: Sequence[Document], first: int | None = None, after: str | None = None, last: int | None = None
) -> Document:
    """A connection: cursors are positions."""
    begin = int(after or 0)
    end = len(rows) if first is None else begin + first
    chosen = rows[begin:end][-last:] if last else rows[begin:end]
    more = {"hasNextPage": end < len(rows), "endCursor": str(min(end, len(rows))) if chosen else None}
    return {"nodes": list(chosen), "totalCount": len(rows), "pageInfo": more}


def _list(rows: list[Document]) -> Callable[..., Document]:
    """A field that is a connection."""

    def field(_info: Any, **given: Any) -> Document:
        return page(rows, given.get("first"), None, given.get("last"))

    return field


def _later(make: Callable[[], Document]) -> Callable[..., Document]:
    """A field that is made where it is asked for: objects lead to one another in circles."""

    def field(_info: Any) -> Document:
        return make()

    return field


@dataclass(frozen=True)
class Root:
    """The queries."""

    _call: Call

    def viewer(self, _info: Any) -> Document:
        """The account that asks."""
        return actor(accounts.viewer(self._call.context))

    def repository(self, _info: Any, owner: str, name: str) -> Document:
        """A repository by name. Raises NotFound."""
        found = repositories.find(self._call.context, owner, name)
        if found is None:
            raise unresolved("a Repository", f"name '{owner}/{name}'")
        return repository(self._call.context, found)

    def node(self, _info: Any, id: str) -> Document:  # noqa: A002 - GitHub's name
        """An issue, a pull request or a repository by its global id. Raises NotFound."""
        for found in collection(self._call.context, "repositories").all():
            shown = repository(self._call.context, found)
            if shown["id"] == id:
                return shown
        return issue_or_pull(self._call.context, *subject(self._call.context, id))


def subject(context: Context, id_: str) -> tuple[Document, Document]:
    """The repository, and the issue or pull request that a global id names. Raises NotFound."""
    for row in collection(context, "issues").all():
        kind, number = ("I", row["id"]) if row["pull"] is None else ("PR", row["pull"]["id"])
        if node_id(kind, row["repository_id"], number) == id_:
            return repositories.by_id(context, row["repository_id"]), row
    raise unresolved("a node", f"global id of '{id_}'")


def actor(account: Document) -> Document:
    """A user or an organization."""
    kind = account.get("type", "User")
    return {
        "__typename": kind, "id": node_id("O" if kind == "Organization" else "U", account["id"]),
        "databaseId": account["id"], "login": account["login"], "name": account.get("name"),
    }  # fmt: skip


def repository(context: Context, found: Document) -> Document:
    """A repository."""
    number, page_of = found["id"], repositories_wire.page(found)
    return {
        "__typename": "Repository", "id": node_id("R", number), "databaseId": number, "name": found["name"],
        "nameWithOwner": f"{found['owner']}/{found['name']}", "description": found["description"], "url": page_of,
        "sshUrl": f"git@github.com:{found['owner']}/{found['name']}.git", "hasIssuesEnabled": found["has_issues"],
        "owner": actor(accounts.owner_of(context, found)), "defaultBranchRef": {"name": found["default_branch"]},
        "hasWikiEnabled": found["has_wiki"], "hasProjectsEnabled": found["has_projects"], "isPrivate": found["private"],
        "isArchived": found["archived"], "isFork": False, "visibility": found["visibility"].upper(), "parent": None,
        "viewerPermission": "ADMIN", "mergeCommitAllowed": found["allow_merge_commit"],
        "rebaseMergeAllowed": found["allow_rebase_merge"], "squashMergeAllowed": found["allow_squash_merge"],
        "createdAt": found["created_at"], "pushedAt": found["pushed_at"],
        **_inside(context, found),
    }  # fmt: skip


def _inside(context: Context, found: Document) -> dict[str, Callable[..., Any]]:
    """What a repository holds."""
    number = found["id"]

    def one(_info: Any, number: int) -> Document:
        return _either(context, found, number)

    def listed(given: Document, *, pull: bool) -> list[Document]:
        rows = [each for each in issues.issues(context, number) if (each["pull"] is not None) is pull]
        shown = [issue_or_pull(context, found, each) for each in rows]
        kept = [each for each in shown if not given.get("states") or each["state"] in given["states"]]
        return _ordered(kept, as_object(given.get("orderBy")))

    def all_issues(_info: Any, **given: Any) -> Document:
        refuse(**as_object(given.get("filterBy")))
        return _page_of(listed(given, pull=False), given)

    def all_pulls(_info: Any, **given: Any) -> Document:
        names = {name: given[name] for name in ("baseRefName", "headRefName") if given.get(name)}
        rows = listed(given, pull=True)
        return _page_of([each for each in rows if all(each[name] == names[name] for name in names)], given)

    def labels(_info: Any, **given: Any) -> Document:
        wanted, order = str(given.get("query") or "").lower(), as_object(given.get("orderBy"))
        rows = [each for each in held(context, "labels", number) if wanted in each["name"].lower()]
        if order.get("field") == "NAME":
            rows.sort(key=lambda each: str(each["name"]).lower())
        shown = [_label(found, each) for each in rows]
        return _page_of(shown[::-1] if order.get("direction") == "DESC" else shown, given)

    def all_rulesets(_info: Any, **given: Any) -> Document:
        return _page_of([_ruleset(context, found, each) for each in held(context, "rulesets", number)], given)

    return {
        "issue": one, "pullRequest": one, "issueOrPullRequest": one, "issues": all_issues, "pullRequests": all_pulls,
        "labels": labels, "rulesets": all_rulesets,
    }  # fmt: skip


def _page_of(rows: Sequence[Document], given: Document) -> Document:
    return page(rows, given.get("first"), given.get("after"))


def _ordered(rows: list[Document], order: Document) -> list[Document]:
    field = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt"}.get(order.get("field", "CREATED_AT"))
    if field is None:
        raise Unserved("The sandbox's GraphQL does not order by comments. Nothing happened.")
    return sorted(rows, key=lambda each: (each[field], each["number"]), reverse=order.get("direction") == "DESC")


def _either(context: Context, found: Document, number: int) -> Document:
    try:
        row = issues.issue(context, found["id"], number)
    except NotFound as error:
        raise unresolved("an issue or pull request", f"number of {number}") from error
    return issue_or_pull(context, found, row)


def _ruleset(context: Context, found: Document, row: Document) -> Document:
    return {
        "databaseId": row["id"], "name": row["name"], "target": str(row["target"]).upper(),
        "enforcement": str(row["enforcement"]).upper(), "source": _later(lambda: repository(context, found)),
        "rules": {"totalCount": len(row["rules"])},
    }  # fmt: skip


def _label(found: Document, row: Document) -> Document:
    shown = issues_wire.label(found, row)
    return {
        "id": shown["node_id"], "name": row["name"], "description": row["description"], "color": row["color"],
        "isDefault": False, "url": f"{repositories_wire.page(found)}/labels/{row['name']}", "createdAt": None,
        "updatedAt": None,
    }  # fmt: skip


def comment(context: Context, found: Document, row: Document) -> Document:
    """A comment."""
    author = actor(accounts.user_by_id(context, row["user_id"]))
    shown = issues_wire.comment(found, row, accounts.viewer(context))
    return {
        "id": shown["node_id"], "author": author, "authorAssociation": _ASSOCIATION, "body": row["body"],
        "createdAt": row["created_at"], "url": shown["html_url"], "includesCreatedEdit": False, "isMinimized": False,
        "minimizedReason": None, "viewerDidAuthor": True, "reactionGroups": [],
    }  # fmt: skip


def issue_or_pull(context: Context, found: Document, row: Document) -> Document:
    """An issue, or a pull request."""
    common = _common(context, found, row)
    return common | (_issue(row) if row["pull"] is None else _pull(context, found, row))


def _common(context: Context, found: Document, row: Document) -> Document:
    labels = issues.labels_of(context, row)
    shown = issues_wire.issue(found, row, labels, accounts.viewer(context), 0)

    def comments(_info: Any, first: int | None = None, last: int | None = None, after: str | None = None) -> Document:
        rows = [comment(context, found, each) for each in issues.comments(context, row)]
        return page(rows, first, after, last)

    return {
        "__typename": "Issue" if row["pull"] is None else "PullRequest", "id": shown["node_id"],
        "databaseId": row["id"], "number": row["number"], "title": row["title"], "body": row["body"] or "",
        "url": shown["html_url"], "createdAt": row["created_at"], "updatedAt": row["updated_at"],
        "closedAt": row["closed_at"], "closed": row["state"] == "closed",
        "author": _later(lambda: actor(accounts.user_by_id(context, row["user_id"]))), "milestone": None,
        "assignees": _list([]), "assignedActors": _list([]), "projectItems": _list([]), "reactionGroups": [],
        "labels": _list([_label(found, each) for each in labels]),
        "comments": comments, "repository": _later(lambda: repository(context, found)),
    }  # fmt: skip


def _issue(row: Document) -> Document:
    reason = row["state_reason"]
    return {
        "state": row["state"].upper(), "stateReason": reason.upper() if reason else None, "isPinned": False,
        "issueType": None, "parent": None, "subIssues": _list([]),
        "blockedBy": _list([]), "blocking": _list([]),
        "subIssuesSummary": {"total": 0, "completed": 0, "percentCompleted": 0},
    }  # fmt: skip


def _merged(context: Context, found: Document, sha: str | None) -> Document | None:
    commit = git.commit(context, found["id"], sha) if sha else None
    return None if commit is None else _commit(context, found, commit)


def _commit(context: Context, found: Document, row: Document) -> Document:
    shown = git_wire.git_commit(found, row, accounts.viewer(context))
    headline, _, rest = str(row["message"]).partition("\n")
    author = {"name": shown["author"]["name"], "email": shown["author"]["email"], "user": None}
    return {
        "oid": row["sha"], "messageHeadline": headline, "messageBody": rest.strip(), "statusCheckRollup": None,
        "committedDate": shown["committer"]["date"], "authoredDate": shown["author"]["date"],
        "authors": _list([author]),
    }  # fmt: skip


def _pull(context: Context, found: Document, row: Document) -> Document:
    fields = row["pull"]
    merged = fields["merged_at"] is not None
    head = pulls.head_sha(context, row)
    commits = [{"commit": _commit(context, found, each)} for each in pulls.commits(context, row)[::-1]]
    return {
        "id": node_id("PR", found["id"], fields["id"]), "fullDatabaseId": str(fields["id"]),
        "state": "MERGED" if merged else row["state"].upper(), "mergedAt": fields["merged_at"],
        "isDraft": fields["draft"],
        "baseRefName": fields["base"], "headRefName": fields["head"], "headRefOid": head,
        "baseRefOid": fields["base_sha"],
        "headRepository": _later(lambda: repository(context, found)),
        "headRepositoryOwner": _later(lambda: actor(accounts.owner_of(context, found))), "isCrossRepository": False,
        "maintainerCanModify": False, "mergeable": "UNKNOWN" if merged else "MERGEABLE",
        "mergeStateStatus": "UNKNOWN" if merged else "CLEAN", "isInMergeQueue": False, "isMergeQueueEnabled": False,
        "autoMergeRequest": None, "additions": 0, "deletions": 0, "reviewDecision": None,
        "mergeCommit": _merged(context, found, fields["merge_commit_sha"]),
        "commits": _list(commits),
        "reviewRequests": _list([]),
        "reviews": _list([]),
        "latestReviews": _list([]),
    }  # fmt: skip
