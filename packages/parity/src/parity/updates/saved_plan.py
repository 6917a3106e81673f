"""A plan as a file: the engine's own plan, what it depends on, what the gate said, sealed by one digest.

The file is JSON. Secrets in the engine's plan are encrypted by the stack's secrets provider, as in the state. The seal
is an HMAC by a key derived from the stack secret: a plan that was edited is refused by everyone who can apply it, and
the stack secret is needed to make one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter

from parity.config import passwords
from parity.documents import is_list, is_mapping, mapping, parse
from parity.errors import GateError, PlanError, PolicyError, RefusedError
from parity.updates.conditions import LIVE, OTHER_VARIABLE, PRIVILEGES, Conditions, canonical, differences

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from parity.config.secret import Secret
    from parity.documents import Document
    from parity.engine.state import State

FORM = 3
"""Raised with each change of the file's form; a plan of another form is not applied."""
UNDECLARED = "built-from"
"""Among what stops a plan, the rule that stands for an input of a build that is not declared."""
POLICY = "policy"
"""The rule that stands for what a mandatory policy refuses."""
LASTS = timedelta(hours=24)
"""How long a plan may be applied where nothing else is said."""
_SEAL, _CONDITIONS = b"parity/plan/1", b"parity/conditions/1"


@dataclass(frozen=True)
class SavedPlan:
    """What was planned for one stack."""

    project: str
    stack: str
    made: str
    """ISO 8601, UTC."""
    expires: str
    """ISO 8601, UTC."""
    commit: str
    """Of the program, 40 hex digits, `+changes` where the checkout differs from it; empty outside of Git."""
    changes: list[list[str]]
    """Operation and URN of each change, in the engine's order."""
    removed: list[list[str]]
    """URN, Vercel's id of the project and its own of each variable that is removed before the engine starts."""
    dangers: list[list[str]]
    """URN, rule and reason of each dangerous change that was acknowledged."""
    blocking: list[list[str]]
    """The same of each that the gate stops, as it was then."""
    options: list[str]
    """More options of the engine's preview, which the update is given too."""
    differences: list[dict[str, Any]]
    """Both values of each property that changes, as `record.differences` gives them."""
    conditions: Conditions = field(repr=False)
    engine: str = field(repr=False)
    """The engine's plan file, gzipped, base64."""
    form: int = FORM

    @property
    def digest(self) -> str:
        """What names this plan: SHA-256 over all of it, 64 hex digits."""
        return hashlib.sha256(canonical(asdict(self))).hexdigest()

    def engine_plan(self) -> bytes:
        """The engine's own plan file, as `pulumi up --plan` takes it."""
        return gzip.decompress(base64.b64decode(self.engine))

    def write(self, path: Path, secret: Secret) -> None:
        """Write the file for its owner alone; its folder is made."""
        document = {"plan": asdict(self), "digest": self.digest, "seal": _seal(self, secret)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    def require(self, project: str, stack: str, now: datetime) -> None:
        """Raise PlanError where it is of another stack, or too old."""
        if (self.project, self.stack) != (project, stack):
            raise PlanError(
                f"the plan is of {self.project}/{self.stack}, not of {project}/{stack}",
                remedy=f"parity preview {stack} --save FILE",
            )
        if now >= datetime.fromisoformat(self.expires):
            raise PlanError(
                f"the plan of {self.made} expired at {self.expires}", remedy=f"parity preview {stack} --save FILE"
            )

    def require_open(self, acknowledged: Collection[str]) -> None:
        """Raise GateError where a dangerous change is acknowledged neither in the plan nor by `acknowledged`.

        Raises:
            PolicyError: a mandatory policy refuses a part of it; nothing acknowledges that.
            RefusedError: a deployment of the plan would be built from what is not declared; nor that.
        """
        if policies := [(urn, why) for urn, rule, why in self.blocking if rule == POLICY]:
            raise refused(policies)
        undeclared = [why for _, rule, why in self.blocking if rule == UNDECLARED]
        if undeclared:
            raise RefusedError(
                f"a deployment would be built from {len(undeclared)} undeclared inputs; nothing was changed:\n"
                + "\n".join(f"  {each}" for each in undeclared),
                where=f"plan {self.digest[:12]} of {self.made}",
                remedy=f"put each right (`parity drift {self.stack}`), then parity preview {self.stack} --save FILE",
            )
        left = [each for each in self.blocking if each[0] not in acknowledged]
        if left:
            raise closed(self.stack, [(urn, why) for urn, _, why in left])

    def require_conditions(self, found: Conditions) -> None:
        """Raise PlanError, naming everything that is not as it was when the plan was made."""
        changed = list(differences(self.conditions, found))
        if changed:
            there = any(each.startswith((LIVE, OTHER_VARIABLE, PRIVILEGES)) for each in changed)
            raise PlanError(
                "what the plan depends on has changed since it was made; nothing was changed:\n"
                + "\n".join(f"  {each}" for each in changed),
                where=f"plan {self.digest[:12]} of {self.made}",
                remedy=(f"`parity drift {self.stack}` says what was changed there; then " if there else "")
                + f"plan again: parity up {self.stack}; or parity preview {self.stack} --save FILE, to approve",
            )


def refused(violations: Sequence[tuple[str, str]]) -> PolicyError:
    """What mandatory policies refuse: the URN and the words of each."""
    return PolicyError(
        f"{len(violations)} mandatory policies refuse what is declared; nothing was changed:\n"
        + "\n".join(f"  {why}" for _, why in violations),
        where=", ".join(dict.fromkeys(urn for urn, _ in violations)),
        remedy="correct what is declared",
    )


def closed(stack: str, dangers: Sequence[tuple[str, str]]) -> GateError:
    """The gate's refusal: each dangerous change by its URN with why, and how it is acknowledged."""
    urns = dict.fromkeys(urn for urn, _ in dangers)
    flags = " ".join(f"--acknowledge '{urn}'" for urn in urns)
    return GateError(
        f"{len(dangers)} dangerous changes are not acknowledged; nothing was changed:\n"
        + "\n".join(f"  {urn}\n    {why}" for urn, why in dangers),
        where=stack,
        remedy=f"acknowledge each, for this update alone: {flags}; or under parity:acknowledged in Pulumi.{stack}.yaml",
    )


def packed(engine: bytes) -> str:
    """The engine's plan file as a saved plan holds it."""
    return base64.b64encode(gzip.compress(engine, mtime=0)).decode()


def read(path: Path, stack: str, secret: Secret, digest: str | None = None) -> SavedPlan:
    """Read a plan of a stack from its file.

    `digest` is of the plan that was approved, 64 hex digits or at least their first 12; None accepts any sealed plan.

    Raises:
        PlanError: the file cannot be read, is of another form, was edited, or is not the plan that was approved.
    """
    again = f"make the plan again with `parity preview {stack} --save {path}`"
    try:
        document = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        plan = _plan(document["plan"])
        seal = str(document["seal"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlanError(f"the plan cannot be read: {error}", where=str(path), remedy=again) from error
    if not hmac.compare_digest(seal, _seal(plan, secret)):
        raise PlanError(
            "the plan was edited, or is of a stack with another secret: its seal does not fit",
            where=str(path),
            remedy=again,
        )
    if digest is not None and not (len(digest) >= _SHORTEST and plan.digest.startswith(digest.lower())):
        raise PlanError(
            f"this is plan {plan.digest[:12]}, and {digest[:12]} was approved", where=str(path), remedy=again
        )
    return plan


_SHORTEST = 12


def _plan(given: Mapping[str, Any]) -> SavedPlan:
    """The plan in a document; raises ValueError where its form is another one."""
    if given.get("form") != FORM:
        raise ValueError(f"its form is {given.get('form')}, and this version applies {FORM}")
    return _READER.validate_python(given)


_READER = TypeAdapter(SavedPlan)


def _seal(plan: SavedPlan, secret: Secret) -> str:
    return hmac.new(passwords.expand(secret, _SEAL), canonical(asdict(plan)), hashlib.sha256).hexdigest()


def conditions_key(secret: Secret) -> bytes:
    """The key of the fingerprints of live objects, 32 bytes."""
    return passwords.expand(secret, _CONDITIONS)


def now() -> datetime:
    """The time, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


_NOT_RECORDED = frozenset({"type", "name", "custom", "deleteBeforeReplace", "structuredAliases"})
"""Of a goal in the engine's plan: what the URN says, and what the state does not keep."""


def is_idle(plan: bytes, state: State) -> bool:
    """Whether an update by this plan would change neither the world nor the record.

    The plan is the engine's own: of each resource it has the steps, what its inputs and outputs would become, and with
    what it would be recorded (dependencies, protection, provider, ...).
    """
    goals = mapping(parse(plan).get("resourcePlans"))
    rows = {each.urn: each for each in state.resources if not each.delete}
    return (
        not state.pending
        and len(rows) == len(state.resources)
        and goals.keys() == rows.keys()
        and all(_same(mapping(each), rows[urn].document) for urn, each in goals.items())
    )


def _same(plan: Document, recorded: Any) -> bool:
    goal: Document = {"inputDiff": None, "outputDiff": None} | mapping(plan.get("goal"))
    changed = _set(goal.pop("inputDiff")), _set(goal.pop("outputDiff"))
    kept = goal.keys() - _NOT_RECORDED
    return (
        plan.get("steps") == ["same"] and not any(changed) and all(_set(goal[k]) == _set(recorded.get(k)) for k in kept)
    )


def _set(value: Any) -> Any:
    """A value in one form: lists in order, and nothing for what is unset at every depth."""
    if is_mapping(value):
        return {name: each for name, inner in value.items() if (each := _set(inner)) is not None} or None
    if is_list(value):
        return sorted(str(each) for each in value) or None
    return value or None
