"""Goes back from a release that a watch found bad: as `parity rollback --up`, by one promote call, then recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.backend.stack_backend import open_backend
from parity.errors import RefusedError
from parity.releases import stack_file, steps, switch, switches
from parity.updates import record, update
from parity.updates.approval import Approval

if TYPE_CHECKING:
    from parity.backend.notes import Note
    from parity.console import Screen
    from parity.evaluate.stack import Stack


def go(stack: Stack, screen: Screen, note: Note, why: str) -> str:
    """Make the release live that was live before the watched one; gives its id.

    Raises RefusedError where there was none, or the schema forbids it, or it is not there or not healthy any more;
    else as `switches.rollback`, `switch.make` and `update.run`.
    """
    application, release, to = str(note.begin["application"]), note.begin["release"], note.begin["before"]
    if not to:
        raise RefusedError(f"no release of {application} was live before {release}", where=stack.name)
    # One that died after it wrote the file is finished by the update, which makes the switch where it was not made.
    made: dict[str, str] = {}
    if steps.load(stack).releases[application].live != to:
        change = switches.rollback(stack, application, str(to), checked=True)
        stack_file.write(change.file)
        if change.switch is not None:
            made = switch.make(stack, change.switch, screen)
    title = f"{to} of {application} in {stack.name} is live again instead of {release}"
    facts = {"command": "rollback", "why": f"{title}: the watch found {release} bad: {why}", **made}
    update.run(stack, screen, Approval(yes=True), note=facts, going_back=application)
    return str(to)


def finish(stack: Stack, screen: Screen, note: Note, why: str) -> str:
    """Do what is left of going back, where what did it died, and give the release that is live; raises as `go`."""
    application, to = str(note.begin["application"]), str(note.begin["before"])
    settings, state = stack.read()
    recorded = record.recorded_live(state, settings.catalog).get(application, {}).get("live")
    if recorded == to and not _under_way(stack):
        return to
    return go(stack, screen, note, why)


def _under_way(stack: Stack) -> bool:
    """Whether the newest updates have one without an end, which the next one recovers."""
    ledger = open_backend(stack).ledger
    return ledger is not None and ledger.under_way()
