"""A sample of edits x worlds; more of it by `PARITY_EDITS=N PARITY_EDITS_SEED=S`, and what came of each in a file.

docs/edits.md has the figures of a large sample.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.amounts import examples
from support.edits import worlds
from support.edits.case import Broken, Case, commands
from support.edits.edits import KINDS, Stale, chosen

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

SEED = int(os.environ.get("PARITY_EDITS_SEED", "15"))
CASES = int(os.environ.get("PARITY_EDITS", str(examples(1, 4))))
RESULTS = os.environ.get("PARITY_EDITS_RESULTS", "")
CELLS = [(kind, start) for kind in KINDS for start in worlds.WORLDS]
random.Random(SEED).shuffle(CELLS)  # noqa: S311 - a sample, no secret


def _is_done(number: int) -> bool:
    """Whether the file of the results has this case, so that a run that was interrupted goes on."""
    path = Path(RESULTS)
    rows = [json.loads(line) for line in path.read_text().splitlines()] if RESULTS and path.exists() else []
    return (SEED, number) in {(row["seed"], row["number"]) for row in rows}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(CASES))
def test_an_edit_converges_or_is_refused_with_a_way_on(request: pytest.FixtureRequest, number: int, tmp_path: Path):
    # The first case needs one application alone.
    instance: Instance = request.getfixturevalue("small_instance" if CASES == 1 else "finished_instance")
    chance = random.Random(f"{SEED}/{number}")  # noqa: S311 - a sample, no secret
    kind, start = CELLS[number % len(CELLS)]
    edits, world = chosen(chance, kind), worlds.WORLDS[start](chance)
    worlds.seed_commit(instance)
    if _is_done(number):
        pytest.skip("an earlier run has it")
    case = Case(instance, tmp_path / "case", edits, world)
    try:
        outcome = case.run()
    except Stale:
        pytest.skip("the two edits are of one place")
    except Broken as broken:
        outcome = broken.outcome
    if RESULTS:
        with Path(RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"seed": SEED, "number": number, **outcome.document()}) + "\n")
    assert outcome.verdict != "failed", json.dumps(outcome.document(), indent=2)


def test_what_a_message_prints_is_found():
    said = "do `parity up prod` or\n    pulumi up --refresh --stack prod\n  to do: `curl -X DELETE 'u'`, and `live: r2`"
    assert commands(said) == ["parity up prod", "pulumi up --refresh --stack prod", "curl -X DELETE 'u'"]
