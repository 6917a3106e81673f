"""A stack whose updates are planned and applied without the real engine: what was asked of it is the test's to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from parity.config.secret import Secret
from parity.engine.events import Progress
from parity.inventory.model import LiveObject, LiveState
from parity.preview import parse
from parity.resources import kinds
from parity.updates import planning, update
from support import plans
from support.recovery import HEAD, STACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parity.evaluate.resource import Resource
    from parity.evaluate.stack import Stack
    from parity.updates.approval import Approval
    from support.recovery import Lab

SECRET = Secret("s" * 40, "parity:secret")
ENGINE = b'{"resourcePlans": {}}'
LIVE = f"{HEAD}::{kinds.LIVE}::shop-live"
DATABASE = plans.urn(plans.DATABASE, "storefront")
HARMLESS = plans.update(plans.VARIABLE, "limit", {"value": "20"}, {"value": "30"}, ("value",))
DANGEROUS = plans.delete(plans.DATABASE, "storefront", {"name": "storefront"})


@dataclass
class Road:
    """One stack on the road; what a preview gives and what exists are the test's to say."""

    lab: Lab
    steps: list[dict[str, Any]]
    live: dict[str, str] = field(default_factory=dict)
    """Each declared resource's one property at its vendor."""
    previews: list[tuple[str, ...]] = field(default_factory=list)
    """The options of each preview."""
    applied: list[tuple[list[str], bytes]] = field(default_factory=list)
    """What the engine was started with, and the plan in that file."""
    errors: tuple[str, ...] = ()
    refused: str = ""
    """What a mandatory policy says; the engine saves no plan then."""
    read: int = 0
    """How often the settings were."""
    acknowledged: tuple[str, ...] = ()
    releases: dict[str, Any] = field(default_factory=dict[str, Any])
    """By application, what the stack's file says."""
    watched: dict[str, Any] = field(default_factory=dict[str, Any])
    """By application, how it is watched."""

    @property
    def program(self) -> Path:
        """A file of the program."""
        return self.lab.root / "infra" / "build.py"

    def settings(self, _: Stack) -> Any:
        self.read += 1
        empty: dict[str, Any] = {"releases": self.releases, "applications": {}}
        repository = SimpleNamespace(owner="o", name="r")
        telemetry = SimpleNamespace(trace_drain=None, alerts=())
        catalog = SimpleNamespace(
            repository=repository, vercel_team="team_1", renamed={}, applications=(), telemetry=telemetry
        )
        given: dict[str, Any] = {"acknowledged": self.acknowledged, "watch": self.watched.get}
        return SimpleNamespace(stack=STACK, secret=SECRET, sealed=False, catalog=catalog, **empty, **given)

    def preview(self, stack: Stack, report: Any, *, save: Path, options: Sequence[str]) -> Any:
        self.previews.append(tuple(options))
        if not self.refused:
            save.write_bytes(ENGINE)
        targets = [options[at + 1] for at, word in enumerate(options) if word == "--target"]
        shown = [each for each in self.steps if not targets or each["urn"] in targets]
        events = [{"resourcePreEvent": {"metadata": {"op": each["op"], "urn": each["urn"]}}} for each in shown]
        if self.refused:
            said = {
                "resourceUrn": DATABASE,
                "message": self.refused,
                "policyName": "p",
                "enforcementLevel": "mandatory",
            }
            events.append({"policyEvent": said})
        errors = [{"diagnosticEvent": {"severity": "error", "message": each}} for each in self.errors]
        return parse.parse(stack.name, {"steps": shown}, (*events, *errors), failed=bool(self.errors or self.refused))

    def live_state(self, graph: Any, *, environment: Any, passwords: bool = True) -> LiveState:
        del environment, passwords
        seen = [each for each in graph.resources.values() if not each.type.startswith("pulumi:")]
        under = {each.urn: (self._object(each),) for each in seen}
        keys = {each.urn: (each.urn,) for each in seen}
        return LiveState(keys=keys, inputs={each.urn: each.inputs for each in seen}, under=under)

    def _object(self, each: Resource) -> LiveObject:
        return LiveObject(each.type, (each.urn,), each.name, "", {"shown": self.live.get(each.urn, "as declared")})

    def engine(self, arguments: list[str], *_: Any) -> Progress:
        plan = arguments[arguments.index("--plan") + 1]
        with open(plan, "rb") as file:  # noqa: PTH123 - a path as the engine gets it
            self.applied.append((arguments, file.read()))
        return Progress(changes={"update": 1})

    def run(self, approval: Approval, **more: Any) -> Any:
        return update.run(self.lab.stack(), self.lab.screen(), approval, **more)

    def plan(self, **more: Any) -> planning.Planned:
        """A plan of what is there now."""
        stack = self.lab.stack()
        settings = stack.settings()
        return planning.make(stack, settings, stack.declared(settings), stack.recorded(), **more)

    def save(self, folder: Path, **more: Any) -> tuple[Path, str]:
        """A saved plan and its digest."""
        saved = self.plan(**more).saved
        saved.write(folder / "plan.json", SECRET)
        return folder / "plan.json", saved.digest

    def records(self) -> list[tuple[str, str, str]]:
        """Of each record: its result, plan and approval."""
        return [
            (each.result, each.begin.get("plan", ""), each.begin.get("approval", ""))
            for each in self.lab.ledger.records()
        ]
