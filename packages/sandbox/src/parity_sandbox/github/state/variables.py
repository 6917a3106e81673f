"""Actions variables of repositories, environments and organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, ValidationFailed
from parity_sandbox.github.state.actions import Scope, add_row, checked_name, key_of, rows
from parity_sandbox.github.state.collections import change as keep
from parity_sandbox.github.state.collections import collection, remove

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


_LARGEST = 48 * 1024
_MOST_IN_ENVIRONMENT = 100
_MOST_IN_REPOSITORY = 500
_NEW = {"name": Field(str, required=True), "value": Field(str, required=True)}
_CHANGE = {"name": Field(str), "value": Field(str)}


def create(context: Context, scope: Scope, body: Document) -> Document:
    """A new variable.

    Raises:
        Conflict: there is one of this name.
        ValidationFailed: the name, the size, or too many variables.
    """
    check(body, _NEW)
    name = checked_name(body["name"], "Variable")
    _check_size(body["value"])
    most = _MOST_IN_REPOSITORY if scope[1] is None else _MOST_IN_ENVIRONMENT
    if len(rows(context, "variables", scope)) >= most:
        raise ValidationFailed(message=f"Variable limit of {most} reached")
    _check_free(context, key_of(scope, name))
    return add_row(context, "variables", scope, name, {"value": body["value"]})


def change(context: Context, present: Document, body: Document) -> Document:
    """The variable with a new value, a new name, or both. Raises Conflict where the new name is taken."""
    check(body, _CHANGE)
    value = body.get("value", present["value"])
    _check_size(value)
    name = checked_name(body.get("name") or present["name"], "Variable")
    key = key_of((present["repository_id"], present["environment_id"]), name)
    if name != present["name"]:
        _check_free(context, key)
        remove(context, "variables", present)
        collection(context, "variables").insert(key, present)
    return keep(context, "variables", present | {"key": key}, {"name": name, "value": value})


def _check_free(context: Context, key: str) -> None:
    if collection(context, "variables").get(key) is not None:
        raise Conflict("Already exists - Variable already exists")


def _check_size(value: str) -> None:
    if len(value.encode()) > _LARGEST:
        raise ValidationFailed(message="Variable value is too large (maximum is 48 KB)")
