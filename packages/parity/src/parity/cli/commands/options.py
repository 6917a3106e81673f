"""Parameters that several commands share, with what TAB completes for each; what `--json` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parity.cli import names

if TYPE_CHECKING:
    from collections.abc import Iterable


complete_stacks = names.stacks


def complete_applications(ctx: typer.Context) -> list[str]:
    """The applications of the stack that was given before, or of all stacks."""
    return list(names.applications(_given(ctx, "stack", 0)))


def complete_releases(ctx: typer.Context) -> list[str]:
    """The kept releases of the application that was given before."""
    return list(names.applications(_given(ctx, "stack", 0)).get(_given(ctx, "application", 1) or "", ()))


def _given(ctx: typer.Context, name: str, place: int) -> str | None:
    """An argument that was typed before; behind an option without its value yet, the arguments have no names."""
    named: Any = ctx.params.get(name)
    return named or next(iter(ctx.args[place:]), None)


Stack = Annotated[
    str,
    typer.Argument(metavar="STACK", help="The stack, for example staging.", autocompletion=complete_stacks),
]

Application = Annotated[
    str,
    typer.Argument(
        metavar="APPLICATION", help="The application, as the catalog names it.", autocompletion=complete_applications
    ),
]

Repository = Annotated[
    str | None,
    typer.Option("--repository", metavar="OWNER/NAME", help="The repository on GitHub. [default: GITHUB_REPOSITORY]"),
]

Directory = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="FOLDER", help="The sandbox's folder. [default: PARITY_SANDBOX, else .sandbox in the project]"
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def put(document: object, lines: Iterable[str] = (), *, as_json: bool = True) -> None:
    """Print a document as JSON, or the lines where that is not wanted."""
    for line in [json.dumps(document, indent=2)] if as_json else lines:
        typer.echo(line)


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Apply the plan without asking.")]
Acknowledge = Annotated[
    list[str] | None,
    typer.Option("--acknowledge", metavar="URN", help="Let this resource's dangerous change through; repeatable."),
]
Plan = Annotated[
    Path | None,
    typer.Option(
        "--plan", metavar="FILE", help="Apply the plan in this file, as `parity preview --save` made it, or nothing."
    ),
]
Digest = Annotated[
    str | None,
    typer.Option("--digest", metavar="DIGEST", help="With --plan: the digest of the plan that was approved."),
]
Wait = Annotated[
    int,
    typer.Option(
        "--wait",
        metavar="MINUTES",
        help="Where another update holds the stack, wait for its end this long; with 0, refuse at once.",
        min=0,
    ),
]
Summary = Annotated[
    Path | None,
    typer.Option(
        "--summary", metavar="FILE", help="Add a summary in Markdown to this file, as to $GITHUB_STEP_SUMMARY."
    ),
]
Refresh = Annotated[
    bool | None,
    typer.Option(
        "--refresh/--no-refresh",
        help="Whether the engine asks the providers first what is there. [default: --no-refresh]",
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="URN", help="Update this resource alone, and what it needs; repeatable."),
]
Parallel = Annotated[
    int | None,
    typer.Option(
        "--parallel",
        metavar="COUNT",
        help="How many operations run at once. [default: PULUMI_PARALLEL, else four a core, 16 at least]",
        min=1,
    ),
]
Message = Annotated[
    str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the engine's history and the ledger.")
]


def engine_options(
    *,
    refresh: bool | None = None,
    target: list[str] | None = None,
    parallel: int | None = None,
    message: str | None = None,
) -> list[str]:
    """The options as the engine's preview and update take them."""
    words = [] if refresh is None else [f"--refresh={str(refresh).lower()}"]
    words += [word for urn in target or () for word in ("--target", urn)]
    words += ["--parallel", str(parallel)] if parallel else []
    return words + (["--message", message] if message else [])
