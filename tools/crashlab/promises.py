"""Checks what `parity recover` promises of itself, in files and processes around a run of it after a crash.

The matrix judges where a recovery procedure leads to. This judges the step itself: a plan that changes nothing and says
what there is to do, the state kept before it is changed, every update's end in the ledger, what the next update will
do, and a second run that finds nothing to do.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crashlab import oracle
from crashlab.stack_file import STACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from crashlab.lab import Lab

_FINDS = 1
"""How `--plan` ends where there is anything to do."""
_ASKS = 10
_STILL_SECONDS = 30
_STEPS = ("Read the stack", "Exclude other writers", "Collect the live state", "What is live")
_CHANGES = ("Edit the state", "Verify")


@dataclass(frozen=True)
class Observation:
    """All that a run of recover may write, at one moment."""

    files: dict[str, str]
    """The digest of each file of the backend: state, history, locks, ledger, kept copies."""
    state: list[str]
    """Every recorded resource and every operation without an end, each as text."""
    ledger: dict[str, dict[str, Any]]
    """Of each record what its two files say, `begin` and `end`."""
    live_state: str

    @classmethod
    def of(cls, lab: Lab) -> Observation:
        """Read it from the backend's files and the oracle."""
        paths = [path for path in lab.backend.rglob("*") if path.is_file()]
        files = {str(path.relative_to(lab.backend)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
        ledger: dict[str, dict[str, Any]] = {}
        for path in sorted((lab.backend / ".parity" / "ledger" / "storefront" / STACK).glob("*.json")):
            identity, _, part = path.name.removesuffix(".json").rpartition(".")
            ledger.setdefault(identity, {})[part.partition("-")[2]] = json.loads(path.read_text())
        return cls(files, _rows(oracle.checkpoint(lab) or {}), ledger, oracle.read(lab).digest)

    def differences(self, other: Observation) -> list[str]:
        """Files, and live state, that differ between the two."""
        names = self.files.keys() | other.files.keys()
        found = sorted(name for name in names if self.files.get(name) != other.files.get(name))
        return [*found, *(["live state"] if self.live_state != other.live_state else [])]

    @property
    def unfinished(self) -> list[str]:
        """The records that have no end."""
        return [identity for identity, parts in self.ledger.items() if "end" not in parts]


def _rows(deployment: dict[str, Any]) -> list[str]:
    return sorted(
        json.dumps(each, sort_keys=True)
        for name in ("resources", "pending_operations")
        for each in deployment.get(name) or []
    )


def run(lab: Lab, command: list[str], plugins: Callable[[], list[int]]) -> tuple[str, list[str]]:
    """Run recover as a careful person does: its plan first, and recover once more afterwards.

    Args:
        lab: the instance, as a crash left it.
        command: recover's, without `--plan`.
        plugins: the dead engine's that live on.

    Returns:
        What was printed, and what it did not keep of its promises, in words.
    """
    _still(lab)
    before, outlived, record = Observation.of(lab), bool(plugins()), oracle.record(lab)
    plan = lab.instance.run(*command, "--plan", extra=lab.warm)
    if plan.code not in {0, _FINDS, _ASKS}:
        return plan.said, [f"recover's plan ended with {plan.code}: {plan.said[-400:]}"]
    faults = [f"recover's plan changed {each}" for each in before.differences(Observation.of(lab))]
    run = lab.instance.run(*command, extra=lab.warm)
    said = plan.said + run.said
    if run.code != 0:
        return said, [*faults, f"recover ended with {run.code}: {run.said[-400:]}"]
    after = Observation.of(lab)
    if plan.code == 0 and (before.unfinished or outlived or before.state != after.state):
        faults.append(f"recover's plan found nothing to do, and it changed {before.differences(after)}, {outlived=}")
    steps = [*_STEPS, *(_CHANGES if before.state != after.state else ())]
    steps += [*(["lock of"] if record.locks else []), *(["outlived its engine"] if outlived else [])]
    faults += [f"recover does not say: {each}" for each in steps if each not in run.said]
    faults += _live(lab, run.said)
    if before.unfinished or record.locks or record.pending or before.state != after.state:
        faults += _kept(lab, before, run.said)
    faults += _ledger(before, after)
    again = lab.instance.run(*command, extra=lab.warm)
    if again.code != 0:
        faults.append(f"a second recover ended with {again.code}: {again.said[-400:]}")
    faults += [f"a second recover changed {each}" for each in after.differences(Observation.of(lab))]
    return said + again.said, faults


def _still(lab: Lab) -> None:
    """Wait until the vendor has built and promoted what it was asked to: recover has no part in that."""
    client, until = lab.instance.local.client(), time.monotonic() + _STILL_SECONDS
    while client.state().get("vercel", {}).get("pending"):
        assert time.monotonic() < until, "Vercel builds and promotes without an end"
        time.sleep(0.05)


def _kept(lab: Lab, before: Observation, said: str) -> list[str]:
    """The state of before is kept, and recover says where, and what comes next."""
    faults = [] if "next `up`" in said else ["recover does not say what the next `up` will do"]
    for path in (lab.backend / ".parity" / "kept").rglob("*.json"):
        if _rows(json.loads(path.read_text())["deployment"]) == before.state:
            return faults if path.name in said else [*faults, f"recover does not say that it kept {path.name}"]
    return [*faults, "recover kept no copy of the state"]


def _ledger(before: Observation, after: Observation) -> list[str]:
    """Every record has an end now, and a run that changed the state has one record of its own, which succeeded."""
    faults = [f"recover left the record {each} without an end" for each in after.unfinished]
    own = after.ledger.keys() - before.ledger.keys()
    if len(own) > 1 or (not own and (before.state != after.state or before.unfinished)):
        faults.append(f"recover wrote {len(own)} records of itself")
    for identity in own:
        record = after.ledger[identity]
        said = record["begin"]["command"], record.get("end", {}).get("result")
        if said != ("recover", "succeeded"):
            faults.append(f"recover's record says {said}")
    for identity in before.unfinished:
        end = after.ledger[identity].get("end", {})
        if end.get("result") != "killed" or end.get("found_by") not in own:
            faults.append(f"the record {identity} says {end.get('result')}, found by {end.get('found_by')}")
    return faults


def _live(lab: Lab, said: str) -> list[str]:
    """The last line is what users get."""
    answer = oracle.ask(lab)
    if answer.release is None or f"serves {answer.release} of commit {str(answer.commit)[:12]}" in said:
        return []
    return [f"recover does not say that {answer.release} of {answer.commit} is live"]
