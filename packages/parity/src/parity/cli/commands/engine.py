"""`parity engine`: the Pulumi engine and its plugins, resolved without a sandbox."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.commands.options import Json, put
from parity.cli.lazy_group import plain

app = plain("Find the Pulumi engine and its plugins, or build them.")


@app.command()
def resolve(as_json: Json = False) -> None:
    """Find the engine and plugins, or build them.

    They are built only where nothing else gives them. Says where each came from.
    """
    from parity.console import Screen
    from parity.engine import toolchain

    screen = Screen()
    with screen.step("Engine") as step:
        tools = toolchain.resolve(step.waiting)
        step.done(toolchain.summary(tools))
    put(tools.document(), map(str, tools.attempts), as_json=as_json)


@app.command()
def path() -> None:
    """Print the folder that holds `pulumi`, for PATH.

    The engine is resolved first where that is needed.
    """
    from parity.engine import toolchain

    typer.echo(toolchain.resolve().folder)


@app.command()
def program(name: Annotated[str, typer.Argument(metavar="PROGRAM", help="actionlint, or act")]) -> None:
    """Print the path of a program that checks or runs workflows.

    It is built from its Go module where that was not done yet.
    """
    from parity.engine import toolchain

    typer.echo(toolchain.program(name))
