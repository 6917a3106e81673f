"""What the files call otherwise than the record does, and is found by its name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.errors import UnsureError
from parity.resources import kinds

if TYPE_CHECKING:
    from parity.engine.state import State
    from parity.evaluate.graph import Graph


def require(graph: Graph, state: State) -> None:
    """Refuse where a database or a role has another name in the files: it would be taken for gone.

    Raises:
        UnsureError: with both names; a person writes the recorded one again.
    """
    for urn, declared in graph.resources.items():
        record = state.of(urn) if declared.type in {kinds.DATABASE, kinds.ROLE} else None
        new, old = declared.inputs.get("name"), record.inputs.get("name") if record else None
        noun = "database" if declared.type == kinds.DATABASE else "role"
        if record and old != new:
            raise UnsureError(
                f"the files call the {noun} {new}, and it is recorded as {old}: what the last update left of it "
                "cannot be found; nothing was changed",
                where=declared.name,
                remedy=f"write its name {old} again, then run `parity recover {graph.stack}`",
            )
