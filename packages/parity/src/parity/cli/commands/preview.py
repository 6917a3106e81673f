"""`parity preview`: what an update of a stack would do, as a reviewer needs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Acknowledge, Json, Stack, Target, engine_options, put
from parity.errors import GateError, ParityError, PolicyError, UpdateError

if TYPE_CHECKING:
    from parity.preview.report import Report


def preview(
    stack: Stack,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a pull request's comment.")] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="COMMIT",
            help="Name the keys and commits that changed since this commit. "
            "[default: the commit of the stack's last update, else the merge base with main]",
        ),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the providers first what is really there; slower.")
    ] = False,
    target: Target = None,
    acknowledge: Acknowledge = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Save the plan, to be applied by `parity up STACK --plan FILE`."),
    ] = None,
    expires: Annotated[
        int, typer.Option("--expires", metavar="HOURS", help="With --save: how long it may be applied.", min=1)
    ] = 24,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FOLDER", help="Also write report.json, comment.md and summary.md into this folder."
        ),
    ] = None,
) -> None:
    """Show what an update would do, why, and from which commit.

    Each change is shown with both values and the key it comes from. Nothing is changed. Policies are checked, and
    dangerous changes must be acknowledged by URN under `parity:acknowledged` in the stack's file. Exits 6 where the
    preview fails, 11 where a dangerous change is not acknowledged, 12 where a policy refuses; the report is printed and
    written all the same.
    """
    asked = Arguments()
    asked.exclusive(as_json=as_json, as_markdown=as_markdown)
    asked.stack(stack)
    asked.require()
    project = asked.project
    from parity.cli.session import stack_of

    opened = stack_of(project, stack)
    opened.pulumi.start_program()  # it loads while this process does
    from parity.check.workers import aside
    from parity.console import Screen
    from parity.preview import make, text
    from parity.preview.report import VERDICTS

    screen = Screen()
    # Before any thread: it is done by a process of its own.
    with aside(lambda: make.prove(project)) as proved:
        plan, saved = None, None
        if save is not None:
            from parity.updates import planning

            options = engine_options(refresh=refresh or None, target=target)
            with screen.step(f"Plan of {stack}") as step:
                saved = planning.of_stack(
                    opened, acknowledged=acknowledge or (), options=options, hours=expires, report=step.waiting
                )
                step.done(f"plan {saved.saved.digest[:12]}, until {saved.saved.expires}")
            plan = saved.plan
        with screen.step(f"Preview of {stack}") as step:
            report = make.report(
                opened,
                base=base,
                refresh=refresh,
                options=engine_options(target=target),
                acknowledged=acknowledge or (),
                plan=plan,
                proved=proved,
                notify=step.waiting,
            )
            step.done(f"{VERDICTS[report.verdict]}; {report.counts()}")
    if saved is not None and save is not None:
        saved.saved.write(save, opened.settings().secret)
        report = replace(report, digest=saved.saved.digest)
    report, comment = _commented(report)
    if output is not None:
        _write(output, report, comment)
    if as_json:
        put(report.document())
    elif as_markdown:
        typer.echo(comment, nl=False)
    else:
        for line in text.lines(report):
            screen.out.print(line, soft_wrap=True)
    _conclude(report, quiet=as_json)


def _commented(report: Report) -> tuple[Report, str]:
    """The report with its comment; where that cannot name every risky change, the report says so and is blocked."""
    from parity.preview import markdown

    try:
        return report, markdown.render(report, limit=markdown.COMMENT_LIMIT - markdown.RESERVE)
    except markdown.TooLarge:
        closed = replace(report, fits=False)
        return closed, markdown.too_large(closed)


def _write(folder: Path, report: Report, comment: str) -> None:
    from parity import redact
    from parity.preview import markdown

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
    if (error := _error(report)) is not None:
        raise typer.Exit(error.exit_code) if quiet else error


def _error(report: Report) -> ParityError | None:
    from parity.preview.words import many

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
        said = "; ".join(map(str, report.plan.refused))
        return PolicyError(
            f"{report.stack}: a policy refuses: {said}",
            where=", ".join(each.urn for each in report.plan.refused if each.urn) or None,
            remedy="correct what is declared; policy/ says what each rule asks and why",
        )
    return None
