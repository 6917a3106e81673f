"""`parity check`: are the stacks the same, but for what their files say?"""

from __future__ import annotations

import functools
import gc
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, complete_stacks, put
from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parity.check.live import Real
    from parity.check.proof import Checked
    from parity.config.project import Project
    from parity.config.promotion import Order, Pair
    from parity.config.settings import Settings

_COLORS = {"bad": "red", "good": "green"}
_BOLD = {"bad", "good", "title"}


def check(
    one: Annotated[
        str | None,
        typer.Option("--from", metavar="STACK", help="One stack alone.", autocompletion=complete_stacks),
    ] = None,
    other: Annotated[
        str | None,
        typer.Option("--to", metavar="STACK", help="With --from: the other stack.", autocompletion=complete_stacks),
    ] = None,
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets",
            help="Decrypt the config through the engine: compare secrets too, find those that two stacks share, and "
            "hold their fingerprints.",
        ),
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Compare what the stacks really have: ask the providers; nothing is written."),
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="List every declared difference, not only its keys.")] = False,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
) -> None:
    """Prove that stacks differ only in what their files say.

    Compares each stack with the one that it promotes from; with --from and --to two stacks, with one of the two that
    stack alone. Exits 1 where they differ in more. The program is evaluated offline: no engine, no network, no secret's
    value. A difference must follow a key of the stacks' files, or have an entry in `parity:exceptions`; an entry that
    matches nothing is a fault too, and so is a secret that two stacks share. With `--live`, the same is asked of what
    the stacks really have.
    """
    asked = Arguments()
    asked.exclusive(as_json=as_json, as_markdown=as_markdown)
    for name, option in ((one, "--from"), (other, "--to")):
        if name is not None:
            asked.stack(name, option)
    if one == other and one is not None:
        asked.add("--from, --to", f"{one} cannot be compared with itself", "name two stacks: --from and --to")
    asked.require()
    project = asked.project
    order = project.promotion
    pairs = _pairs(order, one, other)

    from parity.check import proof, report

    gc.disable()  # what an evaluation makes is needed to the end or freed by it, and a search costs as much as one
    settings = proof.loaded((stack for pair in pairs for stack in pair), _loader(project, opened=secrets))
    if live:
        read = functools.cache(_reader(project))
        found = [proof.check_live(project, *pair, settings.__getitem__, read) for pair in pairs]
    else:
        found = [proof.check(project, *pair, settings.__getitem__) for pair in pairs]
    found = proof.together(found, order.pairs(), [settings[name] for name in order.stacks if name in settings])
    if as_json:
        documents = [report.document(each) for each in found]
        put(documents[0] if len(pairs) == 1 else report.documents(found))
    elif as_markdown:
        typer.echo("\n".join(report.markdown(each) for each in found), nl=False)
    else:
        _print(found, every=every)
    if not all(each.clean for each in found):
        raise typer.Exit(1)


def _print(found: Sequence[Checked], *, every: bool) -> None:
    from parity.check import report

    for number, each in enumerate(found):
        if number:
            typer.echo()
        for line, style in report.text(each, every=every):
            typer.secho(line, fg=_COLORS.get(style), bold=style in _BOLD, dim=style == "dim")


def _pairs(order: Order, one: str | None, other: str | None) -> Sequence[Pair]:
    """What to compare; raises UsageError where there is no second stack."""
    if one and other:
        return [(one, other)]
    named = one or other
    pairs = [pair for pair in order.pairs() if named is None or named in pair]
    if not pairs:
        raise UsageError(
            f"there is nothing to compare: {', '.join(order.stacks) or 'no stack'} is all there is",
            where="Pulumi.<stack>.yaml",
            remedy="a comparison takes two stacks: parity stack new NAME --from STACK",
        )
    return pairs


def _loader(project: Project, *, opened: bool) -> Callable[[str], Settings]:
    if opened:
        from parity.cli.session import stack_of

        return lambda stack: stack_of(project, stack).settings()
    from parity.config import settings

    return lambda stack: settings.load(stack, project.root, None)


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
