"""The demonstration: sandbox up, `pulumi up` for every stack, then what came up, asked from outside."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from parity.config import settings
from parity.documents import items
from parity.engine import toolchain
from parity.engine.program_server import ProgramServers
from parity.engine.pulumi import Pulumi
from parity.errors import HealthError, ParityError
from parity.evaluate.stack import Stack
from parity.local import demo_stack, incident
from parity.local.sandbox import Local
from parity.updates import update
from parity.updates.approval import Approval
from parity.vendors import health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.config.project import Project
    from parity.console import Screen


@dataclass(frozen=True)
class Live:
    """One application of one stack: what its stack's outputs say, and what its live URL answers."""

    stack: str
    application: str
    outputs: Mapping[str, Any]
    environment: str
    migrated: tuple[str, ...]
    """The newest migration of each of the stack's databases."""
    answer: health.Answer

    @property
    def url(self) -> str:
        """Where it was asked."""
        return str(self.outputs.get("url"))

    @property
    def fault(self) -> str:
        """Why it is not what was declared; empty where it is."""
        return self.answer.fault(str(self.outputs.get("live")), str(self.outputs.get("commit")))


def run(project: Project, directory: Path, screen: Screen, stacks: Sequence[str] = ()) -> None:
    """Bring stacks up and show them; raises ParityError with what is true now shown first.

    A stack that is missing is made from the one before it, as an example; None is every stack there is.
    """
    named, stacks = bool(stacks), stacks or project.promotion.stacks
    with screen.step("Stack files") as step:
        # Before the engine, which may take minutes to build.
        for stack in set(stacks) & project.stack_files().keys():
            settings.load(stack, project.root, None)
        step.done(" and ".join(stacks))
    with screen.step("Engine") as step:
        tools = toolchain.resolve(step.waiting)
        step.done(toolchain.summary(tools))
    sandbox = Local(project, directory)
    with screen.step("Sandbox") as step:
        running = sandbox.up(step.waiting)
        step.waiting("the plugins")
        sandbox.equip(tools)
        step.done(f"{running.control_url}, folder {_near(directory)}")
    environment = sandbox.of_project(tools)
    # This process asks the vendors too: the inventory and the health check go where the engine goes.
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    pulumi = Pulumi(tools.cli.path, project.root, environment, programs=ProgramServers())
    changed: dict[str, int] = {}
    try:
        for number, stack in enumerate(stacks):
            found = Stack(stack, project, pulumi)
            if named:
                like = stacks[number - 1] if number else project.promotion.stacks[0]
                changed[stack] = demo_stack.bring_up(found, like, _update, screen)
            else:
                pulumi.ensure_stack(stack)
                changed[stack] = _update(found, screen)
        if not named:
            incident.make(Stack(stacks[0], project, pulumi), sandbox, screen)
    except ParityError:
        known = [stack for stack in stacks if stack in pulumi.stacks()]
        screen.out.print("\n[bold]What is true now[/]")
        _show(screen, ask_all(pulumi, known), missing=set(stacks) - set(changed))
        raise
    with screen.step("Live URLs") as step:
        step.waiting("an answer of each application")
        found = ask_all(pulumi, list(changed))
        step.done(f"{len(found)} asked through the proxy")
    _show(screen, found, missing=set())
    _conclude(screen, changed, found)


def _near(directory: Path) -> Path:
    """The folder as a person in the working directory would write it."""
    here = Path.cwd()
    return directory.relative_to(here) if directory.is_relative_to(here) else directory


def ask_all(pulumi: Pulumi, stacks: Sequence[str]) -> list[Live]:
    """Every application of the stacks, with the answer of its live URL."""
    outputs: dict[str, dict[str, Any]] = {stack: pulumi.outputs(stack) for stack in stacks}
    found = [
        (stack, application, values)
        for stack, each in outputs.items()
        for application, values in sorted(each.get("applications", {}).items())
    ]
    answers = asyncio.run(_ask([str(values["url"]) for _, _, values in found], pulumi.environment))
    return [
        Live(stack, application, values, _environment(outputs[stack]), _migrated(outputs[stack]), answer)
        for (stack, application, values), answer in zip(found, answers, strict=True)
    ]


def _environment(outputs: Mapping[str, Any]) -> str:
    return str(outputs.get("delivery", {}).get("environment", ""))


def _migrated(outputs: Mapping[str, Any]) -> tuple[str, ...]:
    files = [items(each.get("migrations")) for each in outputs.get("databases", {}).values()]
    return tuple(str(each[-1]) for each in files if each)


async def _ask(urls: Sequence[str], environment: Mapping[str, str]) -> list[health.Answer]:
    async with health.web(environment) as web:
        return await asyncio.gather(*(health.ask(web, url) for url in urls))


def _update(stack: Stack, screen: Screen) -> int:
    return update.run(stack, screen, Approval(yes=True), note={"command": "demo"}).progress.changed


def _show(screen: Screen, found: Sequence[Live], missing: set[str]) -> None:
    screen.out.print()
    for stack in dict.fromkeys(live.stack for live in found):
        _show_stack(screen, stack, [live for live in found if live.stack == stack])
    for stack in sorted(missing):
        screen.out.print(f"{stack}: its update is not done. To go on: make demo", soft_wrap=True)
    if not found:
        screen.out.print("Nothing is live.")
    screen.out.print("As a page: .venv/bin/parity serve", soft_wrap=True)
    screen.out.print("What happened, as a post-mortem: .venv/bin/parity postmortem", soft_wrap=True)


def _show_stack(screen: Screen, stack: str, applications: Sequence[Live]) -> None:
    if not screen.out.is_terminal:
        # In a pipe, a line each, however long: nothing is cut or folded.
        for live in applications:
            for label, value in rows(live):
                screen.out.print(f"{label:<13} {value}", soft_wrap=True)
            screen.out.print()
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for number, live in enumerate(applications):
        if number:
            table.add_row()
        for label, value in rows(live):
            table.add_row(label, value)
    screen.out.print(Panel(table, title=f"[bold]{stack}[/]", title_align="left", padding=(1, 2)))


def rows(live: Live) -> list[tuple[str, str]]:
    """What is shown of one application, label and text (rich markup)."""
    outputs, fault = live.outputs, live.fault
    said = "[red]✗ " + escape(fault) + "[/]" if fault else _healthy(live)
    return [
        ("application", f"[bold]{escape(live.application)}[/] [dim]({live.stack})[/]"),
        ("URL", escape(live.url)),
        ("live release", f"{outputs.get('live')}  [dim]commit[/] {str(outputs.get('commit'))[:12]}"),
        ("deployment", f"{outputs.get('deployment')}  [dim]{escape(str(outputs.get('deployment_url', '')))}[/]"),
        ("database", escape(live.answer.logins() or "no login")),
        *([("migrated to", escape(", ".join(live.migrated)))] if live.migrated else []),
        ("GitHub", f"environment {escape(live.environment)}"),
        ("answers", said),
    ]


def _healthy(live: Live) -> str:
    body = live.answer.body
    return (
        f"[green]✓ {live.answer.status}[/] release {body.get('release')}, commit {str(body.get('commit'))[:12]}, "
        f"environment {escape(str(body.get('environment')))}, database login works"
    )


def _conclude(screen: Screen, changed: Mapping[str, int], found: Sequence[Live]) -> None:
    sick = [live for live in found if live.fault]
    if sick:
        raise HealthError(
            "; ".join(f"{live.application} of {live.stack}: {live.fault}" for live in sick),
            where=", ".join(live.url for live in sick),
            remedy="see `parity status` and `parity sandbox logs`",
        )
    if not any(changed.values()):
        screen.out.print(f"\n[bold]Nothing to change:[/] {' and '.join(changed)} are as declared.")
    screen.out.print(
        "\nTry next:\n"
        f"  .venv/bin/parity preview {next(iter(changed))}\n"
        f"  .venv/bin/parity sandbox exec -- pulumi preview --stack {next(iter(changed))} --diff\n"
        f"  .venv/bin/parity sandbox exec -- curl -s {found[0].url}\n"
        "  make clean-demo   takes all of it down",
        soft_wrap=True,
    )
