"""`parity doctor`: is everything there, where did it come from, and what to do where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.commands.options import Directory, Json

if TYPE_CHECKING:
    from parity.console import Screen
    from parity.local.finding import Check

_MARKS = {"ok": "[green]✓[/]", "note": "[yellow]·[/]", "fault": "[red]✗[/]"}
_INDENT = " " * 33


def doctor(
    directory: Directory = None,
    accounts: Annotated[
        bool,
        typer.Option(
            "--accounts",
            help="Also try the tokens, the database and the state backend that this shell leads to, and say what each "
            "job of the workflows can do.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what is used, from where, and what is missing.

    Engine, plugins, PostgreSQL, stack files and sandbox; exits 1 where one of them is not ready. Nothing is built,
    fetched or started for it.
    """
    from parity.config.project import find_project
    from parity.console import Screen
    from parity.local.doctor import examine, local_sandbox

    project = find_project()
    checks = examine(project, local_sandbox(project, directory), own_accounts=accounts)
    healthy = all(check.state != "fault" for check in checks)
    if as_json:
        typer.echo(json.dumps({"healthy": healthy, "checks": [check.document() for check in checks]}, indent=2))
    else:
        _show(Screen(), checks)
    if not healthy:
        raise typer.Exit(1)


def _show(screen: Screen, checks: list[Check]) -> None:
    from rich.markup import escape

    home = str(Path.home())
    for check in checks:
        detail = check.detail.replace(f"{home}/", "~/").replace("\n", f"\n{_INDENT}")
        line = (
            f"{_MARKS[check.state]} [bold]{escape(check.name):<18}[/] {escape(check.source or ''):<12} {escape(detail)}"
        )
        screen.out.print(line, soft_wrap=True, highlight=False)
        if check.remedy and check.state != "ok":
            screen.out.print(f"{_INDENT}[yellow]to do:[/] {escape(check.remedy)}", soft_wrap=True, highlight=False)
