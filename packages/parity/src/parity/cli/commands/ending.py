"""The options that end each command which changes a stack's releases, declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from parity.cli.commands.options import Acknowledge, Json, Yes

Up = Annotated[bool, typer.Option("--up", help="Run the stack's update afterwards, and follow it to its end.")]
PullRequest = Annotated[
    bool,
    typer.Option(
        "--pull-request",
        help="Make a pull request with the changed file, through GitHub's API; with --up, after the update.",
    ),
]


@dataclass(frozen=True)
class Ending:
    """What follows once the stack's file is changed; each field is an option."""

    up: Up = False
    yes: Yes = False
    acknowledge: Acknowledge = None
    pull_request: PullRequest = False
    as_json: Json = False


def ended(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes `end: Ending`, as typer takes it: with the options of `Ending` in its place."""
    own = inspect.signature(command, eval_str=True)
    options = inspect.signature(Ending, eval_str=True).parameters

    @functools.wraps(command)
    def run(**given: Any) -> None:
        end = Ending(**{name: given.pop(name) for name in options})
        command(**given, end=end)

    kept = [each for each in own.parameters.values() if each.name != "end"]
    every = [*kept, *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in options.values())]
    run.__annotations__ = {each.name: each.annotation for each in every}
    run.__dict__["__signature__"] = own.replace(parameters=every)
    return run
