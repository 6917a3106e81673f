"""Routes of issues, labels and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check, items
from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import issues
from parity_sandbox.github.wire import issues as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document

_LABELS = {"labels": Field(list, elements=(str, dict))}


def _shown(call: Call, repository: Document, issue: Document) -> Document:
    labels = issues.labels_of(call.context, issue)
    user = named.user_by_id(call, issue["user_id"])
    return wire.issue(repository, issue, labels, user, len(issues.comments(call.context, issue)))


def _issue(call: Call, repository: Document) -> Document:
    return issues.issue(call.context, repository["id"], call.number("issue_number"))


def _list(call: Call) -> Answer:
    repository = named.repository(call)
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
    page = paged(call, [_shown(call, repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _names(call: Call, issue: Document) -> set[str]:
    return {each["name"].lower() for each in issues.labels_of(call.context, issue)}


def _create(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    return Answer(201, _shown(call, repository, issues.create(call.context, repository["id"], call.body)))


def _get(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _shown(call, repository, _issue(call, repository)))


def _edit(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    return Answer(200, _shown(call, repository, issues.edit(call.context, _issue(call, repository), call.body)))


def _comment_shown(call: Call, repository: Document, found: Document) -> Document:
    return wire.comment(repository, found, named.user_by_id(call, found["user_id"]))


def _comments(call: Call) -> Answer:
    repository = named.repository(call)
    found = issues.comments(call.context, _issue(call, repository))
    page = paged(call, [_comment_shown(call, repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _create_comment(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    made = issues.create_comment(call.context, _issue(call, repository), call.body)
    return Answer(201, _comment_shown(call, repository, made))


def _comment(call: Call, repository: Document) -> Document:
    return issues.comment(call.context, repository["id"], call.number("comment_id"))


def _get_comment(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _comment_shown(call, repository, _comment(call, repository)))


def _edit_comment(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    changed = issues.edit_comment(call.context, _comment(call, repository), call.body)
    return Answer(200, _comment_shown(call, repository, changed))


def _delete_comment(call: Call) -> Answer:
    issues.delete_comment(call.context, _comment(call, named.repository(call, write=True)))
    return NO_CONTENT


def _labels_shown(call: Call, repository: Document, found: list[Document]) -> Answer:
    page = paged(call, [wire.label(repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _labels(call: Call) -> Answer:
    repository = named.repository(call)
    return _labels_shown(call, repository, issues.labels(call.context, repository["id"]))


def _create_label(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    return Answer(201, wire.label(repository, issues.create_label(call.context, repository["id"], call.body)))


def _get_label(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, wire.label(repository, issues.label(call.context, repository["id"], call.path("name"))))


def _edit_label(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    found = issues.label(call.context, repository["id"], call.path("name"))
    return Answer(200, wire.label(repository, issues.edit_label(call.context, found, call.body)))


def _delete_label(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    issues.delete_label(call.context, issues.label(call.context, repository["id"], call.path("name")))
    return NO_CONTENT


def _labels_of_issue(call: Call) -> Answer:
    repository = named.repository(call)
    return _labels_shown(call, repository, issues.labels_of(call.context, _issue(call, repository)))


def _add_labels(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    check(call.body, _LABELS)
    changed = issues.add_labels(call.context, _issue(call, repository), items(call.body, "labels"))
    return _labels_shown(call, repository, issues.labels_of(call.context, changed))


def _set_labels(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    check(call.body, _LABELS)
    changed = issues.set_labels(call.context, _issue(call, repository), items(call.body, "labels"))
    return _labels_shown(call, repository, issues.labels_of(call.context, changed))


def _remove_label(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    changed = issues.remove_label(call.context, _issue(call, repository), call.path("name"))
    return _labels_shown(call, repository, issues.labels_of(call.context, changed))


_REPO = "/repos/{owner}/{repo}"
_ISSUE = f"{_REPO}/issues/{{issue_number}}"
_COMMENT = f"{_REPO}/issues/comments/{{comment_id}}"
_LABEL = f"{_REPO}/labels/{{name}}"

ROUTES = (
    Route(
        "GET",
        f"{_REPO}/issues",
        endpoint(_list),
        "issues/list-for-repo",
        ("Filters: `state`, `labels`; order: `sort` by created or updated, `direction`.",),
    ),
    Route(
        "POST",
        f"{_REPO}/issues",
        endpoint(_create),
        "issues/create",
        ("Assignees and milestones are not kept.",),
    ),
    Route("GET", _ISSUE, endpoint(_get), "issues/get"),
    Route("PATCH", _ISSUE, endpoint(_edit), "issues/update", ("Assignees and milestones are not kept.",)),
    Route("GET", f"{_ISSUE}/comments", endpoint(_comments), "issues/list-comments"),
    Route("POST", f"{_ISSUE}/comments", endpoint(_create_comment), "issues/create-comment"),
    Route("GET", _COMMENT, endpoint(_get_comment), "issues/get-comment"),
    Route("PATCH", _COMMENT, endpoint(_edit_comment), "issues/update-comment"),
    Route("DELETE", _COMMENT, endpoint(_delete_comment), "issues/delete-comment"),
    Route(
        "GET",
        f"{_REPO}/labels",
        endpoint(_labels),
        "issues/list-labels-for-repo",
        ("A new repository has no labels.",),
    ),
    Route("POST", f"{_REPO}/labels", endpoint(_create_label), "issues/create-label"),
    Route("GET", _LABEL, endpoint(_get_label), "issues/get-label"),
    Route("PATCH", _LABEL, endpoint(_edit_label), "issues/update-label"),
    Route("DELETE", _LABEL, endpoint(_delete_label), "issues/delete-label"),
    Route("GET", f"{_ISSUE}/labels", endpoint(_labels_of_issue), "issues/list-labels-on-issue"),
    Route("POST", f"{_ISSUE}/labels", endpoint(_add_labels), "issues/add-labels"),
    Route("PUT", f"{_ISSUE}/labels", endpoint(_set_labels), "issues/set-labels"),
    Route("DELETE", f"{_ISSUE}/labels/{{name}}", endpoint(_remove_label), "issues/remove-label"),
)
