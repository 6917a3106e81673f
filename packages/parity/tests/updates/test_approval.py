"""Who approves a plan: `--yes`, a saved plan, or a person in a terminal, who sees it first."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from parity.console import Screen
from parity.errors import RefusedError, UsageError
from parity.preview.rehearsal import Rehearsal, Step
from parity.updates.approval import Approval, lines
from support.road import DANGEROUS, DATABASE


def ask(planned, *answers, **more):
    given = iter(answers)

    def read():
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    said = io.StringIO()
    how = Approval(terminal=lambda: True, read=read, **more).require(planned, Screen(stdout=said, stderr=said))
    return how, said.getvalue()


@pytest.mark.parametrize("given", [{"yes": True}, {"plan": Path("plan.json")}])
def test_what_is_approved_already_needs_no_terminal(given):
    Approval(terminal=lambda: False, **given).require_way("prod")


def test_a_terminal_is_a_way_and_none_is_a_fault():
    Approval(terminal=lambda: True).require_way("prod")
    with pytest.raises(UsageError) as caught:
        Approval(terminal=lambda: False).require_way("prod")
    assert "parity up prod --yes" in caught.value.remedy
    assert "parity up prod --plan FILE" in caught.value.remedy


def test_yes_and_a_saved_plan_ask_nothing(road):
    planned = road.plan()
    assert ask(planned, yes=True) == ("--yes", "")
    assert ask(planned, plan=Path("plan.json")) == (f"--plan {planned.saved.digest}", "")


@pytest.mark.parametrize("answer", ["yes", "y", " YES "])
def test_yes_is_yes(road, answer):
    assert ask(road.plan(), answer)[0] == "asked"


@pytest.mark.parametrize("answers", [("no",), ("",), ()])
def test_anything_else_ends_in_a_refusal(road, answers):
    with pytest.raises(RefusedError, match="nothing was changed"):
        ask(road.plan(), *answers)


def test_a_word_that_is_no_answer_never_approves(road):
    with pytest.raises(RefusedError):
        ask(road.plan(), "yess", "ok", "1", "no")


def test_with_diff_the_properties_are_shown_at_once(road):
    assert "value: 20 -> 30" in ask(road.plan(), "yes", diff=True)[1]
    assert "value: 20 -> 30" not in ask(road.plan(), "yes")[1]


def test_an_acknowledged_danger_is_shown_as_such(road):
    road.steps.append(DANGEROUS)
    planned = road.plan(acknowledged=[DATABASE])
    text = "\n".join(lines(planned, diff=False))
    assert "acknowledged:" in text
    assert planned.saved.digest[:12] in text


def test_markup_in_a_value_is_text(road):
    road.steps[0]["newState"]["inputs"]["value"] = "[bold]x[/]"
    assert "[bold]x[/]" in ask(road.plan(), "yes", diff=True)[1]


def test_a_person_sees_what_the_rehearsal_of_the_migrations_saw(road):
    planned = road.plan()
    step = Step("urn", "m/0001_it.sql", 1, "drop table a", {"shop.a": "ACCESS EXCLUSIVE"})
    seen = replace(planned.plan, rehearsals=(Rehearsal("store", "a server", (step,)),))
    text = "\n".join(lines(replace(planned, plan=seen), diff=False))
    assert "locks shop.a: ACCESS EXCLUSIVE" in text
