"""The command `parity`: puts the commands together and shows every error as its class says."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING

import typer

from parity import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.errors import ParityError

COMMANDS: dict[str, tuple[str, str]] = {
    "sandbox": ("parity.cli.commands.sandbox", "app"),
    "engine": ("parity.cli.commands.engine", "app"),
    "check": ("parity.cli.commands.check", "check"),
    "doctor": ("parity.cli.commands.doctor", "doctor"),
    "demo": ("parity.cli.commands.demo", "demo"),
    "preview": ("parity.cli.commands.preview", "preview"),
    "comment": ("parity.cli.commands.comment", "comment"),
    "up": ("parity.cli.commands.up", "up"),
    "recover": ("parity.cli.commands.recover", "recover"),
    "drift": ("parity.cli.commands.drift", "drift"),
    "drift-issue": ("parity.cli.commands.drift", "drift_issue"),
    "adopt": ("parity.cli.commands.drift", "adopt_"),
    "ledger": ("parity.cli.commands.ledger", "ledger"),
    "postmortem": ("parity.cli.commands.postmortem", "postmortem"),
    "release": ("parity.cli.commands.releases", "release"),
    "promote": ("parity.cli.commands.releases", "promote"),
    "rollback": ("parity.cli.commands.releases", "rollback"),
    "releases": ("parity.cli.commands.releases", "releases"),
    "prune": ("parity.cli.commands.releases", "prune"),
    "deliver": ("parity.cli.commands.releases", "deliver"),
}
"""Each command, or group of commands, with the module that has it and its name there; in the order of the help."""


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands only: what is not asked for is not imported, which would take a second."""
    app = typer.Typer(
        name="parity",
        no_args_is_help=True,
        help="Staging and prod from one Pulumi program: brought up, proved the same, promoted in one switch.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    # A callback, so that one command alone is still called by its name.
    app.callback()(lambda: None)
    for name in names:
        module, attribute = COMMANDS[name]
        found = getattr(importlib.import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name=name)(found)
    return app


def main() -> None:
    """Run the command line; a fault that a person can mend is shown without a traceback, with its own exit code."""
    asked = sys.argv[1:2]
    with redact.command():
        try:
            application(asked if asked and asked[0] in COMMANDS else COMMANDS)()
        except Exception as error:
            from parity.cli.translate import translated  # noqa: PLC0415 - it imports what most commands do not need

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
