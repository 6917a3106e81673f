"""The command line's root: it lists every command from the table, and loads only the one that was asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from parity.cli.listing import JOBS, LISTINGS

if TYPE_CHECKING:
    from parity.cli.listing import Listing


class QuickGroup(TyperGroup):
    """A group whose help and completion load nothing but typer."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The flags. Without a value of its own a flag is converted, and for that typer loads pydantic."""
        found = super().get_params(ctx)
        for option in found:
            option.default = False
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that the arguments name."""
        name, found, rest = super().resolve_command(ctx, args)
        command = None if found is None else self.loaded(found)
        if command is not None and ctx.resilient_parsing:
            # TAB needs the words as they were typed; to convert them typer loads pydantic.
            for parameter in command.get_params(ctx):
                parameter.process_value = _as_typed
        return name, command, rest

    def loaded(self, command: Any) -> Any:
        """The command as it runs."""
        return command


class LazyGroup(QuickGroup):
    """The root, whose commands are names until one of them runs."""

    def __init__(self, **settings: Any) -> None:
        """Take typer's settings; the commands come from the table."""
        super().__init__(**settings)
        self.commands = {each.name: TyperCommand(each.name) for each in LISTINGS}

    def loaded(self, command: Any) -> Any:
        """The command, its module imported."""
        return load(next(each for each in LISTINGS if each.name == command.name))

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is typer's
        """Write the summaries, job by job, each in one line."""
        width = max(len(each.name) for each in LISTINGS)
        for job in JOBS:
            with formatter.section(job):
                formatter.write_dl([(each.name.ljust(width), each.summary) for each in LISTINGS if each.job == job])


def _as_typed(_context: object, value: object) -> object:
    return value


def load(listing: Listing) -> Any:
    """The click command of a listing; imports its module."""
    found = getattr(importlib.import_module(f"parity.cli.commands.{listing.module}"), listing.attribute)
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = plain()
        app.command()(found)
    command = typer.main.get_command(app)
    command.name = listing.name
    return command


def plain(help_text: str | None = None, *, cls: type[QuickGroup] = QuickGroup, completion: bool = False) -> typer.Typer:
    """A typer application without colours, frames and rewritten tracebacks: their library takes longest to load.

    `help_text` is a group's; a single command has its docstring.
    """
    return typer.Typer(
        cls=cls,
        help=help_text,
        no_args_is_help=help_text is not None,
        context_settings={"help_option_names": ["-h", "--help"]},
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
