"""`parity check`: are two stacks the same, but for what their files say?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.commands.options import Json
from parity.config.project import Project, find_project
from parity.errors import UsageError
from parity.evaluate import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.check.live import Real
    from parity.config.settings import Settings

_COLORS = {"bad": "red", "good": "green"}
_BOLD = {"bad", "good", "title"}


def check(
    one: Annotated[
        str | None, typer.Option("--from", metavar="STACK", help="The first stack. [default: staging]")
    ] = None,
    other: Annotated[str | None, typer.Option("--to", metavar="STACK", help="The other stack. [default: prod]")] = None,
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets", help="Decrypt the config through the engine: compare secrets too, and run the release guard."
        ),
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Compare what the two stacks really have: ask the providers; nothing is written."),
    ] = False,
    whole: Annotated[bool, typer.Option("--all", help="List every declared difference, not only its keys.")] = False,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
) -> None:
    """Prove that two stacks are the same but for what their files say; exits 1 where they are not.

    The program is evaluated for both, offline: no engine, no network, no secret's value. A difference must follow a key
    of the stacks' files, or have an entry in `parity:exceptions`; an entry that matches nothing is a fault too. With
    `--live`, the same is asked of what the two stacks really have, in the environment that the command is started in.
    """
    if as_json and as_markdown:
        raise UsageError("--json and --markdown exclude each other", remedy="give one of them")
    lazy.install()
    # The program and its SDKs, imported once it is known that they are needed.
    from parity.check import proof, report  # noqa: PLC0415

    project = find_project()
    first, second = _pair(project, one, other)
    load = _loader(project, opened=secrets)
    if live:
        checked = proof.check_live(project, first, second, load, _looker(project))
    else:
        checked = proof.check(project, first, second, load)
    if as_json:
        typer.echo(json.dumps(report.document(checked), indent=2))
    elif as_markdown:
        typer.echo(report.markdown(checked), nl=False)
    else:
        for line, style in report.text(checked, whole=whole):
            typer.secho(line, fg=_COLORS.get(style), bold=style in _BOLD, dim=style == "dim")
    if not checked.clean:
        raise typer.Exit(1)


def _pair(project: Project, one: str | None, other: str | None) -> tuple[str, str]:
    """The two stacks, both there and not the same."""
    known = project.stack_files()
    first, second = one or "staging", other or "prod"
    for stack in (first, second):
        if stack not in known:
            listed = ", ".join(known) or "none"
            raise UsageError(f"there is no stack {stack}", where=str(project.root), remedy=f"stacks here: {listed}")
    if first == second:
        raise UsageError(f"{first} cannot be compared with itself", remedy="name two stacks: --from and --to")
    return first, second


def _loader(project: Project, *, opened: bool) -> Callable[[str], Settings]:
    if opened:
        from parity.evaluate.stack import Stack, ambient  # noqa: PLC0415

        engine = ambient(project)

        def load(stack: str) -> Settings:
            return Stack(stack, project, engine).settings()

    else:
        from parity.config import settings  # noqa: PLC0415 - pydantic's models, after the deferring of the SDKs

        def load(stack: str) -> Settings:
            return settings.load(stack, project.root, None)

    return load


def _looker(project: Project) -> Callable[[str], Real]:
    from parity.check.live import look  # noqa: PLC0415 - only with the engine
    from parity.console import Screen  # noqa: PLC0415
    from parity.evaluate.stack import Stack, ambient  # noqa: PLC0415

    engine, screen = ambient(project), Screen()

    def look_at(stack: str) -> Real:
        with screen.step(f"Asking what {stack} really has") as step:
            return look(Stack(stack, project, engine), step.waiting)

    return look_at
