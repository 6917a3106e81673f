"""How many resources a stack has: one rule for every command that says a number.

Counted is what the program declares: components and named providers too. Not counted are the stack's own resource and
the default providers, which the engine adds by itself; `pulumi` counts the first of these, and so says one more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def counts(urn: str) -> bool:
    """Whether the resource with this URN is one that the program declares."""
    kind, _, name = urn.rpartition("::")
    kind = kind.rpartition("::")[2].rpartition("$")[2]
    if kind.startswith("pulumi:providers:"):
        # As pulumi's own IsDefaultProvider has it (sdk/go/common/resource/urn and pkg/resource/deploy/providers).
        return not name.startswith("default")
    return kind != "pulumi:pulumi:Stack"


def counted(urns: Iterable[str]) -> int:
    """How many resources these URNs name; one that stands twice while it is replaced is one."""
    return len({urn for urn in urns if counts(urn)})
