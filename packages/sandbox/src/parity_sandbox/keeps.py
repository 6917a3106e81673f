"""Rules for a vendor that accepts a write, answers as ever, and keeps something else: a value dropped or altered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from parity_sandbox.context import random_id
from parity_sandbox.errors import BadDocument
from parity_sandbox.jsontext import parse_json
from parity_sandbox.narrowing import is_list, is_object

if TYPE_CHECKING:
    from parity_sandbox.store import Collection, Document, Store

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "service": str,
    "method": str,
    "path": str,
    "where": dict,
    "pointer": str,
    "drop": bool,
    "value": object,
}
_SERVICES = ("vercel", "github")
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
_ABSENT = object()


def rules(store: Store) -> Collection:
    """The rules, oldest first."""
    return store.collection("sandbox", "keeps")


def add_keep(store: Store, document: Document) -> Document:
    """Keep a rule and give it an id and a count. Raises BadDocument that names the field that is wrong."""
    for name, value in document.items():
        allowed = _FIELDS.get(name)
        if allowed is None:
            raise BadDocument(f"A keep rule has no field {name!r}; it knows {', '.join(_FIELDS)}.")
        if not isinstance(value, allowed):
            raise BadDocument(f"A keep rule's {name} is of another type than {type(value).__name__}.")
    _check_request(document)
    pointers = [document.get("pointer"), *document.get("where", {})]
    if not all(isinstance(each, str) and _POINTER.fullmatch(each) for each in pointers):
        raise BadDocument("A keep rule's pointer, and each key of where, is a JSON pointer, as /rules/0/parameters.")
    if ("value" in document) == bool(document.get("drop")):
        raise BadDocument("A keep rule says either what is kept, as value, or drop: true.")
    if document["pointer"] == "" and "value" in document:
        raise BadDocument("A keep rule with the pointer '' drops the write; it has no value.")
    if rules(store).get(document.get("id", "")) is not None:
        raise BadDocument(f"There is already a keep rule {document['id']!r}: remove it, or choose another id.")
    rule: Document = {"id": random_id("keep_", 12), **document, "fired": 0}
    return rules(store).insert(rule["id"], rule)


def _check_request(document: Document) -> None:
    """Check which requests a rule is about; raises BadDocument."""
    if document.get("service") not in _SERVICES:
        raise BadDocument(f"A keep rule's service is one of {', '.join(_SERVICES)}.")
    if document.get("method", "POST") not in _METHODS:
        raise BadDocument(f"A keep rule's method is one of {', '.join(_METHODS)}.")
    try:
        re.compile(document.get("path", ""))
    except (re.error, OverflowError, RecursionError) as error:
        raise BadDocument(f"A keep rule's path is a regular expression: {document['path']!r} is none.") from error


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
