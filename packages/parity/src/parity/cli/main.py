"""The command `parity`: its own options, and how every error is shown."""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parity import redact
from parity.cli.lazy_group import LazyGroup, plain
from parity.evaluate.lazy import OBJECTS

if TYPE_CHECKING:
    from parity.errors import ParityError

_HELP = "All stacks from one Pulumi program: brought up, proved the same, promoted in one switch."


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only for this option

        typer.echo(f"parity {version('pulumi-parity')}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def application() -> Any:
    """The command line as click's command; no command's own module is loaded before it is asked for."""
    app = plain(_HELP, cls=LazyGroup, completion=True)
    app.callback()(_root)
    return typer.main.get_command(app)


def run() -> None:
    """The program `parity`: `main` in a process of its own, which ends without freeing what its end frees."""
    gc.set_threshold(OBJECTS)
    code: list[int] = []
    # The first that is registered is the last that is run.
    atexit.register(lambda: _leave(*code))
    try:
        main()
        code.append(0)
    except SystemExit as end:
        code.append(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise


def _leave(*code: int) -> None:
    """End the process where the command has come to its end; what was not caught ends it as Python does."""
    if code:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(*code)


def main() -> None:
    """Run the command line; a fault that a person can correct is shown without a traceback, with its own exit code."""
    with redact.command():
        try:
            application()(prog_name="parity")
        except Exception as error:
            from parity.local.translate import translated  # noqa: PLC0415 - it imports what most commands do not need

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
        from parity.console import Screen  # noqa: PLC0415 - a table or a picture needs it, an error once

        error.show(Screen().err)


def _wants_json(arguments: list[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own
