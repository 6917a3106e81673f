"""Goes back from a release that a watch found bad: as `parity rollback --up`, by one promote call, then recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.errors import RefusedError
from parity.releases import stack_file, switch, switches
from parity.updates import update
from parity.updates.approval import Approval

if TYPE_CHECKING:
    from parity.backend.notes import Note
    from parity.console import Screen
    from parity.evaluate.stack import Stack


def go(stack: Stack, screen: Screen, note: Note, why: str) -> str:
    """Make the release live that was live before the watched one; gives its id.

    Raises:
        RefusedError: there was none, or the schema forbids it, or it is not there or not healthy any more.
        ParityError: as `switches.rollback`, `switch.make` and `update.run`.
    """
    application, release, to = str(note.begin["application"]), note.begin["release"], note.begin["before"]
    if not to:
        raise RefusedError(f"no release of {application} was live before {release}", where=stack.name)
    change = switches.rollback(stack, application, str(to), checked=True)
    stack_file.write(change.file)
    if change.switch is not None:
        switch.make(stack, change.switch, screen)
    facts = {"command": "rollback", "why": f"{change.title}: the watch found {release} bad: {why}"}
    update.run(stack, screen, Approval(yes=True), note=facts, going_back=application)
    return str(to)
