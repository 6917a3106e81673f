"""The one road to a change of a stack: plan, gate, approve, apply, ask what is live, verify, record.

Plain `pulumi up` does the same update without the record; nothing here is needed for it to work.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.backend import built, locks
from parity.backend.stack_backend import UPDATE_VARIABLE, log_file, open_backend, provenance
from parity.check import shared
from parity.config import guard
from parity.engine.counting import counted
from parity.engine.events import Progress
from parity.engine.pulumi import FailedUpdate
from parity.engine.store import LEDGER_VARIABLE
from parity.errors import GateError, PlanError, PolicyError, RefusedError, UnsureError, UpdateError
from parity.inventory import builds, domain_health
from parity.recover import dependencies, history, show
from parity.recover import run as recovery
from parity.recover.model import Options
from parity.resources import kinds
from parity.resources.urn import Urn, short_urn
from parity.updates import (
    built_from,
    foreign,
    holding,
    leftovers,
    ready,
    record,
    saved_plan,
    traces,
    verify,
    world_guard,
)
from parity.updates.road import Road

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity.backend.built import Built
    from parity.backend.ledger import Record
    from parity.backend.stack_backend import Backend
    from parity.config.settings import Settings
    from parity.console import Screen, Step
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.domain_health import DomainHealth
    from parity.updates.approval import Approval
    from parity.updates.road import Approved
    from parity.updates.verify import Verified


@dataclass(frozen=True)
class Updated:
    """How an update ended well."""

    id: str
    """Its record's id in the ledger; empty where there is no ledger."""
    progress: Progress
    live: tuple[DomainHealth, ...]
    """What each domain answered afterwards."""
    verified: Verified
    """What was read again of what it wrote; all of it is as declared, or could not be read."""

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        live = [each.document() for each in self.live]
        return {
            "update": self.id,
            "changes": self.progress.changes,
            "live": live,
            "verify": self.verified.document(),
        }


def run(
    stack: Stack,
    screen: Screen,
    approval: Approval,
    *,
    options: Sequence[str] = (),
    note: Mapping[str, Any] | None = None,
    going_back: str = "",
    require: Callable[[Settings, State], None] | None = None,
) -> Updated:
    """Update the stack to what the program declares: plan, gate, approve, apply, verify, record.

    What was planned is what is applied: the engine is given its own saved plan, and what the plan depends on is
    compared again where a person or another job approved it.

    Args:
        stack: the stack.
        screen: shows the steps.
        approval: who approves the plan, and how.
        options: more options of the engine's preview and update.
        note: more facts for the ledger's record, plain JSON without a secret: `command` where it is not `up`, `why`.
        going_back: the application that is rolled back, or empty. Where the gate stops the plan, its switch alone
            is updated: going back is not held up by what was meant for going forward.
        require: what else must hold of the settings and the state; raises ParityError where it does not.

    Raises:
        UsageError: the plan could be approved by no one.
        AccessError: a vendor would refuse or drop what is declared; nothing was changed.
        LockedError: another process is updating the stack; nothing was changed.
        UnsureError: the last update did not end, and a person has to decide something first.
        HoldError: a person or a watch holds the stack, or an application that would get another release.
        GateError, PolicyError, PlanError, RefusedError: the plan must not be applied; nothing was changed.
        FailedUpdate: the update failed or was interrupted; what is live is shown before.
        VerifyError: the update is done, and a vendor did not keep what it accepted.
        ConfigError: the stack has a secret of another one, as the files show.
        ParityError: as `Stack.settings` and `Stack.declared`.
    """
    approval.require_way(stack.name)
    stack.pulumi.start_program()
    with screen.step("Read the stack") as step, stack.exporting() as recorded:
        step.waiting("config, program and state")
        settings = stack.settings()
        graph = stack.declared(settings)
        place = open_backend(stack)
        before = recorded()
        step.done(f"{counted(each.urn for each in before.resources)} resources recorded")
    file = stack.project.stack_files()[stack.name]
    world_guard.require_own_state(stack.project.name, stack.name, before, file.read_text(encoding="utf-8"))
    if not going_back:
        holding.require_none(stack, holding.intended(settings, before), place)
        holding.require_base(place, settings, stack.name)
        holding.say_unwatched(place, stack.name, screen)
        shared.require_own(stack.name, stack.project.stack_files(), settings.catalog)
        ready.require(stack, screen, settings, graph, before)
    before, records = _recover_first(stack, screen, place, before)
    for each in foreign.adopt(place, records):
        screen.say(f"Recorded: {each}")
    # The program would refuse it too, after the engine has started. What an update that failed has built is known now,
    # so that the next release can be recorded.
    guard.check(settings)
    if require is not None:
        require(settings, before)
    graph = replace(graph, projects=before.projects())
    facts = {**_facts(stack, settings, before), **(note or {})}
    road = Road(stack, screen, settings, graph, before, records, approval, tuple(options))
    try:
        approved = road.saved() if approval.plan is not None else road.planned(going_back)
        if not going_back:
            holding.require_none(stack, holding.planned(approved.plan.changes, graph), place)
    except (GateError, PolicyError, PlanError, RefusedError) as refusal:
        _record_refusal(place, facts, refusal.what)
        raise
    facts |= {**record.of_plan(approved.plan), "approval": approved.how}
    identity = place.ledger.begin(facts) if place.ledger else ""
    if not place.ledger:
        screen.err.print(f"No ledger is kept: the state is at {place.url}. {LEDGER_VARIABLE} names a place for it.")
    if not going_back:
        holding.begin_watches(place, settings, before, holding.planned(approved.plan.changes, graph), identity)
    update = _Update(stack, screen, place, identity, settings, graph, before, approved)
    with traces.sent_after(place.ledger, screen):
        return update.run()


def _record_refusal(place: Backend, facts: Mapping[str, Any], what: str) -> None:
    """Record an update that was refused before its first call; it leaves nothing to recover."""
    if place.ledger:
        place.ledger.end(place.ledger.begin(facts), {"result": history.REFUSED, "code": 0, "errors": [what]})


def _records(place: Backend) -> list[Record]:
    return place.ledger.records(last=history.RECORDS) if place.ledger else []


def _recover_first(stack: Stack, screen: Screen, place: Backend, state: State) -> tuple[State, list[Record]]:
    """Where the last update did not end well, recover first; gives the state and the newest records after it.

    Raises:
        LockedError: another process is updating the stack.
        UnsureError: a person has to decide first.
    """
    name = stack.project.name
    held = locks.held(place.store, name, stack.name) if place.store else []
    records = _records(place)
    past = history.latest(place.store, name, stack.name)
    if history.failed_updates(state, held, records, past).clean:
        return state, records
    screen.err.print(f"The last update of {stack.name} did not end well: recover first.", soft_wrap=True)
    done = recovery.run(dependencies.real(stack), screen, Options(preview=False))
    for line in show.decisions(done.plan):
        screen.say(line)
    asked = done.plan.of("manual")
    if asked:
        raise UnsureError(
            f"{len(asked)} resources of {stack.name} need a decision first; nothing was updated",
            where=", ".join(short_urn(each.urn) for each in asked),
            remedy=f"parity recover {stack.name} says what to do about each",
        )
    return stack.recorded(), _records(place)


@dataclass(frozen=True)
class _Update:
    stack: Stack
    screen: Screen
    place: Backend
    identity: str
    settings: Settings
    graph: Graph
    before: State
    approved: Approved

    def run(self) -> Updated:
        self._remove_first()
        engine_plan = self.approved.plan.engine_plan()
        if not self.approved.options and saved_plan.is_idle(engine_plan, self.before):
            with self.screen.step(f"pulumi up --stack {self.stack.name}") as step:
                step.done("nothing to change: the approved plan has no operation, and nothing is recorded otherwise")
            return self._done(Progress(changes={"same": counted(each.urn for each in self.before.resources)}))
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "plan.json"
            plan.touch(mode=0o600)
            plan.write_bytes(engine_plan)
            # The preview of this very plan was shown: the engine holds each step to it.
            words = ["up", "--yes", "--skip-preview", "--plan", str(plan), "--stack", self.stack.name]
            # The engine's own history names the operation, so that a record which was removed shows.
            words += [f"--exec-agent={foreign.AGENT}{self.identity}"] if self.identity else []
            return self._apply([*words, *self.approved.options])

    def _remove_first(self) -> None:
        """What a deployment of this update must not get is removed first: the engine deletes last."""
        removed = self.approved.plan.removed
        if not removed:
            return
        with self.screen.step("Remove what is not declared any more") as step:
            step.waiting("Vercel")
            try:
                leftovers.remove(removed, self.settings.catalog.vercel_team, self.stack.pulumi.environment)
            except UpdateError as error:
                self._close("failed", Progress(errors=[str(error)]), error.exit_code, self._ask(), {})
                raise
            step.done(", ".join(short_urn(urn) for urn, *_ in removed))

    def _apply(self, arguments: list[str]) -> Updated:
        log = log_file(self.stack, self.identity)
        environment = {**self.stack.pulumi.environment, UPDATE_VARIABLE: self.identity}
        pulumi = replace(self.stack.pulumi, environment=environment)
        try:
            with self.screen.step(f"pulumi up --stack {self.stack.name}") as step:
                step.waiting("the engine to start")
                progress = pulumi.update(
                    arguments,
                    log,
                    lambda now: step.waiting(now.waits_for() or "the program"),
                    lambda count: self._interrupted(step, count),
                )
                step.done(progress.text)
        except FailedUpdate as failure:
            self._failed(failure)
            if failure.held:
                raise locks.refused(failure.what, self.stack.name, self.place) from failure
            raise
        return self._done(progress)

    def _done(self, progress: Progress) -> Updated:
        live = self._ask()
        verified = self._verify(progress)
        self._close("succeeded", progress, 0, live, {**self._known(), "verify": verified.document()})
        verified.require(self.stack.name)
        return Updated(self.identity, progress, tuple(live), verified)

    def _failed(self, failure: FailedUpdate) -> None:
        """Record how it ended. Who interrupts, a runner above all, does not wait for vendors to answer more.

        After the second interrupt the runner kills in 2.5 seconds: the end is recorded before anything is asked.
        """
        live = [] if failure.interrupts > 1 else self._ask()
        verified, known = verify.Verified(), dict[str, Any]()
        if not failure.interrupts:
            verified, known = self._verify(failure.progress), self._known()
            self._explain(failure)
        self._close(_result(failure), failure.progress, failure.code, live, {**known, "verify": verified.document()})
        self.screen.say(f"Live now: {domain_health.sentence(live or self._ask())}")
        if not failure.interrupts:
            for line in leftovers.hand_over(self.stack, self.graph, self.before, failure.progress):
                self.screen.say(line)

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

    def _built(self) -> list[Built]:
        """What the update's deployments were built with: kept, and said where it is not what was declared."""
        found = built_from.of_update(self.stack, self.settings, self.graph, self.approved.plan.changes)
        for each in found:
            if self.place.ledger:
                built.write(self.place.ledger, each)
            if each.verdict != "declared":
                how = "with what was not declared" if each.verdict == "otherwise" else "with what is not known"
                self.screen.say(
                    f"Release {each.release} of {each.application} was built {how}: {'; '.join(each.inputs)}. "
                    f"`parity drift {self.stack.name}` gives the command that builds it once more."
                )
        return found

    def _explain(self, failure: FailedUpdate) -> None:
        """Add what Vercel says of a build that failed: the provider's error has its state alone, or less."""
        progress = failure.progress
        builds_failed = [each for each in progress.failed if Urn.parse(each).type == kinds.DEPLOYMENT]
        if not builds_failed:
            return
        refusals = filter(None, map(builds.refused, progress.errors))
        said = [f"To do: {each.remedy}" for each in refusals][:1]
        if not said:
            with self.screen.step("Why a build failed") as step:
                step.waiting("Vercel")
                environment = self.stack.pulumi.environment
                live = inventory.collect_live_state(self.graph, environment=environment, passwords=False)
                said = list(builds.explained(builds_failed, live))
        progress.errors += said
        failure.what = "\n".join((failure.what, *said))

    def _verify(self, progress: Progress) -> Verified:
        """Read again what was written; where nothing was, nothing is asked."""
        urns = verify.written(progress.operations, self.graph)
        if not urns:
            return verify.Verified()
        with self.screen.step("What was written") as step:
            step.waiting("Vercel, GitHub and PostgreSQL")
            found = verify.verify(self.stack, self.settings, self.graph, urns)
            step.done(found.text)
        for each in found.unread:
            self.screen.say(f"Not verified: {each}")
        return found

    def _known(self) -> dict[str, Any]:
        """What caused the update's changes, and what its deployments were built with."""
        built_with = {f"{each.application}/{each.release}": [each.verdict, *each.inputs] for each in self._built()}
        causes = record.causes(self.stack.project, self.stack.name, self.place.ledger, self.approved.changes)
        return {"causes": causes, "built": built_with}

    def _close(
        self, result: str, progress: Progress, code: int, live: Sequence[DomainHealth], known: Mapping[str, Any]
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
            "errors": progress.errors,
            "live": [each.document() for each in live],
            **known,
        }
        for line in record.end(self.place.ledger, self.identity, facts):
            self.screen.say(line)


def _result(failure: FailedUpdate) -> str:
    if failure.interrupts > 1 or failure.code < 0:
        return "killed"
    return "interrupted" if failure.interrupts else "failed"


def _facts(stack: Stack, settings: Settings, before: State) -> dict[str, Any]:
    """What is to become live, from which commit, by whom: known before anything is done."""
    file = stack.project.stack_files()[stack.name]
    return {
        **provenance(stack, "up"),
        **record.of_run(stack.project.root, stack.pulumi.environment),
        "config": hashlib.sha256(file.read_bytes()).hexdigest(),
        "intent": record.intent(settings),
        "before": record.recorded_live(before, settings.catalog),
    }
