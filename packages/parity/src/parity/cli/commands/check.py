"""`parity check`: are two stacks the same, but for what their files say?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, complete_stacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.check.live import Real
    from parity.config.project import Project
    from parity.config.settings import Settings

_COLORS = {"bad": "red", "good": "green"}
_BOLD = {"bad", "good", "title"}


def check(
    one: Annotated[
        str, typer.Option("--from", metavar="STACK", help="The first stack.", autocompletion=complete_stacks)
    ] = "staging",
    other: Annotated[
        str, typer.Option("--to", metavar="STACK", help="The other stack.", autocompletion=complete_stacks)
    ] = "prod",
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets", help="Decrypt the config through the engine: compare secrets too, and hold their fingerprints."
        ),
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Compare what the two stacks really have: ask the providers; nothing is written."),
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="List every declared difference, not only its keys.")] = False,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
) -> None:
    """Prove that two stacks differ only in what their files say.

    Exits 1 where they differ in more. The program is evaluated for both, offline: no engine, no network, no secret's
    value. A difference must follow a key of the stacks' files, or have an entry in `parity:exceptions`; an entry that
    matches nothing is a fault too. With `--live`, the same is asked of what the two stacks really have.
    """
    asked = Arguments()
    asked.exclusive(as_json=as_json, as_markdown=as_markdown)
    asked.stack(one, "--from")
    asked.stack(other, "--to")
    if one == other:
        asked.add("--from, --to", f"{one} cannot be compared with itself", "name two stacks: --from and --to")
    asked.require()
    project = asked.project

    from parity.check import proof, report

    load = _loader(project, opened=secrets)
    if live:
        checked = proof.check_live(project, one, other, load, _reader(project))
    else:
        checked = proof.check(project, one, other, load)
    if as_json:
        typer.echo(json.dumps(report.document(checked), indent=2))
    elif as_markdown:
        typer.echo(report.markdown(checked), nl=False)
    else:
        for line, style in report.text(checked, every=every):
            typer.secho(line, fg=_COLORS.get(style), bold=style in _BOLD, dim=style == "dim")
    if not checked.clean:
        raise typer.Exit(1)


def _loader(project: Project, *, opened: bool) -> Callable[[str], Settings]:
    if opened:
        from parity.cli.session import stack_of

        def load(stack: str) -> Settings:
            return stack_of(project, stack).settings()

    else:
        from parity.config import settings

        def load(stack: str) -> Settings:
            return settings.load(stack, project.root, None)

    return load


def _reader(project: Project) -> Callable[[str], Real]:
    from parity.check.live import read
    from parity.cli.session import engine_of
    from parity.console import Screen
    from parity.evaluate.stack import Stack

    engine, screen = engine_of(project), Screen()

    def read_live(stack: str) -> Real:
        with screen.step(f"Asking what {stack} really has") as step:
            return read(Stack(stack, project, engine), step.waiting)

    return read_live
