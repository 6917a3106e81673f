"""Makes the plan of an update: the engine's saved plan, what it depends on, and what the gate says of it."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.backend.stack_backend import versions
from parity.drift import remediation
from parity.engine import toolchain
from parity.errors import UpdateError
from parity.git import Repository
from parity.preview import gate, run
from parity.resources.kind import PROJECT_ID
from parity.updates import built_from, conditions, record, saved_plan, world_guard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parity.config.settings import Settings
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveState
    from parity.preview.gate import Gate
    from parity.preview.plan import Plan
    from parity.updates.saved_plan import SavedPlan

    _Made = tuple[Plan, bytes, tuple[str, ...], conditions.Conditions, tuple[built_from.Differs, ...]]
    """A plan with the engine's own, its options, what it depends on, and what is not declared of it."""

_CHOSEN = frozenset({"PATH", "setting"})
"""Where a plugin comes from that is taken whatever its version."""


@dataclass(frozen=True)
class Planned:
    """A plan with the gate's verdict."""

    plan: Plan
    gate: Gate
    saved: SavedPlan
    undeclared: tuple[built_from.Differs, ...] = ()
    """What a deployment of the plan would be built from that is not declared, and that the plan does not put right."""

    def document(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        return {
            "digest": self.saved.digest,
            "made": self.saved.made,
            "expires": self.saved.expires,
            "commit": self.saved.commit,
            "changes": self.plan.counts(),
            "dangers": [asdict(each) for each in self.gate.acknowledged],
        }

    def require_open(self) -> None:
        """Raise GateError, PolicyError or RefusedError where the plan must not be applied; nothing was changed."""
        if self.plan.refused:
            raise saved_plan.refused([(each.urn, str(each)) for each in self.plan.refused])
        if not self.gate.open:
            raise saved_plan.closed(self.plan.stack, [(each.urn, each.what) for each in self.gate.blocking])
        if self.undeclared:
            raise built_from.refusal(self.plan.stack, self.undeclared)


def make(
    stack: Stack,
    settings: Settings,
    graph: Graph,
    state: State,
    *,
    acknowledged: Sequence[str] = (),
    options: Sequence[str] = (),
    lasts: timedelta = saved_plan.LASTS,
    report: Callable[[str], None] = lambda _: None,
) -> Planned:
    """Plan an update of the stack. Nothing is changed anywhere.

    `acknowledged` are URNs whose dangerous change is let through, besides those in the stack's file; `options` are more
    of the engine's preview, which the update must be given too. The secrets of the settings are open.

    Raises:
        UpdateError: the preview did not come to its end.
        RefusedError: it creates what exists already and the state does not have, or what a deployment of the plan
            would be built from could not be read.
        ParityError: a vendor could not be asked at all.
    """
    making = _Making(stack, settings, graph, state, report)
    plan, engine, taken, found, undeclared = making.run(tuple(options))
    judged = gate.judge(plan, (*settings.acknowledged, *acknowledged))
    blocking = [[each.urn, each.rule, each.what] for each in judged.blocking]
    blocking += [[each.urn, saved_plan.POLICY, str(each)] for each in plan.refused]
    now = saved_plan.now()
    saved = saved_plan.SavedPlan(
        project=stack.project.name,
        stack=stack.name,
        made=now.isoformat(),
        expires=(now + lasts).isoformat(),
        commit=Repository(stack.project.root).state,
        changes=[[each.operation, each.urn] for each in plan.changes],
        removed=[[each.urn, str(each.before[PROJECT_ID]), plan.resources[each.urn].id] for each in plan.removed_first],
        dangers=[[each.urn, each.rule, each.what] for each in judged.acknowledged],
        blocking=blocking + [[each.urn, saved_plan.UNDECLARED, each.what] for each in undeclared],
        options=list(taken),
        differences=record.differences(plan.changes, graph, settings.secret, lambda: stack.recorded(show_secrets=True)),
        conditions=found,
        engine=saved_plan.packed(engine),
    )
    return Planned(plan, judged, saved, undeclared)


@dataclass(frozen=True)
class _Making:
    stack: Stack
    settings: Settings
    graph: Graph
    state: State
    report: Callable[[str], None]

    def run(self, options: tuple[str, ...]) -> _Made:
        """Preview and read the world at once; where a build would differ from what is declared, preview again.

        The second preview gets options that show the engine the difference, so that the plan itself puts it right.
        """
        with ThreadPoolExecutor(max_workers=1) as pool:
            environment = self.stack.pulumi.environment
            reading = pool.submit(inventory.collect_live_state, self.graph, environment=environment, passwords=False)
            plan, engine = self._preview(options)
            self.report("Vercel, GitHub and PostgreSQL")
            live = reading.result()
        world_guard.require_unclaimed(plan, self.graph, self.state, live)
        world_guard.require_made_there(self.stack.name, self.graph, self.state, live)
        left = self._undeclared(plan, live)
        if more := built_from.options_for(left):
            options = (*options, *more)
            plan, engine = self._preview(options)
            left = self._undeclared(plan, live)
        key = saved_plan.conditions_key(self.settings.secret)
        found = {**of_project(self.stack, self.state), **conditions.of_live_state(live, key)}
        return plan, engine, options, found, tuple(left)

    def _preview(self, options: Sequence[str]) -> tuple[Plan, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plan.json"
            plan = run.preview(self.stack, self.report, save=file, options=options)
            if not plan.complete:
                failed = "the preview failed; nothing was changed:\n"
                raise UpdateError(failed + "\n".join(plan.errors), where=self.stack.name)
            # The engine saves none of what a mandatory policy refuses, and it is never applied (`require_open`).
            return plan, b"" if plan.refused else file.read_bytes()

    def _undeclared(self, plan: Plan, live: LiveState) -> list[built_from.Differs]:
        """What its deployments would be built from that is not declared, and that it does not put right."""
        names = built_from.projects(self.graph, built_from.deployments(plan))
        if not names:
            return []
        context = remediation.Context.of(self.settings, live)
        found = built_from.differences(self.graph, self.state, live, names, context)
        accepted = built_from.accepted(found, self.settings.exceptions)
        return [each for each in built_from.left_by(plan, found) if each.finding.id not in accepted]


def of_stack(
    stack: Stack,
    *,
    acknowledged: Sequence[str],
    options: Sequence[str],
    hours: int,
    report: Callable[[str], None],
) -> Planned:
    """Plan an update of a stack of which nothing was read yet; arguments and errors as `make`."""
    report("config, program and state")
    settings, state = stack.read()
    return make(
        stack,
        settings,
        replace(stack.declared(settings), projects=state.projects()),
        state,
        acknowledged=acknowledged,
        options=options,
        lasts=timedelta(hours=hours),
        report=report,
    )


def of_project(stack: Stack, state: State) -> conditions.Conditions:
    """What a plan depends on that is at hand without asking a vendor: files, commit, versions, the recorded state."""
    root = stack.project.root
    tools = toolchain.resolve()
    chosen = {each.name: each.path for each in tools.plugins if each.source in _CHOSEN and each.path}
    return {
        "the commit": Repository(root).state or "outside of Git",
        **conditions.of_files(root, stack.name),
        **{f"the version of {name}": each for name, each in versions(tools).items()},
        "the version of parity": version("pulumi-parity"),
        **conditions.of_programs(chosen),
        **conditions.of_state(state),
    }


def of_world(stack: Stack, settings: Settings, graph: Graph, state: State) -> conditions.Conditions:
    """Everything that a plan depends on, read now."""
    live = inventory.collect_live_state(graph, environment=stack.pulumi.environment, passwords=False)
    key = saved_plan.conditions_key(settings.secret)
    return {**of_project(stack, state), **conditions.of_live_state(live, key)}
