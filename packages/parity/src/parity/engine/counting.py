"""How many resources a stack has: one rule for every command that says a number.

Counted is what the program declares: components and named providers too. Not counted are the stack's own resource and
the default providers, which the engine adds by itself; `pulumi` counts the first of these, and so says one more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.resources.urn import STACK, split_key, without_stack

if TYPE_CHECKING:
    from collections.abc import Iterable


def counts(urn: str) -> bool:
    """Whether the resource with this URN, or with the key that two stacks share, is one that the program declares."""
    type_, name = split_key(without_stack(urn))
    if type_.startswith("pulumi:providers:"):
        # As pulumi's own IsDefaultProvider has it (sdk/go/common/resource/urn and pkg/resource/deploy/providers).
        return not name.startswith("default")
    return type_ != STACK


def counted(urns: Iterable[str]) -> int:
    """How many resources these URNs, or keys, name; one that stands twice while it is replaced is one."""
    return len({urn for urn in urns if counts(urn)})
