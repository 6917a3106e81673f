"""What the applications' domains serve now, and what they will serve after the update."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.preview.plan import Plan, Resource

BuildState = Literal["to be built", "already there", "none"]


@dataclass(frozen=True)
class Serving:
    """One application's live release, now and then."""

    application: str
    before: str | None
    commit_before: str | None
    after: str | None
    commit_after: str | None
    deployment: BuildState
    """Of the release that will be live."""
    deployment_id: str | None
    """That deployment's id at Vercel; None if it does not exist yet."""

    @property
    def switches(self) -> bool:
        """Whether the update changes what users see."""
        return (self.before, self.commit_before) != (self.after, self.commit_after) or self.deployment == "to be built"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "switches": self.switches}


def serving(plan: Plan) -> tuple[Serving, ...]:
    """Every application that has a live release now or will have one, by name."""
    found = [_serving(each, plan) for each in plan.of_type(kinds.LIVE)]
    return tuple(sorted(found, key=lambda each: each.application))


def _serving(live: Resource, plan: Plan) -> Serving:
    after = live.after
    deployment = _deployment(live, plan)
    state: BuildState = "none"
    if after and deployment is not None:
        state = "to be built" if deployment.operation in {"create", "replace"} else "already there"
    return Serving(
        application=Urn.parse(live.parent or live.urn).name,
        before=_text(live.before, "release"),
        commit_before=_text(live.before, "commit"),
        after=_text(after, "release"),
        commit_after=_text(after, "commit"),
        deployment=state,
        deployment_id=deployment.id if deployment is not None and state == "already there" else None,
    )


def _deployment(live: Resource, plan: Plan) -> Resource | None:
    """The deployment that the switch will point to: the release's own among its dependencies."""
    release = live.after.get("release")
    candidates = [plan.resources[urn] for urn in sorted(live.depends_after) if urn in plan.resources]
    deployments = [each for each in candidates if Urn.parse(each.urn).type == kinds.DEPLOYMENT]
    named = [each for each in deployments if _release_of(each) == release]
    return next(iter(named or deployments), None)


def _release_of(deployment: Resource) -> Any:
    meta = deployment.after.get("meta")
    return meta.get("release") if isinstance(meta, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _text(inputs: Mapping[str, Any], name: str) -> str | None:
    return str(inputs[name]) if inputs.get(name) else None
