"""What the page shows: environments, applications and their releases, databases, last requests, faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.world import World


async def overview(world: World) -> dict[str, Any]:
    """The page's document."""
    return {"requests": world.log.latest(30)}
