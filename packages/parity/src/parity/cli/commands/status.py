"""`parity status` and `parity serve`: what is live where, what needs a person, what was done last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, complete_stacks, put
from parity.errors import UnreadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parity.config.project import Project
    from parity.status.model import Drift, Status, Unknown

_STYLES = {"title": "bold", "bad": "red", "good": "green", "dim": "dim"}
Reports = Annotated[
    Path | None,
    typer.Option(
        "--reports",
        metavar="FOLDER",
        help="Where the last audits' reports are, STACK/report.json each, as `parity drift --output` writes them. "
        "[default: drift in the project]",
    ),
]


def status(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="STACK", help="Of these alone.", autocompletion=complete_stacks),
    ] = None,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Audit each stack now, and prove parity however long it takes."),
    ] = False,
    reports: Reports = None,
    output: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page into this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what is live where, and what needs a person.

    All stacks in the order of promotion: each application's live release, commit, pull request, age, health and kept
    releases; drift as the last audit found it, parity with the stack before, what waits, an interrupted update, and the
    last operations. Nothing is written, and no passphrase is needed but with --audit. What could not be found out is
    said, with the command that does. Exits 0 whatever it shows; 21 where nothing of any stack could be read; 2 where
    there is no project or no backend.
    """
    asked = Arguments()
    for name in stacks or ():
        asked.stack(name)
    asked.require()
    found = _reader(asked.project, stacks or (), reports, audit=audit)()
    if output is not None:
        from parity import redact
        from parity.status.page import page

        output.parent.mkdir(parents=True, exist_ok=True)
        redact.write(output, page(found))
    if as_json:
        from parity.status.document import document

        put(document(found))
    elif output is None:
        _show(found)
    if not any(each.applications or each.operations for each in found.stacks):
        raise typer.Exit(UnreadError.exit_code)


def serve(
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="On loopback; 0 is any free one.", min=0, max=65_535)
    ] = 8642,
    reports: Reports = None,
) -> None:
    """Serve the status as a page, on this machine alone.

    Prints the address and serves until Ctrl-C or SIGTERM. Only loopback is listened on, requests that name another host
    are refused, and nothing can be changed through it. What is shown is at most five seconds old. Exits 2 where the
    port is taken.
    """
    read = _reader(Arguments().project, (), reports, audit=False)
    from parity.status.serve import Server, ended_by_signals

    try:
        server = Server(port, read)
    except OSError as error:
        what = f"port {port} cannot be listened on: {error.strerror}"
        raise UsageError(what, where="--port", remedy="take a free one: parity serve --port 0") from error
    with server, ended_by_signals():
        typer.echo(f"Status: {server.address}  (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("Ended.")


def _reader(project: Project, named: Sequence[str], reports: Path | None, *, audit: bool) -> Callable[[], Status]:
    """What reads the status, again and again; in this command's context also where another thread calls it."""
    from contextvars import copy_context

    from parity.cli.session import file_alone, settle
    from parity.status.collect import collect

    settle(project)
    context = copy_context()

    def read() -> Status:
        stacks = [file_alone(project, each) for each in project.promotion.stacks if not named or each in named]
        auditing = _auditor(project) if audit else None
        return context.copy().run(collect, project, stacks, reports=reports or project.root / "drift", audit=auditing)

    return read


def _auditor(project: Project) -> Callable[[str], Drift | Unknown]:
    from parity.cli.session import stack_of
    from parity.console import Screen
    from parity.drift.audit import audit
    from parity.errors import ParityError
    from parity.status import audits

    screen = Screen()

    def run(name: str) -> Drift | Unknown:
        try:
            with screen.step(f"Audit {name}") as step:
                found = audit(stack_of(project, name), waiting=step.waiting)
            return audits.of(found.report.document(), "now")
        except ParityError as error:
            return audits.unknown(name, error.what)

    return run


def _show(found: Status) -> None:
    from rich.text import Text

    from parity.console import Screen
    from parity.status.text import lines

    screen = Screen()
    for line, style in lines(found, screen.out.width):
        screen.out.print(Text(line, style=_STYLES.get(style, "")), soft_wrap=True)
