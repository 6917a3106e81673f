"""A post-mortem says from the record alone what began it, when it was found and over, and what would have caught it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from packages.parity.tests.status.test_page import Tree
from parity import redact
from parity.backend import holds, watches
from parity.backend.holds import Hold
from parity.backend.ledger import Ledger, Record
from parity.backend.notes import Note
from parity.backend.stack_backend import Backend
from parity.cli import times
from parity.engine.store import FolderStore
from parity.errors import UsageError
from parity.postmortem import material as reading
from parity.postmortem import report, write
from parity.postmortem.material import Answer, Material
from support.github_markdown import github

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
HEAD = "urn:pulumi:staging::storefront::parity:components:WebApp$"
LIMIT = HEAD + "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable::shop-variable-LIMIT"
KEY_OF_API = HEAD + "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable::shop-variable-API_KEY"
LIVE = HEAD + "parity:index:LiveRelease::shop-live"
OLD, NEW, WROTE = "a1" * 20, "b2" * 20, "c3" * 20
KEY = "parity:applications.shop.variables.LIMIT"
DOMAIN = "shop.staging.example"


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def live(release: str, commit: str, fault: str = "", *, database: bool = True) -> dict[str, Any]:
    found = {"application": "shop", "domain": DOMAIN, "release": release, "commit": commit}
    return {**found, "fault": fault, "database": database}


def record(name: str, begin: float, end: float | None, command: str = "up", **more: Any) -> Record:
    ending = more.pop("ending", {})
    facts = {"time": at(begin).isoformat(), "command": command, "stack": "staging", "actor": "ada", **more}
    done = {"time": at(end).isoformat(), "result": "succeeded", **ending} if end is not None else None
    return Record(name, facts, done)


def releases(before: str, after: str) -> dict[str, Any]:
    commits = {"r1": OLD, "r2": NEW}
    sides = (({"shop": {"live": each, "commit": commits[each]}}) for each in (before, after))
    return dict(zip(("before", "intent"), sides, strict=True))


ORIGIN = {
    "kind": "config", "key": KEY, "line": 14, "before": "20", "after": "0",
    "commits": [{"sha": WROTE, "subject": "Show fewer (#12)"}],
}  # fmt: skip
CHANGED = [
    {"urn": KEY_OF_API, "operation": "update", "properties": [
        {"path": "value", "before": {"secret": None}, "after": {"secret": "00ff00ff00ff00ff"}}]},
    {"urn": LIMIT, "operation": "update", "properties": [
        {"path": "value", "before": {"value": "20"}, "after": {"value": "0"}}]},
    {"urn": LIVE, "operation": "update", "properties": [
        {"path": "release", "before": {"value": "r1"}, "after": {"value": "r2"}}]},
]  # fmt: skip
DONE = [{"urn": each["urn"], "operation": "update", "done": True} for each in CHANGED]
DELIVERED = record(
    "op-deliver", 0, 20, "deliver", **releases("r1", "r2"), commit=NEW, approver="ada", approval="--yes",
    plan="d4" * 32, differences=CHANGED,
    ending={"operations": DONE, "live": [live("r2", NEW)],
            "causes": [{"urn": LIMIT, "property": "value", "origins": [ORIGIN]}]},
)  # fmt: skip
WENT_BACK = record(
    "op-rollback", 61, 70, "rollback", **releases("r2", "r1"), why="the watch found r2 bad",
    differences=[CHANGED[2]], ending={"operations": [DONE[2]], "live": [live("r1", OLD)]},
)  # fmt: skip
VERDICT = "40 errors of 200 requests (20 %)"
HOLD = Hold("h1", "shop", "ada", f"the watch of r2 found it bad: {VERDICT}", at(58), None, None)
NOTE = Note(
    "w1",
    {"time": at(1).isoformat(), "application": "shop", "release": "r2", "before": "r1", "update": "op-deliver"},
    {"time": at(71).isoformat(), "verdict": "went back", "why": VERDICT, "to": "r1"},
)
FAILED = record("op-failed", -300, -290, ending={"result": "failed", "errors": ["it is | refused\nmore"],
                "operations": [{"urn": LIMIT, "operation": "create", "done": False}]})  # fmt: skip


def material(*records: Record, **more: Any) -> Material:
    given = {"holds": (HOLD,), "watches": (NOTE,), "with_database": frozenset({"shop"})} | more
    return Material("staging", at(-3600), at(3600), records, **given)


def incident(**more: Any) -> report.Report:
    return report.make("storefront", [material(FAILED, DELIVERED, WENT_BACK, **more)])


def calm(*records: Record, **more: Any) -> report.Report:
    return report.make("storefront", [material(*records, **({"holds": (), "watches": ()} | more))])


# --- What began it, when it was found and over ------------------------------------------------------------------------


def test_what_a_watch_found_is_traced_to_the_operation_with_its_times():
    found = incident().document()["incident"]
    assert (found["operation"], found["over_by"]) == ("op-deliver", "op-rollback")
    assert (found["seconds_to_detect"], found["seconds_to_go_back"]) == (58, 12), "found is when it was held"
    assert [each["what"] for each in found["signs"]] == [
        f"the watch found r2 of shop bad: {VERDICT}",
        "r1 of shop was made live again instead of r2",
    ]


def test_users_met_what_was_switched_until_it_went_back():
    spans = [
        (each.release, each.commit, each.earliest, each.latest, each.until, each.bad) for each in incident().served
    ]
    assert spans == [
        ("r1", OLD, at(-3600), at(-3600), at(0), False),
        ("r2", NEW, at(0), at(20), at(58), True),
        ("r1", OLD, at(58), at(70), None, False),
    ], "a rollback switches before the update that is its record: after the hold"


def test_the_edges_answers_are_counted_while_one_release_surely_is_live():
    got = [Answer(at(second), DOMAIN, status) for second, status in ((-5, 200), (10, 500), (30, 500), (40, 200))]
    got += [Answer(at(31), DOMAIN, None), Answer(at(32), "another.example", 500), Answer(at(60), DOMAIN, 500)]
    spans = incident(answers=got).served
    assert [(each.answers, each.failed, each.first_failed) for each in spans] == [
        (1, 0, None),
        (3, 2, at(30)),
        (0, 0, None),
    ], "what was answered during a switch may be of either"
    assert "3, 2 failed, the first at 2026-11-24 21:00:30 UTC" in write.markdown(incident(answers=got))


def test_each_property_has_its_key_line_commit_and_pull_request_and_secrets_a_fingerprint():
    first, *others = incident().document()["causes"]
    resource = "ProjectEnvironmentVariable shop-variable-LIMIT"
    assert [*first.values()] == [resource, "value", "20", "0", KEY, "20 -> 0", 14, WROTE, 12, "ada", True]
    shown = [(each["before"], each["after"]) for each in others]
    assert shown == [("[secret]", "[secret 00ff00ff00ff00ff]"), ("r1", "r2")]
    assert {each["commit"] for each in others} == {NEW}, "what follows no key: the commit that was applied"


def test_what_a_person_rolled_back_is_traced_to_what_had_made_it_live():
    made = calm(DELIVERED, record("op-x", 30, 31, differences=[CHANGED[0]]), WENT_BACK)
    assert [each.bad for each in made.served] == [False, True, False], "what was rolled back from is bad by that alone"
    found = made.incident
    assert found
    assert found.culprit is DELIVERED
    assert found.to_detect == timedelta(seconds=61)


def test_an_update_that_failed_before_its_switch_switched_nothing():
    undone = replace(DELIVERED, end={"time": at(20).isoformat(), "result": "failed", "operations": DONE[:2]})
    made = calm(undone)
    assert [(each.release, each.until) for each in made.served] == [("r1", None)]
    assert "which changed what is below" in write.markdown(made)
    done = calm(replace(undone, end={**undone.end, "operations": DONE}))
    assert [each.release for each in done.served] == ["r1", "r2"], "its switch was done before what failed"


def test_a_rollback_of_what_is_older_than_the_record_is_said_to_be():
    found = calm(WENT_BACK)
    assert found.incident
    assert found.incident.culprit is None
    assert "What began it is older than the operations that were read" in write.markdown(found)


def test_a_domain_that_fails_at_an_operations_end_is_its_sign():
    sick = replace(DELIVERED, end={**DELIVERED.end, "live": [live("r2", NEW, "503 with release r2")]})
    good = record("op-next", 100, 120, **releases("r2", "r2"), differences=[CHANGED[1]],
                  ending={"live": [live("r2", NEW)]})  # fmt: skip
    found = calm(sick, good).incident
    assert found
    assert (found.culprit, found.detected) == (sick, at(20))
    assert [each.bad for each in calm(sick).served] == [False, True]


def test_a_rollback_that_switched_before_its_update_has_that_time():
    back = record(
        "op-rollback", 61, 70, "rollback", **releases("r2", "r1"), switched=at(59).isoformat(),
        differences=[CHANGED[2]], ending={"operations": [DONE[2]], "live": [live("r1", OLD)]},
    )  # fmt: skip
    found = calm(DELIVERED, back)
    assert [(each.release, each.earliest, each.latest, each.until) for each in found.served][1:] == [
        ("r2", at(0), at(20), at(59)),
        ("r1", at(59), at(59), None),
    ]
    assert found.incident
    assert (found.incident.detected, found.incident.back) == (at(59), at(59))
    assert (at(59), "every domain served what `rollback` went back to") in [(e.time, e.what) for e in found.events]


def test_what_users_met_comes_before_what_was_kept_otherwise_and_that_before_what_failed():
    finding = {
        "kind": "changed",
        "vendor": "GitHub",
        "type": "a:b/c:Env",
        "name": "e",
        "property": "p",
        "declared": "1",
        "live": "2",
    }
    kept = record("op-kept", 200, 210, differences=[CHANGED[1]], ending={"verify": {"findings": [finding]}})
    late = record("op-late", 300, 310, ending={"result": "failed"})
    named = [
        calm(*each).incident for each in ((FAILED, late), (FAILED, kept, late), (DELIVERED, kept, WENT_BACK, late))
    ]
    assert [each.culprit.id for each in named if each and each.culprit] == ["op-late", "op-kept", "op-deliver"]


def test_an_operation_may_be_named_though_nothing_shows_that_it_was_bad():
    found = report.make("storefront", [material(DELIVERED, holds=(), watches=())], ("staging", DELIVERED))
    assert found.causes[0].key == KEY
    assert "no sign that this operation was bad" in write.markdown(found)
    assert not any(each.bad for each in found.served)


def test_a_calm_record_has_no_incident_and_says_what_was_searched():
    found = calm(DELIVERED)
    assert found.incident is None
    text = write.markdown(found)
    assert "The record has no sign of an incident" in text
    assert "## What the operation changed" not in text
    assert "## For people to say" in text


def test_a_sign_outside_of_the_time_is_none():
    early = replace(material(FAILED, DELIVERED, WENT_BACK), until=at(30))
    assert report.make("storefront", [early]).incident
    before = replace(material(DELIVERED, WENT_BACK), since=at(80))
    assert report.make("storefront", [before]).incident is None


def test_of_several_stacks_the_time_line_is_one():
    other = replace(material(record("op-prod", 10, 12)), stack="prod", holds=(), watches=())
    found = report.make("storefront", [material(DELIVERED, WENT_BACK), other])
    assert [each.time for each in found.events] == sorted(each.time for each in found.events)
    assert {each.stack for each in found.events} == {"staging", "prod"}
    assert found.stacks == ("staging", "prod")


# --- What would have caught it ----------------------------------------------------------------------------------------


def missed(*records: Record, **more: Any) -> list[str]:
    given = material(*records, **({"holds": (), "watches": ()} | more))
    found = report.make("storefront", [given], ("staging", records[0]))
    return [f"{each.fact}: {each.remedy}" for each in found.missed]


def test_what_was_not_there_is_said_with_what_to_declare():
    said = missed(DELIVERED)
    declare = '`Application(name="shop", ..., watch=Watch(minutes=10))`'
    what = "r2 of shop was not watched after its switch: no watch is declared"
    assert f"{what}: in infra/catalog.py: {declare}" in said
    assert any(
        each.startswith("no reviewer other than ada is in the record (--yes): name `reviewers`") for each in said
    )
    assert any("much at once (properties 3, keys 1, commits 2)" in each for each in said)
    assert not any("no pull request" in each for each in said), "a commit's subject names it"
    untraced = replace(DELIVERED, end={**DELIVERED.end, "causes": []})
    assert any("no pull request" in each for each in missed(untraced))


def test_what_was_there_is_not_said():
    reviewed = {**DELIVERED.begin, "approver": "grace", "pull_request": 12, "differences": [CHANGED[1]]}
    assert missed(replace(DELIVERED, begin=reviewed), watches=(NOTE,)) == []


def test_a_health_page_that_says_nothing_of_the_database_is():
    silent = replace(DELIVERED, end={**DELIVERED.end, "live": [live("r2", NEW, database=False)]})
    said = "the health page of shop says nothing of its database"
    assert any(each.startswith(said) for each in missed(silent))
    assert not any(each.startswith(said) for each in missed(silent, with_database=frozenset()))
    gone = replace(DELIVERED, end={**DELIVERED.end, "live": [live("", "", "no answer", database=False)]})
    assert not any(each.startswith(said) for each in missed(gone))


def test_a_change_that_others_made_and_a_danger_that_was_acknowledged_are():
    foreign = record("op-f", 0, 1, "pulumi update", foreign="staging-1.history.json", differences=[CHANGED[1]])
    assert any("was not made by Parity" in each for each in missed(foreign))
    danger = [[LIMIT, "rule", "it replaces data"]]
    risky = replace(DELIVERED, begin={**DELIVERED.begin, "dangers": danger})
    assert any("shop-variable-LIMIT, it replaces data, and it was acknowledged" in each for each in missed(risky))


# --- The time line ----------------------------------------------------------------------------------------------------


def test_the_time_line_has_operations_approvals_holds_watches_and_recoveries_in_order():
    killed = record("op-k", -200, -100, commit=OLD, run={"url": "https://github.com/o/r/actions/runs/7"},
                    ending={"result": "killed", "found_by": "op-r"})  # fmt: skip
    decision = {"urn": LIMIT, "decision": "import", "why": "it exists under its name"}
    recovered = record("op-r", -110, -101, "recover", decisions=[decision])
    lifted = replace(HOLD, lifted=at(90), lifted_by="grace", lifted_why="corrected")
    aside = record("op-w", 71, 71, "watch", verdict="went back")
    found = report.make(
        "storefront", [material(FAILED, killed, recovered, DELIVERED, WENT_BACK, aside, holds=(lifted,))]
    )
    approved = f"approved by ada (--yes, plan {'d4' * 6})"
    assert [(each.kind, each.what) for each in found.events] == [
        ("operation", "`up` began by ada"),
        ("operation", "`up` failed; failed: create of ProjectEnvironmentVariable shop-variable-LIMIT"),
        ("operation", "error: it is | refused"),
        ("operation", f"`up` began by ada in https://github.com/o/r/actions/runs/7 from commit {OLD[:12]}"),
        ("recovery", "`recover` began by ada"),
        ("recovery", "`recover` succeeded"),
        ("operation", "`up` was found to have been killed, by recover op-r"),
        ("operation", f"`deliver` began by ada from commit {NEW[:12]}, to switch shop r1 to r2, {approved}"),
        ("watch", "the watch of r2 of shop began; live before it: r1"),
        ("operation", "`deliver` succeeded; done: 3 update"),
        ("operation", f"{DOMAIN} answered: r2 of commit {NEW[:12]}"),
        ("hold", f"shop was held by ada: the watch of r2 found it bad: {VERDICT}"),
        ("rollback", "`rollback` began by ada, to switch shop r2 to r1: the watch found r2 bad"),
        ("rollback", "`rollback` succeeded; done: 1 update"),
        ("rollback", f"{DOMAIN} answered: r1 of commit {OLD[:12]}"),
        ("watch", f"the watch of r2 of shop ended, went back: {VERDICT}"),
        ("lift", "shop was lifted by grace: corrected"),
    ]  # fmt: skip
    assert found.half_done == ("import: ProjectEnvironmentVariable shop-variable-LIMIT: it exists under its name",)


def test_what_drift_found_is_a_sign_that_began_when_the_vendor_has_it_as_made():
    row = {"urn": LIMIT, "operation": "update", "properties": [{"path": "value", "after": {"value": "7"}}]}
    drift = {"foreign": ["d-1"], "actor": "ann", "since": at(-60).isoformat(), "differences": [row]}
    found = record("op-d", 0, 0, "drift", **drift, found=True, why="found by drift")
    gone = record("op-g", 50, 50, "drift", **drift | {"since": None, "actor": None}, found=False, why="put right")
    made = calm(found, gone)
    assert made.incident
    assert (made.incident.culprit, made.incident.began, made.incident.back) == (found, at(-60), at(50))
    what = "drift: ProjectEnvironmentVariable shop-variable-LIMIT: "
    assert [each.what for each in made.events] == [
        f"{what}found by drift, made by ann at {at(-60).isoformat()} or before", f"{what}put right",
    ]  # fmt: skip
    assert made.missed[0].fact.startswith("an audit found it at 2026-11-24 21:00:00 UTC")


def test_a_hold_that_ended_by_itself_and_a_watch_without_an_end_are_there():
    ends = replace(HOLD, until=at(80))
    open_ = replace(NOTE, end=None)
    events = [each.what for each in report.make("s", [material(DELIVERED, holds=(ends,), watches=(open_,))]).events]
    assert "the hold of shop ended by itself" in events
    assert not any("ended, " in each for each in events)
    assert "the watch: it has no end" in write.markdown(report.make("s", [material(DELIVERED, watches=(open_,))]))


# --- What is written --------------------------------------------------------------------------------------------------


def test_the_markdown_has_the_most_important_first_and_leaves_open_what_people_know():
    text = write.markdown(incident())
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "In short", "What users were served", "What the operation changed", "What would have caught it", "Time line",
        "For people to say",
    ]  # fmt: skip
    assert text.startswith("# Post-mortem: staging, 2026-11-24\n")
    assert "58 s after the operation began" in text
    assert "12 s after the first sign" in text
    assert text.count("(to be written)") == 5
    assert f"It followed {KEY} 20 -> 0 (line 14), commit" in text
    bars = ("r1 :2026-11-24T20:58:50, 2026-11-24T21:00:00", "r2 :crit, 2026-11-24T21:00:20, 2026-11-24T21:00:58",
            "r1 :2026-11-24T21:01:10, 2026-11-24T21:02:20")  # fmt: skip
    assert all(f"  {bar}\n" in text for bar in bars), "the incident, and as much time before and after"
    assert github(text).tags.count("table") == 3, "a table stays a table, whatever an error says"


def test_the_page_says_the_same_and_needs_nothing_else():
    tree = Tree(write.page(incident()))
    assert tree.open == []
    (policy,) = [each["content"] for each in tree.of("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'; ")
    assert [each.get("href") for each in tree.of("a")] == ["#line"]
    assert len(tree.of("rect")) == 3
    shown = " ".join("".join(data for _, data in tree.texts).split())
    for text in ("58 s after the operation began", "20 -> 0", VERDICT, "to be written", "preventSelfReview: true"):
        assert text in shown
    assert [name for name, _ in tree.texts].count("code") > 3


def test_hostile_texts_are_shown_and_obeyed_nowhere():
    said = "</td><script>x</script>`a`"
    found = incident(holds=(replace(HOLD, why=said),))
    tree = Tree(write.page(found))
    assert len(tree.of("script")) == 1
    assert "<script>x" in "".join(data for _, data in tree.texts)
    assert "script" not in github(write.markdown(found)).tags
    name = replace(DELIVERED, begin={**DELIVERED.begin, "intent": {"a\n  x: y": {"live": "r1"}}, "before": {}})
    assert "section staging a_  x_ y" in write.markdown(calm(name))


@pytest.mark.parametrize(
    "written", [write.markdown, write.page, lambda found: json.dumps(found.document())], ids=["md", "html", "json"]
)
def test_a_secret_that_a_record_holds_all_the_same_is_masked_before_it_is_escaped(written):
    canary = "canary-of-a-payment-key|7f3a"
    with redact.command() as redactor:
        redactor.learn([canary])
        failed = replace(FAILED, end={**FAILED.end, "errors": [f"refused {canary}"]})
        text = redactor.text(written(report.make("s", [material(failed, DELIVERED, WENT_BACK)])))
    assert "canary-of" not in text
    assert hashlib.sha256(canary.encode()).hexdigest() not in text


# --- Where it is read from --------------------------------------------------------------------------------------------


def test_it_is_read_from_ledger_holds_and_watches(tmp_path):
    store = FolderStore(tmp_path)
    ledger = Ledger(store, "storefront", "staging")
    urn = LIVE.replace("shop-live", "store-live")
    begin = {"command": "deliver", **releases("r1", "r2"), "differences": CHANGED}
    update = ledger.begin(begin)
    note = watches.notes(store, "storefront", "staging")
    watch = note.begin({"application": "shop", "release": "r2", "before": "r1", "update": update})
    ledger.end(update, {"result": "failed", "operations": [{"urn": urn, "operation": "update", "done": True}]})
    mark = "the watch of r2 found it bad"
    holds.hold(store, "storefront", "staging", application="shop", who="ada", why=mark, until=None)
    note.end(watch.id, {"verdict": "held", "why": "it answers 503"})
    now = datetime.now(UTC)
    catalog: Any = SimpleNamespace(renamed={"store": "shop"}, applications=())
    place = Backend(f"file://{tmp_path}", store, ledger)
    found = reading.read(place, now - timedelta(hours=1), now + timedelta(hours=1), catalog)
    assert found.moves(found.records[0]) == {"shop": ("r1", "r2")}, (
        "a failed one switched what is known by its first name"
    )
    made = report.make("storefront", [found])
    assert made.incident
    assert made.incident.culprit
    assert (made.incident.culprit.id, made.incident.back) == (update, None)
    assert "The record does not have it as over." in write.markdown(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2026-11-24T20:00", NOW - timedelta(hours=1)),
        ("2026-11-24T21:00+01:00", NOW - timedelta(hours=1)),
        (None, None),
    ],
)
def test_a_time_is_given_as_people_do(text, expected):
    assert times.ago(text, NOW, "--from") == expected


def test_what_is_no_time_is_refused():
    with pytest.raises(UsageError, match="yesterday"):
        times.ago("yesterday", NOW, "--from")
