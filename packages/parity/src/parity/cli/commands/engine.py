"""`parity engine`: the Pulumi engine and its plugins, resolved without a sandbox."""

from __future__ import annotations

import json

import typer

from parity.cli.commands.options import Json
from parity.console import Screen
from parity.engine import toolchain

app = typer.Typer(no_args_is_help=True, help="The Pulumi engine and its plugins.")


@app.command()
def resolve(as_json: Json = False) -> None:
    """Find the engine and plugins, or build them where nothing else gives them; says where each came from."""
    screen = Screen()
    with screen.step("Engine") as step:
        tools = toolchain.resolve(step.waiting)
        step.done(toolchain.summary(tools))
    if as_json:
        typer.echo(json.dumps(tools.document(), indent=2))
        return
    for attempt in tools.attempts:
        typer.echo(str(attempt))


@app.command()
def path() -> None:
    """Print the folder that holds `pulumi`, for PATH; resolves it first where needed."""
    typer.echo(toolchain.resolve().folder)


@app.command()
def go() -> None:
    """Print a Go that builds programs: the one on PATH, else one installed into the cache."""
    typer.echo(toolchain.go_program())
