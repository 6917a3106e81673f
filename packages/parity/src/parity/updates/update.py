"""The one road to a change of a stack: plan, gate, approve, apply, record, and what is live asked at the end.

Plain `pulumi up` does the same update without the record; nothing here is needed for it to work.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from parity import redact
from parity.backend import built, locks
from parity.backend.stack_backend import UPDATE_VARIABLE, log_file, open_backend, provenance
from parity.backend.store import LEDGER_VARIABLE
from parity.engine.counting import counted
from parity.engine.pulumi import FailedUpdate
from parity.errors import GateError, PlanError, PolicyError, RefusedError, UnsureError
from parity.inventory import domain_health
from parity.recover import history, show
from parity.recover import run as recovery
from parity.recover.outcome import Options
from parity.resources import kinds
from parity.resources.urn import short_urn
from parity.updates import built_record, planning, saved_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.backend.built import Built
    from parity.backend.stack_backend import Backend
    from parity.config.settings import Settings
    from parity.console import Screen, Step
    from parity.engine.pulumi import Progress
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.domain_health import DomainHealth
    from parity.redact import Redactor
    from parity.updates.approval import Approval
    from parity.updates.planning import Planned
    from parity.updates.saved_plan import SavedPlan


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
    approval: Approval,
    *,
    options: Sequence[str] = (),
    note: Mapping[str, Any] | None = None,
    going_back: str = "",
) -> Updated:
    """Update the stack to what the program declares: plan, gate, approve, apply, record.

    What was planned is what is applied: the engine is given its own saved plan, and what the plan depends on is
    compared again where a person or another job approved it.

    Args:
        stack: the stack.
        screen: shows the steps.
        approval: who approves the plan, and how.
        options: more options of the engine's preview and update.
        note: more facts for the ledger's record, plain JSON without a secret; for example why.
        going_back: the application that is rolled back, or empty. Where the gate stops the whole plan, its switch alone
            is updated: going back is not held up by what was meant for going forward.

    Raises:
        UsageError: the plan could be approved by no one.
        LockedError: somebody else is updating the stack; nothing was changed.
        UnsureError: the last update did not end, and a person has to decide something first.
        GateError, PolicyError, PlanError, RefusedError: the plan must not be applied; nothing was changed.
        FailedUpdate: the update failed or was interrupted; what is live is shown before.
        ParityError: as `Stack.settings` and `Stack.declared`.
    """
    approval.require_way(stack.name)
    with screen.step("Read the stack") as step:
        step.waiting("config and program")
        settings = stack.settings()
        graph = stack.declared(settings)
        step.waiting("the state")
        place = open_backend(stack)
        before = stack.recorded()
        step.done(f"{counted(each.urn for each in before.resources)} resources recorded")
    before = _recover_first(stack, screen, place, before)
    redactor = redact.of(graph, stack.pulumi.environment)
    facts = {**_facts(stack, settings, before), **(note or {})}
    road = _Road(stack, screen, settings, graph, before, approval, tuple(options))
    try:
        approved = road.saved() if approval.plan is not None else road.planned(going_back)
    except (GateError, PolicyError, PlanError, RefusedError) as refusal:
        _record_refusal(place, facts, redactor.text(refusal.what))
        raise
    facts |= {"plan": approved.plan.digest, "approval": approved.how, "dangers": approved.plan.dangers}
    identity = place.ledger.begin(facts) if place.ledger else ""
    if not place.ledger:
        screen.err.print(f"No ledger is kept: the state is at {place.url}. {LEDGER_VARIABLE} names a place for it.")
    update = _Update(stack, screen, place, identity, redactor, graph, settings)
    return update.run(approved)


def _record_refusal(place: Backend, facts: Mapping[str, Any], what: str) -> None:
    """Record an update that was refused before its first call; it leaves nothing to recover."""
    if place.ledger:
        place.ledger.end(place.ledger.begin(facts), {"result": history.REFUSED, "code": 0, "errors": [what]})


@dataclass(frozen=True)
class _Approved:
    """A plan that may be applied."""

    plan: SavedPlan
    how: str
    """As `Approval.require` gives it."""
    options: tuple[str, ...]


@dataclass(frozen=True)
class _Road:
    """From a stack to a plan that may be applied: plan, gate, approve."""

    stack: Stack
    screen: Screen
    settings: Settings
    graph: Graph
    state: State
    approval: Approval
    options: tuple[str, ...]

    def planned(self, going_back: str) -> _Approved:
        options = self.options
        try:
            found = self._plan(options)
        except RefusedError:
            if not going_back:
                raise
            # Going back builds nothing: what a build would get is no reason to hold it up.
            options = (*options, "--target", self._switch_of(going_back), "--target-dependents")
            found = self._plan(options)
        if going_back and (found.undeclared or not found.gate.open):
            left = sorted(
                {short_urn(each.urn) for each in found.gate.blocking} | {each.name for each in found.undeclared}
            )
            self.screen.err.print(
                f"Dangerous changes are left for the next update: {', '.join(left)}.", soft_wrap=True, markup=False
            )
            options = (*options, "--target", self._switch_of(going_back), "--target-dependents")
            found = self._plan(options)
        found.require_open()
        how = self.approval.require(found, self.screen)
        self._hold(found.saved, whole=how == "asked")
        return _Approved(found.saved, how, tuple(found.saved.options))

    def _switch_of(self, application: str) -> str:
        """The URN of the application's LiveRelease."""
        found = self.graph.resources.items()
        return next(urn for urn, each in found if each.type == kinds.LIVE and each.name == f"{application}-live")

    def saved(self) -> _Approved:
        """The plan that was approved before, held to everything that it depends on."""
        plan = saved_plan.read(cast("Path", self.approval.plan), self.settings.secret, self.approval.digest)
        plan.require(self.stack.project.name, self.stack.name, saved_plan.now())
        plan.require_open(self.approval.acknowledged)
        self._hold(plan, whole=True)
        return _Approved(plan, f"--plan {plan.digest}", (*plan.options, *self.options))

    def _plan(self, options: Sequence[str]) -> Planned:
        with self.screen.step(f"Plan the update of {self.stack.name}") as step:
            found = planning.make(
                self.stack,
                self.settings,
                self.graph,
                self.state,
                acknowledged=self.approval.acknowledged,
                options=options,
                report=step.waiting,
            )
            counts = ", ".join(f"{count} to {operation}" for operation, count in found.plan.counts().items())
            step.done(f"{counts or 'nothing to change'}; plan {found.saved.digest[:12]}")
        return found

    def _hold(self, plan: SavedPlan, *, whole: bool) -> None:
        """Compare what the plan depends on; not `whole` where it was made a moment ago: then only the files."""
        with self.screen.step("What the plan depends on") as step:
            if whole:
                step.waiting("the state, Vercel, GitHub and PostgreSQL")
                plan.require_conditions(planning.of_world(self.stack, self.settings, self.graph, self.stack.recorded()))
            else:
                plan.require_conditions({**plan.conditions, **planning.of_files(self.stack)})
            step.done("as it was when the plan was made")


def _recover_first(stack: Stack, screen: Screen, place: Backend, state: State) -> State:
    """Where the last update did not end well, recover before anything else is done; gives the state after it.

    Raises:
        LockedError: somebody else is updating the stack.
        UnsureError: a person has to decide first.
    """
    name = stack.project.name
    held = locks.held(place.store, name, stack.name) if place.store else []
    records = place.ledger.records(last=history.RECORDS) if place.ledger else []
    past = history.latest(place.store, name, stack.name)
    if history.trouble(state, held, records, past).clean:
        return state
    screen.err.print(f"The last update of {stack.name} did not end well: recover first.", soft_wrap=True)
    done = recovery.run(stack, screen, Options(preview=False))
    for line in show.decisions(done.plan):
        screen.err.print(line, soft_wrap=True, markup=False)
    asked = done.plan.of("ask")
    if asked:
        raise UnsureError(
            f"{len(asked)} resources of {stack.name} need a decision first; nothing was updated",
            where=", ".join(short_urn(each.urn) for each in asked),
            remedy=f"parity recover {stack.name} says what to do about each",
        )
    return stack.recorded()


@dataclass(frozen=True)
class _Update:
    stack: Stack
    screen: Screen
    place: Backend
    identity: str
    redactor: Redactor
    graph: Graph
    settings: Settings

    def run(self, approved: _Approved) -> Updated:
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "plan.json"
            plan.touch(mode=0o600)
            plan.write_bytes(approved.plan.engine_plan())
            # The preview of this very plan was shown: the engine holds each step to it.
            words = [
                "up",
                "--yes",
                "--skip-preview",
                "--plan",
                str(plan),
                "--stack",
                self.stack.name,
                *approved.options,
            ]
            return self._apply(words, approved.plan.changes)

    def _apply(self, arguments: list[str], changes: Sequence[Sequence[str]]) -> Updated:
        log = log_file(self.stack, self.identity)
        environment = {**self.stack.pulumi.environment, UPDATE_VARIABLE: self.identity}
        pulumi = replace(self.stack.pulumi, environment=environment)
        try:
            with self.screen.step(f"pulumi up --stack {self.stack.name}") as step:
                step.waiting("the engine to start")
                progress = pulumi.update(
                    arguments, log, lambda now: waiting(step, now), lambda count: self._interrupted(step, count)
                )
                step.done(summary(progress))
        except FailedUpdate as failure:
            failure.what = self.redactor.text(failure.what)
            failure.args = (failure.what,)
            live = self._ask()
            self._close(_result(failure), failure.progress, failure.code, live, self._built(changes))
            self.screen.err.print(f"Live now: {domain_health.sentence(live)}", soft_wrap=True, markup=False)
            raise
        live = self._ask()
        self._close("succeeded", progress, 0, live, self._built(changes))
        return Updated(self.identity, progress, tuple(live))

    def _interrupted(self, step: Step, count: int) -> None:
        if count == 1:
            step.title += ", interrupted"
            self.screen.err.print("Interrupted: it ends at the next safe point; interrupt again to end at once.")
            return
        self.screen.err.print(
            "Ended at once: operations that were running have no end in the state, and what they did is not recorded. "
            f"`parity recover {self.stack.name}` looks for it, and the next `parity up` runs that first.",
            soft_wrap=True,
        )

    def _ask(self) -> list[DomainHealth]:
        with self.screen.step("What is live") as step:
            step.waiting("an answer of each domain")
            return domain_health.ask(self.graph, self.stack.pulumi.environment)

    def _built(self, changes: Sequence[Sequence[str]]) -> list[Built]:
        """What the update's deployments were built with: kept, and said where it is not what was declared."""
        found = built_record.of_update(self.stack, self.settings, self.graph, changes)
        for each in found:
            if self.place.ledger:
                built.write(self.place.ledger, each)
            if each.verdict != "declared":
                how = "with what was not declared" if each.verdict == "otherwise" else "with what is not known"
                self.screen.err.print(
                    f"Release {each.release} of {each.application} was built {how}: {'; '.join(each.inputs)}. "
                    f"`parity drift {self.stack.name}` gives the command that builds it once more.",
                    soft_wrap=True,
                    markup=False,
                )
        return found

    def _close(
        self, result: str, progress: Progress, code: int, live: Sequence[DomainHealth], releases: Sequence[Built]
    ) -> None:
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
            "built": {f"{each.application}/{each.release}": [each.verdict, *each.inputs] for each in releases},
        }
        self.place.ledger.end(self.identity, facts)


def _result(failure: FailedUpdate) -> str:
    if failure.interrupts > 1 or failure.code < 0:
        return "killed"
    return "interrupted" if failure.interrupts else "failed"


def _facts(stack: Stack, settings: Settings, before: State) -> dict[str, Any]:
    """What is to become live, from which commit, by whom: known before anything is done."""
    file = stack.project.stack_files()[stack.name]
    return {
        **provenance(stack, "up"),
        "config": hashlib.sha256(file.read_bytes()).hexdigest(),
        "intent": intent(settings),
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
        if each.type == kinds.LIVE and not each.delete
    }


def waiting(step: Step, progress: Progress) -> None:
    """Say what an update waits for."""
    step.waiting(progress.waits_for() or "the program")


def summary(progress: Progress) -> str:
    """An update's changes in words: `61 created, 2 updated`, or `nothing to change`."""
    words = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    parts = [f"{count} {words[kind]}" for kind, count in progress.changes.items() if count and kind in words]
    return ", ".join(parts) if progress.changed else "nothing to change"
