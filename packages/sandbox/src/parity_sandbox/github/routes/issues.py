"""Routes of issues, labels and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import Result, inside
from parity_sandbox.github.state import issues
from parity_sandbox.github.state.collections import held, one, remove
from parity_sandbox.github.wire import issues as wire
from parity_sandbox.narrowing import items

if TYPE_CHECKING:
    from parity_sandbox.github.calls import Call
    from parity_sandbox.store import Document

_LABELS = {"labels": Field(list, elements=(str, dict))}


def _shown(call: Call, repository: Document, issue: Document) -> Document:
    labels = issues.labels_of(call.context, issue)
    user = named.user_by_id(call, issue["user_id"])
    return wire.issue(repository, issue, labels, user, len(issues.comments(call.context, issue)))


def _issue(call: Call, repository: Document) -> Document:
    return issues.issue(call.context, repository["id"], call.number("issue_number"))


def _list(call: Call, repository: Document) -> Result:
    state = call.query("state", "open")
    wanted = {each.strip().lower() for each in call.query("labels").split(",") if each.strip()}
    found = [
        each
        for each in issues.issues(call.context, repository["id"])
        if state in {"all", each["state"]} and wanted <= _names(call, each)
    ]
    keys = {"created": "created_at", "updated": "updated_at"}
    found.sort(
        key=lambda each: (each[keys.get(call.query("sort"), "created_at")], each["number"]),
        reverse=call.query("direction", "desc") == "desc",
    )
    return [_shown(call, repository, each) for each in found]


def _names(call: Call, issue: Document) -> set[str]:
    return {each["name"].lower() for each in issues.labels_of(call.context, issue)}


def _create(call: Call, repository: Document) -> Document:
    return _shown(call, repository, issues.create(call.context, repository["id"], call.body))


def _get(call: Call, repository: Document) -> Document:
    return _shown(call, repository, _issue(call, repository))


def _edit(call: Call, repository: Document) -> Document:
    return _shown(call, repository, issues.edit(call.context, _issue(call, repository), call.body))


def _comment_shown(call: Call, repository: Document, found: Document) -> Document:
    return wire.comment(repository, found, named.user_by_id(call, found["user_id"]))


def _comments(call: Call, repository: Document) -> Result:
    found = issues.comments(call.context, _issue(call, repository))
    return [_comment_shown(call, repository, each) for each in found]


def _create_comment(call: Call, repository: Document) -> Document:
    made = issues.create_comment(call.context, _issue(call, repository), call.body)
    return _comment_shown(call, repository, made)


def _comment(call: Call, repository: Document) -> Document:
    return one(call.context, issues.COMMENTS, call.number("comment_id"), repository_id=repository["id"])


def _get_comment(call: Call, repository: Document) -> Document:
    return _comment_shown(call, repository, _comment(call, repository))


def _edit_comment(call: Call, repository: Document) -> Document:
    return _comment_shown(call, repository, issues.edit_comment(call.context, _comment(call, repository), call.body))


def _delete_comment(call: Call, repository: Document) -> None:
    remove(call.context, issues.COMMENTS, _comment(call, repository))


def _labels(call: Call, repository: Document) -> Result:
    return [wire.label(repository, each) for each in held(call.context, "labels", repository["id"])]


def _create_label(call: Call, repository: Document) -> Document:
    return wire.label(repository, issues.create_label(call.context, repository["id"], call.body))


def _label(call: Call, repository: Document) -> Document:
    return issues.label(call.context, repository["id"], call.path("name"))


def _get_label(call: Call, repository: Document) -> Document:
    return wire.label(repository, _label(call, repository))


def _edit_label(call: Call, repository: Document) -> Document:
    return wire.label(repository, issues.edit_label(call.context, _label(call, repository), call.body))


def _delete_label(call: Call, repository: Document) -> None:
    issues.delete_label(call.context, _label(call, repository))


def _labelled(call: Call, repository: Document, issue: Document) -> Result:
    return [wire.label(repository, each) for each in issues.labels_of(call.context, issue)]


def _labels_of_issue(call: Call, repository: Document) -> Result:
    return _labelled(call, repository, _issue(call, repository))


def _add_labels(call: Call, repository: Document) -> Result:
    check(call.body, _LABELS)
    changed = issues.add_labels(call.context, _issue(call, repository), items(call.body, "labels"))
    return _labelled(call, repository, changed)


def _set_labels(call: Call, repository: Document) -> Result:
    check(call.body, _LABELS)
    changed = issues.set_labels(call.context, _issue(call, repository), items(call.body, "labels"))
    return _labelled(call, repository, changed)


def _remove_label(call: Call, repository: Document) -> Result:
    changed = issues.remove_label(call.context, _issue(call, repository), call.path("name"))
    return _labelled(call, repository, changed)


_ISSUE, _COMMENT, _LABEL = "/issues/{issue_number}", "/issues/comments/{comment_id}", "/labels/{name}"
_UNKEPT = "Assignees and milestones are not kept."

ROUTES = (
    inside(
        "GET", "/issues", _list, "issues/list-for-repo",
        "Filters: `state`, `labels`; order: `sort` by created or updated, `direction`.",
    ),
    inside("POST", "/issues", _create, "issues/create", _UNKEPT),
    inside("GET", _ISSUE, _get, "issues/get"),
    inside("PATCH", _ISSUE, _edit, "issues/update", _UNKEPT),
    inside("GET", f"{_ISSUE}/comments", _comments, "issues/list-comments"),
    inside("POST", f"{_ISSUE}/comments", _create_comment, "issues/create-comment"),
    inside("GET", _COMMENT, _get_comment, "issues/get-comment"),
    inside("PATCH", _COMMENT, _edit_comment, "issues/update-comment"),
    inside("DELETE", _COMMENT, _delete_comment, "issues/delete-comment"),
    inside("GET", "/labels", _labels, "issues/list-labels-for-repo", "A new repository has no labels."),
    inside("POST", "/labels", _create_label, "issues/create-label"),
    inside("GET", _LABEL, _get_label, "issues/get-label"),
    inside("PATCH", _LABEL, _edit_label, "issues/update-label"),
    inside("DELETE", _LABEL, _delete_label, "issues/delete-label"),
    inside("GET", f"{_ISSUE}/labels", _labels_of_issue, "issues/list-labels-on-issue"),
    inside("POST", f"{_ISSUE}/labels", _add_labels, "issues/add-labels"),
    inside("PUT", f"{_ISSUE}/labels", _set_labels, "issues/set-labels"),
    inside("DELETE", f"{_ISSUE}/labels/{{name}}", _remove_label, "issues/remove-label"),
)  # fmt: skip
