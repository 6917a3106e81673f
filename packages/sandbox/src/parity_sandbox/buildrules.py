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
}
_MATCH = ("project", "commit", "release", "deployment")
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
    rule = {"id": random_id("rule_", 12), **document}
    return rules(store).insert(rule["id"], rule)
