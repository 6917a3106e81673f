"""A resource's URN: parsed once, here, and written back."""

from __future__ import annotations

from dataclasses import dataclass

_PREFIX = "urn:pulumi:"
STACK = "pulumi:pulumi:Stack"
"""The type of the stack's own resource."""
_PARTS = 4


@dataclass(frozen=True)
class Urn:
    """`urn:pulumi:<stack>::<project>::<parents' types and its own, joined by $>::<name>`."""

    stack: str
    project: str
    parents: tuple[str, ...]
    """The parents' types, the outermost first; the stack's own resource is not among them."""
    type: str
    name: str
    """The name in the program; it may hold `::` itself."""

    @classmethod
    def parse(cls, text: str) -> Urn:
        """The URN in a text; raises ValueError where the text is no URN."""
        parts = text.removeprefix(_PREFIX).split("::", _PARTS - 1)
        if not text.startswith(_PREFIX) or len(parts) != _PARTS:
            raise ValueError(f"not a URN: {text}")
        *parents, type_ = parts[2].split("$")
        return cls(parts[0], parts[1], tuple(parents), type_, parts[3])

    def __str__(self) -> str:
        return prefix(self.stack, self.project) + self.key

    @property
    def key(self) -> str:
        """What is the same in every stack: `<parents' types and its own>::<name>`."""
        return f"{'$'.join((*self.parents, self.type))}::{self.name}"

    @property
    def kind(self) -> str:
        """The last part of its type: `Project`."""
        return self.type.rpartition(":")[2]

    @property
    def is_stack(self) -> bool:
        """Whether it is the stack's own resource."""
        return self.type == STACK

    def child(self, type_: str, name: str) -> Urn:
        """The URN of a resource whose parent this is."""
        parents = () if self.is_stack else (*self.parents, self.type)
        return Urn(self.stack, self.project, parents, type_, name)


def prefix(stack: str, project: str) -> str:
    """What every URN of a stack begins with."""
    return f"{_PREFIX}{stack}::{project}::"


def without_stack(text: str) -> str:
    """The key in a URN, or in a pattern for one: what follows stack and project; other text as it is."""
    return text.split("::", 2)[-1] if text.startswith(_PREFIX) else text


def of_stack(stack: str, project: str) -> Urn:
    """The URN of a stack's own resource."""
    return Urn(stack, project, (), STACK, f"{project}-{stack}")


def split_key(key: str) -> tuple[str, str]:
    """The type, without its parents', and the name of a `Urn.key`; what is no key is a name."""
    types, colons, name = key.partition("::")
    return (types.rpartition("$")[2], name) if colons else ("", key)


def provider_urn(reference: str) -> str:
    """The URN in a reference to a provider, `<urn>::<id>`; empty for an empty one. A provider's name has no `::`."""
    return "::".join(reference.split("::", _PARTS)[:_PARTS])


def short_urn(text: str) -> str:
    """The type and name of a URN: `Project shop`, without what every URN of the stack shares; other text as it is."""
    try:
        urn = Urn.parse(text)
    except ValueError:
        return text
    return f"{urn.kind} {urn.name}"
