"""A release is built from what was declared, or not at all: each input changed by hand, on the real engine."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from parity.resources import kinds
from support.built_from import (
    ELSEWHERE,
    INPUTS,
    MOMENTS,
    PROJECT,
    REFUSED,
    REPORTED,
    RIGHT,
    Vercel,
    group,
    page,
)
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from support.built_from import Input
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(900)]

COMMIT = "5" * 40
ALL = os.environ.get("PARITY_BUILT_FROM") == "all"
more = pytest.mark.skipif(not ALL, reason="a minute each: PARITY_BUILT_FROM=all runs them with the entire table")
PAGE = ROOT / "docs" / "built-from.md"
BEFORE, WITH, BETWEEN, AFTER = MOMENTS
REMOVED = "NEXT_TELEMETRY_DISABLED"
BUILD = "^/v[0-9]+/(now/)?deployments"


@pytest.fixture
def instance(small_instance: Instance) -> Instance:
    repositories = [
        {"owner": "storefront-example", "name": name, "commits": [COMMIT], "default_branch": "main"}
        for name in ("storefront", "other")
    ]
    small_instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": repositories}})
    return small_instance


@pytest.fixture
def vercel(instance: Instance) -> Vercel:
    return Vercel(instance)


def release(application: str) -> tuple[str, ...]:
    return ("parity", "release", "staging", application, "--commit", COMMIT, "--live")


def deployment(instance: Instance, release: str, project: str = PROJECT) -> dict[str, Any] | None:
    rows = instance.state()["vercel"]["deployments"]
    return next((row for row in rows if row["name"] == project and row["meta"].get("release") == release), None)


def inputs(instance: Instance, release: str, project: str = PROJECT) -> dict[str, Any]:
    """What a release's deployment was built from, each variable a fingerprint, but for what names the release."""
    row = deployment(instance, release, project)
    assert row is not None, f"{release} was not made"
    variables = {name: value for name, value in row["snapshot"]["variables"].items() if not name.startswith("PARITY_")}
    settings = {**row["snapshot"]["settings"], **row["projectSettings"], "regions": row["regions"]}
    return {"variables": variables, "settings": settings, "repository": row["gitSource"]["repoId"]}


def changing(instance: Instance, since: int) -> list[str]:
    rows = instance.local.client().requests(since, service="vercel")
    return [f"{row['method']} {row['path'].partition('?')[0]}" for row in rows if row["method"] != "GET"]


def live(instance: Instance, project: str = PROJECT) -> str:
    found = next(row for row in instance.state()["vercel"]["projects"] if row["name"] == project)
    return found["targets"]["production"]["meta"]["release"]


def drifted(instance: Instance) -> list[dict[str, Any]]:
    found = json.loads(instance.run("parity", "drift", "staging", "--json", "--plan").stdout)
    steps = {each["finding"]: each["command"] for each in found["plan"]}
    known = [each for each in found["findings"] if each["kind"] not in {"unknowable", "cross-stack"}]
    return [{**each, "remedy": steps[each["id"]]} for each in known]


def found_by(findings: list[dict[str, Any]]) -> list[str]:
    return [f"{each['type'].split(':')[-1]} {each['name']}: {each['property']}" for each in findings]


def built(instance: Instance, application: str = "shop") -> dict[str, str]:
    """By kept release, whether it was built from what was declared, as `parity releases` says it."""
    (shown,) = json.loads(instance.run("parity", "releases", "staging", application, "--json").stdout)
    return {row["id"]: row["built"] for row in shown["releases"]}


def named(texts: Iterable[str], wanted: Iterable[Input]) -> None:
    said = " ".join(" ".join(texts).split())
    missing = [each.name for each in wanted if each.what not in said]
    assert not missing, f"{missing} not named in: {said}"


def switch_names(done: Run, wanted: Iterable[Input]) -> None:
    """The switch was refused, for each of these inputs."""
    assert done.code == 6, done.said
    _, _, said = " ".join(done.said.split()).partition("was not promoted")
    assert not [each.name for each in wanted if not re.search(rf"[:;] {re.escape(each.switched)}\b", said)], done.said


def change_all(vercel: Vercel, wanted: Iterable[Input]) -> None:
    for each in wanted:
        each.change(vercel)


def while_it_is_made(instance: Instance, vercel: Vercel, wanted: list[Input], when: str) -> Run:
    """Run the release, and change the inputs while Vercel holds the request that makes its deployment."""
    return during(instance, vercel, wanted, when, lambda: instance.run(*release("shop"), "--up", "--yes"))


def during(instance: Instance, vercel: Vercel, wanted: list[Input], when: str, run: Callable[[], Run]) -> Run:
    client = instance.local.client()
    fault = client.add_fault(service="vercel", method="POST", path=BUILD, action="hang", when=when)["id"]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            while not running.done() and not client.fault(fault, fired=1, seconds=5)["fired"]:
                pass
            assert not running.done(), running.result().said
            change_all(vercel, wanted)
        finally:
            client.remove_fault(fault)
        return running.result()


def by_hand(instance: Instance, refused: Run) -> None:
    """Run the commands that a refusal names for what no update puts right, and then the update, each as printed."""
    assert refused.code == 8, refused.said
    for each in re.findall(r"curl .*", refused.stderr):
        instance.run("sh", "-c", each).ok()
    (command,) = set(re.findall(r"`(parity up staging)`", refused.stderr))
    instance.run(*command.split(), "--yes").ok()


def remedy(instance: Instance, said: str) -> None:
    """Run the command that a message names, as printed; where that is refused, what the refusal names."""
    (command,) = set(re.findall(r"parity release staging \w+ --commit \w+ --again --live --up", said))
    done = instance.run(*command.split(), "--yes")
    if done.code != 0:
        by_hand(instance, done)


# --- The fault ------------------------------------------------------------------------------------------------


def test_a_release_is_built_with_what_is_declared_and_without_what_is_not_any_more(removed: Instance):
    before, since = inputs(removed, "r1"), removed.last_request()
    Vercel(removed).change("NEXT_PUBLIC_BASE_URL", value=ELSEWHERE)
    done = removed.run(*release("shop"), "--up", "--yes").ok()
    calls = [call.partition("/")[0] for call in changing(removed, since)[1:]]
    assert "DELETE " in calls[: calls.index("POST ")], "what is not declared is removed before the build"
    assert live(removed) == "r2"
    assert inputs(removed, "r1") == before, "a kept release holds its own"
    assert inputs(removed, "r2") == without(before), "the declared value was written before"
    assert ELSEWHERE not in done.stdout
    assert built(removed) == {"r1": "not known", "r2": "declared"}


# --- The table --------------------------------------------------------------------------------------------------------


@more
def test_what_was_changed_before_the_plan_is_put_right_or_refused(instance: Instance, vercel: Vercel):
    change_all(vercel, INPUTS)
    since = instance.last_request()
    refused = instance.run(*release("shop"), "--up", "--yes")
    assert changing(instance, since) == [], "nothing was changed"
    assert deployment(instance, "r2") is None
    named([refused.stderr], group(BEFORE, REFUSED))
    assert not [each.name for each in group(BEFORE, RIGHT) if each.what in refused.stderr]
    by_hand(instance, refused)
    assert live(instance) == "r2"
    assert inputs(instance, "r2") == inputs(instance, "r1")
    assert built(instance) == {"r1": "not known", "r2": "declared"}
    assert not drifted(instance), "what was put right is right"


@more
def test_what_a_deployment_got_after_the_plan_is_refused(instance: Instance, vercel: Vercel):
    wanted = group(WITH, REFUSED)
    done = while_it_is_made(instance, vercel, wanted, "before")
    (said,) = (line for line in done.stderr.splitlines() if "was built with what was not declared" in line)
    named([said], wanted)
    switch_names(done, wanted)
    assert live(instance) == "r1"
    assert built(instance) == {"r1": "not known", "r2": "otherwise"}
    (found,) = (each for each in drifted(instance) if each["property"] == "built")
    named([found["live"]], wanted)
    remedy(instance, found["remedy"])
    assert live(instance) == "r3"
    assert inputs(instance, "r3") == inputs(instance, "r1") != inputs(instance, "r2")
    assert built(instance) == {"r1": "not known", "r2": "otherwise", "r3": "declared"}, "found of a kept one too"
    assert [each["property"] for each in drifted(instance)] == ["built"]


@more
def test_what_was_changed_after_the_build_is_refused(instance: Instance, vercel: Vercel):
    wanted = group(BETWEEN, REFUSED)
    done = while_it_is_made(instance, vercel, wanted, "after")
    assert inputs(instance, "r2") == inputs(instance, "r1"), "it was made before the change"
    switch_names(done, wanted)
    assert live(instance) == "r1"
    remedy(instance, done.said)
    assert live(instance) == "r3"
    assert inputs(instance, "r3") == inputs(instance, "r1")
    assert built(instance)["r3"] == "declared"
    assert {each["property"] for each in drifted(instance)} <= {"built"}, "r2 may count as built otherwise"


def test_what_was_changed_after_the_release_is_reported(instance: Instance, vercel: Vercel):
    was = inputs(instance, "r1")
    change_all(vercel, INPUTS)
    named(found_by(drifted(instance)), group(AFTER, REPORTED))
    assert inputs(instance, "r1") == was


def test_the_page_is_the_table():
    if ALL and os.environ.get("PARITY_WRITE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()


def test_every_change_is_put_right_refused_or_reported_and_each_at_some_moment_otherwise():
    assert {outcome for each in INPUTS for outcome in each.becomes} == {RIGHT, REFUSED, REPORTED}
    assert not group(BEFORE, REPORTED)
    assert group(WITH, REFUSED) == group(BETWEEN, REFUSED) == group(AFTER, REPORTED) == list(INPUTS)


# --- A variable that is not declared any more -------------------------------------------------------------------------


@pytest.fixture
def removed(instance: Instance) -> Instance:
    """The program without one of shop's variables."""
    path = instance.project.root / "infra" / "catalog.py"
    before, after = path.read_text().split(f'PlainVariable(name="{REMOVED}"')
    path.write_text(before + after.partition("),")[2])
    return instance


def without(values: dict[str, Any]) -> dict[str, Any]:
    variables = {name: value for name, value in values["variables"].items() if name != REMOVED}
    assert variables != values["variables"]
    return {**values, "variables": variables}


@more
def test_an_update_that_dies_after_that_removal_is_followed_by_one_that_converges(removed: Instance):
    before, since = inputs(removed, "r1"), removed.last_request()
    removed.local.client().add_fault(service="vercel", method="POST", path=BUILD, status=400)
    stopped = removed.run(*release("shop"), "--up", "--yes")
    assert stopped.code == 6, stopped.said
    assert changing(removed, since)[0].startswith("DELETE ")
    assert (live(removed), deployment(removed, "r2")) == ("r1", None)
    removed.run("parity", "up", "staging", "--yes").ok()
    assert (live(removed), inputs(removed, "r2")) == ("r2", without(before))
    assert built(removed) == {"r1": "not known", "r2": "declared"}
    assert not drifted(removed)
    removed.run("parity", "rollback", "staging", "shop", "--to", "r1", "--up").ok()
    assert (live(removed), inputs(removed, "r1")) == ("r1", before), "what is kept is not built again"


# --- What is accepted, and stacks of an earlier version ---------------------------------------------------------------


@more
def test_an_undeclared_setting_that_an_exception_accepts_is_built_and_goes_live(instance: Instance, vercel: Vercel):
    vercel.project(buildCommand="make")
    instance.replace(
        "staging",
        "parity:exceptions: []",
        "parity:exceptions:\n    - resource: Project shop-project\n      property: buildCommand\n"
        "      reason: tried by hand\n      accepts: drift",
    )
    instance.run(*release("shop"), "--up", "--yes").ok()
    assert live(instance) == "r2"
    assert inputs(instance, "r2")["settings"]["buildCommand"] == "make"
    assert built(instance)["r2"] == "declared"


NEW = {"settings", "sensitiveWrites", "acceptedSettings", "compared"}


def switches(instance: Instance) -> list[set[str]]:
    """What of the comparison each LiveRelease of the state has."""
    document = json.loads(instance.pulumi("stack", "export", "--stack", "staging").ok().stdout)
    rows = [row for row in document["deployment"]["resources"] if row["type"] == kinds.LIVE]
    return [NEW & {*row["inputs"], *row["outputs"]} for row in rows]


@more
def test_a_stack_that_an_earlier_version_recorded_shows_no_change_and_is_compared_from_then_on(
    instance: Instance, vercel: Vercel, tmp_path: Path
):
    document = json.loads(instance.pulumi("stack", "export", "--stack", "staging").ok().stdout)
    for row in document["deployment"]["resources"]:
        for side in ("inputs", "outputs") if row["type"] == kinds.LIVE else ():
            row[side] = {name: each for name, each in row[side].items() if name not in NEW}
    file = tmp_path / "state.json"
    file.write_text(json.dumps(document))
    instance.pulumi("stack", "import", "--stack", "staging", "--file", str(file)).ok()
    assert switches(instance) == [set(), set()]
    since = instance.last_request()
    instance.pulumi("preview", "--stack", "staging", "--expect-no-changes").ok()
    instance.run("parity", "up", "staging", "--yes").ok()
    assert changing(instance, since) == []
    assert switches(instance) == [{"settings", "sensitiveWrites"}] * 2

    instance.run(*release("shop"), "--up", "--yes").ok()
    assert {"settings", "sensitiveWrites", "compared"} in switches(instance)
    hidden = [each for each in INPUTS if each.name == "value of a sensitive variable"]
    instance.run(*release("shop"), "--again").ok()
    done = during(instance, vercel, hidden, "before", lambda: instance.up("staging"))
    assert "PAYMENT_SECRET_KEY was written by something else than an update" in " ".join(done.said.split())
    assert live(instance) == "r2"


# --- Plain Pulumi -----------------------------------------------------------------------------------------------------


@more
def test_plain_pulumi_does_not_switch_to_what_holds_an_undeclared_variable(instance: Instance, vercel: Vercel):
    vercel.add(key="BY_HAND", value="1", type="sensitive")
    instance.run(*release("shop")).ok()
    done = instance.up("staging")
    assert done.code != 0
    assert "BY_HAND is not declared" in done.said
    assert live(instance) == "r1"
    remedy(instance, done.said)
    assert inputs(instance, "r3") == inputs(instance, "r1")


@more
def test_plain_pulumi_does_not_switch_to_what_holds_a_variable_that_was_removed(removed: Instance):
    before = inputs(removed, "r1")
    removed.run(*release("shop")).ok()
    done = removed.up("staging")
    assert done.code != 0
    assert f"{REMOVED} is not declared" in done.said
    assert live(removed) == "r1"
    remedy(removed, done.said)
    assert inputs(removed, "r3") == without(before)
