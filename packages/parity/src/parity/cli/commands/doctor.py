"""`parity doctor`: is everything there, where did it come from, and what to do where it is not."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.commands.options import Directory, Json, put

if TYPE_CHECKING:
    from parity.console import Screen
    from parity.local.finding import Check
    from parity.local.machine import Difference

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
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="FILE", help="Only compare this machine with another one: what its `--json` printed."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is used, from where, and what is missing.

    Engine, plugins, PostgreSQL, stack files and sandbox; exits 1 where one of them is not ready. Nothing is built,
    fetched or started for it. With `--against` exits 1 where two machines differ, and names first what matters most.
    """
    from parity.config.project import find_project
    from parity.console import Screen
    from parity.local import machine
    from parity.local.doctor import examine, local_sandbox

    project = find_project()
    if against:
        _compare(machine.differences(machine.facts(project.root), machine.report(against)), as_json=as_json)
        return
    checks = examine(project, local_sandbox(project, directory), own_accounts=accounts)
    healthy = all(check.state != "fault" for check in checks)
    if as_json:
        found = {"healthy": healthy, "checks": [asdict(check) for check in checks]}
        put(found | {"machine": machine.facts(project.root)})
    else:
        _show(Screen(), checks)
    if not healthy:
        raise typer.Exit(1)


def _compare(found: list[Difference], *, as_json: bool) -> None:
    lines = [f"{each.name}: {each.here} here, {each.there} there" for each in found]
    lines[:1] = [f"{first} ({found[0].matters})" for first in lines[:1]]
    lines = lines or ["The two machines do not differ in anything that is compared."]
    put({"same": not found, "differences": [asdict(each) for each in found]}, lines, as_json=as_json)
    if found:
        raise typer.Exit(1)


def _show(screen: Screen, checks: list[Check]) -> None:
    from rich.markup import escape

    home = str(Path.home())
    for check in checks:
        detail = (check.brief or check.detail).replace(f"{home}/", "~/").replace("\n", f"\n{_INDENT}")
        line = (
            f"{_MARKS[check.state]} [bold]{escape(check.name):<18}[/] {escape(check.source or ''):<12} {escape(detail)}"
        )
        screen.out.print(line, soft_wrap=True, highlight=False)
        if check.remedy and check.state != "ok":
            screen.out.print(f"{_INDENT}[yellow]to do:[/] {escape(check.remedy)}", soft_wrap=True, highlight=False)
