"""Text that others chose stays text on GitHub: held against its own parser and what it resolves after Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity import markup, redact
from support.github_markdown import HOSTILE, github, resolved

SECRET = "canary-canary"


def expected(value: str) -> str:
    """What must be seen: the same characters in one line, the invisible ones named."""
    line = re.sub(r"\r\n|\r|\n", "⏎", value)
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


PIECES = st.sampled_from([*HOSTILE, *"`|\\@#<>&*_~[]()!$:/-+= \n0fg", "www.", "http", "://", "GH-", "a.b", "é", "``"])
ANY = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(PIECES, max_size=12).map("".join),
    st.text(max_size=40),
    st.text("`|\\ a@#1", max_size=20),
)
PLACES = {
    "a paragraph": ("", "", ["p"]),
    "a list": ("- ", "", ["ul", "li"]),
    "strong": ("a **", "** b", ["p", "strong"]),
    "brackets": ("a (", ").", ["p"]),
    "a table": (
        "| a | b |\n| --- | --- |\n| c | ",
        " |",
        ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"],
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("write", [markup.text, markup.code])
@given(value=ANY.filter(str.strip))
def test_text_is_shown_as_it_is_and_resolves_to_nothing(write, place, value):
    before, after, tags = PLACES[place]
    written = write(value)
    assert "\n" not in written
    page = github(f"{before}{written}{after}")
    assert [tag for tag in page.tags if tag != "code"] == tags
    assert resolved(page) == []
    # Around code in a sentence the backticks go.
    wanted, shown = (
        squeezed(each.replace("`", "") if write is markup.text else each) for each in (expected(value), page.shown)
    )
    assert wanted in shown


def squeezed(value: str) -> str:
    return re.sub(r" +", " ", value).strip()


@given(value=ANY)
def test_a_block_of_code_is_not_ended_by_what_is_in_it(value):
    page = github("\n".join(["before", "", *markup.fenced(value), "", "after"]))
    assert page.tags == ["p", "pre", "code", "p"]
    assert resolved(page) == []
    lines = re.sub(r"\r\n|\r", "\n", value)
    assert expected(lines).replace("⏎", "\n") in page.shown


@given(value=ANY)
def test_a_block_of_code_in_a_list_is_not_ended_either(value):
    page = github("\n".join(["- before", "", *markup.fenced(value, indent="  "), "", "- after"]))
    assert [tag for tag in page.tags if tag != "p"] == ["ul", "li", "pre", "code", "li"]


@pytest.mark.parametrize("write", [markup.raw, markup.tag])
@given(value=ANY)
def test_html_s_text_resolves_to_nothing(write, value):
    page = github(f"<details><summary>{write(value)}</summary>\n\nafter\n\n</details>")
    assert [tag for tag in page.tags if tag != "code"] == ["details", "summary", "p"]
    assert resolved(page) == []
    assert expected(value) in page.shown


def test_the_model_of_github_sees_what_it_must():
    for name, said in {
        "mention": "hello @team",
        "issue": "fixes #12",
        "commit": "see deadbeef",
        "advisory": "CVE-2024-12345",
        "tracker": "ABC-12",
        "address": "<b>www.evil</b>",
        "emoji": ":tada:",
        "formula": "$x$",
    }.items():
        assert name in resolved(github(said))
    assert github("www.evil.example").links == ["http://www.evil.example"]
    assert github("me@evil.example").links == ["mailto:me@evil.example"]
    # An entity or a backslash stops neither.
    assert resolved(github("&#64;team \\#12 GH&#45;12")) == ["mention", "issue", "tracker"]


def test_plain_words_stay_plain():
    for said in HOSTILE[0], 'don\'t; "quoted" 5% of a/b; r1 -> r2', "grün, naïve … ✅":
        assert markup.text(said) == said
    assert markup.text("the role shop_app of @team now") == "the role `shop_app` of `@team` now"
    assert markup.text("run `parity up prod`, (`@x`).") == "run `parity up prod`, (`@x`)."
    assert markup.text("(--yes, plan f1a94d6e): A_LIMIT 0") == "(--yes, plan `f1a94d6e`): `A_LIMIT` 0"
    assert markup.text("see [x](y) https://a.example") == "see `[x](y) https://a.example`"


def test_a_secret_is_masked_before_it_is_taken_apart():
    with redact.command() as redactor:
        redactor.learn([SECRET])
        for write in (markup.text, markup.code, markup.raw, markup.tag, lambda said: "".join(markup.fenced(said))):
            assert SECRET not in write(f"a {SECRET}|b")


def test_nothing_and_blanks_are_shown_as_such():
    assert (markup.text(" "), markup.code(""), markup.code("  ")) == ("", '`""`', '`"  "`')


def test_a_long_value_is_cut_and_counted():
    assert markup.code("x" * 30, limit=10) == f"`{'x' * 10}… (20 characters more)`"
