"""The command `parity`: puts the commands together and shows every error as its class says."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import typer

from parity.commands import demo, doctor, sandbox
from parity.commands import engine as engine_commands
from parity.console import Screen
from parity.translate import translated

if TYPE_CHECKING:
    from parity.errors import ParityError

app = typer.Typer(
    name="parity",
    no_args_is_help=True,
    help="Staging and prod from one Pulumi program: brought up, proved the same, promoted in one switch.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(engine_commands.app, name="engine")
app.command(name="doctor")(doctor.doctor)
app.command(name="demo")(demo.demo)


def main() -> None:
    """Run the command line; a fault that a person can mend is shown without a traceback, with its own exit code."""
    try:
        app()
    except Exception as error:
        known = translated(error)
        if known is None:
            raise
        show(known, as_json=_wants_json(sys.argv[1:]))
        sys.exit(known.exit_code)


def show(error: ParityError, *, as_json: bool) -> None:
    """Print an error: to standard error for people, as one JSON document to standard output for programs."""
    if as_json:
        typer.echo(json.dumps(error.document(), indent=2))
    else:
        error.show(Screen().err)


def _wants_json(arguments: list[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own
