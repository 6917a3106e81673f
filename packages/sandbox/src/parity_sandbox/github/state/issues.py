"""Issues with their labels and comments. A pull request is an issue too, with the same number and comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import NotFound, ValidationFailed, already_exists, missing_field
from parity_sandbox.github.state import accounts
from parity_sandbox.github.state.collections import add, change, collection, held, one, remove
from parity_sandbox.narrowing import is_object, picked
from parity_sandbox.store import Document

COMMENTS = "issue_comments"
_COLOR = "ededed"
_EDIT = {
    "body": Field(str, nullable=True),
    "state": Field(str, choices=("open", "closed")),
    "state_reason": Field(str, nullable=True, choices=("completed", "not_planned", "duplicate", "reopened")),
    "labels": Field(list, elements=(str, dict)),
    "assignees": Field(list),
}
_LABEL = {
    "name": Field(str),
    "new_name": Field(str, nullable=True),
    "color": Field(str, nullable=True),
    "description": Field(str, nullable=True),
}
_COMMENT = {"body": Field(str, required=True)}


def label(context: Context, repository_id: int, name: str) -> Document:
    """The label of that name, in any case. Raises NotFound."""
    return one(context, "labels", _label_key(repository_id, name))


def _label_key(repository_id: int, name: str) -> str:
    return f"{repository_id}/{name.lower()}"


def create_label(context: Context, repository: Document, body: Document) -> Document:
    """A new label. Raises ValidationFailed: no name, or one that is taken."""
    check(body, _LABEL)
    name = body.get("name")
    if not name:
        raise ValidationFailed(missing_field("Label", "name"))
    key = _label_key(repository["id"], name)
    if collection(context, "labels").get(key) is not None:
        raise ValidationFailed(already_exists("Label", "name"))
    color = str(body.get("color") or _COLOR).lstrip("#")
    own = {"name": name, "color": color, "description": body.get("description")}
    return add(context, "labels", {"repository_id": repository["id"], **own}, key)


def edit_label(context: Context, present: Document, body: Document) -> Document:
    """The label with another name, colour or description; the issues that carry it follow."""
    check(body, _LABEL)
    changed = present | {name: body[name] for name in ("color", "description") if name in body}
    changed["name"] = body.get("new_name") or present["name"]
    key = _label_key(present["repository_id"], changed["name"])
    documents = collection(context, "labels")
    if key == present["key"]:
        return documents.put(key, changed)
    if documents.get(key) is not None:
        raise ValidationFailed(already_exists("Label", "name"))
    documents.delete(present["key"])
    return documents.insert(key, changed | {"key": key})


def delete_label(context: Context, present: Document) -> None:
    """Delete the label, and take it off every issue."""
    remove(context, "labels", present)
    documents = collection(context, "issues")
    for each in documents.find(repository_id=present["repository_id"]):
        left = [number for number in each["labels"] if number != present["id"]]
        documents.put(each["key"], each | {"labels": left})


def _label_ids(context: Context, repository_id: int, asked: Sequence[Any]) -> list[int]:
    """The ids of labels given by name; one that does not exist is made, as GitHub does for those who may."""
    found: list[int] = []
    for each in asked:
        name = each.get("name") if is_object(each) else each
        if not isinstance(name, str):
            raise ValidationFailed(missing_field("Label", "name"))
        present = collection(context, "labels").get(_label_key(repository_id, name))
        number = (present or create_label(context, {"id": repository_id}, {"name": name}))["id"]
        if number not in found:
            found.append(number)
    return found


def labels_of(context: Context, issue: Document) -> list[Document]:
    """The labels the issue carries, in the order they were added."""
    known = {each["id"]: each for each in held(context, "labels", issue["repository_id"])}
    return [known[number] for number in issue["labels"] if number in known]


def add_labels(context: Context, issue: Document, names: Sequence[Any]) -> Document:
    """The issue with more labels."""
    more = _label_ids(context, issue["repository_id"], names)
    return change(
        context, "issues", issue, {"labels": issue["labels"] + [each for each in more if each not in issue["labels"]]}
    )


def set_labels(context: Context, issue: Document, names: Sequence[Any]) -> Document:
    """The issue with these labels and no other."""
    return change(context, "issues", issue, {"labels": _label_ids(context, issue["repository_id"], names)})


def remove_label(context: Context, issue: Document, name: str) -> Document:
    """The issue without the label. Raises NotFound where it does not carry it."""
    gone = label(context, issue["repository_id"], name)["id"]
    if gone not in issue["labels"]:
        raise NotFound("Label does not exist")
    return change(context, "issues", issue, {"labels": [each for each in issue["labels"] if each != gone]})


def issues(context: Context, repository_id: int) -> list[Document]:
    """Every issue and pull request of the repository, newest first."""
    return held(context, "issues", repository_id)[::-1]


def issue(context: Context, repository_id: int, number: int | None) -> Document:
    """The issue or pull request of that number. Raises NotFound."""
    return one(context, "issues", f"{repository_id}/{number}")


def create(context: Context, repository: Document, body: Document, *, pull: Document | None = None) -> Document:
    """A new issue, or a pull request where `pull` gives its own fields. Raises ValidationFailed without a title."""
    check(body, _EDIT)
    if not body.get("title"):
        raise ValidationFailed(missing_field("Issue" if pull is None else "PullRequest", "title"))
    number = context.store.next_number(f"github:numbers:{repository['id']}")
    made: Document = {
        "repository_id": repository["id"],
        "number": number,
        "title": str(body["title"]),
        "body": body.get("body"),
        "state": "open",
        "state_reason": None,
        "labels": _label_ids(context, repository["id"], body.get("labels") or []),
        "user_id": accounts.viewer(context)["id"],
        "closed_at": None,
        "pull": pull,
    }
    return add(context, "issues", made, f"{repository['id']}/{number}")


def edit(context: Context, present: Document, body: Document) -> Document:
    """The issue with what `body` changes: title, text, labels, open or closed."""
    check(body, _EDIT)
    fields: Document = {name: body[name] for name in ("title", "body") if name in body}
    if "labels" in body:
        fields["labels"] = _label_ids(context, present["repository_id"], body["labels"])
    if body.get("state") == "closed" and present["state"] == "open":
        fields |= {"state": "closed", "state_reason": body.get("state_reason") or "completed"}
        fields["closed_at"] = ids.now(context)
    elif body.get("state") == "open" and present["state"] == "closed":
        fields |= {"state": "open", "state_reason": "reopened", "closed_at": None}
    return change(context, "issues", present, fields)


def comments(context: Context, issue_of: Document) -> list[Document]:
    """The issue's comments, oldest first."""
    return collection(context, COMMENTS).find(repository_id=issue_of["repository_id"], number=issue_of["number"])


def create_comment(context: Context, issue_of: Document, body: Document) -> Document:
    """A new comment of the request's account."""
    check(body, _COMMENT)
    own = picked(issue_of, "repository_id", "number")
    return add(context, COMMENTS, {**own, "user_id": accounts.viewer(context)["id"], "body": body["body"]})


def edit_comment(context: Context, present: Document, body: Document) -> Document:
    """The comment with another text."""
    check(body, _COMMENT)
    return change(context, COMMENTS, present, {"body": body["body"]})
