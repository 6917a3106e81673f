"""A kept release that was built with what is not declared is reported, as the update that made it has kept."""

from __future__ import annotations

import pytest

from parity.backend import built
from parity.backend.built import Built
from parity.backend.ledger import Ledger
from parity.drift import remediation
from parity.drift.audit import built_otherwise
from parity.engine.engine_files import open_store
from parity.resources import kinds
from support.worlds import Config, Mirror, declared

CONTEXT = remediation.Context(
    "staging", "team_1", "acme/storefront", {}, applications={"shop-staging": "shop", "hq-staging": "hq"}
)


@pytest.fixture
def ledger(tmp_path):
    store = open_store(f"file://{tmp_path}")
    assert store is not None
    return Ledger(store, "storefront", "staging")


@pytest.fixture(scope="module")
def sides():
    found = (Mirror(declared(Config(seed).settings()), seed).sides() for seed in range(40))
    return next(each for each in found if any(one.type == kinds.DEPLOYMENT for one in each.state.resources))


@pytest.mark.parametrize(
    ("verdict", "reported"), [("declared", []), ("otherwise", ["changed"]), ("not known", ["unknowable"])]
)
def test_each_verdict_is_reported_as_what_it_is(sides, ledger, verdict, reported):
    deployment = next(each for each in sides.state.resources if each.type == kinds.DEPLOYMENT)
    assert built.write(ledger, Built(deployment.id, "shop", "r1", verdict, ["BASE: value"], {}))
    found = built_otherwise(sides, ledger)
    assert [each.kind for each in found] == reported
    if verdict == "otherwise":
        (step,) = remediation.plan(tuple(found), CONTEXT)
        assert "--again --live --up" in step.command


def test_without_a_record_nothing_is_said(sides, ledger):
    assert built_otherwise(sides, ledger) == []
    assert built_otherwise(sides, None) == []


def test_a_record_is_written_once(ledger):
    one = Built("dpl_1", "shop", "r1", "otherwise", ["BASE: value"], {})
    assert built.write(ledger, one)
    assert not built.write(ledger, Built("dpl_1", "shop", "r1", "declared", [], {}))
    assert built.read(ledger, "dpl_1") == one
