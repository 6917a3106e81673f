"""`parity recover`: record and live state brought together again after an update that did not end."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli import arguments
from parity.cli.commands.options import Json, Stack, put
from parity.recover.model import SETTLE_SECONDS, Options


def recover(
    stack: Stack,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say what would be done; exits 1 where there is any.")
    ] = False,
    as_json: Json = False,
    owner_is_dead: Annotated[
        list[str] | None,
        typer.Option("--owner-is-dead", metavar="LOCK", help="A lock whose owner you know is dead; may be repeated."),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="How long a request in flight may still land, where its effect would show.", min=0
        ),
    ] = SETTLE_SECONDS,
    skip_preview: Annotated[
        bool, typer.Option("--skip-preview", help="Do not ask the engine what the next update will do.")
    ] = False,
) -> None:
    """Reconcile record and reality after an interrupted update.

    Makes sure that nothing else writes, backs up the state, finds every declared object by its name, decides, and
    edits the state through the engine. It may be killed and run again. What is not clear is left to a person: exits 10
    then. Nothing that holds data is ever deleted.
    """
    project = arguments.of_stack(stack)
    from parity.cli.session import stack_of
    from parity.console import Screen
    from parity.errors import UnsureError
    from parity.recover import dependencies, show
    from parity.recover import run as recovery

    options = Options(plan, frozenset(owner_is_dead or ()), settle, not skip_preview)
    done = recovery.run(dependencies.real(stack_of(project, stack)), Screen(), options)
    if as_json:
        put(done.document())
    else:
        show.show(Screen(), done, plan=plan)
    if done.plan.of("manual"):
        raise typer.Exit(UnsureError.exit_code)
    if plan and done.todo:
        raise typer.Exit(1)
