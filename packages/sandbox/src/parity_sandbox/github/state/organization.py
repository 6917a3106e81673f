"""An organization's Actions secrets and variables, and the repositories that they are shared with.

Ids of organizations and repositories are of different ranges, so what belongs to an organization is kept as what
belongs to a repository is, under the organization's id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import NotFound
from parity_sandbox.github.state import keys, repositories
from parity_sandbox.github.state.collections import collection
from parity_sandbox.narrowing import items

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.github.state.actions import Kind
    from parity_sandbox.store import Document

_SHARED = {
    "visibility": Field(str, required=True, choices=("all", "private", "selected")),
    "selected_repository_ids": Field(list, elements=(int,)),
}


def with_key(context: Context, organization: Document) -> int:
    """The organization's id, which has a key pair from now on."""
    number = int(organization["id"])
    if collection(context, "public_keys").get(f"{number}/") is None:
        keys.create(context, number, None)
    return number


def check_sharing(body: Document) -> None:
    """Check whom a secret or variable is shared with. Raises InvalidRequest."""
    check(body, _SHARED)


def share(context: Context, kind: Kind, found: Document, body: Document) -> None:
    """Share it as `body` says."""
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
    return [repositories.by_id(context, each) for each in found["selected"]]


def _reaches(found: Document, repository: Document) -> bool:
    match found["visibility"]:
        case "selected":
            return repository["id"] in found["selected"]
        case "private":
            return bool(repository["private"])
        case _:
            return True
