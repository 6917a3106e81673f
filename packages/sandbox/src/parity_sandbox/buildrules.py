"""Keeps the rules by which tests make deployments fail, last or be unhealthy; vercel.builds reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.context import random_id
from parity_sandbox.errors import BadDocument

if TYPE_CHECKING:
    from parity_sandbox.store import Collection, Document, Store

_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "match": (dict,),
    "state": (str,),
    "error_code": (str,),
    "error_message": (str,),
    "seconds": (int, float),
    "healthy": (bool,),
    "errors": (int, float),
}
_MATCH = ("project", "commit", "release", "deployment")
_LONGEST_SECONDS = 86_400
_STATES = ("READY", "ERROR", "CANCELED")


def rules(store: Store) -> Collection:
    """The rules, oldest first; later ones win."""
    return store.collection("sandbox", "builds")


def add_rule(store: Store, document: Document) -> Document:
    """Keep a rule and give it an id. Raises BadDocument that names the field that is wrong."""
    for name, value in document.items():
        allowed = _FIELDS.get(name)
        if allowed is None:
            raise BadDocument(f"A build rule has no field {name!r}; it knows {', '.join(_FIELDS)}.")
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise BadDocument(f"A build rule's {name} is of type {allowed[0].__name__}, not {type(value).__name__}.")
    unknown = sorted(set(document.get("match", {})) - set(_MATCH))
    if unknown:
        raise BadDocument(f"A build rule matches {', '.join(_MATCH)}, not {', '.join(unknown)}.")
    if document.get("state", "READY") not in _STATES:
        raise BadDocument(f"A build rule's state is one of {', '.join(_STATES)}, not {document['state']!r}.")
    if not all(isinstance(value, str) for value in document.get("match", {}).values()):
        raise BadDocument(f"A build rule's match gives a text for each of {', '.join(_MATCH)}.")
    if not 0 <= document.get("seconds", 0) <= _LONGEST_SECONDS:
        raise BadDocument(f"A build rule's seconds are from 0 to {_LONGEST_SECONDS}.")
    if not 0 <= document.get("errors", 0) <= 1:
        raise BadDocument("A build rule's errors are a share from 0 to 1.")
    if rules(store).get(document.get("id", "")) is not None:
        raise BadDocument(f"There is already a build rule {document['id']!r}: remove it, or choose another id.")
    rule = {"id": random_id("rule_", 12), **document}
    return rules(store).insert(rule["id"], rule)
