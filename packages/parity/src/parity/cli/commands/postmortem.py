"""`parity postmortem`: a draft with its time line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from parity.backend.stack_backend import open_backend
from parity.config.project import find_project
from parity.evaluate.stack import Stack, ambient
from parity.recover import postmortem as drafts
from parity.recover.history import engine_history


def postmortem(
    stack: Annotated[str, typer.Argument(help="The stack's name.")],
    since: Annotated[str, typer.Option(help="From when on: 2h, 30m, 3d, or a time such as 2026-11-24T21:00.")] = "1d",
    requests: Annotated[
        Path | None,
        typer.Option(help="A file of the vendors' requests: JSON lines with time, service, method, path and status."),
    ] = None,
) -> None:
    """Write a draft of a post-mortem to standard output, Markdown: time line, requests, what recover found.

    It is written from the ledger, the engine's own history and, where it is given, a file of requests. It holds no
    secret.
    """
    project = find_project()
    known = Stack(stack, project, ambient(project))
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
