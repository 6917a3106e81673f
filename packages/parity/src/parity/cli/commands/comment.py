"""`parity comment`: posts a preview to its pull request, also where the preview failed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, Repository, Stack, put
from parity.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from parity.preview import comment as comments


def comment(
    stack: Stack,
    report: Annotated[
        Path,
        typer.Option(
            "--report", metavar="FOLDER", help="The folder that `parity preview --output` wrote; it may be missing."
        ),
    ],
    repository: Repository = None,
    pull_request: Annotated[
        int | None,
        typer.Option(
            "--pull-request",
            metavar="NUMBER",
            help="Its number. [default: the event in GITHUB_EVENT_PATH]",
            min=1,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Post a stack's preview to its pull request.

    One comment for each stack, updated in place. Where there is no report the comment says that the preview did not
    come to its end. A comment that shows a newer preview is left alone. Needs `GITHUB_TOKEN` with the right to write to
    pull requests. Exits 13 where GitHub refuses.
    """
    asked = Arguments()
    name, token = asked.github(repository)
    number = pull_request if pull_request is not None else _number(asked)
    asked.require()
    from parity.cli.session import ask_github
    from parity.preview import comment as comments

    made = _what(stack, report)
    posted = ask_github(
        token,
        lambda github: comments.post(github, name, number, made),
        what="the comment could not be posted",
        where=f"{name}, pull request {number}",
        right="write to pull requests (`pull-requests: write`)",
    )
    said = {"created": "Created", "updated": "Updated", "older": "Left alone, it shows a newer preview:"}
    document = {"stack": stack, "comment": posted.done, "url": posted.url}
    put(document, [f"{said[posted.done]} {posted.url}"], as_json=as_json)


def _number(asked: Arguments) -> int:
    """The pull request's number in the event that started the workflow; without one, 0 and a noted fault."""
    from parity.preview.make import event

    number = event(os.environ).get("pull_request", {}).get("number")
    if isinstance(number, int):
        return number
    remedy = "give --pull-request, or run on a pull request's event"
    asked.add("--pull-request", "no pull request is named", remedy)
    return 0


def _what(stack: str, folder: Path) -> comments.Post:
    """What is to be posted: the report's comment, or that there is none."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from parity.preview import comment as comments
    from parity.preview.make import event, workflow_run

    document, text = folder / "report.json", folder / "comment.md"
    run = workflow_run(os.environ)
    number, attempt, url = (run.number, run.attempt, run.url) if run else (0, 0, "")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = str(event(os.environ).get("pull_request", {}).get("head", {}).get("sha") or "")
    entry = comments.Entry(number, attempt, now, "", "", head, url)
    for each in (folder, document, text):
        if each.is_symlink():
            # It was made by code of a branch, and what a link leads to is this job's own.
            raise ProjectError("the report is a link", where=str(each), remedy="see what the pull request does there")
    if not document.exists() or not text.exists():
        return comments.missing(stack, entry, why="The run ended before there was a report; its log says why.")
    try:
        found = cast("dict[str, Any]", json.loads(document.read_text(encoding="utf-8")))
        if found["stack"] != stack:
            raise UsageError(
                f"the report is of {found['stack']}, not of {stack}", where=str(document), remedy="name its own folder"
            )
        entry = replace(
            entry,
            started=str(found["started"]),
            verdict=str(found["verdict"]),
            counts=", ".join(f"{count} {kind}" for kind, count in found["counts"].items()),
            head=str(found["head"]["sha"] if found["head"] else ""),
        )
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ProjectError(
            f"the report cannot be read: {error!r}",
            where=str(document),
            remedy=f"make a new one: parity preview {stack} --output {folder}",
        ) from error
    return comments.Post(stack, entry, text.read_text(encoding="utf-8"))
