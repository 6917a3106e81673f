"""Runs a stack's update to its end, and looks at what is live afterwards."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from parity.demo import summary
from parity.errors import HealthError, UpdateError
from parity.releases import standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.console import Screen
    from parity.pulumi import Progress
    from parity.releases.standing import Standing
    from parity.stack import Stack


def update(stack: Stack, screen: Screen) -> Progress:
    """`pulumi up` without questions, shown as it goes.

    Raises:
        UpdateError: it failed; with the engine's own words, and where to see what is live.
    """
    log = Path(tempfile.mkdtemp(prefix="parity-")) / f"up-{stack.name}.log"
    with screen.step(f"pulumi up --stack {stack.name}") as step:
        step.waiting("the engine to start")
        try:
            progress = stack.pulumi.update(
                ["up", "--yes", "--skip-preview", "--stack", stack.name],
                log,
                lambda now: step.waiting(now.waits_for() or "the program"),
            )
        except UpdateError as error:
            raise UpdateError(
                error.what,
                where=error.where,
                remedy=f"{error.remedy}; `parity releases {stack.name}` shows what is live; the stack's file keeps "
                "what was asked for, and the next update tries again",
            ) from error
        step.done(summary(progress))
    return progress


def look(stack: Stack, applications: Sequence[str] | None, screen: Screen) -> list[Standing]:
    """How applications of a stack stand now; all of them where none is named."""
    with screen.step(f"{stack.name}: what is live") as step:
        step.waiting("the engine's record, Vercel and the applications themselves")
        settings, state = stack.settings(), stack.recorded()
        names = applications or [each.name for each in settings.platform.applications]

        async def every() -> list[Standing]:
            return list(await asyncio.gather(*(standing.look(settings, state, name) for name in names)))

        return asyncio.run(every())


def verify(found: Sequence[Standing]) -> None:
    """Hold that each application with a live release serves it, whole.

    Raises:
        HealthError: naming each that does not.
    """
    sick = {each: each.faults() for each in found if each.releases.live is not None}
    wrong = [f"{each.application} of {each.stack}: {'; '.join(faults)}" for each, faults in sick.items() if faults]
    if wrong:
        stack = found[0].stack
        raise HealthError(
            " ".join(wrong),
            where=", ".join(f"{each.stack}, {each.application}" for each, faults in sick.items() if faults),
            remedy=f"Look at `parity releases {stack}`; going back: `parity rollback {stack} APP --up`.",
        )
