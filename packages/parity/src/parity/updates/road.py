"""From a stack to a plan that may be applied: plan, gate, approve, and hold what the plan depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from parity.errors import RefusedError
from parity.resources import kinds
from parity.resources.urn import short_urn
from parity.updates import conditions, planning, record, saved_plan, world_guard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parity.backend.ledger import Record
    from parity.config.settings import Settings
    from parity.console import Screen
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.preview.plan import Change
    from parity.updates.approval import Approval
    from parity.updates.planning import Planned
    from parity.updates.saved_plan import SavedPlan


@dataclass(frozen=True)
class Approved:
    """A plan that may be applied."""

    plan: SavedPlan
    how: str
    """As `Approval.require` gives it."""
    options: tuple[str, ...]
    changes: tuple[Change, ...]
    """For the record of what caused each."""


@dataclass(frozen=True)
class Road:
    """From a stack to a plan that may be applied: plan, gate, approve."""

    stack: Stack
    screen: Screen
    settings: Settings
    graph: Graph
    state: State
    records: Sequence[Record]
    """The newest of the ledger's, oldest first."""
    approval: Approval
    options: tuple[str, ...]

    def planned(self, going_back: str) -> Approved:
        """Make the plan, hold the gate, and ask; raises as `update.run`."""
        options = self.options
        # Whoever goes back was asked about this switch before.
        known = (self._switch(going_back),) if going_back else ()
        try:
            found = self._plan(options, known)
        except RefusedError:
            if not going_back:
                raise
            # Going back builds nothing: what a build would get is no reason to hold it up.
            options = (*options, "--target", *known, "--target-dependents")
            found = self._plan(options, known)
        self._require_same_account(found.saved)
        if going_back and (found.undeclared or not found.gate.open):
            left = sorted(
                {short_urn(each.urn) for each in found.gate.blocking} | {each.name for each in found.undeclared}
            )
            self.screen.say(f"Dangerous changes are left for the next update: {', '.join(left)}.")
            options = (*options, "--target", *known, "--target-dependents")
            found = self._plan(options, known)
        found.require_open()
        if found.plan.changes:
            self.stack.pulumi.start_program()
        how = self.approval.require(found, self.screen)
        self._hold(found.saved, everything=how == "asked")
        return Approved(found.saved, how, tuple(found.saved.options), found.plan.changes)

    def _switch(self, application: str) -> str:
        graph = self.graph
        lives = ((urn, each) for urn, each in graph.resources.items() if each.type == kinds.LIVE)
        return next(urn for urn, each in lives if graph.called(kinds.application_of(each.name)) == application)

    def saved(self) -> Approved:
        """The plan that was approved before, held to everything that it depends on."""
        file = cast("Path", self.approval.plan)
        plan = saved_plan.read(file, self.stack.name, self.settings.secret, self.approval.digest)
        plan.require(self.stack.project.name, self.stack.name, saved_plan.now())
        plan.require_open(self.approval.acknowledged)
        self._hold(plan, everything=True)
        self._require_same_account(plan)
        options = (*plan.options, *self.options)
        return Approved(plan, f"--plan {plan.digest}", options, record.changes_of(plan.differences))

    def _require_same_account(self, plan: SavedPlan) -> None:
        account = world_guard.recorded(plan.conditions)
        world_guard.require_same_account(self.stack.name, self.records, account, self.approval.acknowledged)
        repository = self.settings.catalog.repository
        name, now = f"{repository.owner}/{repository.name}", world_guard.repository_name(plan.conditions)
        if now and now.lower() != name.lower():
            self.screen.say(
                f"The repository {name} is called {now} now; GitHub leads there from the old name until another "
                "repository gets it. Put the new name into infra/catalog.py."
            )

    def _plan(self, options: Sequence[str], acknowledged: Sequence[str]) -> Planned:
        with self.screen.step(f"Plan the update of {self.stack.name}") as step:
            found = planning.make(
                self.stack,
                self.settings,
                self.graph,
                self.state,
                acknowledged=(*self.approval.acknowledged, *acknowledged),
                options=options,
                report=step.waiting,
            )
            counts = ", ".join(f"{count} to {operation}" for operation, count in found.plan.counts().items())
            step.done(f"{counts or 'nothing to change'}; plan {found.saved.digest[:12]}")
        return found

    def _hold(self, plan: SavedPlan, *, everything: bool) -> None:
        """Compare what the plan depends on; not `everything` where it was made a moment ago: then only the files."""
        with self.screen.step("What the plan depends on") as step:
            if everything:
                step.waiting("the state, Vercel, GitHub and PostgreSQL")
                plan.require_conditions(planning.of_world(self.stack, self.settings, self.graph, self.stack.recorded()))
            else:
                plan.require_conditions(
                    {**plan.conditions, **conditions.of_files(self.stack.project.root, self.stack.name)}
                )
            step.done("as it was when the plan was made")
