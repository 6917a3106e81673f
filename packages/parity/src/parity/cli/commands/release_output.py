"""How the release commands end: their options, then the update, the pull request, and what they print."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parity.cli.commands.options import Acknowledge, Json, Yes, put
from parity.errors import ParityError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parity.console import Screen
    from parity.evaluate.stack import Stack
    from parity.releases.release_status import ReleaseStatus
    from parity.releases.steps import Change
    from parity.updates.approval import Approval

_PIPE_WIDTH, _WIDE = 200, 140
_DETAILS = frozenset({"digest", "generation", "deployment", "image"})
"""Columns that a narrow terminal has no room for; `--json` has them."""

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


def carry_out(stack: Stack, change: Change, end: Ending, report: Path | None = None) -> None:
    """Write the file, say what was done and what follows; then the update and the pull request, where wanted."""
    import asyncio

    from parity.updates.approval import Approval

    approval = Approval(end.yes, acknowledged=tuple(end.acknowledge or ()))
    if end.up:
        # Before the file is written: where no one can approve the update, or a hold stands, nothing is changed.
        approval.require_way(stack.name)
        _require_no_hold(stack, change)

    from parity.console import Screen
    from parity.releases import pull_request as requests
    from parity.releases import stack_file, summary

    screen = Screen()
    changed = change.file.text != change.file.read
    if changed:
        stack_file.write(change.file)
    document: dict[str, Any] = {**change.document, "updated": False}
    if not end.as_json:
        _say(screen, change, end, changed=changed)
    if end.up:
        document |= _update(stack, change, screen, approval, as_json=end.as_json, report=report)
    if end.pull_request:
        address = summary.run_address()
        run = f" by {address}" if address else ""
        repository = stack.sealed_settings().catalog.repository
        made = asyncio.run(requests.make(change, stack.project, repository, applied=end.up, run=run))
        document["pull_request"] = made.document
        if report is not None:
            summary.append(report, f"Pull request: [#{made.number}]({made.url}).")
        if not end.as_json:
            screen.out.print(f"Pull request #{made.number}: {made.url}", soft_wrap=True, markup=False)
    if end.as_json:
        put(document)


def _update(
    stack: Stack, change: Change, screen: Screen, approval: Approval, *, as_json: bool, report: Path | None
) -> dict[str, Any]:
    """Run the update, require that every domain serves the live release, and give the result as JSON."""
    from parity.releases import delivery, follow, switch, table, watch
    from parity.updates import record, update

    before = record.recorded_live(stack.recorded(), stack.project.program.catalog()) if report is not None else {}
    try:
        made = switch.make(stack, change.switch, screen) if change.switch is not None else {}
        note = {"command": change.verb, "why": change.title, **made}
        done = update.run(
            stack, screen, approval, note=note, going_back=change.application if change.verb == "rollback" else ""
        )
        watch.require(stack.name, watch.watch(stack, screen, update=done.id))
    except ParityError as error:
        if report is not None:
            delivery.write_summary(stack, before, follow.read(stack, [change.application], screen), error, report)
        raise
    found = follow.read(stack, [change.application], screen)
    if report is not None:
        delivery.write_summary(stack, before, found, None, report)
    if not as_json:
        show(screen, found[0])
    follow.verify(found)
    return {"updated": True, **done.document(), "applications": table.document(found[0])}


def _require_no_hold(stack: Stack, change: Change) -> None:
    """Raise HoldError where going forward is held; going back never is."""
    from parity.releases import stack_file
    from parity.updates import holding

    name, file = change.application, change.file
    switched = stack_file.parse(file.path.name, file.read)[name].live != file.releases[name].live
    if change.verb != "rollback":
        holding.require_none(stack, [name] if switched else [])


def _say(screen: Screen, change: Change, end: Ending, *, changed: bool) -> None:
    from rich.markup import escape

    screen.out.print(f"[bold]{escape(change.title)}.[/]", soft_wrap=True)
    for note in change.notes:
        screen.out.print(f"  {escape(note)}", soft_wrap=True)
    what = f"{change.file.path.name} is changed" if changed else f"{change.file.path.name} stays as it is"
    screen.out.print(f"{what}.", soft_wrap=True)
    if not change.next_update:
        screen.out.print(f"The next update does nothing for {escape(change.application)}.")
        return
    screen.out.print("The update will:" if end.up else "The next update will:")
    for number, sentence in enumerate(change.next_update, start=1):
        screen.out.print(f"  {number}. {escape(sentence)}", soft_wrap=True)
    if not end.up and not end.pull_request and changed:
        way = f"Review it as a pull request (git diff {change.file.path.name}); or now: parity up {change.stack}"
        screen.out.print(way, soft_wrap=True)


def show(screen: Screen, found: ReleaseStatus) -> None:
    """Print an application's releases as a table: kept, deployed, live, healthy; times are UTC."""
    from rich.markup import escape
    from rich.table import Table

    from parity.releases import table

    if not screen.out.is_terminal:
        screen.out.width = _PIPE_WIDTH
    grid = Table(title=f"{found.application} of {found.stack}", title_justify="left", box=None, padding=(0, 2, 0, 0))
    rows = table.rows(found)
    hidden = _DETAILS if screen.out.width < _WIDE else frozenset[str]()
    hidden |= frozenset() if any(row["image"] for row in rows) else {"image"}
    for row in rows:
        shown = {name: text for name, text in _shown(row).items() if name not in hidden}
        if not grid.columns:
            for name in shown:
                grid.add_column(name, overflow="fold")
        grid.add_row(*map(escape, shown.values()))
    screen.out.print(grid)
    if found.rolls:
        screen.out.print(found.rolls, soft_wrap=True, markup=False)


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    """A release as its texts, by column."""
    return {
        "release": f"{row['id']} (newest)" if row["newest"] else row["id"],
        "commit": row["commit"][:12],
        "when": (row["when"] or "")[:16].replace("T", " "),
        "digest": row["digest"][:8],
        "generation": str(row["generation"]),
        "deployment": row["deployment"] or "",
        "image": f"{(row['image'] or '')[:19]}{' (gone)' if row['image_stored'] is False else ''}",
        "built": row["built"] if row["deployment"] else "",
        "state": row["state"],
        "live": row["live"],
        "healthy": "" if row["healthy"] is None else "yes" if row["healthy"] else f"no: {row['fault']}",
    }
