"""`parity postmortem`: what happened, from the record alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, complete_stacks
from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parity.config.parameters import Catalog
    from parity.config.project import Project
    from parity.postmortem.material import Answer
    from parity.postmortem.report import Report


def postmortem(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STACK", help="Of these alone; every one, where none is named.", autocompletion=complete_stacks
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHEN",
            help="From when on: `2h`, `30m` or `3d` ago, or a time such as "
            "2026-11-24T21:00, UTC without a zone. [default: a day ago; an hour before OP]",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", metavar="WHEN", help="Before when, in the same form. [default: now]"),
    ] = None,
    operation: Annotated[
        str | None,
        typer.Option(
            "--operation",
            metavar="OP",
            help="The operation that began it, as `parity show` takes one. "
            "[default: the one that the signs in the record lead to]",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Write it into this file.")] = None,
    as_html: Annotated[bool, typer.Option("--html", help="One HTML page that needs no network.")] = False,
    as_json: Json = False,
) -> None:
    """Draft a post-mortem from the record alone.

    Markdown, the most important first: what began it, when it was found and over; what users were served when; each
    property that the operation changed, with key, line, commit, pull request and approver; what would have caught it;
    the time line of all stacks. What only people know is left open. Neither a vendor nor a domain is asked; where the
    sandbox runs, the answers of its edge are counted. Secrets are shown by their fingerprints.
    """
    asked = Arguments()
    asked.exclusive(as_html=as_html, as_json=as_json)
    for name in stacks or ():
        asked.stack(name)
    asked.require()
    from parity import redact
    from parity.postmortem import write

    found = _report(asked.project, stacks or (), since, until, operation)
    if as_json:
        text = json.dumps(found.document(), ensure_ascii=False, indent=2) + "\n"
    else:
        text = write.page(found) if as_html else write.markdown(found)
    if output is None:
        typer.echo(text, nl=False)
        return
    redact.write(output, text)
    typer.echo(f"{output} is written.")


def _report(
    project: Project, stacks: Sequence[str], since: str | None, until: str | None, operation: str | None
) -> Report:
    from dataclasses import replace
    from datetime import UTC, datetime, timedelta

    from parity.backend import reading
    from parity.cli import times
    from parity.cli.commands.log import ledger_of, places_of
    from parity.postmortem import material, report

    now = datetime.now(UTC)
    end = times.ago(until, now, "--to") or now
    places = {name: each for name, each in places_of(project, None).items() if not stacks or name in stacks}
    named = reading.find({name: ledger_of(each) for name, each in places.items()}, operation) if operation else None
    earliest = named.record.started - timedelta(hours=1) if named else now - timedelta(days=1)
    start = times.ago(since, now, "--from") or earliest
    if start >= end:
        raise UsageError("the time is empty", where="--from, --to", remedy="give a --from that is before --to")
    catalog = project.program.catalog()
    answers = _answers(catalog, start, end)
    found = [replace(material.read(each, start, end, catalog), answers=answers) for each in places.values()]
    return report.make(project.name, found, (named.ledger.stack, named.record) if named else None)


def _answers(catalog: Catalog, since: datetime, until: datetime) -> list[Answer]:
    """What the edge of the sandbox answered, where the state is the sandbox's; nothing elsewhere."""
    from datetime import UTC, datetime

    from parity.postmortem.material import Answer

    try:
        from parity.local import edge
    except ModuleNotFoundError:  # the sandbox is an extra of the package
        return []
    pages = {each.health.path for each in catalog.applications}
    found = [
        Answer(datetime.fromtimestamp(each.time, UTC), each.host, each.status)
        for each in edge.answers(os.environ)
        if each.path not in pages
    ]
    return [each for each in found if since <= each.time < until]
