"""`parity hold` and `parity lift`: nothing goes forward meanwhile, and going back is always allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, Stack, complete_applications, put

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parity.backend.ledger import Ledger
    from parity.evaluate.stack import Stack as Opened

Held = Annotated[
    str | None,
    typer.Option(
        "--application",
        metavar="APPLICATION",
        help="The application alone; the stack, where none is named.",
        autocompletion=complete_applications,
    ),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; whoever is held reads it.")]


def hold(
    stack: Stack,
    why: Why,
    application: Held = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            help="When it ends by itself: minutes, hours or days from now (`90m`, `8h`, `3d`), or a time with its "
            "zone (`2026-12-01T09:00+01:00`). [default: when it is lifted]",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep a stack or an application from going forward.

    A hold of the stack stops every update of it; one of an application stops those that would give it another release.
    They exit 16 before their first call, also where the plan was approved before, and say who holds, why, until when,
    and the command that lifts it. `parity rollback`, `recover`, `preview` and `drift` are never held. Two holds are
    each its own. Exits 2 where the time is over already.
    """
    asked = Arguments()
    end = _until(asked, until)
    opened, ledger = _open(asked, stack, application, why)
    from parity.backend import holds, this_host

    who = this_host.actor(opened.pulumi.environment)
    scope = application or ""
    found = holds.hold(ledger.store, ledger.project, stack, application=scope, who=who, why=why, until=end)
    _record(opened, ledger, "hold", {"application": scope, "why": why, "until": found.document()["until"]})
    lines = [f"{application or stack} is {found}.", f"To end it: {holds.lift_command(stack, scope)}"]
    put({"stack": stack, **found.document()}, lines, as_json=as_json)


def lift(stack: Stack, why: Why, application: Held = None, as_json: Json = False) -> None:
    """End a hold.

    Every hold of the stack that stands, or with --application of that application alone. Who lifts it and why is kept
    next to who held and why. Exits 2 where none stands.
    """
    opened, ledger = _open(Arguments(), stack, application, why)
    from parity.backend import holds, this_host
    from parity.errors import UsageError

    who, scope = this_host.actor(opened.pulumi.environment), application or ""
    lifted = holds.lift(ledger.store, ledger.project, stack, application=scope, who=who, why=why)
    left = holds.holds(ledger.store, ledger.project, stack)
    if not lifted:
        raise UsageError(
            f"{application or stack} is not held",
            where=stack,
            remedy="\n".join(f"{each.application or stack} is {each}" for each in left) or "nothing is held there",
        )
    _record(opened, ledger, "lift", {"application": scope, "why": why, "holds": [each.document() for each in lifted]})
    document = {"lifted": [each.document() for each in lifted], "left": [each.document() for each in left]}
    lines = [f"Lifted: {application or stack} was {each}" for each in lifted]
    lines += [f"Still there: {each.application or stack} is {each}" for each in left]
    put({"stack": stack, **document}, lines, as_json=as_json)


def _until(asked: Arguments, text: str | None) -> datetime | None:
    """The time that was given; a fault where it cannot be read, has no zone, or is over."""
    from datetime import UTC, datetime

    from parity.cli import times

    if text is None:
        return None
    now = datetime.now(UTC)
    try:
        found = times.from_now(text, now)
    except ValueError as error:
        asked.add("--until", str(error), "give 90m, 8h, 3d or a time with its zone, 2026-12-01T09:00+01:00")
        return None
    if found <= now:
        asked.add("--until", f"{text} is over", "give a time that is still to come")
    return found


def _open(asked: Arguments, stack: str, application: str | None, why: str) -> tuple[Opened, Ledger]:
    """The stack and where holds are kept; raises UsageError, and ProjectError where there is no place."""
    asked.stack(stack)
    if application is not None:
        asked.application(stack, application)
    if not why.strip():
        asked.add("--why", "the reason is empty", "say why")
    asked.require()
    from parity.backend.stack_backend import open_backend
    from parity.cli.session import stack_of
    from parity.engine.store import LEDGER_VARIABLE
    from parity.errors import ProjectError

    opened = stack_of(asked.project, stack)
    place = open_backend(opened)
    if place.ledger is None:
        raise ProjectError(
            "there is no place for a hold",
            where=place.url,
            remedy=f"{LEDGER_VARIABLE} names a folder or bucket for it, which each command that updates must have too",
        )
    return opened, place.ledger


def _record(stack: Opened, ledger: Ledger, command: str, facts: Mapping[str, Any]) -> None:
    """In the ledger too, so that it is in order with the updates; the hold itself is what counts."""
    from parity.backend.stack_backend import provenance

    ledger.end(ledger.begin({**provenance(stack, command), **facts}), {"result": "succeeded", "code": 0})
