"""The demonstration: sandbox up, `pulumi up` for every stack, then what came up, asked from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from parity import local, toolchain
from parity.answers import Answer, ask
from parity.errors import HealthError, ParityError
from parity.pulumi import Progress, Pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from parity.console import Screen, Step
    from parity.environment import Reach
    from parity.project import Project


@dataclass(frozen=True)
class Live:
    """One application of one stack: what its stack's outputs say, and what its live URL answers."""

    stack: str
    application: str
    outputs: Mapping[str, Any]
    environment: str
    answer: Answer

    @property
    def problems(self) -> list[str]:
        """Why it is not what was declared; empty where it is."""
        return self.answer.problems(str(self.outputs.get("live")), str(self.outputs.get("commit")))


def run(project: Project, directory: Path, screen: Screen) -> None:
    """Bring every stack up and show it; raises ParityError with what is true now shown first."""
    with screen.step("Engine") as step:
        tools = toolchain.resolve(step.waiting)
        step.done(tools.summary)
    with screen.step("Sandbox") as step:
        sandbox = local.Local(project, directory)
        reach = sandbox.up(step.waiting)
        step.waiting("plugins")
        sandbox.equip(reach, tools)
        step.done(f"{reach.control_url}, folder {directory}")
    pulumi = Pulumi(tools.pulumi, project.root, sandbox.environment(reach, tools))
    changed: dict[str, int] = {}
    try:
        for stack in project.stack_files():
            changed[stack] = _update(pulumi, stack, directory, screen)
    except ParityError:
        screen.out.print("\n[bold]What is true now[/]")
        _show(screen, look(pulumi, reach, list(changed)), reach, missing=set(project.stack_files()) - set(changed))
        raise
    with screen.step("Live URLs") as step:
        step.waiting("an answer of each application")
        found = look(pulumi, reach, list(changed))
        step.done(f"{len(found)} asked through the proxy")
    _show(screen, found, reach, missing=set())
    _conclude(screen, changed, found, reach)


def look(pulumi: Pulumi, reach: Reach, stacks: Sequence[str]) -> list[Live]:
    """Every application of the stacks, with the answer of its live URL."""
    found: list[Live] = []
    for stack in stacks:
        outputs = pulumi.outputs(stack)
        environment = str((outputs.get("delivery") or {}).get("environment", ""))
        for application, values in sorted((outputs.get("applications") or {}).items()):
            found.append(Live(stack, application, values, environment, ask(reach, str(values["url"]))))
    return found


def _update(pulumi: Pulumi, stack: str, directory: Path, screen: Screen) -> int:
    log = directory / "logs" / f"up-{stack}.log"
    log.parent.mkdir(exist_ok=True)
    with screen.step(f"pulumi up --stack {stack}") as step:
        step.waiting("the engine to start")
        pulumi.ensure_stack(stack)
        progress = pulumi.update(
            ["up", "--yes", "--skip-preview", "--stack", stack], log, lambda now: _waiting(step, now)
        )
        step.done(summary(progress))
    return progress.changed


def _waiting(step: Step, progress: Progress) -> None:
    step.waiting(progress.waits_for() or "the program")


def summary(progress: Progress) -> str:
    """An update's changes in words: `61 created, 2 updated`, or `nothing to change`."""
    words = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    parts = [f"{count} {words[kind]}" for kind, count in progress.changes.items() if count and kind in words]
    return ", ".join(parts) if progress.changed else "nothing to change"


def _show(screen: Screen, found: Sequence[Live], reach: Reach, missing: set[str]) -> None:
    for stack in dict.fromkeys(live.stack for live in found):
        screen.out.print()
        screen.out.print(_panel(screen, stack, [live for live in found if live.stack == stack]))
    for stack in sorted(missing):
        screen.out.print(f"{stack}: its update did not end well; `parity sandbox exec -- pulumi up --stack {stack}`")
    if not found:
        screen.out.print("No stack is up.")
    screen.out.print(f"Status page: {reach.control_url}", soft_wrap=True)


def _panel(screen: Screen, stack: str, applications: Sequence[Live]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for number, live in enumerate(applications):
        if number:
            table.add_row()
        for label, value in rows(live):
            table.add_row(label, value)
    if not screen.out.is_terminal:
        return table
    return Panel(table, title=f"[bold]{stack}[/]", title_align="left", padding=(1, 2))


def rows(live: Live) -> list[tuple[str, str]]:
    """What is shown of one application, label and text (rich markup)."""
    outputs, problems = live.outputs, live.problems
    said = "[red]✗ " + escape("; ".join(problems)) + "[/]" if problems else _healthy(live)
    return [
        ("application", f"[bold]{escape(live.application)}[/] [dim]({live.stack})[/]"),
        ("URL", escape(str(outputs.get("url")))),
        ("live release", f"{outputs.get('live')}  [dim]commit[/] {str(outputs.get('commit'))[:12]}"),
        ("deployment", f"{outputs.get('deployment')}  [dim]{escape(str(outputs.get('deployment_url', '')))}[/]"),
        ("database", escape(live.answer.logins() or "no login")),
        ("GitHub", f"environment {escape(live.environment)}"),
        ("answers", said),
    ]


def _healthy(live: Live) -> str:
    body = live.answer.body or {}
    return (
        f"[green]✓ {live.answer.status}[/] release {body.get('release')}, commit {str(body.get('commit'))[:12]}, "
        f"environment {escape(str(body.get('environment')))}, database login works"
    )


def _conclude(screen: Screen, changed: Mapping[str, int], found: Sequence[Live], reach: Reach) -> None:
    sick = [live for live in found if live.problems]
    if sick:
        raise HealthError(
            "; ".join(f"{live.application} of {live.stack}: {', '.join(live.problems)}" for live in sick),
            where=", ".join(live.answer.url for live in sick),
            remedy=f"look at {reach.control_url} and at `parity sandbox logs`",
        )
    if not any(changed.values()):
        screen.out.print(f"\n[bold]Nothing to change:[/] {' and '.join(changed)} are as declared.")
    screen.out.print(
        "\nLook around:\n"
        "  parity sandbox exec -- pulumi preview --stack staging --diff\n"
        f"  parity sandbox exec -- curl -s {found[0].answer.url if found else reach.control_url}\n"
        "  make clean-demo   takes all of it down",
        soft_wrap=True,
    )
