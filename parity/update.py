"""`parity up`: the engine's update with its intent recorded first, its end recorded, and what is live asked at the end.

Plain `pulumi up` does the same update without the record; nothing here is needed for it to work.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import locks, machine, redact, served, toolchain
from parity.errors import FailedUpdate, UnsureError
from parity.ledger import Ledger
from parity.store import LEDGER_VARIABLE, Store, backend_url, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import Settings
    from parity.console import Screen, Step
    from parity.graph import Graph
    from parity.pulumi import Progress
    from parity.redact import Redactor
    from parity.served import Served
    from parity.stack import Stack
    from parity.state import State

LIVE_RELEASE = "parity:index:LiveRelease"

UPDATE_VARIABLE = "PARITY_UPDATE"
"""Set for the engine to the update's id; its plugins inherit it, so that those that outlive it are known."""


@dataclass(frozen=True)
class Updated:
    """How an update ended well."""

    id: str
    """Its record's id in the ledger; empty where there is no ledger."""
    progress: Progress
    live: tuple[Served, ...]
    """What each domain answered afterwards."""

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        live = [each.document() for each in self.live]
        return {"update": self.id, "changes": self.progress.changes, "live": live}


def run(
    stack: Stack,
    screen: Screen,
    *,
    command: str = "up",
    options: Sequence[str] = (),
    note: Mapping[str, Any] | None = None,
) -> Updated:
    """Update the stack to what the program declares, and say what is live now.

    Args:
        stack: the stack.
        screen: shows the steps.
        command: `up` or `destroy`.
        options: more options of the engine's command.
        note: more facts for the ledger's record, plain JSON without a secret; for example why.

    Raises:
        LockedError: somebody else is updating the stack; nothing was changed.
        UnsureError: the last update did not end and has to be recovered first; nothing was changed.
        FailedUpdate: the update failed or was interrupted; what is live is shown before.
        ParityError: as `Stack.settings` and `Stack.declared`.
    """
    with screen.step("Read the stack") as step:
        step.waiting("config and program")
        settings = stack.settings()
        graph = stack.declared(settings)
        step.waiting("the state")
        place = open_place(stack)
        before = stack.recorded()
        step.done(f"{len(before.resources)} resources recorded")
    refuse_unfinished(stack, place, before)
    redactor = redact.of(graph, stack.pulumi.environment)
    facts = _intent(stack, settings, before, command)
    identity = place.ledger.begin({**facts, **(note or {})}) if place.ledger else ""
    if not place.ledger:
        screen.err.print(f"No ledger is kept: the state is at {place.url}. {LEDGER_VARIABLE} names a place for it.")
    update = _Update(stack, screen, place, identity, redactor, graph)
    return update.run(command, options)


@dataclass(frozen=True)
class Place:
    """Where a stack's state and ledger are."""

    url: str
    """The backend's address."""
    store: Store | None
    """None for Pulumi Cloud."""
    ledger: Ledger | None
    """None where there is no place for it."""


def open_place(stack: Stack) -> Place:
    """Find where the stack's state is kept.

    Raises:
        UpdateError: nobody is logged in to a backend.
    """
    url = backend_url(stack.pulumi)
    store = open_store(url)
    other = stack.pulumi.environment.get(LEDGER_VARIABLE)
    kept = open_store(other) if other else store
    ledger = Ledger(kept, stack.project.name, stack.name) if kept else None
    return Place(url, store, ledger)


def refuse_unfinished(stack: Stack, place: Place, state: State) -> None:
    """Raise where somebody is updating the stack now, or where the last update did not end.

    Raises:
        LockedError: the stack is locked.
        UnsureError: there are operations without an end, or a record without one.
    """
    if place.store:
        locks.refuse_if_held(place.store, stack.project.name, stack.name)
    last = place.ledger.records(last=1) if place.ledger else []
    what: list[str] = []
    if state.pending:
        what.append(f"{len(state.pending)} operations have no end in the state")
    if last and last[0].end is None:
        what.append(f"update {last[0].id} has no end in the ledger")
    if what:
        raise UnsureError(
            f"the last update of {stack.name} did not end: {'; '.join(what)}",
            where=place.ledger.place if place.ledger else place.url,
            remedy=f"parity recover {stack.name}",
        )


@dataclass(frozen=True)
class _Update:
    stack: Stack
    screen: Screen
    place: Place
    identity: str
    redactor: Redactor
    graph: Graph

    def run(self, command: str, options: Sequence[str]) -> Updated:
        log = log_file(self.stack, self.identity)
        name = self.stack.name
        arguments = [command, "--yes", "--skip-preview", "--stack", name, *options]
        environment = {**self.stack.pulumi.environment, UPDATE_VARIABLE: self.identity}
        pulumi = replace(self.stack.pulumi, environment=environment)
        try:
            with self.screen.step(f"pulumi {command} --stack {name}") as step:
                step.waiting("the engine to start")
                progress = pulumi.update(
                    arguments, log, lambda now: _waiting(step, now), lambda count: self._interrupted(step, count)
                )
                step.done(summary(progress))
        except FailedUpdate as failure:
            failure.what = self.redactor.text(failure.what)
            failure.args = (failure.what,)
            live = self._ask()
            self._close(_result(failure), failure.progress, failure.code, live)
            self.screen.err.print(f"Live now: {served.sentence(live)}", soft_wrap=True, markup=False)
            raise
        live = self._ask()
        self._close("succeeded", progress, 0, live)
        return Updated(self.identity, progress, tuple(live))

    def _interrupted(self, step: Step, count: int) -> None:
        if count == 1:
            step.title += ", ending at the next safe point (interrupt again to end at once)"
            return
        self.screen.err.print(
            "Ended at once: operations that were running have no end in the state, and what they did is not recorded. "
            f"`parity recover {self.stack.name}` looks for it, and the next `parity up` runs that first.",
            soft_wrap=True,
        )

    def _ask(self) -> list[Served]:
        with self.screen.step("What is live") as step:
            step.waiting("an answer of each domain")
            return served.ask(self.graph, self.stack.pulumi.environment)

    def _close(self, result: str, progress: Progress, code: int, live: Sequence[Served]) -> None:
        """Record the end. What is recorded of the releases is read again: an update that failed may have switched."""
        if not self.place.ledger:
            return
        facts: dict[str, Any] = {
            "result": result,
            "code": code,
            "operations": [
                {"operation": each.operation, "urn": each.urn, "done": each.done} for each in progress.operations
            ],
            "changes": progress.changes,
            "errors": [self.redactor.text(error) for error in progress.errors],
            "live": [each.document() for each in live],
        }
        self.place.ledger.end(self.identity, facts)


def _result(failure: FailedUpdate) -> str:
    if failure.interrupts > 1 or failure.code < 0:
        return "killed"
    return "interrupted" if failure.interrupts else "failed"


def _intent(stack: Stack, settings: Settings, before: State, command: str) -> dict[str, Any]:
    """What is to become live, from which commit, by whom: known before anything is done."""
    environment = stack.pulumi.environment
    file = stack.project.stack_files()[stack.name]
    return {
        "command": command,
        "project": stack.project.name,
        "stack": stack.name,
        "actor": machine.actor(environment),
        "host": machine.as_document(machine.here()),
        "pid": os.getpid(),
        "run": machine.as_document(machine.run_of(environment)),
        "commit": commit_of(stack.project.root),
        "config": hashlib.sha256(file.read_bytes()).hexdigest(),
        "versions": versions(),
        "intent": intent(settings) if command != "destroy" else {},
        "before": recorded_live(before),
    }


def intent(settings: Settings) -> dict[str, Any]:
    """By application, the release that is to be live with its commit, and the kept ones."""
    found: dict[str, Any] = {}
    for name, releases in settings.releases.items():
        commit = releases.kept[releases.live].commit if releases.live else None
        found[name] = {"live": releases.live, "commit": commit, "kept": [each for each, _ in releases.in_order]}
    return found


def recorded_live(state: State) -> dict[str, Any]:
    """By application, the release that the state has as live."""
    return {
        each.name.removesuffix("-live"): {
            "live": each.outputs.get("release"),
            "commit": each.outputs.get("commit"),
            "deployment": each.outputs.get("deploymentId"),
        }
        for each in state.resources
        if each.type == LIVE_RELEASE and not each.delete
    }


def versions() -> dict[str, str]:
    """The engine's and the plugins' versions, by name."""
    tools = toolchain.resolve()
    return {"pulumi": tools.cli.version, **{plugin.name: plugin.version for plugin in tools.plugins}}


def commit_of(root: Path) -> str:
    """The commit of the checkout, 40 hex digits, with `+changes` where files differ from it; empty outside of git."""
    said = _git(root, "rev-parse", "HEAD")
    return said + "+changes" if said and _git(root, "status", "--porcelain", "--untracked-files=no") else said


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def log_file(stack: Stack, identity: str) -> Path:
    """The file for the engine's whole output, readable by its owner alone: it may hold what a provider echoes."""
    home = Path(stack.pulumi.environment.get("PULUMI_HOME") or "~/.pulumi").expanduser()
    folder = home / "updates"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stack.name}-{identity or os.getpid()}.log"
    path.touch(mode=0o600)
    return path


def _waiting(step: Step, progress: Progress) -> None:
    step.waiting(progress.waits_for() or "the program")


def summary(progress: Progress) -> str:
    """An update's changes in words: `61 created, 2 updated`, or `nothing to change`."""
    words = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    parts = [f"{count} {words[kind]}" for kind, count in progress.changes.items() if count and kind in words]
    return ", ".join(parts) if progress.changed else "nothing to change"
