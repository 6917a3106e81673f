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
    from support.program import Box, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

COMMIT = "5" * 40
ALL = os.environ.get("PARITY_BUILT_FROM") == "all"
PAGE = ROOT / "docs" / "built-from.md"
RELEASE = ("parity", "release", "staging", "admin", "--commit", COMMIT, "--live", "--up", "--yes")
BUILD_SECONDS = 4
FOUND: dict[tuple[str, str], str] = {}


@pytest.fixture
def box(finished_box: Box) -> Box:
    repositories = [
        {"owner": "storefront-example", "name": name, "commits": [COMMIT], "default_branch": "main"}
        for name in ("storefront", "other")
    ]
    finished_box.local.client().seed({"github": {"organization": "storefront-example", "repositories": repositories}})
    return finished_box


@pytest.fixture
def vercel(box: Box) -> Vercel:
    return Vercel(box)


def deployment(box: Box, release: str = "r2") -> dict[str, Any] | None:
    rows = box.state()["vercel"]["deployments"]
    return next((row for row in rows if row["name"] == PROJECT and row["meta"].get("release") == release), None)


def variables(row: dict[str, Any]) -> dict[str, str]:
    """What a deployment snapshotted, each a fingerprint, but for what names the release."""
    return {name: value for name, value in row["snapshot"]["variables"].items() if not name.startswith("PARITY_")}


def settings(row: dict[str, Any]) -> dict[str, Any]:
    return {"regions": row["regions"], "repository": row["gitSource"]["repoId"], **row["projectSettings"]}


def changing(box: Box, since: int) -> list[str]:
    rows = box.local.client().requests(since, service="vercel")
    return [f"{row['method']} {row['path']}" for row in rows if row["method"] != "GET"]


def mark(box: Box) -> int:
    return box.local.client().requests(service="vercel")[-1]["id"]


def live(box: Box) -> str:
    project = next(row for row in box.state()["vercel"]["projects"] if row["name"] == PROJECT)
    return project["targets"]["production"]["meta"]["release"]


def drifted(box: Box) -> list[dict[str, Any]]:
    done = box.run("parity", "drift", "staging", "--json")
    found = json.loads(done.stdout)["findings"]
    return [each for each in found if each["kind"] not in {"unknowable", "cross-stack"}]


# --- The fault ------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_release_is_not_built_with_a_value_that_nobody_declared(box: Box, vercel: Vercel):
    first = deployment(box, "r1")
    vercel.change("NEXT_PUBLIC_BASE_URL", value=ELSEWHERE)
    done = box.run(*RELEASE).ok()
    assert first is not None
    made = deployment(box)
    assert made is not None
    assert variables(made) == variables(first), "the update wrote the declared value before it built"
    assert live(box) == "r2"
    assert ELSEWHERE not in done.stdout
    shown = json.loads(box.run("parity", "releases", "staging", "admin", "--json").ok().stdout)[0]
    built = {row["id"]: row["built"] for row in shown["releases"]}
    assert built == {"r1": "not known", "r2": "declared"}


# --- The table --------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("given", "moment"), [pytest.param(*each, id=f"{each[0].name}, {each[1]}") for each in chosen(everything=ALL)]
)
def test_no_change_by_hand_passes(box: Box, vercel: Vercel, given: Input, moment: str):
    tried = {MOMENTS[0]: _before, MOMENTS[1]: _between, MOMENTS[2]: _after}[moment]
    FOUND[given.name, moment] = tried(box, vercel, given)


def _before(box: Box, vercel: Vercel, given: Input) -> str:
    first = deployment(box, "r1")
    given.change(vercel)
    since = mark(box)
    done = box.run(*RELEASE)
    made = deployment(box)
    assert first is not None
    if done.code == 0:
        assert made is not None
        assert (variables(made), settings(made)) == (variables(first), settings(first))
        assert not drifted(box), "what was put right is right"
        return "put right"
    assert done.code == 8, done.said
    assert changing(box, since) == [], "nothing was changed"
    assert made is None
    assert "undeclared inputs" in done.stderr
    return "refused"


def _between(box: Box, vercel: Vercel, given: Input) -> str:
    first = deployment(box, "r1")
    box.local.client().add_build_rule(match={"project": PROJECT, "release": "r2"}, seconds=BUILD_SECONDS)
    done = _while_it_builds(box, vercel, given)
    made = deployment(box)
    assert first is not None
    assert made is not None
    assert (variables(made), settings(made)) == (variables(first), settings(first)), "it was made before the change"
    if done.code != 0:
        assert given.variable
        assert "was not promoted" in done.said
        assert live(box) == "r1"
        again = box.run(*RELEASE, "--again")
        if "undeclared" in given.name:
            assert again.code == 8, again.said
            return "refused"
        assert live(box) == "r3", again.said
        assert variables(deployment(box, "r3") or {}) == variables(first), "the remedy builds what is declared"
        return "refused"
    assert live(box) == "r2"
    assert drifted(box), "the change is found"
    return "reported"


def _while_it_builds(box: Box, vercel: Vercel, given: Input) -> Run:
    """Run the release, and change the input once its deployment is there and being built."""
    failed: list[str] = []

    def change() -> None:
        deadline = time.monotonic() + 240
        while deployment(box) is None:
            if time.monotonic() > deadline:
                failed.append("no deployment was made")
                return
            time.sleep(0.1)
        given.change(vercel)
        row = deployment(box)
        if row is None or row["readyState"] == "READY":
            failed.append("the build ended before the change")

    thread = threading.Thread(target=change)
    thread.start()
    done = box.run(*RELEASE)
    thread.join()
    assert not failed, f"{failed}: {done.said}"
    return done


def _after(box: Box, vercel: Vercel, given: Input) -> str:
    given.change(vercel)
    found = drifted(box)
    assert any(PROJECT in each["name"] or each["name"].startswith("admin-") for each in found), found
    return "reported"


@pytest.fixture(scope="module", autouse=True)
def written() -> Iterator[None]:
    """Write the page where the whole table was tried and that is asked for."""
    yield
    if ALL and os.environ.get("PARITY_WRITE_DOCS") and len(FOUND) == len(INPUTS) * len(MOMENTS):
        PAGE.write_text(page(FOUND))
