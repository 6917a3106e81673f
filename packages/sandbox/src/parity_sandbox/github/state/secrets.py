"""Actions secrets and variables of repositories, environments and organizations, and the keys that seal secrets.

Ids of organizations and repositories are of different ranges, so what belongs to an organization is kept as what
belongs to a repository is, under the organization's id.
"""

from __future__ import annotations

import base64
import re
from typing import Literal

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, InvalidRequest, NotFound, ValidationFailed
from parity_sandbox.github.state.collections import change, collection, one, remove
from parity_sandbox.narrowing import items, picked
from parity_sandbox.store import Document

Kind = Literal["secrets", "variables"]
Scope = tuple[int, int | None]
"""Ids of a repository or an organization, and of one of the repository's environments, None for itself."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_SECRET = {"encrypted_value": Field(str, required=True), "key_id": Field(str, required=True)}
_VARIABLE = {"name": Field(str, required=True), "value": Field(str, required=True)}
_SHARED = {
    "visibility": Field(str, required=True, choices=("all", "private", "selected")),
    "selected_repository_ids": Field(list, elements=(int,)),
}
_MOST = 100
_MOST_VARIABLES = 500
"""Of a repository; an environment has `_MOST`."""
_LARGEST = 48 * 1024


def rows(context: Context, kind: Kind, scope: Scope) -> list[Document]:
    """Those of a scope itself, oldest first."""
    return collection(context, kind).find(repository_id=scope[0], environment_id=scope[1])


def row(context: Context, kind: Kind, scope: Scope, name: str) -> Document:
    """The one of that name, in any case. Raises NotFound."""
    return one(context, kind, key_of(scope, name.upper()))


def add_row(context: Context, kind: Kind, scope: Scope, name: str, fields: Document) -> Document:
    """Keep a new one under a name that `checked_name` gave."""
    key, time = key_of(scope, name), ids.now(context)
    owner = {"repository_id": scope[0], "environment_id": scope[1]}
    made = {"key": key, **owner, "name": name, "created_at": time, "updated_at": time, **fields}
    return collection(context, kind).insert(key, made)


def key_of(scope: Scope, name: str) -> str:
    """Where the one of that name is kept."""
    return f"{scope[0]}/{scope[1] or ''}/{name}"


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


# --- Keys ---


def public_key(context: Context, scope: Scope) -> Document:
    """The scope's key pair, which is made when it is first asked for."""
    key, pairs = f"{scope[0]}/{scope[1] or ''}", collection(context, "public_keys")
    if (known := pairs.get(key)) is not None:
        return known
    private = PrivateKey.generate()
    made = {
        "key": key,
        "repository_id": scope[0],
        "environment_id": scope[1],
        "key_id": ids.key_id(),
        "public_key": base64.b64encode(bytes(private.public_key)).decode(),
        "private_key": base64.b64encode(bytes(private)).decode(),
    }
    return pairs.insert(key, made)


def _opened(key: Document, encrypted: str) -> str | None:
    """What the sealed box holds; None where this key does not open it or what it holds is no text."""
    private = PrivateKey(base64.b64decode(key["private_key"]))
    try:
        return SealedBox(private).decrypt(base64.b64decode(encrypted)).decode()
    except (CryptoError, ValueError):
        return None


# --- Secrets ---


def put_secret(context: Context, scope: Scope, name: str, body: Document) -> tuple[Document, bool]:
    """Write the secret; gives it, and whether it is new. `updated_at` moves at each write.

    A sealed box that the key does not open is kept with no value: GitHub opens it only when a workflow runs, and its
    provider's acceptance tests write such a one.

    Raises:
        InvalidRequest: a field is missing or is no base64.
        ValidationFailed: the name, the key's id, or too many secrets.
    """
    check(body, _SECRET)
    if not _BASE64.fullmatch(body["encrypted_value"]):
        raise InvalidRequest(["encrypted_value is not base64: it does not match " + _BASE64.pattern])
    upper = checked_name(name, "Secret")
    key = public_key(context, scope)
    if body["key_id"] != key["key_id"]:
        raise ValidationFailed(message="Bad request - validation failed due to an improperly encrypted secret")
    sealed = {"encrypted_value": body["encrypted_value"], "value": _opened(key, body["encrypted_value"])}
    present = collection(context, "secrets").get(key_of(scope, upper))
    if present is not None:
        return change(context, "secrets", present, sealed), False
    if len(rows(context, "secrets", scope)) >= _MOST:
        raise ValidationFailed(message=f"Secret limit of {_MOST} reached")
    return add_row(context, "secrets", scope, upper, sealed), True


def secrets(context: Context) -> list[Document]:
    """Each secret, opened: `repository` (owner/name), `environment`, `name`, `value` and `updated_at`.

    `value` is None where what was written is no sealed box that the key opens.
    """
    rows = collection(context, "secrets").all()
    return [_whose(context, each) | picked(each, "name", "value", "updated_at") for each in rows]


def _whose(context: Context, secret: Document) -> Document:
    repository = collection(context, "repositories").get(str(secret["repository_id"])) or {}
    environment = collection(context, "environments").get(str(secret["environment_id"])) or {}
    name = f"{repository.get('owner')}/{repository.get('name')}"
    return {"repository": name, "environment": environment.get("name")}


# --- Variables ---


def create_variable(context: Context, scope: Scope, body: Document) -> Document:
    """A new variable.

    Raises:
        Conflict: there is one of this name.
        ValidationFailed: the name, the size, or too many variables.
    """
    check(body, _VARIABLE)
    name = checked_name(body["name"], "Variable")
    _check_size(body["value"])
    most = _MOST_VARIABLES if scope[1] is None else _MOST
    if len(rows(context, "variables", scope)) >= most:
        raise ValidationFailed(message=f"Variable limit of {most} reached")
    _check_free(context, key_of(scope, name))
    return add_row(context, "variables", scope, name, {"value": body["value"]})


def change_variable(context: Context, present: Document, body: Document) -> Document:
    """The variable with a new value, a new name, or both. Raises Conflict where the new name is taken."""
    check(body, {name: Field(str) for name in _VARIABLE})
    value = body.get("value", present["value"])
    _check_size(value)
    name = checked_name(body.get("name") or present["name"], "Variable")
    key = key_of((present["repository_id"], present["environment_id"]), name)
    if name != present["name"]:
        _check_free(context, key)
        remove(context, "variables", present)
        collection(context, "variables").insert(key, present)
    return change(context, "variables", present | {"key": key}, {"name": name, "value": value})


def _check_free(context: Context, key: str) -> None:
    if collection(context, "variables").get(key) is not None:
        raise Conflict("Already exists - Variable already exists")


def _check_size(value: str) -> None:
    if len(value.encode()) > _LARGEST:
        raise ValidationFailed(message="Variable value is too large (maximum is 48 KB)")


# --- What an organization shares with its repositories ---


def share(context: Context, kind: Kind, found: Document, body: Document) -> None:
    """Share it as `body` says. Raises InvalidRequest."""
    check(body, _SHARED)
    chosen = items(body, "selected_repository_ids") if body["visibility"] == "selected" else []
    changed = {**found, "visibility": body["visibility"], "selected": chosen}
    collection(context, kind).put(found["key"], changed)


def unshare(context: Context, kind: Kind, found: Document, repository_id: int | None) -> None:
    """Take it away from one of the selected repositories. Raises NotFound where that has it not."""
    if repository_id not in found["selected"]:
        raise NotFound
    left = [each for each in found["selected"] if each != repository_id]
    collection(context, kind).put(found["key"], {**found, "selected": left})


def shared_with(context: Context, kind: Kind, organization: Document, repository: Document) -> list[Document]:
    """The organization's secrets or variables that a repository's workflows read."""
    rows = collection(context, kind).find(repository_id=organization["id"])
    return [each for each in rows if _reaches(each, repository)]


def selected(context: Context, found: Document) -> list[Document]:
    """The repositories that it is shared with by choice."""
    return [one(context, "repositories", each) for each in found["selected"]]


def _reaches(found: Document, repository: Document) -> bool:
    match found["visibility"]:
        case "selected":
            return repository["id"] in found["selected"]
        case "private":
            return bool(repository["private"])
        case _:
            return True
