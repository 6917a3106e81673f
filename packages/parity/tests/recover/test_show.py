"""What recover says that it found and did, for people."""

from __future__ import annotations

import pytest

from parity.console import Screen
from parity.inventory.domain_health import DomainHealth
from parity.recover import show
from parity.recover.model import Decision, Plan, Recovered

DOMAIN = "urn:pulumi:staging::shop::parity:index:ProjectDomain::shop-domain"
SAME = Decision(DOMAIN, "same", "it exists", "1")
ASK = Decision(DOMAIN, "manual", "another one has its name [sic]", "2", remedy="take it away")
LIVE = [DomainHealth("shop", "shop.example", "r1", "c", "")]


@pytest.fixture
def said(capsys):
    def say(*decisions, plan=False, **more):
        show.show(Screen(), Recovered("staging", plan=Plan(decisions), live=LIVE, **more), plan=plan)
        return capsys.readouterr().out.splitlines()

    return say


def test_that_there_is_nothing_to_do_is_the_first_line_and_what_is_live_the_last(said):
    first, *between, last = said(SAME, declared=12)
    assert first == "Nothing to recover: 12 resources of staging are as recorded."
    assert not between
    assert last.startswith("Live now: ")


def test_a_plan_names_the_updates_that_it_would_record_as_killed(said):
    lines = said(SAME, plan=True, unfinished=("u1", "u2"))
    assert lines[:-1] == [
        "close (updates without an end in the ledger: they are recorded as killed)",
        "  u1",
        "  u2",
        "Nothing was changed. To do it: parity recover staging",
    ]


def test_while_something_is_asked_no_update_is_said_to_be_closed_now(said):
    lines = said(ASK, unfinished=("u1",))
    assert "  ProjectDomain shop-domain: another one has its name [sic]" in lines
    assert "    to do: take it away" in lines
    assert (
        "close (updates without an end in the ledger: they are recorded as killed, once the manual decisions are made)"
        in lines
    )
