"""`parity release`, `promote`, `rollback`, `prune`, `releases`, `deliver`: which release is live, which are kept."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from parity.cli.commands.options import Json
from parity.config.project import find_project
from parity.console import Screen
from parity.engine.pulumi import Pulumi
from parity.errors import HealthError, ParityError, UsageError
from parity.evaluate.stack import Stack, ambient
from parity.releases import delivery, follow, stack_file, steps, summary, switch, table
from parity.releases import pull_request as requests
from parity.releases.release_status import ReleaseStatus
from parity.releases.steps import Change
from parity.updates import update

StackName = Annotated[str, typer.Argument(metavar="STACK", help="The stack, for example staging.")]
Application = Annotated[str, typer.Argument(metavar="APP", help="The application, as infra/catalog.py names it.")]
Up = Annotated[bool, typer.Option("--up", help="Run the stack's update afterwards, and follow it to its end.")]
Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate-credentials", help="Give the release database logins of a new generation, with new passwords."
    ),
]

PullRequest = Annotated[
    bool,
    typer.Option(
        "--pull-request",
        help="Make a pull request with the changed file, through GitHub's API; with --up, after the update.",
    ),
]
Summary = Annotated[
    Path | None,
    typer.Option("--summary", help="Add a summary in Markdown to this file, as to $GITHUB_STEP_SUMMARY."),
]

_PIPE_WIDTH = 200


def release(
    stack: StackName,
    application: Application,
    commit: Annotated[str, typer.Option("--commit", help="The commit to build, 40 hex digits.")],
    rotate: Rotate = False,
    live: Annotated[bool, typer.Option("--live", help="Make it the live release too.")] = False,
    up: Up = False,
    pull_request: PullRequest = False,
    as_json: Json = False,
) -> None:
    """Record the next release of an application in the stack's file: id, commit, config digest, credentials.

    The file is edited and nothing else: review the change as a pull request. The next update builds the release.
    Exits 2 where the commit is short or unknown, or where the newest release is just this.
    """
    found = _stack(stack)
    _carry_out(
        found,
        steps.release(found, application, commit, rotate=rotate, live=live),
        up=up,
        review=pull_request,
        as_json=as_json,
    )


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
    pull_request: PullRequest = False,
    as_json: Json = False,
) -> None:
    """Make the commit that is live and healthy in one stack the next and live release of another.

    The release gets the other stack's own config digest. Exits 7 where the first stack is not healthy or not what its
    file says, and 8 where another commit is live there or the other stack was rolled back from this one.
    """
    there = _stack(target)
    change = steps.promote(_stack(source), there, application, commit=commit, again=again, rotate=rotate)
    _carry_out(there, change, up=up, review=pull_request, as_json=as_json)


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
    pull_request: PullRequest = False,
    report: Summary = None,
    as_json: Json = False,
) -> None:
    """Make a kept release live again: one switch, and nothing is built.

    Says what goes back and what cannot. With --up the switch is made at once, under the stack's lock, and the update
    then records it. Exits 8 where the release's credentials no longer log in, or where it is not deployed or not
    healthy.
    """
    found = _stack(stack) if up or not unchecked else _file_alone(stack)
    change = steps.rollback(found, application, to, checked=not unchecked)
    _carry_out(found, change, up=up, review=pull_request, as_json=as_json, report=report)


def prune(
    stack: StackName,
    application: Application,
    keep: Annotated[int, typer.Option("--keep", help="How many of the newest releases stay.", min=1)],
    up: Up = False,
    pull_request: PullRequest = False,
    as_json: Json = False,
) -> None:
    """Drop the oldest kept releases: the next update deletes their deployments and the logins that only they use.

    Never the live one, the one before it, or one that is newer than the live one.
    """
    found = _stack(stack)
    _carry_out(found, steps.prune(found, application, keep), up=up, review=pull_request, as_json=as_json)


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
            raise typer.Exit(HealthError.exit_code)
        return
    for each in found:
        _show(screen, each)
    follow.verify(found)


def deliver(
    stack: StackName,
    newest: Annotated[
        str | None,
        typer.Option(
            "--newest",
            metavar="REF",
            help="Refuse where the program or a stack's file is another one at this Git reference, as origin/main.",
        ),
    ] = None,
    report: Summary = None,
    as_json: Json = False,
) -> None:
    """Update a stack as a workflow does: `parity up`, then every application held to be healthy, and a summary.

    Exits 8, and changes nothing, where a newer program waits, or where this would undo a rollback whose pull request
    is not merged; 6 where the update fails; 7 where what is live afterwards is not whole or not what the file says.
    """
    screen = Screen()
    done = delivery.deliver(_stack(stack), screen, newest=newest, report=report)
    if as_json:
        document = {"stack": stack, "before": done.before, "changes": done.changes}
        typer.echo(json.dumps({**document, "standing": [table.document(each) for each in done.found]}, indent=2))
        return
    for each in done.found:
        _show(screen, each)


def _stack(name: str) -> Stack:
    project = find_project()
    return Stack(name, project, ambient(project))


def _file_alone(name: str) -> Stack:
    """The stack for a command that reads its file and asks no engine: none is looked for, or built."""
    project = find_project()
    if name not in project.stack_files():
        known = ", ".join(project.stack_files()) or "none"
        raise UsageError(f"There is no stack {name}.", where=str(project.root), remedy=f"Stacks here: {known}.")
    return Stack(name, project, Pulumi(Path("pulumi"), project.root, os.environ))


def _carry_out(
    stack: Stack, change: Change, *, up: bool, review: bool, as_json: bool, report: Path | None = None
) -> None:
    """Write the file, say what was done and what follows; then the update and the pull request, where wanted."""
    screen = Screen()
    changed = change.file.text != change.file.read
    if changed:
        stack_file.write(change.file)
    document: dict[str, Any] = {**change.document, "updated": False}
    if not as_json:
        _say(screen, change, changed=changed, up=up, review=review)
    if up:
        document |= _update(stack, change, screen, as_json=as_json, report=report)
    if review:
        address = summary.run_address()
        run = f" by {address}" if address else ""
        repository = stack.sealed_settings().catalog.repository
        made = asyncio.run(requests.make(change, stack.project, repository, applied=up, run=run))
        document["pull_request"] = made.document
        if report is not None:
            summary.append(report, f"Pull request: [#{made.number}]({made.url}).")
        if not as_json:
            screen.out.print(f"Pull request #{made.number}: {made.url}", soft_wrap=True, markup=False)
    if as_json:
        typer.echo(json.dumps(document, indent=2))


def _update(stack: Stack, change: Change, screen: Screen, *, as_json: bool, report: Path | None) -> dict[str, Any]:
    """Run the update, hold that the application is live and whole, and give what is to be said of it as JSON."""
    before = update.recorded_live(stack.recorded()) if report is not None else {}
    try:
        if change.switch is not None:
            switch.make(stack, change.switch, screen)
        done = update.run(stack, screen, note={"why": f"parity {change.verb}: {change.title}"})
    except ParityError as error:
        if report is not None:
            delivery.write_summary(stack, before, follow.look(stack, [change.application], screen), error, report)
        raise
    found = follow.look(stack, [change.application], screen)
    if report is not None:
        delivery.write_summary(stack, before, found, None, report)
    if not as_json:
        _show(screen, found[0])
    follow.verify(found)
    return {"updated": True, **done.document(), "standing": table.document(found[0])}


def _say(screen: Screen, change: Change, *, changed: bool, up: bool, review: bool) -> None:
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
    if not up and not review and changed:
        path = change.file.path.name
        screen.out.print(
            f"Review it as a pull request (git diff {path}); or now: parity up {change.stack}", soft_wrap=True
        )


def _show(screen: Screen, found: ReleaseStatus) -> None:
    grid = Table(title=f"{found.application} of {found.stack}", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("release", "commit", "when", "digest", "generation", "deployment", "state", "live", "healthy"):
        grid.add_column(name, overflow="fold")
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
    if not screen.out.is_terminal:
        screen.out.width = _PIPE_WIDTH
    screen.out.print(grid)
