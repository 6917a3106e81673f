"""Puts together what a reviewer needs of one preview; Markdown, text and JSON are made from it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from parity.preview import gate as gates
from parity.preview.needed import release_of
from parity.preview.plan import OPERATIONS
from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.git import Commit
    from parity.preview.gate import Danger, Gate
    from parity.preview.origin import Origin, Origins
    from parity.preview.plan import Change, Plan, Resource, Violation

Verdict = Literal["failed", "blocked", "refused", "ready", "unchanged"]
"""`failed`: the plan is incomplete. `blocked`: by the gate. `refused`: by a policy. `ready`: may be applied.
`unchanged`: there is nothing to apply."""

VERDICTS: dict[Verdict, str] = {
    "failed": "the preview failed",
    "blocked": "blocked by the gate",
    "refused": "refused by a policy",
    "ready": "may go on",
    "unchanged": "nothing to change",
}


@dataclass(frozen=True)
class Run:
    """The workflow run that made a preview."""

    number: int
    attempt: int
    url: str
    repository_url: str
    """`https://github.com/<owner>/<name>`, for links to commits."""


@dataclass(frozen=True)
class Entry:
    """One change as a reviewer reads it."""

    change: Change
    dangers: tuple[Danger, ...]
    blocking: bool
    caution: str
    """Why to review it although the gate lets it pass; empty if there is no reason."""
    origins: tuple[Origin, ...]
    violations: tuple[Violation, ...]
    first: bool
    """Whether it is a variable that is removed before the engine starts."""
    recorded: Mapping[str, str]
    """By property, since when it is as it is now, and by which operation, as the record has it."""

    @property
    def risky(self) -> bool:
        """Whether it must be read by name, however large the plan is."""
        return bool(self.dangers or self.caution or any(each.level == "mandatory" for each in self.violations))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is risky; the most serious first."""
        said = [each.what for each in self.dangers]
        if not said and self.caution:
            said.append(self.caution)
        return (*said, *(each.message for each in self.violations if each.level == "mandatory"))

    @property
    def rank(self) -> int:
        """Its place in the report: blocking changes, then acknowledged, then those that ask for care, then the rest."""
        if self.blocking:
            return 0
        return 1 if self.dangers else 2 if self.risky else 3

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "urn": self.change.urn,
            "type": self.change.type,
            "name": self.change.name,
            "operation": self.change.operation,
            "deletes_first": self.change.deletes_first if self.change.operation == "replace" else None,
            "forced_by": list(self.change.forced_by),
            "properties": [each.document() for each in self.change.properties],
            "dangers": [{"rule": each.rule, "what": each.what} for each in self.dangers],
            "blocking": self.blocking,
            "caution": self.caution or None,
            "origins": [each.document() for each in self.origins],
            "policies": [asdict(each) for each in self.violations],
            "removed_first": self.first,
            "recorded": dict(self.recorded),
        }


State = Literal["same", "different", "unknown"]


@dataclass(frozen=True)
class Proof:
    """The parity check's result, as the preview shows it."""

    state: State
    summary: str
    """A sentence."""
    unexplained: tuple[str, ...] = ()
    """Each difference that neither a key nor an exception explains."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"state": self.state, "summary": self.summary, "unexplained": list(self.unexplained)}


@dataclass(frozen=True)
class Report:
    """One preview of one stack."""

    stack: str
    started: str
    """When, UTC, ISO 8601 to the second with `Z`."""
    head: Commit | None
    """The commit that was checked out."""
    plan: Plan
    gate: Gate
    origins: Origins
    serving: tuple[Serving, ...]
    proof: Proof
    run: Run | None = None
    digest: str = ""
    """Of the plan that was saved, 64 hex digits; empty where none was."""
    recorded: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """By URN and property, since when it is as it is now, and by which operation; empty where no record is kept."""
    fits: bool = True
    """Whether a comment can name every risky change; a plan that cannot be reviewed does not pass."""

    @property
    def verdict(self) -> Verdict:
        """The verdict: the first that applies."""
        if self.plan.errors:
            return "failed"
        if not (self.gate.open and self.fits):
            return "blocked"
        if self.plan.refused:
            return "refused"
        return "ready" if self.plan.changes else "unchanged"

    @property
    def title(self) -> str:
        """The verdict in a line."""
        return f"{self.stack}: {VERDICTS[self.verdict]}"

    def counts(self) -> str:
        """How much changes, in words: `2 to create, 1 to delete, 85 unchanged`."""
        said = [f"{count} {OPERATIONS[kind].counted}" for kind, count in self.plan.counts().items()]
        return ", ".join([*said, f"{self.plan.unchanged} unchanged"])

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every change, risky ones first, otherwise in the plan's order."""
        return tuple(sorted(self._entries(), key=lambda each: each.rank))

    def _entries(self) -> Iterator[Entry]:
        dangers: dict[str, list[Danger]] = defaultdict(list)
        for danger in (*self.gate.blocking, *self.gate.acknowledged):
            dangers[danger.urn].append(danger)
        violations: dict[str, list[Violation]] = defaultdict(list)
        for violation in self.plan.violations:
            violations[violation.urn].append(violation)
        blocked = {each.urn for each in self.gate.blocking}
        for change in self.plan.changes:
            yield Entry(
                change=change,
                dangers=tuple(dangers[change.urn]),
                blocking=change.urn in blocked,
                caution=gates.caution(change),
                origins=self.origins.of(change),
                violations=tuple(violations[change.urn]),
                first=change in self.plan.removed_first,
                recorded={path: said for (urn, path), said in self.recorded.items() if urn == change.urn},
            )

    def elsewhere(self) -> tuple[Violation, ...]:
        """Policies' findings on resources that do not change."""
        changed = {each.urn for each in self.plan.changes}
        return tuple(each for each in self.plan.violations if each.urn not in changed)

    def document(self) -> dict[str, Any]:
        """The report as JSON; it holds no secret."""
        base = self.origins.base
        return {
            "version": 1,
            "stack": self.stack,
            "started": self.started,
            "verdict": self.verdict,
            "counts": {**self.plan.counts(), "unchanged": self.plan.unchanged},
            "plan": self.digest or None,
            "head": self.head.document() if self.head else None,
            "base": {**base.commit.document(), "why": base.why} if base else None,
            "live": [each.document() for each in self.serving],
            "gate": {
                "blocking": [asdict(each) for each in self.gate.blocking],
                "acknowledged": [asdict(each) for each in self.gate.acknowledged],
                "stale": list(self.gate.stale),
            },
            "policies": [asdict(each) for each in self.plan.violations],
            "migrations": [each.document() for each in self.plan.rehearsals],
            "parity": self.proof.document(),
            "changes": [each.document() for each in self.entries],
            "origins": self.origins.note or None,
            "errors": list(self.plan.errors),
            "warnings": list(self.plan.warnings),
            "run": {"number": self.run.number, "attempt": self.run.attempt, "url": self.run.url} if self.run else None,
        }


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
    named = [each for each in deployments if release_of(each) == str(release)]
    return next(iter(named or deployments), None)


def _text(inputs: Mapping[str, Any], name: str) -> str | None:
    return str(inputs[name]) if inputs.get(name) else None
