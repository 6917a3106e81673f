"""`parity postmortem`: a draft with its time line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from parity.cli import arguments
from parity.cli.commands.options import Stack


def postmortem(
    stack: Stack,
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="From when on: 2h, 30m, 3d, or a time such as 2026-11-24T21:00.")
    ] = "1d",
    requests: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file of the vendors' requests: JSON lines with time, service, method, path and status.",
        ),
    ] = None,
) -> None:
    """Draft a post-mortem with its time line.

    Markdown, to standard output: the ledger, the engine's own history, what recover found and, where it is given, a
    file of requests. It holds no secret.
    """
    project = arguments.of_stack(stack)
    from parity.backend.stack_backend import open_backend
    from parity.cli.session import stack_of
    from parity.recover import postmortem as drafts
    from parity.recover.history import engine_history

    known = stack_of(project, stack)
    place = open_backend(known)
    material = drafts.Material(
        stack=stack,
        since=drafts.since(since, datetime.now(UTC)),
        records=place.ledger.records() if place.ledger else [],
        history=engine_history(place.store, project.name, stack) if place.store else [],
        requests=drafts.read_requests(requests) if requests else (),
    )
    known.learn_secrets()
    typer.echo(drafts.write(material), nl=False)
