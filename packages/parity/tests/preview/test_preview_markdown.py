"""The comment and the summary: what a reviewer reads first, and how a large plan is folded without losing a danger."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from parity.cli.commands import preview as command
from parity.errors import GateError, PolicyError, UpdateError
from parity.masked import MASK
from parity.preview import markdown
from support import plans
from support.plans import DATABASE, DEPLOYMENT, DOMAIN, GRANT, LIVE, ROLE, VARIABLE

LIMIT = markdown.COMMENT_LIMIT
HTML = MarkdownIt("commonmark", {"html": True}).enable("table")


def comment(found, limit=LIMIT, **more):
    return markdown.render(plans.report(found, **more), limit=limit)


def rows(text):
    """The table cells of every body row, as a browser would see them."""
    html = HTML.render(text)
    return [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)]


def big(quiet, risky, value="x"):
    made = [plans.create(GRANT, f"quiet-{n}", {"role": value, "schema": f"s{n}"}) for n in range(quiet)]
    gone = [plans.delete(DOMAIN, f"risky-{n}.example", {"domain": f"risky-{n}.example"}) for n in range(risky)]
    return plans.plan(*made, *gone)


def test_the_verdict_and_the_counts_come_first():
    text = comment(plans.plan(plans.create(ROLE, "r", {"name": "r"}), plans.same(DATABASE, "db", {"name": "x"})))
    lines = text.splitlines()
    assert "may go on" in lines[0]
    assert lines[2] == "**1 to create, 1 unchanged**"


def test_a_danger_stands_before_everything_else_and_says_what_to_write():
    found = plans.plan(plans.create(ROLE, "quiet", {"name": "r"}), plans.delete(DATABASE, "db", {"name": "x"}))
    text = comment(found)
    assert "blocked by the gate" in text.splitlines()[0]
    assert text.index("the database goes with all its data") < text.index("<code>quiet</code>")
    urn = plans.urn(DATABASE, "db")
    assert f"  parity:acknowledged:\n    - {urn}\n" in text
    after = comment(found, acknowledged=(urn,))
    assert "may go on" in after.splitlines()[0]
    assert "acknowledged in `Pulumi.prod.yaml`" in after


def test_a_stale_acknowledgement_is_reported():
    text = comment(plans.plan(), acknowledged=(plans.urn(DATABASE, "gone"),))
    assert "Acknowledgements to take out" in text
    assert plans.urn(DATABASE, "gone") in text


def test_each_property_has_both_values_in_its_row():
    found = plans.plan(plans.update(DATABASE, "db", {"connectionLimit": 60}, {"connectionLimit": 80}))
    assert ["<code>connectionLimit</code>", "<code>60</code>", "<code>80</code>"] in rows(comment(found))


def test_a_secret_says_only_that_it_changed():
    same = {"value": MASK}
    found = plans.plan(plans.update(VARIABLE, "v", same, same, ("value",)))
    assert ["<code>value</code>", "[secret]", "[secret], changed"] in rows(comment(found))


def test_a_replacement_says_what_forces_it_and_which_goes_first():
    found = plans.plan(
        plans.replacement(GRANT, "g", {"schema": "a"}, {"schema": "b"}, because="schema", first="delete")
    )
    text = comment(found)
    assert "replaced because of `schema`; the old one is deleted first" in text
    assert "`schema` **forces the replacement**" in text


def test_a_change_names_its_key_its_line_and_its_commit():
    found = plans.plan(plans.update(DATABASE, "db", {"connectionLimit": 60}, {"connectionLimit": 80}))
    text = comment(found, key="parity:databases.storefront.connectionLimit")
    assert "follows `parity:databases.storefront.connectionLimit` `60 -> 80` (line 44 of `Pulumi.prod.yaml`)" in text
    assert f"[`{'a' * 9}`](https://github.com/acme/storefront/commit/{'a' * 40}) More connections" in text


def test_what_follows_nothing_says_so():
    found = plans.plan(plans.update(DATABASE, "db", {"connectionLimit": 60}, {"connectionLimit": 80}))
    assert "follows nothing on this branch" in comment(found)


def test_what_will_be_live_says_whether_its_deployment_is_to_be_built():
    new = plans.urn(DEPLOYMENT, "d2")
    found = plans.plan(
        plans.create(DEPLOYMENT, "d2", {"meta": {"release": "r2"}}),
        plans.step(
            "update",
            plans.state(LIVE, "live", {"release": "r1", "commit": "c" * 40}),
            plans.state(LIVE, "live", {"release": "r2", "commit": "d" * 40}, dependencies=(new,)),
        ),
    )
    cells = next(row for row in rows(comment(found)) if row and row[0] == "shop")
    assert cells[1:3] == ["r1", "<strong>r2</strong>"]
    assert "ddddddddd" in cells[3]
    assert cells[4] == "to be built"


def test_a_rollback_says_that_its_deployment_is_there():
    old = plans.urn(DEPLOYMENT, "d1")
    found = plans.plan(
        plans.same(DEPLOYMENT, "d1", {"meta": {"release": "r1"}}),
        plans.step(
            "update",
            plans.state(LIVE, "live", {"release": "r2", "commit": "d" * 40}),
            plans.state(LIVE, "live", {"release": "r1", "commit": "c" * 40}, dependencies=(old,)),
        ),
    )
    cells = next(row for row in rows(comment(found)) if row and row[0] == "shop")
    assert "already there" in cells[4]
    assert "id-d1" in cells[4]


def test_a_failure_is_shown_with_its_words():
    events = ({"diagnosticEvent": {"severity": "error", "message": "the team does not exist"}},)
    text = comment(plans.plan(plans.create(ROLE, "r", {"name": "r"}), events=events, failed=True))
    assert "the preview failed" in text.splitlines()[0]
    assert "```text\nthe team does not exist\n```" in text
    assert "as far as the preview came" in text


@pytest.mark.parametrize(
    "value",
    [
        "a|b",
        "`",
        "``x``",
        "a\nb",
        "<script>alert(1)</script>",
        "@everyone #12",
        "",
        "  ",
        "[x](y)",
        "-->",
        "a\\|b",
        "\\",
    ],
)
def test_a_value_stays_what_it_is(value):
    found = plans.plan(plans.update(DATABASE, "db", {"note": value}, {"note": "after"}))
    row = next(row for row in rows(comment(found)) if row and row[0] == "<code>note</code>")
    assert len(row) == 3
    assert row[2] == "<code>after</code>"
    assert "<script>" not in HTML.render(comment(found))
    assert row[1].startswith("<code>")


def test_names_and_messages_bring_no_markup_mention_or_reference():
    hostile = "x</summary></details>@everyone<!-- #1"
    found = plans.plan(plans.delete(DATABASE, hostile, {"name": "x"}))
    text = comment(found)
    outside = re.sub(r"`[^`]*`|```.*?```|<code>.*?</code>", "", text, flags=re.DOTALL)
    assert "@everyone" not in outside
    assert outside.count("</details>") == outside.count("<details")


def test_a_small_plan_is_not_folded():
    text = comment(big(20, 2))
    assert "Folded" not in text
    assert text.count("<details") == 23
    assert text.count("</details>") == 23


@pytest.mark.parametrize(
    ("quiet", "risky", "value"),
    [(600, 0, "x"), (600, 40, "x"), (30, 5, "v" * 5000), (600, 300, "w" * 3000), (100, 1200, "x")],
)
def test_a_large_plan_fits_and_names_every_risky_change(quiet, risky, value):
    found = big(quiet, risky, value)
    text = comment(found)
    assert len(text) <= LIMIT
    assert "Folded to fit" in text
    missing = [n for n in range(risky) if f"risky-{n}.example" not in text]
    assert missing == []
    assert f"{quiet} to create" in text
    if risky and "quiet-" in text:
        assert text.index("risky-0.example") < text.index("quiet-")


def test_folding_takes_as_little_as_it_must():
    """Of plans that grow, the risky ones lose their properties only after the others have lost everything."""
    value = "v" * 300
    gone = [plans.delete(DOMAIN, f"risky-{n}", {"domain": f"risky-{n}", "redirect": value}) for n in range(20)]
    made = [plans.create(GRANT, f"quiet-{n}", {"role": value}) for n in range(400)]
    text = comment(plans.plan(*gone, *made))
    assert text.count(value) == 20
    assert "400 \N{MULTIPLICATION SIGN} Grant" in text or "quiet-399" in text


def test_more_risky_changes_than_can_be_named_close_the_gate():
    found = big(0, 4000)
    with pytest.raises(markdown.TooLarge):
        comment(found)
    closed, text = command._commented(plans.report(found, acknowledged=tuple(each.urn for each in found.changes)))
    assert "too large to review" in text
    assert (closed.verdict, closed.document()["verdict"]) == ("blocked", "blocked")
    assert isinstance(command._error(closed), GateError)


def test_the_summary_has_what_the_comment_folds():
    found = big(500, 5)
    assert "Folded" in comment(found)
    full = comment(found, limit=markdown.SUMMARY_LIMIT)
    assert "Folded" not in full
    assert len(full.encode()) <= markdown.SUMMARY_LIMIT


def test_an_error_longer_than_a_comment_is_cut():
    events = ({"diagnosticEvent": {"severity": "error", "message": "e" * 100_000}},)
    text = comment(plans.plan(events=events, failed=True))
    assert len(text) <= LIMIT


def test_each_verdict_has_its_exit_code():
    said = {"resourceUrn": "u", "message": "d\nm", "policyName": "p", "enforcementLevel": "mandatory"}
    refused = {"policyEvent": said}
    verdicts = {
        "ready": (plans.plan(plans.create(ROLE, "r", {})), None),
        "unchanged": (plans.plan(), None),
        "blocked": (plans.plan(plans.delete(DATABASE, "d", {})), GateError),
        "refused": (plans.plan(plans.create(ROLE, "r", {}), events=(refused,), failed=True), PolicyError),
        "failed": (plans.plan(plans.delete(DATABASE, "d", {}), failed=True), UpdateError),
    }
    for verdict, (found, error) in verdicts.items():
        report = plans.report(found)
        assert report.verdict == verdict
        assert type(command._error(report)) is (error or type(None))
