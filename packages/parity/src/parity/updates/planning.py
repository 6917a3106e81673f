"""Makes the plan of an update: the engine's saved plan, what it depends on, and what the gate says of it."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.backend.stack_backend import versions
from parity.engine import toolchain
from parity.errors import PolicyError, UpdateError
from parity.git import Repository
from parity.preview import gate, run
from parity.updates import conditions, saved_plan, world_guard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parity.config.settings import Settings
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.preview.gate import Gate
    from parity.preview.plan import Plan
    from parity.updates.saved_plan import SavedPlan

_CHOSEN = frozenset({"PATH", "setting"})
"""Where a plugin comes from that is taken whatever its version."""


@dataclass(frozen=True)
class Planned:
    """A plan with the gate's verdict."""

    plan: Plan
    gate: Gate
    saved: SavedPlan

    @property
    def unchanged(self) -> bool:
        """Whether there is nothing to change."""
        return not self.plan.changes

    def document(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        return {
            "digest": self.saved.digest,
            "made": self.saved.made,
            "expires": self.saved.expires,
            "commit": self.saved.commit,
            "changes": self.plan.counts(),
            "dangers": [{"urn": each.urn, "rule": each.rule, "what": each.what} for each in self.gate.acknowledged],
        }

    def require_open(self) -> None:
        """Raise GateError or PolicyError where the plan must not be applied; nothing was changed."""
        refused = [each for each in self.plan.violations if each.level == "mandatory"]
        if refused:
            raise PolicyError(
                f"{len(refused)} mandatory policies refuse what is declared; nothing was changed:\n"
                + "\n".join(f"  {each.policy}: {each.message}" for each in refused),
                where=", ".join(dict.fromkeys(each.urn for each in refused)),
                remedy="correct what is declared",
            )
        if not self.gate.open:
            raise saved_plan.closed(self.plan.stack, [(each.urn, each.what) for each in self.gate.blocking])


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

    Args:
        stack: the stack.
        settings: its settings, secrets open.
        graph: what the program declares with them.
        state: what is recorded.
        acknowledged: URNs whose dangerous change is let through, besides those in the stack's file.
        options: more options of the engine's preview, which the update must be given too.
        lasts: how long the plan may be applied.
        report: takes what is waited for, in words.

    Raises:
        UpdateError: the preview did not come to its end.
        RefusedError: it creates what exists already and the state does not have.
        ParityError: a vendor could not be asked at all.
    """
    key = saved_plan.conditions_key(settings.secret)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=1) as pool:
        file = Path(folder) / "plan.json"
        live = pool.submit(inventory.collect_live_state, graph, environment=stack.pulumi.environment, passwords=False)
        plan = run.preview(stack, report, save=file, options=options)
        if not plan.complete:
            raise UpdateError("the preview failed; nothing was changed:\n" + "\n".join(plan.errors), where=stack.name)
        report("Vercel, GitHub and PostgreSQL")
        seen = live.result()
        world_guard.require_unclaimed(plan, graph, state, seen)
        found = {**of_project(stack, state), **conditions.of_live_state(seen, key)}
        engine = file.read_bytes()
    judged = gate.judge(plan, (*settings.acknowledged, *acknowledged))
    saved = saved_plan.make(
        project=stack.project.name,
        stack=stack.name,
        commit=Repository(stack.project.root).state,
        changes=[[each.operation, each.urn] for each in plan.changes],
        dangers=[[each.urn, each.rule, each.what] for each in judged.acknowledged],
        blocking=[[each.urn, each.rule, each.what] for each in judged.blocking],
        options=list(options),
        conditions=found,
        engine=engine,
        now=saved_plan.now(),
        lasts=lasts,
    )
    return Planned(plan, judged, saved)


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
    settings = stack.settings()
    return make(
        stack,
        settings,
        stack.declared(settings),
        stack.recorded(),
        acknowledged=acknowledged,
        options=options,
        lasts=timedelta(hours=hours),
        report=report,
    )


def of_project(stack: Stack, state: State) -> conditions.Conditions:
    """What a plan depends on that is at hand without asking a vendor: files, commit, versions, the recorded state."""
    root = stack.project.root
    chosen = {each.name: each.path for each in toolchain.resolve().plugins if each.source in _CHOSEN and each.path}
    return {
        "the commit": Repository(root).state or "outside of Git",
        **conditions.of_files(root, stack.name),
        **conditions.of_versions({**versions(), "parity": version("pulumi-parity")}),
        **conditions.of_programs(chosen),
        **conditions.of_state(state),
    }


def of_files(stack: Stack) -> conditions.Conditions:
    """The program's and the stack's files alone."""
    return conditions.of_files(stack.project.root, stack.name)


def of_world(stack: Stack, settings: Settings, graph: Graph, state: State) -> conditions.Conditions:
    """Everything that a plan depends on, read now."""
    live = inventory.collect_live_state(graph, environment=stack.pulumi.environment, passwords=False)
    key = saved_plan.conditions_key(settings.secret)
    return {**of_project(stack, state), **conditions.of_live_state(live, key)}
