"""Actions secrets of repositories and environments: sealed on the way in, never given back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import InvalidRequest, NotFound, ValidationFailed
from parity_sandbox.github.state import keys
from parity_sandbox.github.state.collections import collection

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_FIELDS = {"encrypted_value": Field(str, required=True), "key_id": Field(str, required=True)}
_MOST = 100


def checked_name(name: str, what: str) -> str:
    """The name as GitHub keeps it, in upper case.

    Raises:
        ValidationFailed: a character or a beginning that GitHub does not take.
    """
    upper = name.upper()
    if not _NAME.fullmatch(upper):
        raise ValidationFailed(
            message=f"{what} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
            "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
    if upper.startswith("GITHUB_"):
        raise ValidationFailed(message=f"{what} names must not start with GITHUB_.")
    return upper


def secrets(context: Context, repository_id: int, environment_id: int | None) -> list[Document]:
    """The secrets of the repository itself, or of one of its environments."""
    return collection(context, "secrets").find(repository_id=repository_id, environment_id=environment_id)


def secret(context: Context, repository_id: int, environment_id: int | None, name: str) -> Document:
    """The secret of that name, in any case. Raises NotFound."""
    found = collection(context, "secrets").get(_key(repository_id, environment_id, name.upper()))
    if found is None:
        raise NotFound
    return found


def _key(repository_id: int, environment_id: int | None, name: str) -> str:
    return f"{repository_id}/{environment_id or ''}/{name}"


def put(
    context: Context, repository_id: int, environment_id: int | None, name: str, body: Document
) -> tuple[Document, bool]:
    """Write the secret; gives it, and whether it is new. `updated_at` moves at each write.

    A sealed box that the key does not open is kept with no value: GitHub opens it only when a workflow runs, and its
    provider's acceptance tests write such a one.

    Raises:
        InvalidRequest: a field is missing or is no base64.
        ValidationFailed: the name, the key's id, or too many secrets.
    """
    check(body, _FIELDS)
    if not _BASE64.fullmatch(body["encrypted_value"]):
        raise InvalidRequest(["encrypted_value is not base64: it does not match " + _BASE64.pattern])
    upper = checked_name(name, "Secret")
    key = keys.public(context, repository_id, environment_id)
    if body["key_id"] != key["key_id"]:
        raise ValidationFailed(message="Bad request - validation failed due to an improperly encrypted secret")
    sealed = {"encrypted_value": body["encrypted_value"], "value": keys.opened(key, body["encrypted_value"])}
    documents = collection(context, "secrets")
    present = documents.get(_key(repository_id, environment_id, upper))
    if present is not None:
        time = ids.after(context, present["updated_at"])
        return documents.put(present["key"], present | sealed | {"updated_at": time}), False
    if len(secrets(context, repository_id, environment_id)) >= _MOST:
        raise ValidationFailed(message=f"Secret limit of {_MOST} reached")
    time = ids.now(context)
    made: Document = {
        "key": _key(repository_id, environment_id, upper),
        "repository_id": repository_id,
        "environment_id": environment_id,
        "name": upper,
        "created_at": time,
        "updated_at": time,
    }
    return documents.insert(made["key"], made | sealed), True


def delete(context: Context, found: Document) -> None:
    """Delete the secret."""
    collection(context, "secrets").delete(found["key"])
