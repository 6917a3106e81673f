"""Whatever a person changes at a vendor is reported, or docs/drift.md names it as not read."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from support import by_hand, mutations
from support.amounts import examples
from support.by_hand.run import alone
from support.paths import ROOT

if TYPE_CHECKING:
    from support.program import Instance

FEW = 4
AT_LEAST = 200


@pytest.fixture(scope="module")
def instance(module_instance: Instance) -> Instance:
    mutations.migrate(module_instance)
    return module_instance


@pytest.mark.engine
@pytest.mark.sandbox
def test_each_is_reported_or_named_as_not_read(instance: Instance):
    seed = secrets.randbelow(10**6)
    rest = sorted(
        by_hand.CHANGES, key=lambda each: hashlib.sha256(f"{seed} {each.vendor} {each.what}".encode()).digest()
    )
    chosen = rest[: examples(FEW, len(rest))]
    results = [alone(instance, each) for each in chosen]
    wrong = [
        f"{each.change.vendor}: {each.change.what}: {each.findings or 'nothing was reported'}"
        for each in results
        if each.reported == bool(each.change.unread)
    ]
    assert wrong == [], f"seed {seed}"
    assert [(each.change.what, each.failures) for each in results if each.failures] == [], f"seed {seed}"


def test_there_are_enough_and_each_stands_once():
    assert len(by_hand.CHANGES) >= AT_LEAST
    assert [
        what for what, number in Counter((each.vendor, each.what) for each in by_hand.CHANGES).items() if number > 1
    ] == []


def test_the_page_names_what_is_not_read():
    page = " ".join((ROOT / "docs" / "drift.md").read_text(encoding="utf-8").split())
    assert sorted({each.unread for each in by_hand.CHANGES if each.unread not in page}) == []
