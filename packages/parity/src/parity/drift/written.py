"""When an update last wrote a variable that Vercel never shows, by Vercel's own time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity.documents import mapping
from parity.resources import kinds
from parity.resources.kind import PROJECT_ID
from parity.resources.vercel import COMPARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.engine.state import Recorded, State


def times(state: State) -> dict[str, datetime]:
    """By URN of the variable's resource: only of those that no update has written since a release passed the switch.

    The switch records Vercel's time of each. It refuses a release whose variable has another one, by the same rule.
    """
    every = [each for each in state.resources if each.type == kinds.VARIABLE]
    variables = {(str(each.inputs.get(PROJECT_ID)), str(each.inputs.get("key"))): each for each in every}
    lives = [each for each in state.resources if each.type == kinds.LIVE]
    return {urn: when for live in lives for urn, when in _of(live, variables)}


def _of(live: Recorded, variables: dict[tuple[str, str], Recorded]) -> Iterator[tuple[str, datetime]]:
    for name, declared in mapping(live.inputs.get("sensitiveWrites")).items():
        compared = mapping(mapping(live.outputs.get(COMPARED)).get(name))
        variable = variables.get((str(live.inputs.get(PROJECT_ID)), name))
        if variable and variable.id == compared.get("id") and mapping(declared).get("value") == compared.get("value"):
            yield variable.urn, datetime.fromtimestamp(float(compared["updatedAt"]) / 1000, UTC)
