"""`parity release`, `promote`, `rollback`, `releases` and `prune`: which release is live, and which are kept."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from parity import releases_file
from parity.commands.options import Json
from parity.console import Screen
from parity.project import find_project
from parity.releases import follow, steps, table
from parity.releases.standing import Standing
from parity.releases.steps import Change
from parity.stack import Stack, ambient

StackName = Annotated[str, typer.Argument(metavar="STACK", help="The stack, for example staging.")]
Application = Annotated[str, typer.Argument(metavar="APP", help="The application, as infra/platform.py names it.")]
Up = Annotated[bool, typer.Option("--up", help="Run the stack's update afterwards, and follow it to its end.")]
Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate-credentials", help="Give the release database logins of a new generation, with new passwords."
    ),
]

_PIPE_WIDTH = 200


def release(
    stack: StackName,
    application: Application,
    commit: Annotated[str, typer.Option("--commit", help="The commit to build, 40 hex digits.")],
    rotate: Rotate = False,
    live: Annotated[bool, typer.Option("--live", help="Make it the live release too.")] = False,
    up: Up = False,
    as_json: Json = False,
) -> None:
    """Record the next release of an application in the stack's file: id, commit, config digest, credentials.

    The file is edited and nothing else: review the change as a pull request. The next update builds the release.
    Exits 2 where the commit is short or unknown, or where the newest release is just this.
    """
    found = _stack(stack)
    _carry_out(found, steps.release(found, application, commit, rotate=rotate, live=live), up=up, as_json=as_json)


def promote(
    application: Application,
    source: Annotated[str, typer.Option("--from", help="The stack whose live release is promoted.")] = "staging",
    target: Annotated[str, typer.Option("--to", help="The stack that gets it.")] = "prod",
    commit: Annotated[
        str | None, typer.Option("--commit", help="The commit that must be live there; any, where none is named.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Promote it although the stack was rolled back from this very commit.")
    ] = False,
    rotate: Rotate = False,
    up: Up = False,
    as_json: Json = False,
) -> None:
    """Make the commit that is live and healthy in one stack the next and live release of another.

    The release gets the other stack's own config digest. Exits 7 where the first stack is not healthy or not what its
    file says, and 8 where another commit is live there or the other stack was rolled back from this one.
    """
    there = _stack(target)
    change = steps.promote(_stack(source), there, application, commit=commit, again=again, rotate=rotate)
    _carry_out(there, change, up=up, as_json=as_json)


def rollback(
    stack: StackName,
    application: Application,
    to: Annotated[
        str | None, typer.Option("--to", help="The kept release; the one before the live one, where none is named.")
    ] = None,
    unchecked: Annotated[
        bool,
        typer.Option(
            "--unchecked",
            help="Edit the file without asking PostgreSQL and Vercel first; needs no secret. The update still asks the "
            "release whether it is healthy before it switches.",
        ),
    ] = False,
    up: Up = False,
    as_json: Json = False,
) -> None:
    """Make a kept release live again: one switch, and nothing is built.

    Says what goes back and what cannot. Exits 8 where the release's credentials no longer log in, or where it is not
    deployed or not healthy.
    """
    found = _stack(stack)
    change = steps.rollback(found, application, to, checked=not unchecked)
    _carry_out(found, change, up=up, as_json=as_json)


def prune(
    stack: StackName,
    application: Application,
    keep: Annotated[int, typer.Option("--keep", help="How many of the newest releases stay.", min=1)],
    up: Up = False,
    as_json: Json = False,
) -> None:
    """Drop the oldest kept releases: the next update deletes their deployments and the logins that only they use.

    Never the live one, the one before it, or one that is newer than the live one.
    """
    found = _stack(stack)
    _carry_out(found, steps.prune(found, application, keep), up=up, as_json=as_json)


def releases(
    stack: StackName,
    application: Annotated[
        str | None, typer.Argument(metavar="[APP]", help="The application; every one, where none is named.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show an application's kept releases: commit, when, digest, generation, deployment, state, live, healthy.

    Exits 7 where the live release is not served whole, or is not the one that the file says.
    """
    found_stack = _stack(stack)
    screen = Screen()
    if application is not None:
        steps.application_of(found_stack.sealed_settings(), application)
    found = follow.look(found_stack, [application] if application else None, screen)
    if as_json:
        typer.echo(json.dumps([table.document(each) for each in found], indent=2))
        if any(each.faults() for each in found if each.releases.live):
            raise typer.Exit(7)
        return
    for each in found:
        _show(screen, each)
    follow.verify(found)


def _stack(name: str) -> Stack:
    project = find_project()
    return Stack(name, project, ambient(project))


def _carry_out(stack: Stack, change: Change, *, up: bool, as_json: bool) -> None:
    """Write the file, say what was done and what follows, and run the update where it is wanted."""
    screen = Screen()
    changed = change.file.text != change.file.read
    if changed:
        releases_file.write(change.file)
    document: dict[str, Any] = {**change.document, "updated": False}
    if not as_json:
        _say(screen, change, changed=changed, up=up)
    if up:
        progress = follow.update(stack, screen)
        found = follow.look(stack, [change.application], screen)
        document |= {"updated": True, "changes": progress.changes, "standing": table.document(found[0])}
        if not as_json:
            _show(screen, found[0])
        follow.verify(found)
    if as_json:
        typer.echo(json.dumps(document, indent=2))


def _say(screen: Screen, change: Change, *, changed: bool, up: bool) -> None:
    screen.out.print(f"[bold]{escape(change.title)}.[/]", soft_wrap=True)
    for note in change.notes:
        screen.out.print(f"  {escape(note)}", soft_wrap=True)
    what = f"{change.file.path.name} is changed" if changed else f"{change.file.path.name} stays as it is"
    screen.out.print(f"{what}.", soft_wrap=True)
    if not change.next_update:
        screen.out.print(f"The next update does nothing for {escape(change.application)}.")
        return
    screen.out.print("The update will:" if up else "The next update will:")
    for number, sentence in enumerate(change.next_update, start=1):
        screen.out.print(f"  {number}. {escape(sentence)}", soft_wrap=True)
    if not up and changed:
        path = change.file.path.name
        screen.out.print(
            f"Review it as a pull request (git diff {path}); or now: parity up {change.stack}", soft_wrap=True
        )


def _show(screen: Screen, found: Standing) -> None:
    grid = Table(title=f"{found.application} of {found.stack}", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("release", "commit", "when", "digest", "generation", "deployment", "state", "live", "healthy"):
        grid.add_column(name, no_wrap=name != "healthy")
    for row in table.rows(found):
        healthy = "" if row.healthy is None else "yes" if row.healthy else f"no: {row.fault}"
        grid.add_row(
            f"{row.id} (newest)" if row.newest else row.id,
            row.commit[:12],
            row.when or "",
            row.digest[:8],
            str(row.generation),
            row.deployment or "",
            row.state,
            row.live,
            escape(healthy),
        )
    screen.out.print(grid, width=None if screen.out.is_terminal else _PIPE_WIDTH)
