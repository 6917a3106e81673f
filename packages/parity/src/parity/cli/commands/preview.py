"""`parity preview`: what an update of a stack would do, as a reviewer needs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from parity import redact
from parity.cli.commands.options import Json
from parity.config.project import find_project
from parity.console import Screen
from parity.errors import GateError, ParityError, PolicyError, ProjectError, UpdateError, UsageError
from parity.evaluate.stack import Stack, ambient
from parity.preview import make, markdown, text
from parity.preview.comment import RESERVE
from parity.preview.overview import many
from parity.preview.report import VERDICTS, Report


def preview(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The stack, for example staging.")],
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a pull request's comment.")] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help="Name the keys and commits that changed since this commit. "
            "[default: the commit of the stack's last update, else the merge base with main]",
            show_default=False,
        ),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the providers first what is really there; slower.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Also write report.json, comment.md and summary.md into this folder."),
    ] = None,
) -> None:
    """Show what an update of a stack would do: each change with both values, why, and from which key and commit.

    Nothing is changed. Policies are checked, and dangerous changes must be acknowledged by URN under
    `parity:acknowledged` in the stack's file. Exits 6 where the preview fails, 11 where a dangerous change is not
    acknowledged, 12 where a policy refuses; the report is printed and written all the same.
    """
    if as_json and as_markdown:
        raise UsageError("--json and --markdown were both given", remedy="give one of them")
    project, screen = find_project(), Screen()
    if stack not in project.stack_files():
        raise ProjectError(
            f"there is no stack {stack}",
            where=str(project.root),
            remedy=f"stacks here: {', '.join(project.stack_files()) or 'none'}",
        )
    with screen.step(f"Preview of {stack}") as step:
        report = make.report(Stack(stack, project, ambient(project)), base=base, refresh=refresh, tell=step.waiting)
        step.done(f"{VERDICTS[report.verdict]}; {report.counts()}")
    report, comment = _commented(report)
    if output is not None:
        _write(output, report, comment)
    if as_json:
        typer.echo(json.dumps(report.document(), indent=2))
    elif as_markdown:
        typer.echo(comment, nl=False)
    else:
        for line in text.lines(report):
            screen.out.print(line, soft_wrap=True)
    _conclude(report, quiet=as_json)


def _commented(report: Report) -> tuple[Report, str]:
    """The report with its comment; where that cannot name every risky change, the report says so and is blocked."""
    try:
        return report, markdown.render(report, limit=markdown.COMMENT_LIMIT - RESERVE)
    except markdown.TooLarge:
        closed = replace(report, fits=False)
        return closed, markdown.too_large(closed)


def _write(folder: Path, report: Report, comment: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        summary = markdown.render(report, limit=markdown.SUMMARY_LIMIT)
    except markdown.TooLarge:
        summary = comment
    redact.write(folder / "report.json", json.dumps(report.document(), indent=2) + "\n")
    redact.write(folder / "comment.md", comment)
    redact.write(folder / "summary.md", summary)


def _conclude(report: Report, *, quiet: bool) -> None:
    """End with the exit code of the verdict; with `quiet` without words, which would spoil the JSON."""
    error = _error(report)
    if error is None:
        return
    if quiet:
        raise typer.Exit(error.exit_code)
    raise error


def _error(report: Report) -> ParityError | None:
    file = report.origins.file
    if report.verdict == "failed":
        return UpdateError(f"the preview of {report.stack} failed", where=f"stack {report.stack}", remedy="see above")
    if not report.fits:
        return GateError(
            f"{report.stack}: so many risky changes that a comment cannot name them all",
            where=f"{len([each for each in report.entries if each.risky])} risky changes",
            remedy="make the change in parts",
        )
    if report.verdict == "blocked":
        urns = dict.fromkeys(each.urn for each in report.gate.blocking)
        return GateError(
            f"{report.stack}: {many(len(urns), 'dangerous change is', 'dangerous changes are')} not acknowledged",
            where=", ".join(urns),
            remedy=f"change it back, or name each URN under parity:acknowledged in {file} and have it reviewed",
        )
    if report.verdict == "refused":
        said = "; ".join(f"{each.policy}: {each.message}" for each in report.refusals)
        return PolicyError(
            f"{report.stack}: a policy refuses: {said}",
            where=", ".join(each.urn for each in report.refusals if each.urn) or None,
            remedy="correct what is declared; policy/ says what each rule asks and why",
        )
    return None
