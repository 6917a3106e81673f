"""Routes of issues, labels and comments."""

from __future__ import annotations

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.calls import Call
from parity_sandbox.github.routes.table import Kind, Result, inside
from parity_sandbox.github.state import accounts, issues
from parity_sandbox.github.wire import issues as wire
from parity_sandbox.narrowing import items
from parity_sandbox.store import Document

_LABELS = {"labels": Field(list, elements=(str, dict))}


def _shown(call: Call, repository: Document, issue: Document) -> Document:
    labels = issues.labels_of(call.context, issue)
    user = accounts.user_by_id(call.context, issue["user_id"])
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


def _comment_shown(call: Call, repository: Document, found: Document) -> Document:
    return wire.comment(repository, found, accounts.user_by_id(call.context, found["user_id"]))


def _comments(call: Call, repository: Document) -> Result:
    return [_comment_shown(call, repository, each) for each in issues.comments(call.context, _issue(call, repository))]


def _label_shown(_call: Call, repository: Document, found: Document) -> Document:
    return wire.label(repository, found)


def _label(call: Call, repository: Document) -> Document:
    return issues.label(call.context, repository["id"], call.path("name"))


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
_ISSUES, _LABELLED = Kind("issues", _issue, _shown), Kind("labels", _label, _label_shown)
_NOTES = Kind.by_id(issues.COMMENTS, "comment_id", _comment_shown)
_UNKEPT = "Assignees and milestones are not kept."

ROUTES = (
    inside(
        "GET", "/issues", _list, "issues/list-for-repo",
        "Filters: `state`, `labels`; order: `sort` by created or updated, `direction`.",
    ),
    inside("POST", "/issues", _ISSUES.made(issues.create), "issues/create", _UNKEPT),
    inside("GET", _ISSUE, _ISSUES.get, "issues/get"),
    inside("PATCH", _ISSUE, _ISSUES.changed(issues.edit), "issues/update", _UNKEPT),
    inside("GET", f"{_ISSUE}/comments", _comments, "issues/list-comments"),
    inside("POST", f"{_ISSUE}/comments", _NOTES.made(issues.create_comment, _issue), "issues/create-comment"),
    inside("GET", _COMMENT, _NOTES.get, "issues/get-comment"),
    inside("PATCH", _COMMENT, _NOTES.changed(issues.edit_comment), "issues/update-comment"),
    inside("DELETE", _COMMENT, _NOTES.delete, "issues/delete-comment"),
    inside("GET", "/labels", _LABELLED.every, "issues/list-labels-for-repo", "A new repository has no labels."),
    inside("POST", "/labels", _LABELLED.made(issues.create_label), "issues/create-label"),
    inside("GET", _LABEL, _LABELLED.get, "issues/get-label"),
    inside("PATCH", _LABEL, _LABELLED.changed(issues.edit_label), "issues/update-label"),
    inside("DELETE", _LABEL, _delete_label, "issues/delete-label"),
    inside("GET", f"{_ISSUE}/labels", _labels_of_issue, "issues/list-labels-on-issue"),
    inside("POST", f"{_ISSUE}/labels", _add_labels, "issues/add-labels"),
    inside("PUT", f"{_ISSUE}/labels", _set_labels, "issues/set-labels"),
    inside("DELETE", f"{_ISSUE}/labels/{{name}}", _remove_label, "issues/remove-label"),
)  # fmt: skip
