"""`parity doctor`: is everything there, where did it come from, and what to do where it is not."""

from __future__ import annotations

import json

import typer
from rich.markup import escape
from rich.table import Table

from parity import local
from parity.commands.options import Directory, Json
from parity.console import Screen
from parity.doctor import Check, examine
from parity.project import find_project

_MARKS = {"ok": "[green]✓[/]", "note": "[yellow]·[/]", "fault": "[red]✗[/]"}


def doctor(directory: Directory = None, as_json: Json = False) -> None:
    """Say which engine, plugins and PostgreSQL are used and whether all is ready; exits 1 where something is not.

    Nothing is built, fetched or started for it.
    """
    project = find_project()
    checks = examine(project, local.Local(project, project.sandbox_directory(directory)))
    healthy = all(check.state != "fault" for check in checks)
    if as_json:
        typer.echo(json.dumps({"healthy": healthy, "checks": [check.document() for check in checks]}, indent=2))
    else:
        _show(Screen(), checks)
    if not healthy:
        raise typer.Exit(1)


def _show(screen: Screen, checks: list[Check]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        table.add_row(_MARKS[check.state], check.name, escape(check.source or ""), escape(check.detail))
        if check.remedy and check.state != "ok":
            table.add_row("", "", "", f"[yellow]to do:[/] {escape(check.remedy)}")
    screen.out.print(table)
