"""`parity up`: the engine's update, recorded, with what is live at its end."""

from __future__ import annotations

import json

import typer

from parity.cli import arguments
from parity.cli.commands.options import Json, Stack


def up(stack: Stack, as_json: Json = False) -> None:
    """Update a stack, record it, and say what is live then.

    The engine's own update, with its intent recorded first, and each domain asked at the end. Refuses while another
    update of the stack runs. Ctrl-C ends it at a safe point; a second one ends it at once.
    """
    project = arguments.of_stack(stack)
    from parity.cli.session import stack_of
    from parity.console import Screen
    from parity.inventory import domain_health
    from parity.updates import update

    done = update.run(stack_of(project, stack), Screen())
    if as_json:
        typer.echo(json.dumps(done.document(), indent=2))
    else:
        typer.echo(f"Live now: {domain_health.sentence(done.live)}")
