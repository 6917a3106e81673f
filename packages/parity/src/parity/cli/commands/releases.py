"""`parity release`, `promote`, `live`, `rollback`, `prune`, `releases`, `deliver`: which is live, which are kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import (
    Acknowledge,
    Application,
    Digest,
    Json,
    Plan,
    Summary,
    Wait,
    Yes,
    complete_applications,
    complete_releases,
    complete_stacks,
    put,
)
from parity.cli.commands.options import Stack as StackName
from parity.cli.commands.release_output import Ending, PullRequest, Up, carry_out, ended, show
from parity.errors import HealthError

if TYPE_CHECKING:
    from parity.config.project import Project
    from parity.evaluate.stack import Stack

Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate-credentials", help="Give the release database logins of a new generation, with new passwords."
    ),
]


@ended
def release(
    stack: StackName,
    application: Application,
    commit: Annotated[
        str | None,
        typer.Option(
            "--commit",
            metavar="COMMIT",
            help="The commit to build, by any name that Git knows. [default: HEAD where the application's folder "
            "changed since the newest release; else the live release's]",
        ),
    ] = None,
    rotate: Rotate = False,
    live: Annotated[bool, typer.Option("--live", help="Make it the live release too.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Build the newest release once more, where it is just this.")
    ] = False,
    *,
    end: Ending,
) -> None:
    """Record the next release of an application.

    Its id, commit, config digest and credentials go into the stack's file, and nothing else is changed: review it as a
    pull request. The next update builds the release. Without --up it reads files alone: no key of the stack's secrets,
    no backend and no token is needed. Exits 2 where the commit is unknown, or where the newest release is just this.
    """
    project = _checked(stack, application)
    found = _stack(project, stack) if end.up else _file_alone(project, stack, review=end.pull_request)
    from parity.releases import steps

    change = steps.release(found, application, commit, rotate=rotate, live=live, again=again, recorded=end.up)
    carry_out(found, change, end)


@ended
def promote(
    application: Application,
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="STACK",
            help="The stack that gets it. [default: the one that promotes from another, where there is one alone]",
            autocompletion=complete_stacks,
        ),
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option(
            "--commit", metavar="COMMIT", help="The commit that must be live there; any, where none is named."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Promote it although the stack was rolled back from this very commit.")
    ] = False,
    rotate: Rotate = False,
    *,
    end: Ending,
) -> None:
    """Release in one stack what is live and healthy in another.

    The stack's file names the other one: `parity:promotesFrom`. The commit becomes the next and live release, with the
    stack's own config digest. Exits 7 where the other stack is not healthy or not what its file says, 8 where another
    commit is live there or the stack was rolled back from this one, and 16 where a hold stands.
    """
    asked = Arguments()
    source, target = asked.promotion(target)
    for name in (source, target):
        asked.application(name, application)
    asked.require()
    there = _stack(asked.project, target)
    from parity.releases import steps
    from parity.updates import holding

    holding.require_none(there, [application])
    change = steps.promote(_stack(asked.project, source), there, application, commit=commit, again=again, rotate=rotate)
    carry_out(there, change, end)


def rollback(
    stack: StackName,
    application: Application,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="RELEASE",
            help="The kept release; the one before the live one, where none is named.",
            autocompletion=complete_releases,
        ),
    ] = None,
    unchecked: Annotated[
        bool,
        typer.Option(
            "--unchecked",
            help="Edit the file without asking PostgreSQL and Vercel first; needs no secret. The update still asks the "
            "release whether it is healthy before it switches.",
        ),
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="Go although migrations that the release does not know took something away since it was built.",
        ),
    ] = False,
    up: Up = False,
    wait: Wait = 0,
    pull_request: PullRequest = False,
    report: Summary = None,
    as_json: Json = False,
) -> None:
    """Make a kept release live again: one switch, no build.

    Says what goes back and what cannot. With --up the switch is made at once, under the stack's lock, and the update
    then records it. Exits 8 where the release's credentials no longer log in, where it is not deployed or not
    healthy, or where a migration that it does not know took something away.
    """
    project = _checked(stack, application, release=to)
    found = _stack(project, stack) if up or not unchecked else _file_alone(project, stack, review=pull_request)
    from parity.releases import switches

    if up:
        _wait(found, wait)
    change = switches.rollback(found, application, to, checked=not unchecked, anyway=anyway)
    # Going back waits for no answer: the switch to a kept release is what was asked for.
    carry_out(found, change, Ending(up, yes=True, pull_request=pull_request, as_json=as_json), report)


@ended
def live(
    stack: StackName,
    application: Application,
    release: Annotated[
        str,
        typer.Argument(metavar="RELEASE", help="The kept release.", autocompletion=complete_releases),
    ],
    *,
    end: Ending,
) -> None:
    """Make a kept release live: one switch, no build.

    For one that is newer than the live one; going back is `parity rollback`, which takes less time and says what does
    not go back. Exits 2 where the release is not kept or is live already, and 8 where its credentials do not log in, or
    where it is not deployed or not healthy.
    """
    found = _stack(_checked(stack, application, release=release, where="RELEASE"), stack)
    from parity.releases import switches

    carry_out(found, switches.live(found, application, release), end)


@ended
def prune(
    stack: StackName,
    application: Application,
    keep: Annotated[int, typer.Option("--keep", metavar="COUNT", help="How many of the newest releases stay.", min=1)],
    *,
    end: Ending,
) -> None:
    """Drop the oldest kept releases.

    The next update deletes their deployments and the logins that only they use. Never the live one, the one before it,
    or one that is newer than the live one.
    """
    found = _stack(_checked(stack, application), stack)
    from parity.releases import steps

    carry_out(found, steps.prune(found, application, keep), end)


def releases(
    stack: StackName,
    application: Annotated[
        str | None,
        typer.Argument(
            metavar="[APPLICATION]",
            help="The application; every one, where none is named.",
            autocompletion=complete_applications,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the kept releases, which is live, and its health.

    For each: commit, when (UTC), whether its deployment was built from what was declared, state; where there is room,
    and with --json, digest, generation, deployment and image too.
    Exits 7 where not every domain serves the live release, or where it is not the one that the file says. One that gets
    to its users by stages is as declared until a stage has lasted longer than it is watched.
    """
    found_stack = _stack(_checked(stack, application), stack)
    from parity.console import Screen
    from parity.releases import follow, steps, table

    screen = Screen()
    if application is not None:
        steps.application_of(found_stack.sealed_settings(), application)
    found = follow.read(found_stack, [application] if application else None, screen)
    if as_json:
        put([table.document(each) for each in found])
        if any(each.faults() for each in found if each.releases.live):
            raise typer.Exit(HealthError.exit_code)
        return
    for each in found:
        show(screen, each)
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
    yes: Yes = False,
    plan: Plan = None,
    digest: Digest = None,
    acknowledge: Acknowledge = None,
    wait: Wait = 0,
    report: Summary = None,
    as_json: Json = False,
) -> None:
    """Update a stack as a workflow does, and require health.

    `parity up` with --yes or a saved plan, then every application must be healthy, and a summary is written. Exits 8,
    and changes nothing, where a newer program waits, or where this would undo a rollback whose pull request is not
    merged; 6 where the update fails; 7 where what is live afterwards does not answer, or is not what the file says; 11,
    12 and 14 as `parity up`.
    """
    asked = Arguments()
    asked.stack(stack)
    asked.exclusive(yes=yes, plan=plan is not None)
    if digest and plan is None:
        asked.add("--digest", "--digest is given without --plan", "give the file of the plan too: --plan FILE")
    asked.require()
    found = _stack(asked.project, stack)
    from parity.console import Screen
    from parity.releases import delivery, table
    from parity.updates.approval import Approval

    screen = Screen()
    approval = Approval(yes, plan, digest, tuple(acknowledge or ()))
    _wait(found, wait)
    done = delivery.deliver(found, screen, approval, newest=newest, report=report)
    if as_json:
        applications = [table.document(each) for each in done.found]
        put({"stack": stack, "before": done.before, "changes": done.changes, "applications": applications})
    for each in () if as_json else done.found:
        show(screen, each)


def _checked(stack: str, application: str | None, *, release: str | None = None, where: str = "--to") -> Project:
    """The project, where it knows the stack, the application and the release, which `where` gave."""
    asked = Arguments()
    asked.stack(stack)
    if application is not None:
        asked.application(stack, application, release, where)
    asked.require()
    return asked.project


def _wait(stack: Stack, minutes: int) -> None:
    """Before anything is read that another update may be changing."""
    from parity.console import Screen
    from parity.updates import holding

    holding.wait_for_turn(stack, Screen(), minutes)


def _stack(project: Project, name: str) -> Stack:
    from parity.cli.session import stack_of
    from parity.evaluate.stack import open_ahead

    found = stack_of(project, name)
    open_ahead(found)
    return found


def _file_alone(project: Project, name: str, *, review: bool) -> Stack:
    """The stack for a command that reads its file and asks no engine; a review needs GitHub, the sandbox's too."""
    from parity.cli.session import file_alone, settle

    if review and not any(os.environ.get(name) for name in ("GH_TOKEN", "GITHUB_TOKEN")):
        settle(project)
    return file_alone(project, name)
