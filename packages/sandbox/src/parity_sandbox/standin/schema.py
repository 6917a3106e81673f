"""The words of the resource table: fields and calls, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

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


def blank(fields: Mapping[str, Field]) -> Document:
    """All fields null."""
    return dict.fromkeys(fields)
