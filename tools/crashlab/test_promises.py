"""The check of recover's promises reports each one that is broken, and nothing of a run that keeps all of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from crashlab import oracle, promises
from crashlab.promises import Observation
from crashlab.stack_file import STACK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMAND = ["parity", "recover", STACK]
STEPS = (
    "Read the stack, Exclude other writers: lock of another user, Back up the state, Collect the live state, "
    "Edit the state: import, Verify, What is live: serves r1 of commit 111222; "
    "The next `up` changes nothing"
)
CHECKPOINT = ".pulumi/stacks/storefront/staging.json"
LEDGER = f".parity/ledger/storefront/{STACK}"


@dataclass
class Said:
    code: int
    said: str


@dataclass
class Lab:
    """A backend of files, and a recover that does what the test says."""

    backend: Path
    does: list[Callable[[Lab], Said]]
    """What the plan, the run and the second run do."""
    warm: dict[str, str] = field(default_factory=dict)
    live_state: str = "world"
    locked: int = 1

    @property
    def instance(self):
        return self

    def run(self, *_command, extra):
        assert extra == self.warm
        return self.does.pop(0)(self)

    def write(self, name, document):
        path = self.backend / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def state(self, *resources):
        self.write(CHECKPOINT, {"checkpoint": {"latest": {"resources": resources}}})


def recovers(lab: Lab, **without: bool) -> Said:
    """A recover that keeps its promises, but for those named."""
    lab.locked = 0
    if not without.get("kept"):
        lab.write(f".parity/kept/storefront/{STACK}-1.json", {"deployment": {"resources": ["old"]}})
    if not without.get("begin"):
        lab.write(f"{LEDGER}/2.1-begin.json", {"command": "recover"})
        lab.write(f"{LEDGER}/2.2-end.json", {"result": "failed" if without.get("good") else "succeeded"})
    if not without.get("end"):
        lab.write(f"{LEDGER}/1.2-end.json", {"result": "killed", "found_by": "9" if without.get("finder") else "2"})
    lab.state("new")
    said = STEPS if without.get("place") else f"{STEPS} {STACK}-1.json"
    return Said(0, said if not (word := without.get("word")) else said.replace(str(word), ""))


def plans(code: int = 1) -> Callable[[Lab], Said]:
    return lambda _: Said(code, "")


def nothing(_: Lab) -> Said:
    return Said(0, STEPS)


@pytest.fixture
def faults(tmp_path, monkeypatch):
    """What is reported of a plan, a run and a second run."""

    def of(*does, outlived=()):
        lab = Lab(tmp_path, list(does))
        lab.state("old")
        lab.write(f"{LEDGER}/1.1-begin.json", {"command": "up"})
        monkeypatch.setattr(promises, "_still", lambda _: None)
        monkeypatch.setattr(oracle, "read", lambda _: oracle.Reality(Counter({("the", lab.live_state): 1}), {}))
        monkeypatch.setattr(oracle, "record", lambda _: oracle.Record("", lab.locked, 0))
        monkeypatch.setattr(
            oracle, "checkpoint", lambda _: json.loads((tmp_path / CHECKPOINT).read_text())["checkpoint"]["latest"]
        )
        monkeypatch.setattr(oracle, "ask", lambda _: oracle.Answer(200, "r1", "111222", logins=True))
        return promises.run(lab, COMMAND, lambda: list(outlived))[1]

    return of


def test_a_recover_that_keeps_all_of_them_is_not_blamed(faults):
    assert faults(plans(), recovers, nothing) == []


@pytest.mark.parametrize(
    ("without", "reported"),
    [
        ({"kept": True}, "recover kept no copy of the state"),
        ({"place": True}, "recover does not say that it kept staging-1.json"),
        ({"begin": True}, "recover wrote 0 records of itself"),
        ({"good": True}, "recover's record says ('recover', 'failed')"),
        ({"end": True}, "recover left the record 1 without an end"),
        ({"finder": True}, "the record 1 says killed, found by 9"),
        ({"word": "Exclude other writers"}, "recover does not say: Exclude other writers"),
        ({"word": "lock of"}, "recover does not say: lock of"),
        ({"word": "Edit the state"}, "recover does not say: Edit the state"),
        ({"word": "The next `up`"}, "recover does not say what the next `up` will do"),
        ({"word": "serves r1"}, "recover does not say that r1 of 111222 is live"),
    ],
)
def test_each_promise_that_is_not_kept_is_reported(faults, without, reported):
    found = faults(plans(), lambda lab: recovers(lab, **without), nothing)
    assert reported in found


def test_a_plan_that_writes_or_says_too_little_or_fails_is_reported(faults):
    def writes(lab: Lab) -> Said:
        lab.state("other")
        return Said(1, "")

    assert f"recover's plan changed {CHECKPOINT}" in faults(writes, recovers, nothing)
    assert any("plan found nothing to do" in each for each in faults(plans(0), recovers, nothing))
    assert faults(lambda _: Said(5, "why")) == ["recover's plan ended with 5: why"]


def test_plugins_that_live_on_are_reported(faults):
    assert faults(plans(), recovers, nothing, outlived=[1]) == ["recover does not say: outlived its engine"]


def test_a_second_run_that_does_anything_is_reported(faults):
    def changes(lab: Lab) -> Said:
        lab.live_state = "another world"
        lab.write(f"{LEDGER}/3.1-begin.json", {"command": "recover"})
        return Said(3, "why")

    assert faults(plans(), recovers, changes) == [
        "a second recover ended with 3: why",
        f"a second recover changed {LEDGER}/3.1-begin.json",
        "a second recover changed live state",
    ]


def test_two_observations_differ_by_files_and_by_live_state():
    one = Observation({"a": "1", "b": "1"}, [], {}, "world")
    assert one.differences(one) == []
    assert one.differences(replace(one, files={"b": "2", "c": "1"}, live_state="")) == [
        "a",
        "b",
        "c",
        "live state",
    ]
