"""`parity up`: the engine's update, recorded, with what is live at its end."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from parity.cli.commands.options import Json
from parity.config.project import find_project
from parity.console import Screen
from parity.evaluate.stack import Stack, ambient
from parity.inventory import domain_health
from parity.updates import update


def up(
    stack: Annotated[str, typer.Argument(help="The stack's name.")],
    as_json: Json = False,
) -> None:
    """Update a stack as `pulumi up` does, with its intent recorded first; says at the end what is live, asked.

    Refuses while somebody else updates the stack. Ctrl-C ends it at a safe point; a second one ends it at once.
    """
    project = find_project()
    done = update.run(Stack(stack, project, ambient(project)), Screen())
    if as_json:
        typer.echo(json.dumps(done.document(), indent=2))
    else:
        typer.echo(f"Live now: {domain_health.sentence(done.live)}")
