"""What Actions secrets and variables have in common: whose they are, their names, and how they are found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from parity_sandbox.github import ids
from parity_sandbox.github.errors import ValidationFailed
from parity_sandbox.github.state.collections import collection, one

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document

Kind = Literal["secrets", "variables"]
Scope = tuple[int, int | None]
"""Ids of a repository or an organization, and of one of the repository's environments, None for itself."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


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
