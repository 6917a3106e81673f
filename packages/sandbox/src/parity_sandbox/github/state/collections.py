"""The store's collections of this service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Collection

SERVICE = "github"


def collection(context: Context, kind: str) -> Collection:
    """The documents of one kind."""
    return context.store.collection(SERVICE, kind)


def remove_where(context: Context, kind: str, **equal: object) -> None:
    """Delete each document of `kind` whose fields equal what is given."""
    documents = collection(context, kind)
    for each in documents.find(**equal):
        documents.delete(str(each["key"]))
