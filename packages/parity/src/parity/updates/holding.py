"""Holds before a change: what stands is asked when a command begins, and again right before its first call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.backend import holds
from parity.backend.stack_backend import open_backend
from parity.resources import kinds
from parity.resources.urn import Urn
from parity.updates import record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from parity.backend.stack_backend import Backend
    from parity.config.settings import Settings
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack


def require_none(stack: Stack, applications: Collection[str], place: Backend | None = None) -> None:
    """Raise HoldError where a hold stands of the stack, or of one of the applications that get another release.

    Without a place for the ledger there is none for a hold.
    """
    ledger = (place or open_backend(stack)).ledger
    if ledger:
        found = holds.holds(ledger.store, stack.project.name, stack.name)
        holds.require_none(found, stack.name, applications)


def intended(settings: Settings, state: State) -> list[str]:
    """The applications of which the stack's file names another live release than the recorded one."""
    live = record.recorded_live(state, settings.catalog)
    return [
        name
        for name, each in settings.releases.items()
        if each.live is not None and each.live != live.get(name, {}).get("live")
    ]


def planned(changes: Sequence[Sequence[str]], graph: Graph) -> list[str]:
    """The applications that a plan's changes, operation and URN each, give another release."""
    return list(_planned(changes, graph))


def _planned(changes: Sequence[Sequence[str]], graph: Graph) -> Iterator[str]:
    for operation, text in changes:
        urn = Urn.parse(text)
        if urn.type == kinds.LIVE and operation != "delete":
            yield graph.called(urn.name.removesuffix("-live"))
