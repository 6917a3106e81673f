"""`parity ledger`: the record of every update of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli import arguments
from parity.cli.commands.options import Json, Stack
from parity.errors import ProjectError

if TYPE_CHECKING:
    from parity.backend.ledger import Record
    from parity.console import Screen


def ledger(
    stack: Stack,
    last: Annotated[int, typer.Option("--last", "-n", metavar="COUNT", help="How many of the newest.", min=1)] = 20,
    as_json: Json = False,
) -> None:
    """Show the updates of a stack, and how each ended.

    Oldest first: when, by whom, from which commit, to make what live, and the result. With `--json` one JSON object a
    line.
    """
    project = arguments.of_stack(stack)
    from parity.backend import ledger as ledgers
    from parity.backend.stack_backend import open_backend
    from parity.backend.store import LEDGER_VARIABLE
    from parity.cli.session import stack_of
    from parity.console import Screen

    place = open_backend(stack_of(project, stack))
    if place.ledger is None:
        raise ProjectError(
            "no ledger is kept for this stack",
            where=place.url,
            remedy=f"{LEDGER_VARIABLE} names a folder or bucket for it",
        )
    records = place.ledger.records(last=last)
    if as_json:
        typer.echo(ledgers.lines(records), nl=False)
        return
    _show(Screen(), records, place.ledger.place)


def _show(screen: Screen, records: list[Record], place: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not records:
        screen.out.print(f"No update is recorded in {escape(place)}.", soft_wrap=True)
        return
    table = Table("began (UTC)", "command", "by", "commit", "to be live", "result", box=None, padding=(0, 2, 0, 0))
    for record in records:
        begin = record.begin
        wanted = ", ".join(f"{name} {each['live']}" for name, each in begin.get("intent", {}).items())
        table.add_row(
            f"{record.started:%Y-%m-%d %H:%M:%S}",
            escape(str(begin.get("command", ""))),
            escape(str(begin.get("actor", ""))),
            escape(str(begin.get("commit", ""))[:12]),
            escape(wanted),
            record.result,
        )
    screen.out.print(table)
