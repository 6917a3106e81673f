"""`parity import`: from live accounts to a program and a state."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.commands.options import Json, put


def import_(
    team: Annotated[str, typer.Option(metavar="TEAM", help="The Vercel team's slug.")] = "",
    repository: Annotated[
        str, typer.Option(metavar="OWNER/NAME", help="The GitHub repository of all the projects.")
    ] = "",
    project: Annotated[
        list[str] | None,
        typer.Option(metavar="STACK/APPLICATION=PROJECT", help="A Vercel project and what it is; may be repeated."),
    ] = None,
    database: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STACK/DATABASE=NAME[@SERVER]",
            help="A database of PGHOST, or of PGHOST_SERVER, and what it is; may be repeated.",
        ),
    ] = None,
    environment: Annotated[
        list[str] | None,
        typer.Option(metavar="STACK=ENVIRONMENT", help="A GitHub environment, where it is not named as the stack."),
    ] = None,
    promotes_from: Annotated[
        list[str] | None,
        typer.Option(metavar="STACK=STACK", help="The second stack's releases go on to the first; may be repeated."),
    ] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIABLE", help="A variable that is no secret, though it seems one; may be repeated."),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be written and imported.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the catalog and the stacks' files.")] = False,
    state: Annotated[
        bool, typer.Option("--state", help="Import what the written files declare into the stacks' states.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take over what exists: plan, files, state.

    Reads a Vercel team, a GitHub repository and database servers, writes a catalog and the stacks' files for what is
    there, and imports it into the state: three steps, each of which can be repeated. No vendor is ever written to. What
    Parity would do more strictly than what is there is put off, each difference an exception with its reason.
    """
    from parity.cli.arguments import Arguments
    from parity.cli.session import engine_of
    from parity.config.project import find_project
    from parity.console import Screen
    from parity.errors import UnsureError, UsageError
    from parity.evaluate.stack import Stack

    found, screen, given = find_project(), Screen(), Arguments()
    given.exclusive(plan=plan, write=write, state=state)
    given.require()
    if not (plan or write or state):
        remedy = "--plan first; then --write; then --state"
        raise UsageError("no step is named", where="--plan, --write, --state", remedy=remedy)
    engine = engine_of(found)
    from parity.onboarding import run, show, wanted

    if state:
        stacks = [Stack(name, found, engine) for name in run.imported(found)]
        done = [run.record(each, screen) for each in stacks]
        if as_json:
            put([each.document() for each in done])
        else:
            show.recorded(screen, done)
        if any(each.plan.of("manual") for each in done):
            raise typer.Exit(UnsureError.exit_code)
        return
    named = (project or (), database or (), environment or ())
    what = wanted.parse(team, repository, *named, promotes_from=promotes_from or ())
    prepared = run.prepare(found, what, engine.environment, screen, clear or ())
    if write:
        prepared = run.write(found, prepared, {name: Stack(name, found, engine) for name in what.stacks}, screen)
    if as_json:
        put(show.document(prepared))
    else:
        show.prepared(screen, prepared)
