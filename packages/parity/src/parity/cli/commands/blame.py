"""`parity blame`: which operation gave a property its value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli import arguments
from parity.cli.commands.log import ledger_of, places_of
from parity.cli.commands.options import Json, Stack
from parity.errors import UsageError

if TYPE_CHECKING:
    from parity.backend.blame import Line
    from parity.console import Screen


def blame(
    stack: Stack,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="A URN, URN#property, application.VARIABLE, a domain, or a resource's name with or without .property.",
        ),
    ],
    every: Annotated[bool, typer.Option("--all", help="Show its history too, newest first.")] = False,
    as_json: Json = False,
) -> None:
    """Say which operation gave a property its value, and why.

    Its value (a secret by its fingerprint), since when, by which operation, the key of the stack's file with its line,
    the commit, the pull request, and who approved. What is older than the record is said to be. Exits 2 where the stack
    has nothing of that name.
    """
    from parity.backend import blame as blaming
    from parity.console import Screen

    project = arguments.of_stack(stack)
    from parity.cli.session import stack_of

    opened = stack_of(project, stack)
    formerly = {each.name: each.first_name for each in project.program.catalog().applications}
    wanted = blaming.what(what, formerly)
    ledger = ledger_of(places_of(project, stack)[stack])
    lines = list(blaming.history(ledger, wanted)) if every else blaming.current(ledger, wanted)
    if as_json:
        typer.echo(json.dumps([each.document() for each in lines], ensure_ascii=False, indent=2))
        return
    if not lines:
        there = [each.urn for each in opened.recorded().resources if wanted.touches(each.urn)]
        if not there:
            raise UsageError(
                f"{stack} has nothing called {what!r}",
                where="WHAT",
                remedy=f"name a URN (`pulumi stack --show-urns --stack {stack}`), application.VARIABLE or a domain",
            )
        oldest = next(iter(ledger.records()), None)
        since = f"which begins at {oldest.started:%Y-%m-%d %H:%M} UTC" if oldest else "which is empty"
        typer.echo(f"{what} is older than the record, {since}.")
        return
    _print_blame(Screen(), lines)


def _print_blame(screen: Screen, lines: list[Line]) -> None:
    from rich.text import Text

    from parity.cli.commands import log_output

    for each in lines:
        screen.out.print(Text(log_output.value(each), style="bold"), soft_wrap=True)
        screen.out.print(Text(f"  {each.sentence}"), soft_wrap=True)
