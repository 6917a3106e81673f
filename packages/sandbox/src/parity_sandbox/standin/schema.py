"""The words of the resource table: fields, calls and resources, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

Kind = Literal["string", "boolean", "integer", "number", "list", "set", "map", "object"]
Document = dict[str, Any]
"""A resource's properties under their Pulumi names; None is null, `UNKNOWN` is not known yet."""
Check = Callable[[Any], str | None]
"""Takes a known value, gives the reason why it is refused, or None."""


class _Unknown:
    """The value of something that exists only after an update."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> _Unknown:
        return self

    def __deepcopy__(self, memo: object) -> _Unknown:
        return self


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Call:
    """One call to Vercel's API: `{name}` in the path is filled in when it is sent."""

    method: str
    path: str


@dataclass(frozen=True)
class Field:
    """One property of a resource, with what the real provider's schema says of it."""

    kind: Kind
    required: bool = False
    optional: bool = False
    computed: bool = False
    """The provider fills it in where the program is silent."""
    default: Any = None
    """What the provider plans where the program is silent; None for no default."""
    replace: Literal["always", "if configured"] | None = None
    """Whether a change replaces the resource; `if configured`, only where the program gives a value."""
    keep: bool = False
    """Whether an update keeps the value in state where the program is silent; else it is unknown in a preview."""
    secret: bool = False
    write_only: bool = False
    """Sent, never kept in state."""
    element: Field | None = None
    """What a list, set or map holds; strings where it is None."""
    fields: Mapping[str, Field] = field(default_factory=dict[str, "Field"])
    """An object's own properties."""
    checks: tuple[Check, ...] = ()

    @property
    def is_input(self) -> bool:
        """Whether a program may give it."""
        return self.required or self.optional


@dataclass(frozen=True)
class Failure:
    """Why an input is refused."""

    property: str
    reason: str


@dataclass(frozen=True)
class Resource:
    """One resource of the provider: its fields, and the code that the table cannot say."""

    token: str
    fields: Mapping[str, Field]
    create: Callable[[Client, Document], Awaitable[Document]]
    """Takes the plan; what is unknown in it is left to Vercel."""
    read: Callable[[Client, Document], Awaitable[Document | None]]
    """Takes the state; None, or an ApiError with status 404, where the object is gone."""
    delete: Callable[[Client, Document], Awaitable[None]]
    """Takes the state; an ApiError with status 404 means that the object is gone already."""
    update: Callable[[Client, Document, Document], Awaitable[Document]] | None = None
    """Takes the state and the plan; None where every change replaces."""
    find: Callable[[Client, str], Awaitable[Document | None]] | None = None
    """Takes an import id; None where the real provider cannot import the resource."""
    validate: Callable[[Client, Document], Awaitable[list[Failure]]] | None = None
    """Checks across fields, and those that ask a service."""
    review: Callable[[Client, Document], Awaitable[None]] | None = None
    """Reads each plan and raises where Vercel's team forbids it."""
    named: bool = False
    """Whether `name` is made up from the resource's name where the program is silent."""


def blank(fields: Mapping[str, Field]) -> Document:
    """All fields null."""
    return dict.fromkeys(fields)
