"""A sample of the crash matrix, chosen by a seed: users are served, recover converges and keeps its promises.

PARITY_CRASH_SEED chooses another sample; `python -m crashlab` runs more, or all of it (docs/crash.md).
"""

from __future__ import annotations

import os
import random

import pytest

from crashlab import cases, figures, lab, matrix
from crashlab.operations import OPERATIONS
from support.amounts import everything, examples

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

SEED = int(os.environ.get("PARITY_CRASH_SEED", str(examples(5, 24))))
"""At each change a rollback, whose update has few points to record."""
OPERATIONS_TRIED = examples(1, 2)
CASES = examples(1, 4)
_ENDS_IT = {"engine-killed", "all-killed"}
"""Faults that no retry swallows; at each change the one case is among these."""


@pytest.fixture
def work(shared_folder, warm, monkeypatch):
    monkeypatch.setenv(lab.WARM, str(warm.home))
    return shared_folder / "crash"


def _all(reference: cases.Reference) -> list[cases.Case]:
    return [each for each in cases.cases([reference]) if everything() or each.fault in _ENDS_IT]


def test_after_each_crash_of_the_sample_users_are_served_and_recover_converges(work):
    names = random.Random(SEED).sample(sorted(OPERATIONS), OPERATIONS_TRIED)  # noqa: S311 - a reproducible choice
    found = []
    # One instance records and plays them all: a second one costs as much as two cases.
    with (
        lab.lab(lab.template(matrix.ground(work) / matrix.TEMPLATE), work / "sample") as instance,
        matrix.fronted(instance) as wire,
    ):
        for name in names:
            reference = cases.record(instance, wire, OPERATIONS[name])
            player = cases.Player(instance, wire, reference, ("recover-watched",), None, work / "sample.log")
            chosen = cases.sample(_all(reference), CASES // OPERATIONS_TRIED, SEED)
            found += [player.play(each) for each in chosen]
    assert len(found) == CASES
    report = f"seed {SEED}\n{figures.report(found)}"
    assert [each["case"] for each in found if figures.failed(each)] == [], report
    # Some points lie where the operation carries on by design; a sample in which nothing crashed proves nothing.
    crashed = [each for each in found if figures.outcome(each) == "crashed"]
    assert crashed, f"no case crashed anything:\n{report}"
