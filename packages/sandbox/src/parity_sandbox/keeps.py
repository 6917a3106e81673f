"""Rules for a vendor that accepts a write, answers as ever, and keeps something else: a value dropped or altered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from parity_sandbox.context import random_id
from parity_sandbox.forms import Expression, Form, keep
from parity_sandbox.jsontext import parse_json
from parity_sandbox.narrowing import is_list, is_object
from parity_sandbox.store import Collection, Document, Store

_ABSENT = object()
Pointer = Annotated[str, Field(pattern="^(/([^~/]|~[01])*)*$")]
"""A JSON pointer (RFC 6901): `/rules/0/parameters`."""


class _Rule(Form):
    """A rule as docs/sandbox.md describes it; only what was given is kept."""

    id: str = ""
    service: Literal["vercel", "github"]
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Expression = ""
    where: dict[Pointer, Any] = Field(default_factory=dict[str, Any])
    pointer: Pointer
    drop: bool = False
    value: Any = None

    @model_validator(mode="after")
    def _one_change(self) -> Self:
        if ("value" in self.model_fields_set) == self.drop:
            raise ValueError("it says either what is kept, as value, or drop: true")
        if not self.pointer and not self.drop:
            raise ValueError("the pointer '' drops the write; it has no value")
        return self


def rules(store: Store) -> Collection:
    """The rules, oldest first."""
    return store.collection("sandbox", "keeps")


def add_keep(store: Store, document: Document) -> Document:
    """Keep a rule and give it an id and a count. Raises BadDocument that names the field that is wrong."""
    given = _Rule.read(document, "keep rule").model_dump(exclude_unset=True)
    return keep(rules(store), {"id": random_id("keep_", 12), **given, "fired": 0}, "keep rule")


@dataclass(frozen=True)
class Kept:
    """What becomes of one write."""

    body: bytes
    """What the vendor keeps of the request's body."""
    dropped: bool = False
    """Whether it keeps nothing of the write, though it answers as if it did."""


def kept(store: Store, service: str, method: str, target: str, body: bytes) -> Kept:
    """Apply every rule that matches a request, oldest first; each that changes something is counted."""
    if method == "GET":
        return Kept(body)
    found = Kept(body)
    for rule in rules(store).all():
        if not _matches(rule, service, method, target):
            continue
        changed = _applied(rule, found)
        if changed is not None:
            found = changed
            rules(store).put(rule["id"], {**rule, "fired": rule["fired"] + 1})
    return found


def _matches(rule: Document, service: str, method: str, target: str) -> bool:
    asked = rule["service"] == service and rule.get("method", method) == method
    return asked and re.search(rule.get("path", ""), target) is not None


def _applied(rule: Document, write: Kept) -> Kept | None:
    """The write with a rule applied; None where the rule is about another body, or has nothing to change in it."""
    try:
        document: Any = parse_json(write.body) if write.body else None
    except ValueError:
        return None
    if any(_value(document, pointer) != wanted for pointer, wanted in rule.get("where", {}).items()):
        return None
    if rule["pointer"] == "":
        return Kept(write.body, dropped=True)
    holder, _, name = cast("str", rule["pointer"]).rpartition("/")
    within, name = _value(document, holder), _plain(name)
    if _value(document, rule["pointer"]) is _ABSENT:
        return None
    at: Any = int(name) if is_list(within) else name
    if rule.get("drop"):
        del within[at]
    else:
        within[at] = rule["value"]
    return Kept(json.dumps(document).encode(), write.dropped)


def _value(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) names, or `_ABSENT`."""
    for part in pointer.split("/")[1:]:
        name = _plain(part)
        if is_object(document):
            document = document.get(name, _ABSENT)
        elif is_list(document) and name.isascii() and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        else:
            return _ABSENT
    return document


def _plain(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
