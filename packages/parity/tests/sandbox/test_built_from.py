"""A release is built from what was declared, or not at all: each input changed by hand, on the real engine."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from support.built_from import ELSEWHERE, INPUTS, MOMENTS, PROJECT, Vercel, chosen, page
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.built_from import Input
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

COMMIT = "5" * 40
ALL = os.environ.get("PARITY_BUILT_FROM") == "all"
PAGE = ROOT / "docs" / "built-from.md"
RELEASE = ("parity", "release", "staging", "admin", "--commit", COMMIT, "--live", "--up", "--yes")
BUILD_SECONDS = 4
FOUND: dict[tuple[str, str], str] = {}


@pytest.fixture
def instance(finished_instance: Instance) -> Instance:
    repositories = [
        {"owner": "storefront-example", "name": name, "commits": [COMMIT], "default_branch": "main"}
        for name in ("storefront", "other")
    ]
    finished_instance.local.client().seed(
        {"github": {"organization": "storefront-example", "repositories": repositories}}
    )
    return finished_instance


@pytest.fixture
def vercel(instance: Instance) -> Vercel:
    return Vercel(instance)


def deployment(instance: Instance, release: str = "r2") -> dict[str, Any] | None:
    rows = instance.state()["vercel"]["deployments"]
    return next((row for row in rows if row["name"] == PROJECT and row["meta"].get("release") == release), None)


def variables(row: dict[str, Any]) -> dict[str, str]:
    """What a deployment snapshotted, each a fingerprint, but for what names the release."""
    return {name: value for name, value in row["snapshot"]["variables"].items() if not name.startswith("PARITY_")}


def settings(row: dict[str, Any]) -> dict[str, Any]:
    return {"regions": row["regions"], "repository": row["gitSource"]["repoId"], **row["projectSettings"]}


def changing(instance: Instance, since: int) -> list[str]:
    rows = instance.local.client().requests(since, service="vercel")
    return [f"{row['method']} {row['path']}" for row in rows if row["method"] != "GET"]


def mark(instance: Instance) -> int:
    return instance.local.client().requests(service="vercel")[-1]["id"]


def live(instance: Instance) -> str:
    project = next(row for row in instance.state()["vercel"]["projects"] if row["name"] == PROJECT)
    return project["targets"]["production"]["meta"]["release"]


def drifted(instance: Instance) -> list[dict[str, Any]]:
    done = instance.run("parity", "drift", "staging", "--json")
    found = json.loads(done.stdout)["findings"]
    return [each for each in found if each["kind"] not in {"unknowable", "cross-stack"}]


# --- The fault ------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_release_is_not_built_with_a_value_that_is_not_declared(instance: Instance, vercel: Vercel):
    first = deployment(instance, "r1")
    vercel.change("NEXT_PUBLIC_BASE_URL", value=ELSEWHERE)
    done = instance.run(*RELEASE).ok()
    assert first is not None
    made = deployment(instance)
    assert made is not None
    assert variables(made) == variables(first), "the update wrote the declared value before it built"
    assert live(instance) == "r2"
    assert ELSEWHERE not in done.stdout
    shown = json.loads(instance.run("parity", "releases", "staging", "admin", "--json").ok().stdout)[0]
    built = {row["id"]: row["built"] for row in shown["releases"]}
    assert built == {"r1": "not known", "r2": "declared"}


# --- The table --------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("given", "moment"), [pytest.param(*each, id=f"{each[0].name}, {each[1]}") for each in chosen(everything=ALL)]
)
def test_no_change_by_hand_passes(instance: Instance, vercel: Vercel, given: Input, moment: str):
    tried = {MOMENTS[0]: _before, MOMENTS[1]: _between, MOMENTS[2]: _after}[moment]
    FOUND[given.name, moment] = tried(instance, vercel, given)


def _before(instance: Instance, vercel: Vercel, given: Input) -> str:
    first = deployment(instance, "r1")
    given.change(vercel)
    since = mark(instance)
    done = instance.run(*RELEASE)
    made = deployment(instance)
    assert first is not None
    if done.code == 0:
        assert made is not None
        assert (variables(made), settings(made)) == (variables(first), settings(first))
        assert not drifted(instance), "what was put right is right"
        return "put right"
    assert done.code == 8, done.said
    assert changing(instance, since) == [], "nothing was changed"
    assert made is None
    assert "undeclared inputs" in done.stderr
    return "refused"


def _between(instance: Instance, vercel: Vercel, given: Input) -> str:
    first = deployment(instance, "r1")
    instance.local.client().add_build_rule(match={"project": PROJECT, "release": "r2"}, seconds=BUILD_SECONDS)
    done = _while_it_builds(instance, vercel, given)
    made = deployment(instance)
    assert first is not None
    assert made is not None
    assert (variables(made), settings(made)) == (variables(first), settings(first)), "it was made before the change"
    if done.code != 0:
        assert given.variable
        assert "was not promoted" in done.said
        assert live(instance) == "r1"
        again = instance.run(*RELEASE, "--again")
        if "undeclared" in given.name:
            assert again.code == 8, again.said
            return "refused"
        assert live(instance) == "r3", again.said
        assert variables(deployment(instance, "r3") or {}) == variables(first), "the remedy builds what is declared"
        return "refused"
    assert live(instance) == "r2"
    assert drifted(instance), "the change is found"
    return "reported"


def _while_it_builds(instance: Instance, vercel: Vercel, given: Input) -> Run:
    """Run the release, and change the input once its deployment is there and being built."""
    failed: list[str] = []

    def change() -> None:
        deadline = time.monotonic() + 240
        while deployment(instance) is None:
            if time.monotonic() > deadline:
                failed.append("no deployment was made")
                return
            time.sleep(0.1)
        given.change(vercel)
        row = deployment(instance)
        if row is None or row["readyState"] == "READY":
            failed.append("the build ended before the change")

    thread = threading.Thread(target=change)
    thread.start()
    done = instance.run(*RELEASE)
    thread.join()
    assert not failed, f"{failed}: {done.said}"
    return done


def _after(instance: Instance, vercel: Vercel, given: Input) -> str:
    given.change(vercel)
    found = drifted(instance)
    assert any(PROJECT in each["name"] or each["name"].startswith("admin-") for each in found), found
    return "reported"


@pytest.fixture(scope="module", autouse=True)
def written() -> Iterator[None]:
    """Write the page where the complete table was tried and that is asked for."""
    yield
    if ALL and os.environ.get("PARITY_WRITE_DOCS") and len(FOUND) == len(INPUTS) * len(MOMENTS):
        PAGE.write_text(page(FOUND))
