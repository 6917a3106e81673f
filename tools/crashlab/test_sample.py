"""A sample of the crash matrix, chosen by a seed: users are served whole, recover leads back and keeps its promises.

PARITY_CRASH_SEED chooses another sample; `python -m crashlab` runs more, or all of it (docs/crash.md).
"""

from __future__ import annotations

import os
import random

import pytest

from crashlab import cells, figures, matrix
from crashlab.operations import OPERATIONS

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

SEED = int(os.environ.get("PARITY_CRASH_SEED", "7"))
OPERATIONS_TRIED = 2
CELLS = 4


@pytest.fixture(scope="module")
def work(shared_folder):
    return shared_folder / "crash"


@pytest.mark.parametrize("number", range(OPERATIONS_TRIED))
def test_after_each_crash_of_the_sample_users_are_served_and_recover_leads_back(work, number):
    shuffled = random.Random(SEED)  # noqa: S311 - a reproducible choice
    name = shuffled.sample(sorted(OPERATIONS), OPERATIONS_TRIED)[number]
    undisturbed = matrix.references(work, [name])
    chosen = cells.sample(cells.cells(undisturbed.values()), CELLS // OPERATIONS_TRIED, SEED)
    plan = matrix.Plan(work, (name,), ("recover-watched",), workers=1, name=name)
    results = work / f"{name}.jsonl"
    matrix.run(plan, chosen, results, lambda _: None)
    found = matrix.read_results(results)
    assert len(found) == len(chosen)
    report = figures.report(found)
    assert [each["cell"] for each in found if figures.failed(each)] == [], report
    assert any(figures.outcome(each) == "crashed" for each in found), f"no cell crashed anything:\n{report}"
