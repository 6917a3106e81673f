"""Actions variables of repositories and environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, NotFound, ValidationFailed
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.state.secrets import checked_name

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


_LARGEST = 48 * 1024
_MOST_IN_ENVIRONMENT = 100
_MOST_IN_REPOSITORY = 500
_NEW = {"name": Field(str, required=True), "value": Field(str, required=True)}
_CHANGE = {"name": Field(str), "value": Field(str)}


def variables(context: Context, repository_id: int, environment_id: int | None) -> list[Document]:
    """The variables of the repository itself, or of one of its environments."""
    return collection(context, "variables").find(repository_id=repository_id, environment_id=environment_id)


def variable(context: Context, repository_id: int, environment_id: int | None, name: str) -> Document:
    """The variable of that name, in any case. Raises NotFound."""
    found = collection(context, "variables").get(_key(repository_id, environment_id, name.upper()))
    if found is None:
        raise NotFound
    return found


def _key(repository_id: int, environment_id: int | None, name: str) -> str:
    return f"{repository_id}/{environment_id or ''}/{name}"


def create(context: Context, repository_id: int, environment_id: int | None, body: Document) -> Document:
    """A new variable.

    Raises:
        Conflict: there is one of this name.
        ValidationFailed: the name, the size, or too many variables.
    """
    check(body, _NEW)
    name = checked_name(body["name"], "Variable")
    _check_size(body["value"])
    most = _MOST_IN_REPOSITORY if environment_id is None else _MOST_IN_ENVIRONMENT
    if len(variables(context, repository_id, environment_id)) >= most:
        raise ValidationFailed(message=f"Variable limit of {most} reached")
    key = _key(repository_id, environment_id, name)
    documents = collection(context, "variables")
    if documents.get(key) is not None:
        raise Conflict("Already exists - Variable already exists")
    time = ids.now(context)
    made = {
        "key": key,
        "repository_id": repository_id,
        "environment_id": environment_id,
        "name": name,
        "value": body["value"],
        "created_at": time,
        "updated_at": time,
    }
    return documents.insert(key, made)


def change(context: Context, present: Document, body: Document) -> Document:
    """The variable with a new value, a new name, or both. Raises Conflict where the new name is taken."""
    check(body, _CHANGE)
    value = body.get("value", present["value"])
    _check_size(value)
    name = checked_name(body.get("name") or present["name"], "Variable")
    time = ids.after(context, present["updated_at"])
    documents = collection(context, "variables")
    changed = present | {"name": name, "value": value, "updated_at": time}
    if name == present["name"]:
        return documents.put(present["key"], changed)
    key = _key(present["repository_id"], present["environment_id"], name)
    if documents.get(key) is not None:
        raise Conflict("Already exists - Variable already exists")
    documents.delete(present["key"])
    return documents.insert(key, changed | {"key": key})


def delete(context: Context, found: Document) -> None:
    """Delete the variable."""
    collection(context, "variables").delete(found["key"])


def _check_size(value: str) -> None:
    if len(value.encode()) > _LARGEST:
        raise ValidationFailed(message="Variable value is too large (maximum is 48 KB)")
