"""Reads the release status of a stack's applications in one step, and verifies it against the file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from parity.backend import built
from parity.backend.stack_backend import open_backend
from parity.errors import HealthError
from parity.releases import release_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.backend.ledger import Ledger
    from parity.console import Screen
    from parity.evaluate.stack import Stack
    from parity.releases.release_status import ReleaseStatus


def read(stack: Stack, applications: Sequence[str] | None, screen: Screen) -> list[ReleaseStatus]:
    """Read the release status of the named applications, or of all if none is named."""
    with screen.step(f"{stack.name}: what is live") as step:
        step.waiting("the engine, Vercel and the applications")
        settings, state = stack.read()
        names = applications or [each.name for each in settings.catalog.applications]

        async def every() -> list[ReleaseStatus]:
            return list(await asyncio.gather(*(release_status.read(settings, state, name) for name in names)))

        ledger = open_backend(stack).ledger
        return [_with_built(each, ledger) for each in asyncio.run(every())]


def _with_built(found: ReleaseStatus, ledger: Ledger | None) -> ReleaseStatus:
    known = {release: built.read(ledger, each.id) for release, each in found.deployments.items()}
    return replace(found, built={release: each for release, each in known.items() if each is not None})


def verify(found: Sequence[ReleaseStatus]) -> None:
    """Require that each live release is served in health; raises HealthError, which names those that are not."""
    sick = [each for each in found if each.releases.live is not None and each.faults()]
    if not sick:
        return
    stack = sick[0].stack
    older = [each.application for each in sick if each.releases.in_order[0][0] != each.releases.live]
    back = ", ".join(f"`parity rollback {stack} {name} --up`" for name in older)
    raise HealthError(
        " ".join(f"{each.application} of {each.stack}: {'; '.join(each.faults())}." for each in sick),
        where=", ".join(f"{each.stack}, {each.application}" for each in sick),
        remedy=f"Put right what each says{f'; to go back: {back}' if back else ''}.",
    )
