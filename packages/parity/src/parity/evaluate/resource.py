"""A resource as the program declares it, and the values that stand in for what must not or cannot be read.

Nothing here needs Pulumi's SDK, whose import is most of a command's start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.masked import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPUTED_PREFIX = "parity-computed:"


@dataclass(frozen=True)
class SecretInput:
    """An input that the program marked as secret; the value is kept from every text form."""

    value: Any = field(repr=False)

    def __str__(self) -> str:
        """Never the value."""
        return MASK


@dataclass(frozen=True)
class Resource:
    """One resource as the program declares it."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    """Plain JSON values; a secret is a `SecretInput`; what only a provider knows is what `computed` makes."""
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    provider: str
    options: Mapping[str, Any]
    """Every other field of the registration that is set: protect, retainOnDelete, deleteBeforeReplace, ..."""


def computed(urn: str, output: str) -> str:
    """The marker that stands for an output which only a provider could compute."""
    return f"{_COMPUTED_PREFIX}{urn}#{output}"


def is_computed(value: object) -> bool:
    """Whether a value holds a marker that `computed` made."""
    return isinstance(value, str) and _COMPUTED_PREFIX in value
