"""What a rule is: a pure function over the inputs of one resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True)
class Rule:
    """One rule."""

    name: str
    """`<vendor>-<what must hold>`, in lower case with hyphens."""
    description: str
    """What must hold, and why."""
    types: tuple[str, ...]
    """The resource types that it checks, by token; one that ends in `*` is a prefix."""
    judge: Callable[[Mapping[str, Any]], Iterable[str]]
    """Gives a sentence for each thing that is wrong. Inputs are the provider's own names; a secret may not be shown."""
    about: str = ""
    """The property that it is about. A resource whose changes of it are ignored is left as it is, in writing."""

    def concerns(self, type_: str) -> bool:
        """Whether the rule checks resources of a type."""
        return any(type_.startswith(each[:-1]) if each.endswith("*") else type_ == each for each in self.types)
