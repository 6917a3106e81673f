"""Makes a rollback's switch at once: the one promote call, under the stack's lock, before the update that records it.

Users wait for Vercel alone, not for the engine to start. LiveRelease's own code does the work: it refuses to undo what
was made live by hand, asks the release, promotes, and waits until every domain serves it. The update that follows finds
the release live, calls nothing, and records it. If the command dies in between, the next update does the same, because
the file was written first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.backend import locks, stack_backend
from parity.errors import UpdateError
from parity.provider import live_release
from parity.provider.errors import ParityPluginError, Unfinished
from parity.provider.vercel import Vercel
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.config.settings import Settings
    from parity.console import Screen
    from parity.engine.state import State
    from parity.evaluate.stack import Stack
    from parity.releases.release_status import ReleaseStatus


@dataclass(frozen=True)
class Prepared:
    """A switch that can be made at once."""

    inputs: Mapping[str, Any] = field(repr=False)
    """LiveRelease's, with the release that is wanted; the bypass secret is in the clear."""
    recorded: Mapping[str, Any] = field(repr=False)
    """LiveRelease's outputs as the engine has them."""
    urn: str
    """LiveRelease's."""


_NOT_KEPT = frozenset({"imported", "image", "protectionBypass", "trustedAudience"})
"""Inputs of the recorded LiveRelease that are not those of another release, or another way to ask."""


def prepare(settings: Settings, state: State, there: ReleaseStatus, release: str) -> Prepared | None:
    """Give LiveRelease's inputs for a kept release; None if only an update can make the switch.

    That is so if nothing is recorded as live, the last update did not end, or the guard would stop the update.
    """
    first = settings.catalog.application(there.application).first_name
    live = state.called(kinds.LIVE, kinds.live_name(first))
    deployed = there.deployments.get(release)
    if live is None or deployed is None or live.errors or state.pending or there.stale:
        return None
    newest = there.releases.newest
    image = {"image": deployed.image} if deployed.image else {}
    wanted = {
        **image,
        "newest": newest is not None and newest[0] == release,
        "deploymentId": deployed.id,
        "deploymentUrl": deployed.host,
        "release": release,
        "commit": there.releases.kept[release].commit,
        **there.through.inputs,
    }
    kept = {name: value for name, value in live.inputs.items() if name not in _NOT_KEPT}
    own = {"imported": True} if there.releases.kept[release].deployment else {}
    return Prepared({**kept, **wanted, **own}, live.outputs, live.urn)


def make(stack: Stack, prepared: Prepared, screen: Screen) -> dict[str, str]:
    """Make the switch; gives when every domain served it, `switched`, for the record of the update that follows.

    Nothing is given where the update must make it: there is no lock to hold, or not every domain serves yet.

    Raises:
        LockedError: another run is updating the stack; nothing was changed.
        UpdateError: the release is not healthy, or Vercel refused; what was live still is.
    """
    found = stack_backend.open_backend(stack)
    if found.store is None or (found.ledger and found.ledger.under_way()):
        return {}
    with (
        screen.step(f"Switch to {prepared.inputs['release']}") as step,
        locks.taken(found.store, stack.project.name, stack.name),
    ):
        try:
            asyncio.run(_switch(prepared, step.waiting))
        except Unfinished as error:
            step.done(f"not everywhere yet: {error}")
            return {}
        except ParityPluginError as error:
            raise UpdateError(
                str(error),
                where=stack.name,
                remedy=f"`parity releases {stack.name}` shows what is live; the stack's file keeps what was asked for",
            ) from error
        step.done("every domain serves it")
    return {"switched": datetime.now(UTC).isoformat()}


async def _switch(prepared: Prepared, say: Callable[[str], None]) -> None:
    vercel = Vercel.from_environment()
    try:
        await live_release.switch(vercel, dict(prepared.inputs), prepared.recorded, say, urn=prepared.urn)
    finally:
        await vercel.close()
