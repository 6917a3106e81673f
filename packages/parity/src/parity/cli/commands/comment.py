"""`parity comment`: posts a preview to its pull request, also where the preview failed."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from parity.cli.commands.options import Json
from parity.console import Screen
from parity.errors import ApiError, ProjectError, UsageError
from parity.preview import comment as comments
from parity.preview.make import event, workflow_run
from parity.vendors.http import Client, VendorError
from parity.vendors.services import github as service


def comment(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The stack that was previewed.")],
    report: Annotated[
        Path, typer.Option("--report", help="The folder that `parity preview --output` wrote; it may be missing.")
    ],
    repository: Annotated[
        str | None,
        typer.Option("--repository", help="owner/name. [default: GITHUB_REPOSITORY]", show_default=False),
    ] = None,
    pull_request: Annotated[
        int | None,
        typer.Option(
            "--pull-request", help="Its number. [default: the event in GITHUB_EVENT_PATH]", show_default=False, min=1
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Post a stack's preview to a pull request: one comment for each stack, updated in place.

    Where there is no report the comment says that the preview did not come to its end. A comment that shows a newer
    preview is left alone. Needs `GITHUB_TOKEN` with the right to write to pull requests. Exits 13 where GitHub refuses.
    """
    name = repository or os.environ.get("GITHUB_REPOSITORY", "")
    if name.count("/") != 1:
        raise UsageError("no repository is named", remedy="give --repository owner/name, or set GITHUB_REPOSITORY")
    number = pull_request if pull_request is not None else _number()
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise UsageError("there is no token for GitHub", where="GITHUB_TOKEN", remedy="set it in the environment")
    try:
        posted = asyncio.run(_post(token, name, number, _what(stack, report)))
    except VendorError as error:
        raise ApiError(
            f"the comment could not be posted: {error}",
            where=f"{name}, pull request {number}",
            remedy="see that GITHUB_TOKEN may write to pull requests (`pull-requests: write`)",
        ) from error
    if as_json:
        typer.echo(json.dumps({"stack": stack, "comment": posted.done, "url": posted.url}, indent=2))
    else:
        said = {"created": "Created", "updated": "Updated", "older": "Left alone, it shows a newer preview:"}
        Screen().out.print(f"{said[posted.done]} {posted.url}", soft_wrap=True)


async def _post(token: str, repository: str, number: int, what: comments.Post) -> comments.Posted:
    async with Client(service(token, os.environ.get("GITHUB_API_URL", ""))) as github:
        return await comments.post(github, repository, number, what)


def _number() -> int:
    """The pull request's number in the event that started the workflow."""
    number = event(os.environ).get("pull_request", {}).get("number")
    if not isinstance(number, int):
        raise UsageError("no pull request is named", remedy="give --pull-request, or run on a pull request's event")
    return number


def _what(stack: str, folder: Path) -> comments.Post:
    """What is to be posted: the report's comment, or that there is none."""
    document, text = folder / "report.json", folder / "comment.md"
    run = workflow_run(os.environ)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = comments.Entry(
        run=run.number if run else 0,
        attempt=run.attempt if run else 0,
        started=now,
        verdict="",
        counts="",
        head=str(event(os.environ).get("pull_request", {}).get("head", {}).get("sha") or ""),
        url=run.url if run else "",
    )
    if not document.exists() or not text.exists():
        return comments.missing(stack, entry, why="The run ended before there was a report; its log says why.")
    try:
        found = cast("dict[str, Any]", json.loads(document.read_text(encoding="utf-8")))
        if found["stack"] != stack:
            raise UsageError(
                f"the report is of {found['stack']}, not of {stack}", where=str(document), remedy="name its own folder"
            )
        entry = comments.Entry(
            run=entry.run,
            attempt=entry.attempt,
            started=str(found["started"]),
            verdict=str(found["verdict"]),
            counts=", ".join(f"{count} {kind}" for kind, count in found["counts"].items()),
            head=str(found["head"]["sha"] if found["head"] else ""),
            url=entry.url,
        )
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ProjectError(
            f"the report cannot be read: {error!r}", where=str(document), remedy="make it anew: parity preview --output"
        ) from error
    return comments.Post(stack, entry, text.read_text(encoding="utf-8"))
