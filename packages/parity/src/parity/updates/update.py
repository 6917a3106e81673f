"""`parity up`: runs the engine's update, records its intent before and its end after, and asks what is live.

Plain `pulumi up` does the same update without the record; nothing here is needed for it to work.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from parity.backend import locks
from parity.backend.stack_backend import UPDATE_VARIABLE, log_file, open_backend, provenance
from parity.backend.store import LEDGER_VARIABLE
from parity.engine.pulumi import short_urn
from parity.errors import FailedUpdate, UnsureError
from parity.inventory import domain_health, model
from parity.recover import dependencies, history, show
from parity.recover import run as recovery
from parity.recover.outcome import Options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.backend.stack_backend import Backend
    from parity.config.settings import Settings
    from parity.console import Screen, Step
    from parity.engine.pulumi import Progress
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.domain_health import DomainHealth


@dataclass(frozen=True)
class Updated:
    """How an update ended well."""

    id: str
    """Its record's id in the ledger; empty where there is no ledger."""
    progress: Progress
    live: tuple[DomainHealth, ...]
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
        LockedError: another process is updating the stack; nothing was changed.
        UnsureError: the last update did not end, and a person has to decide something first.
        FailedUpdate: the update failed or was interrupted; what is live is shown before.
        ParityError: as `Stack.settings` and `Stack.declared`.
    """
    with screen.step("Read the stack") as step:
        step.waiting("config and program")
        settings = stack.settings()
        graph = stack.declared(settings)
        step.waiting("the state")
        place = open_backend(stack)
        before = stack.recorded()
        step.done(f"{len(before.resources)} resources recorded")
    _recover_first(stack, screen, place, before)
    facts = _facts(stack, settings, before, command)
    identity = place.ledger.begin({**facts, **(note or {})}) if place.ledger else ""
    if not place.ledger:
        screen.err.print(f"No ledger is kept: the state is at {place.url}. {LEDGER_VARIABLE} names a place for it.")
    update = _Update(stack, screen, place, identity, graph)
    return update.run(command, options)


def _recover_first(stack: Stack, screen: Screen, place: Backend, state: State) -> None:
    """Where the last update did not end well, recover before anything else is done.

    Raises:
        LockedError: another process is updating the stack.
        UnsureError: a person has to decide first.
    """
    name = stack.project.name
    held = locks.held(place.store, name, stack.name) if place.store else []
    records = place.ledger.records(last=history.RECORDS) if place.ledger else []
    past = history.latest(place.store, name, stack.name)
    if history.failed_updates(state, held, records, past).clean:
        return
    screen.err.print(f"The last update of {stack.name} did not end well: recover first.", soft_wrap=True)
    done = recovery.run(dependencies.real(stack), screen, Options(preview=False))
    for line in show.decisions(done.plan):
        screen.err.print(line, soft_wrap=True, markup=False)
    asked = done.plan.of("manual")
    if asked:
        raise UnsureError(
            f"{len(asked)} resources of {stack.name} need a decision first; nothing was updated",
            where=", ".join(short_urn(each.urn) for each in asked),
            remedy=f"parity recover {stack.name} says what to do about each",
        )


@dataclass(frozen=True)
class _Update:
    stack: Stack
    screen: Screen
    place: Backend
    identity: str
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
                    arguments, log, lambda now: waiting(step, now), lambda count: self._interrupted(step, count)
                )
                step.done(summary(progress))
        except FailedUpdate as failure:
            live = self._ask()
            self._close(_result(failure), failure.progress, failure.code, live)
            self.screen.err.print(f"Live now: {domain_health.sentence(live)}", soft_wrap=True, markup=False)
            raise
        live = self._ask()
        self._close("succeeded", progress, 0, live)
        return Updated(self.identity, progress, tuple(live))

    def _interrupted(self, step: Step, count: int) -> None:
        if count == 1:
            step.title += ", interrupted"
            self.screen.err.print("Interrupted: it ends at the next safe point; interrupt again to end at once.")
            return
        self.screen.err.print(
            "Ended at once: operations that were running have no end in the state, and what they did is not recorded. "
            f"`parity recover {self.stack.name}` finds it, and the next `parity up` runs that first.",
            soft_wrap=True,
        )

    def _ask(self) -> list[DomainHealth]:
        with self.screen.step("What is live") as step:
            step.waiting("an answer of each domain")
            return domain_health.ask(self.graph, self.stack.pulumi.environment)

    def _close(self, result: str, progress: Progress, code: int, live: Sequence[DomainHealth]) -> None:
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
            "errors": progress.errors,
            "live": [each.document() for each in live],
        }
        self.place.ledger.end(self.identity, facts)


def _result(failure: FailedUpdate) -> str:
    if failure.interrupts > 1 or failure.code < 0:
        return "killed"
    return "interrupted" if failure.interrupts else "failed"


def _facts(stack: Stack, settings: Settings, before: State, command: str) -> dict[str, Any]:
    """What is to become live, from which commit, by whom: known before anything is done."""
    file = stack.project.stack_files()[stack.name]
    return {
        **provenance(stack, command),
        "config": hashlib.sha256(file.read_bytes()).hexdigest(),
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
        if each.type == model.LIVE and not each.delete
    }


def waiting(step: Step, progress: Progress) -> None:
    """Say what an update waits for."""
    step.waiting(progress.waits_for() or "the program")


def summary(progress: Progress) -> str:
    """An update's changes in words: `61 created, 2 updated`, or `nothing to change`."""
    words = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    parts = [f"{count} {words[kind]}" for kind, count in progress.changes.items() if count and kind in words]
    return ", ".join(parts) if progress.changed else "nothing to change"
