"""`parity demo`: from nothing to stacks that answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli.commands.options import Directory, complete_stacks

_PICTURE_WIDTH = 140


def demo(
    stacks: Annotated[
        list[str] | None,
        typer.Option(
            "--stack",
            metavar="NAME",
            help="Bring this stack up, and no other that is not named too; repeatable. One without a file is made from "
            "the one that is named before it. [default: every stack]",
            autocompletion=complete_stacks,
        ),
    ] = None,
    directory: Directory = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Write what is shown to this file as well, as an SVG picture."),
    ] = None,
) -> None:
    """Bring every stack up in the sandbox, from nothing.

    Starts the sandbox, updates each stack with the real engine, and shows what answers. A second run changes nothing
    and says so.
    """
    from parity.config.project import find_project
    from parity.console import Screen
    from parity.local import demo as demonstration

    project = find_project()
    screen = Screen(record_width=_PICTURE_WIDTH if picture else None)
    try:
        demonstration.run(project, project.sandbox_directory(directory), screen, stacks or ())
    finally:
        if picture:
            picture.write_text(screen.svg("make demo"), encoding="utf-8")
