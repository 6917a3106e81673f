"""`parity drift`, `drift-issue`, `drift-watch` and `adopt`: an audit of what is there, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli import arguments
from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, Repository, Stack, Summary, put
from parity.drift.model import FAILS, KINDS
from parity.drift.suppressions import DAYS
from parity.errors import DriftError, UnreadError, UsageError

if TYPE_CHECKING:
    from parity.config.project import Project
    from parity.drift.audit import Audit


def drift(
    stack: Stack,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for an issue.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print one HTML page.")] = False,
    fail_on: Annotated[
        str, typer.Option(metavar="KINDS", help="Kinds of findings that make the stack unclean, with commas.")
    ] = ",".join(FAILS),
    with_plan: Annotated[
        bool, typer.Option("--plan", help="Say what an update would put right, and the command for the rest.")
    ] = False,
    unknowable: Annotated[
        bool, typer.Option("--unknowable", "-v", help="List what no API shows, too; its number is always said.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also write report.json, report.md and report.html into this folder."),
    ] = None,
    recorded: Annotated[
        bool,
        typer.Option(
            "--record", help="Bring what was not found before, and what is gone, into the record; needs to write there."
        ),
    ] = False,
    suppressed: Annotated[
        str | None,
        typer.Option(
            "--suppress", metavar="FINDING", help="Write an exception for this finding into the stack's file."
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="With --suppress: why it is right.")] = None,
    expiry: Annotated[
        str | None,
        typer.Option(metavar="DAY", help=f"With --suppress: the last day, YYYY-MM-DD. [default: in {DAYS} days]"),
    ] = None,
) -> None:
    """Compare what is declared, recorded and really there.

    Every difference is reported; nothing is changed anywhere but, with --record, in the record. Ends with 0 where the
    stack is clean, 20 where it drifted, 21 where not everything could be read. Needs to read only: docs/drift.md names
    the rights.
    """
    asked = Arguments()
    asked.stack(stack)
    asked.exclusive(as_json=as_json, as_markdown=as_markdown, as_html=as_html)
    kinds = [part.strip() for part in fail_on.split(",") if part.strip()]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        asked.add("--fail-on", f"no such kind of finding: {', '.join(unknown)}", f"kinds: {', '.join(KINDS)}")
    if suppressed is None and (reason or expiry):
        asked.add("--suppress", "--reason and --expiry belong to --suppress", "name the finding with --suppress")
    if suppressed is not None and not (reason or "").strip():
        asked.add("--reason", "an exception needs a reason", "say why the difference is right")
    asked.require()
    found = _audit(asked.project, stack)
    if recorded:
        _record(found)
    if suppressed is not None:
        _suppress(found, suppressed, reason, expiry)
        return
    from parity import redact
    from parity.drift import remediation, render

    report = found.report
    steps = remediation.plan(report.findings, found.context) if with_plan else []
    drifted = report.fails(kinds)
    code = UnreadError.exit_code if report.read_failures else DriftError.exit_code if drifted else 0
    more = {"plan": [step.document() for step in steps]} if with_plan else {}
    document = json.dumps({**report.document(), "clean": code == 0, "exit_code": code, **more}, indent=2)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        redact.write(output / "report.json", document + "\n")
        redact.write(output / "report.md", render.markdown(report, steps, drifted=drifted))
        redact.write(output / "report.html", render.page(report, steps, drifted=drifted))
    if as_markdown or as_html:
        text = (render.markdown if as_markdown else render.page)(report, steps, drifted=drifted)
    else:
        text = document if as_json else render.text(report, steps, drifted=drifted, unknowable=unknowable)
    typer.echo(text)
    if code:
        raise typer.Exit(code)


def _audit(project: Project, name: str) -> Audit:
    from parity.cli.session import stack_of
    from parity.evaluate.stack import open_ahead

    stack = stack_of(project, name)
    open_ahead(stack, *(stack.sibling(each) for each in project.stack_files() if each != name))
    from parity.console import Screen
    from parity.drift.audit import audit

    with Screen().step(f"Read {name}") as step:
        found = audit(stack, waiting=step.waiting)
        calls = ", ".join(f"{vendor} {count}" for vendor, count in found.report.calls.items())
        step.done(f"requests: {calls or 'none'}")
    return _with_foreign(found)


def _with_foreign(found: Audit) -> Audit:
    """The audit, whose last update names the newest one that others made after it, by plain Pulumi."""
    from dataclasses import replace

    from parity.errors import ParityError
    from parity.updates import foreign

    try:
        others = foreign.newest(found.place) if found.place else []
    except ParityError:
        return found  # the report says already that the record is not known
    if not others:
        return found
    said = f"{found.report.last_update}; after it {str(others[-1]).removesuffix('.')}"
    return replace(found, report=replace(found.report, last_update=said))


def _record(found: Audit) -> None:
    """Bring it into the record; raises ProjectError where there is none."""
    from parity.backend import this_host
    from parity.cli.commands.log import ledger_of, places_of
    from parity.drift import recording

    name = found.stack.name
    ledger = ledger_of(places_of(found.stack.project, name)[name])
    said = recording.record(ledger, found.report, this_host.actor(found.stack.pulumi.environment))
    typer.echo(said, err=True)


def _suppress(found: Audit, identity: str, reason: str | None, expiry: str | None) -> None:
    from datetime import UTC, datetime

    from parity.drift import suppressions

    finding = suppressions.choose(found.report, identity)
    day = suppressions.last_day(expiry, datetime.now(UTC).date())
    line = suppressions.entry(finding, str(reason).strip(), day)
    path = found.stack.project.stack_files()[found.stack.name]
    suppressions.write(path, line)
    typer.echo(f"{path.name}: {identity} ({finding.what}) is suppressed until {day}. Have it reviewed like any change.")


def drift_issue(
    stack: Stack,
    report: Annotated[
        Path,
        typer.Option(
            "--report", metavar="FOLDER", help="The folder that `parity drift --output` wrote; it may be missing."
        ),
    ],
    repository: Repository = None,
    as_json: Json = False,
) -> None:
    """Keep a stack's drift in one GitHub issue.

    Opened on drift, updated when findings change, closed when clean. The issue is found by its label and a marker.
    Where there is no report, or not everything could be read, it gets a second label and is never closed. Needs
    `GITHUB_TOKEN` with the right to write issues. Exits 13 where GitHub refuses.
    """
    asked = Arguments()
    name, token = asked.github(repository)
    asked.require()
    from parity.cli.session import ask_github
    from parity.drift import issues
    from parity.releases.summary import run_address

    summary = issues.read(stack, report, run_address())
    done = ask_github(
        token,
        lambda github: issues.publish(github, name, summary),
        what="the issue could not be written",
        where=name,
        right="write issues (`issues: write`)",
    )
    document = {"stack": stack, "done": done.done, "url": done.url or None}
    put(document, [f"{stack}: {done.sentence}"], as_json=as_json)


def drift_watch(
    within: Annotated[
        int,
        typer.Option("--within", metavar="HOURS", help="How old the last run may be; GitHub may be late.", min=1),
    ] = 36,
    workflow: Annotated[
        str, typer.Option("--workflow", metavar="FILE", help="The workflow that audits by a schedule.")
    ] = "drift.yml",
    repository: Repository = None,
    report: Summary = None,
    as_json: Json = False,
) -> None:
    """Require that the audit has run by its schedule.

    GitHub disables the schedules of a public repository in which nothing happens for 60 days, and drops runs under
    load; no run fails then. Needs `GITHUB_TOKEN` with the right to read Actions. Exits 21, with a line in the summary,
    where the last run that came to an end is too old or the schedule is disabled, and 13 where GitHub refuses.
    """
    asked = Arguments()
    name, token = asked.github(repository)
    asked.require()
    from datetime import UTC, datetime

    from parity.cli.session import ask_github
    from parity.drift import watch

    found = ask_github(
        token,
        lambda github: watch.ask(github, name, workflow),
        what="the schedule could not be asked for",
        where=f"{name}, {workflow}",
        right="read Actions (`actions: read`)",
    )
    try:
        found.require(datetime.now(UTC), within)
    except UnreadError as error:
        if report is not None:
            from parity.releases import summary

            summary.append(report, f"⚠️ Audit: {error.what}. [Its runs]({found.page}): {error.remedy}.")
        raise
    document = {"workflow": workflow, "since": found.since.isoformat(), "state": found.state}
    put(document, [f"{workflow}: ran by its schedule at {found.since:%Y-%m-%d %H:%M} UTC"], as_json=as_json)


def adopt_(
    stack: Stack,
    finding: Annotated[
        str | None,
        typer.Argument(metavar="[FINDING]", help="The finding's id. [default: every unmanaged object]"),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Make the import; without it, only print it.")] = False,
    as_json: Json = False,
) -> None:
    """Import objects that nothing manages yet.

    Says what to declare for each, then imports it under its name. Writes to the engine's record only, never to a
    vendor. An object that the program does not declare is not imported: the next update would delete it.
    """
    found = _audit(arguments.of_stack(stack), stack)
    from parity.drift import adopt

    chosen = adopt.choose(found.report, finding)
    ready = [adopt.prepare(each, found.sides.graph, found.sides.state) for each in chosen]
    made = adopt.write(found.stack, ready) if write else 0
    if as_json:
        rows = [each.document() for each in ready]
        put({"objects": rows, "file": adopt.document(ready), "imported": made})
        return
    if not ready:
        typer.echo(f"{stack}: nothing is unmanaged")
        return
    for each in ready:
        then = f"then: parity adopt {stack} --write" if each.declare else ""
        lines = [f"    {text}" for text in (each.declare, each.obstacle, then) if text]
        typer.echo("\n".join([f"{each.finding.id}  {each.finding.resource}", *lines]))
    importable = adopt.document(ready)
    if made:
        typer.echo(f"imported: {made}; `pulumi preview --stack {stack}` says what the program changes of them")
    elif importable["resources"]:
        typer.echo("\nimport.json:")
        put(importable)
        typer.echo(f"\n    pulumi {' '.join(adopt.options(stack, 'import.json'))}")
        typer.echo(f"or: parity adopt {stack}{f' {finding}' if finding else ''} --write")
    if write and not made:
        raise UsageError("nothing could be imported", remedy="declare it first; each line above says where")
