"""The store's collections of this service: how a document is found, made, changed and removed."""

from __future__ import annotations

from collections.abc import Mapping

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.errors import NotFound
from parity_sandbox.store import Collection, Document

SERVICE = "github"


def collection(context: Context, kind: str) -> Collection:
    """The documents of one kind."""
    return context.store.collection(SERVICE, kind)


def held(context: Context, kind: str, repository_id: int) -> list[Document]:
    """The documents of a kind that a repository holds, oldest first."""
    return collection(context, kind).find(repository_id=repository_id)


def one(context: Context, kind: str, key: object, **owner: int) -> Document:
    """The document under `key`, where its fields equal those of `owner`. Raises NotFound."""
    found = collection(context, kind).get(str(key))
    if found is None or any(found[name] != value for name, value in owner.items()):
        raise NotFound
    return found


def add(context: Context, kind: str, fields: Mapping[str, object], key: str = "") -> Document:
    """Keep a new document: `fields` with an id and times; its key is the id unless one is given."""
    number, time = ids.fresh(context, kind), ids.now(context)
    made: Document = {"key": key or str(number), "id": number, "created_at": time, "updated_at": time, **fields}
    return collection(context, kind).insert(made["key"], made)


def change(context: Context, kind: str, present: Document, fields: Mapping[str, object]) -> Document:
    """Keep the document with other fields; `updated_at` moves."""
    time = ids.after(context, present["updated_at"])
    return collection(context, kind).put(present["key"], {**present, **fields, "updated_at": time})


def put(context: Context, kind: str, key: str, document: Document) -> Document:
    """Keep a document under `key`, in place of the one that is there."""
    return collection(context, kind).keep(key, {**document, "key": key})


def remove(context: Context, kind: str, present: Document) -> None:
    """Delete the document."""
    collection(context, kind).delete(present["key"])


def remove_of(context: Context, **owner: int) -> None:
    """Delete the documents of every kind whose fields equal those of `owner`."""
    context.store.remove(SERVICE, **owner)
