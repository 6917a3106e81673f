"""Behind the release commands: forecasts, commits, what goes back, summaries, and pull requests at GitHub."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import socket
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parity.cli.commands import release_output
from parity.config import settings as infra_settings
from parity.config.migrations import Migration
from parity.config.parameters import Stage, Watch
from parity.config.project import Project
from parity.config.secret import Secret
from parity.config.stack_models import Release, Releases
from parity.console import Screen
from parity.engine import state
from parity.errors import HealthError, ParityError, RefusedError, UnreadError, UpdateError, UsageError, WatchError
from parity.releases import (
    commits,
    delivery,
    follow,
    forecast,
    logins,
    preconditions,
    pull_request,
    release_status,
    stack_file,
    steps,
    summary,
    switch,
    switches,
    table,
)
from parity.releases.commits import Knowledge
from parity.releases.forecast import Applied
from parity.releases.pull_request import PullRequest
from parity.releases.release_status import Deployed, ReleaseStatus
from parity.releases.steps import Change
from parity.resources import kinds
from parity.status import applications
from parity.status.record import Recorded
from parity.vendors import services
from parity.vendors.health import Pass
from parity.vendors.http import Client, Limits, Service
from parity.vendors.rolling import Roll
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = infra_settings.load("staging", ROOT, None)
A, B, C = "1a" * 20, "2b" * 20, "3c" * 20
ONE, TWO = "0f" * 16, "1e" * 16


def kept(live: str | None, **releases: tuple[str, str, int]) -> Releases:
    made = {name: Release(commit=c, config=d, credentials=g) for name, (c, d, g) in releases.items()}
    return Releases(live=live, kept=made)


TWO_RELEASES = kept("r1", r1=(A, ONE, 1), r2=(B, TWO, 2))


# --- What the next update does ----------------------------------------------------------------------------------------


def test_nothing_to_do_is_said_as_nothing():
    assert forecast.forecast(SETTINGS, "shop", forecast.applied_by_file(TWO_RELEASES), TWO_RELEASES) == ()


def test_a_new_live_release_with_a_new_generation():
    applied = forecast.applied_by_file(kept("r1", r1=(A, ONE, 1)))
    after = kept("r2", r1=(A, ONE, 1), r2=(B, TWO, 2))
    assert forecast.forecast(SETTINGS, "shop", applied, after) == (
        "make the login storefront_staging_shop_g2",
        "set the project's variables to what config gives now: they describe the newest release, r2",
        f"build r2 from commit {B[:12]}, where no user sees it",
        (
            "ask r2 at its own host (/api/health) whether it is healthy; then, with one promote call, move "
            "shop.staging.storefront.example from r1 to r2"
        ),
    )


def test_migrations_that_are_not_recorded_run_before_the_build_and_contractions_after_the_switch(
    monkeypatch: pytest.MonkeyPatch,
):
    files = [Migration(f"migrations/storefront/{at}.sql", at, sql) for at, sql in enumerate(
        ("create table t (a int)", "alter table t add b int", "alter table t drop a"))]  # fmt: skip
    monkeypatch.setattr(type(SETTINGS), "migrations", lambda *_: tuple(files))
    applied = Applied(frozenset({"r1"}), "r1", "r1", frozenset(), frozenset({files[0].file}))
    after = kept("r2", r1=(A, ONE, 1), r2=(B, TWO, 1))
    first, *_, last = forecast.forecast(SETTINGS, "shop", applied, after)
    assert (first, last) == ("run migrations/storefront/1.sql", "run migrations/storefront/2.sql, after every switch")
    unknown = replace(applied, migrated=None)
    assert not any("run " in each for each in forecast.forecast(SETTINGS, "shop", unknown, after))


def test_a_rollback_is_a_switch_alone():
    applied = forecast.applied_by_file(TWO_RELEASES.model_copy(update={"live": "r2"}))
    said = forecast.forecast(SETTINGS, "shop", applied, TWO_RELEASES)
    assert len(said) == 1
    assert said[0].endswith("move shop.staging.storefront.example from r2 to r1")


def test_a_prune_deletes_deployments_and_then_the_logins_that_nothing_uses():
    before = kept("r3", r1=(A, ONE, 1), r2=(B, TWO, 1), r3=(C, TWO, 2))
    after = kept("r3", r3=(C, TWO, 2))
    assert forecast.forecast(SETTINGS, "shop", forecast.applied_by_file(before), after) == (
        "delete the deployments of r1 and r2: then no rollback to them",
        "drop the login storefront_staging_shop_g1, which no kept release uses",
    )


def test_a_release_that_would_be_built_with_anothers_variables_is_refused():
    three = kept("r1", r1=(A, ONE, 1), r2=(B, TWO, 1), r3=(C, ONE, 1))
    applied = forecast.applied_by_file(kept("r1", r1=(A, ONE, 1)))
    assert forecast.built_wrongly(applied, three) == ("r2",)
    with pytest.raises(RefusedError, match="would build with the variables of r3"):
        preconditions.wrong_builds("staging", "shop", applied, three)
    # Deployed already, or recorded with the same config: nothing wrong.
    preconditions.wrong_builds("staging", "shop", forecast.applied_by_file(three), three)
    same = kept("r1", r1=(A, ONE, 1), r2=(B, TWO, 1), r3=(C, TWO, 1))
    preconditions.wrong_builds("staging", "shop", applied, same)
    other_generation = kept("r1", r1=(A, ONE, 1), r2=(B, TWO, 1), r3=(C, TWO, 2))
    assert forecast.built_wrongly(applied, other_generation) == ("r2",)


def test_the_first_release_of_all():
    said = forecast.forecast(
        SETTINGS, "shop", Applied(frozenset(), None, None, frozenset()), kept("r1", r1=(A, ONE, 1))
    )
    assert said[-1].endswith("move shop.staging.storefront.example to r1")


def recorded(kind: str, title: str, /, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:staging::storefront::parity:components:WebApp${kind}::{title}"
    return {"urn": urn, "type": kind, "custom": True, "id": f"id-{title}", "inputs": inputs, "outputs": inputs}


def state_of(*rows: dict[str, Any]):
    return state.parse({"deployment": {"resources": list(rows)}})


def test_what_is_applied_is_read_from_the_engines_record():
    rows = (
        recorded(kinds.DEPLOYMENT, "shop-deployment-r1"),
        recorded(kinds.DEPLOYMENT, "shop-deployment-r12"),
        recorded(kinds.DEPLOYMENT, "shop-deployment-deployment-r7"),
        {**recorded(kinds.DEPLOYMENT, "shop-deployment-r3"), "delete": True},
        recorded(kinds.LIVE, "shop-live", release="r12"),
        recorded(kinds.ROLE, "a", name="storefront_staging_shop_g3"),
        recorded(kinds.ROLE, "b", name="storefront_staging_shop"),
        recorded(kinds.ROLE, "c", name="storefront_staging_admin_g9"),
        recorded(kinds.MIGRATION, "d", file="migrations/storefront/0001_items.sql"),
    )
    application = SETTINGS.catalog.application("shop")
    found = forecast.applied_by_engine(state_of(*rows), application, SETTINGS.names)
    assert found == Applied(
        frozenset({"r1", "r12"}), "r12", "r12", frozenset({3}), frozenset({"migrations/storefront/0001_items.sql"})
    )


# --- Commits ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "one")
    return tmp_path, git("rev-parse", "HEAD")


def test_any_name_that_git_knows_is_a_commit(repository):
    folder, commit = repository
    for name in (commit, commit[:12], "main", "HEAD"):
        assert commits.full(name, folder) == commit


def test_the_commit_follows_what_changed(repository):
    folder, first = repository
    shop = SETTINGS.catalog.applications[0]
    found = kept("r1", r1=(first, ONE, 1), r2=(first, TWO, 1))
    git = ("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com")
    (folder / "README").write_text("other\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "elsewhere"], check=True)
    taken = commits.chosen(None, folder, shop, found)
    assert taken.sha == first
    assert "r1's" in taken.why
    source = folder / shop.root_directory / "page.ts"
    source.parent.mkdir(parents=True)
    source.write_text("code\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "code"], check=True)
    taken = commits.chosen(None, folder, shop, found)
    assert taken.sha == commits.full("HEAD", folder) != first
    assert f"because {shop.root_directory} changed" in taken.why
    assert commits.chosen("HEAD", folder, shop, found).why == f"--commit HEAD is {taken.sha}."
    with pytest.raises(UsageError, match="is not known: Git does not have") as caught:
        commits.chosen(None, folder, shop, kept("r1", r1=(B, ONE, 1)))
    assert f"--commit {B}" in caught.value.remedy


def test_a_rollback_forward_is_refused_and_names_live(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "load", lambda _: stack_file.ReleasesFile(tmp_path, "", {"shop": TWO_RELEASES}, ""))
    stack = SimpleNamespace(name="staging", sealed_settings=lambda: SETTINGS)
    with pytest.raises(UsageError, match="newer than the live r1") as caught:
        switches.rollback(stack, "shop", "r2", checked=False)
    assert caught.value.remedy == "parity live staging shop r2"


@pytest.mark.parametrize("given", ["", "HEAD~1", "--output=x", "g" * 40, A.upper(), A + "0"])
def test_what_is_no_commit_is_refused(tmp_path, given):
    with pytest.raises(UsageError):
        commits.full(given, tmp_path)


def github(handler) -> Client:
    limits = Limits(deadline_seconds=0.1, first_pause_seconds=0.01)
    service = Service("GitHub", "https://api.github.com", {}, {})
    return Client(service, limits=limits, transport=httpx.MockTransport(handler))


def known(folder: Path, commit: str, status: int | None) -> Knowledge:
    client = None if status is None else github(lambda _: httpx.Response(status, json={"message": "said"}))
    return asyncio.run(commits.known(commit, folder, SETTINGS.catalog.repository, client))


def test_a_commit_is_asked_of_the_repository_here_and_of_github(repository, tmp_path_factory):
    folder, commit = repository
    assert known(folder, commit, None).local is True
    assert known(folder, A, None).local is False
    assert known(tmp_path_factory.mktemp("none"), A, None).local is None
    assert known(folder, commit, 200).github is True
    assert known(folder, commit, 422).github is False
    for status in (401, 403, 404, 500):
        found = known(folder, commit, status)
        assert found.github is None, "what could not be asked is no answer"
        assert str(status) in found.unasked


@pytest.mark.parametrize(
    ("local", "remote", "outcome"),
    [
        (True, True, ""),
        (None, True, ""),
        (False, True, ""),
        (True, None, ""),
        (True, False, "push it before the update"),
        (None, None, "It could not be checked"),
        (False, None, None),
        (None, False, None),
        (False, False, None),
    ],
)
def test_a_commit_that_no_repository_knows_is_refused(local, remote, outcome):
    judge = lambda: commits.judge(A, SETTINGS.catalog.repository, Knowledge(local, remote, "no token"))  # noqa: E731
    if outcome is None:
        with pytest.raises(UsageError, match="is unknown"):
            judge()
    elif outcome:
        assert outcome in judge()
    else:
        assert judge() == ""


# --- Going back -------------------------------------------------------------------------------------------------------


def test_the_release_before_the_live_one():
    three = kept("r3", r1=(A, ONE, 1), r2=(B, TWO, 1), r3=(C, TWO, 1))
    assert switches.previous(three, "staging", "shop") == "r2"
    for live in ("r1", None):
        with pytest.raises(UsageError, match="no kept release before the live one"):
            switches.previous(three.model_copy(update={"live": live}), "staging", "shop")


def test_what_goes_back_and_what_cannot_is_said():
    said = switches.what_goes_back(SETTINGS, "shop", TWO_RELEASES.model_copy(update={"live": "r2"}), "r1")
    text = "\n".join(said)
    assert f"code: commit {A} instead of {B}" in text
    assert f"config {ONE} instead of {TWO}" in text
    assert "generation 1 instead of 2, which logs in as storefront_staging_shop_g1" in text
    assert "Does not go back: data, and migrations" in text
    assert "PAYMENT_SECRET_KEY" in text
    assert text.endswith("go on describing the newest release, r2.")


# --- Logins -----------------------------------------------------------------------------------------------------------

OPEN = replace(SETTINGS, secret=Secret("stack-secret-of-at-least-thirty-two-characters", "parity:secret"))


def test_a_generations_login_is_tried_where_libpq_leads_or_else_at_the_stacks_own_host():
    (ambient,) = logins.of(OPEN, "shop", 3, {"PGHOST": "127.0.0.1"})
    assert (ambient.role, ambient.database, ambient.where) == (
        "storefront_staging_shop_g3",
        "storefront_staging",
        {"PGHOST": "127.0.0.1"},
    )
    (own,) = logins.of(OPEN, "shop", 3, {})
    assert own.where == {"PGHOST": "db.staging.storefront.example", "PGPORT": "5432", "PGSSLMODE": "require"}
    assert own.password.reveal() != logins.of(OPEN, "shop", 2, {})[0].password.reveal()


def test_a_login_that_cannot_be_tried_is_refused_without_its_password(monkeypatch):
    with socket.socket() as taken:
        # Bound and not listening: no server answers there.
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PGHOST", "127.0.0.1")
        monkeypatch.setenv("PGPORT", str(taken.getsockname()[1]))
        found = logins.of(OPEN, "shop", 1, os.environ)
        lost = logins.refused(found)
    assert list(lost) == ["storefront_staging_shop_g1 to storefront_staging"]
    assert "refused" in lost[found[0].title]
    assert found[0].password.reveal() not in str(lost) + repr(found)


def test_an_application_without_a_database_has_nothing_to_try():
    assert logins.refused(()) == {}


# --- How it stands ----------------------------------------------------------------------------------------------------

WELL = ReleaseStatus(
    stack="staging",
    application="shop",
    project="shop-staging",
    releases=kept("r2", r1=(A, ONE, 1), r2=(B, TWO, 2)),
    deployments={
        "r1": Deployed("dpl_1", "one.vercel.app", "READY", 1.0, ""),
        "r2": Deployed("dpl_2", "two.vercel.app", "READY", 2.0, ""),
    },
    recorded_live="r2",
    recorded_deployment="dpl_2",
    served="dpl_2",
    moving="",
    domains={"shop.example": ""},
    stale="",
)


@pytest.mark.parametrize(
    ("live", "served", "command"),
    [
        ("r2", "dpl_1", "parity rollback staging shop --to r1"),
        ("r1", "dpl_2", "parity live staging shop r2"),
    ],
)
def test_what_was_made_live_by_hand_is_kept_by_a_command_that_takes_it(live, served, command):
    recorded = {"recorded_live": live, "recorded_deployment": f"dpl_{live[1:]}"}
    found = replace(WELL, releases=WELL.releases.model_copy(update={"live": live}), served=served, **recorded)
    with pytest.raises(RefusedError) as caught:
        preconditions.what_was_made_by_hand(found, None)
    assert f"To keep it: `{command}`" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recorded_live": "r1"}, "the last update left r1"),
        ({"recorded_live": None}, "the last update left none"),
        ({"served": "dpl_1"}, "serves release r1 (deployment dpl_1), which Parity did not make live"),
        ({"served": "dpl_9"}, "serves deployment dpl_9, which Parity did not make live"),
        (
            {"served": "dpl_1", "releases": kept("r1", r1=(A, ONE, 1), r2=(B, TWO, 2))},
            "serves r1, as the file says, and the engine has recorded r2: run the update",
        ),
        ({"moving": "dpl_1"}, "a promotion to deployment dpl_1 is under way"),
        ({"domains": {"shop.example": "answers 503"}}, "https://shop.example answers 503"),
        ({"stale": "was recorded with config"}, "was recorded with config"),
        ({"unasked": ("Vercel: no answer",)}, "Vercel: no answer"),
        ({"releases": kept(None, r1=(A, ONE, 1))}, "names no live release"),
    ],
)
def test_each_way_of_differing_from_the_file_is_named(change, words):
    assert WELL.faults() == ()
    found = replace(WELL, **change)
    assert words in "; ".join(found.faults())


@pytest.mark.parametrize("recorded", [None, Recorded(state.State((), (), {}), (), "none", "")])
def test_what_a_job_of_another_stack_may_not_ask_is_unknown_and_not_failing(recorded):
    why = f"shop-staging {release_status.MAY_NOT_ASK}"
    deployed = replace(WELL.deployments["r2"], fault=release_status.MAY_NOT_ASK)
    domains = {"shop.example": release_status.MAY_NOT_ASK}
    found = replace(WELL, domains=domains, deployments={"r2": deployed}, unasked=(why,))
    assert found.faults() == (why,)
    with pytest.raises(HealthError) as refused:
        steps._healthy(found, "prod")
    assert f"`parity release prod shop --commit {B} --live`" in str(refused.value.remedy)
    said, faults, (unknown,) = applications._health("staging", found.releases, found, recorded)
    assert (said, list(faults), unknown.why) == ("unknown", [], why)
    assert [row["healthy"] for row in table.rows(found)] == [None, None]
    with pytest.raises(RefusedError, match="alone ask"):
        preconditions.what_is_not_deployed(found, "r2")


def test_a_release_that_rolls_as_declared_is_no_fault_until_its_stage_is_overdue():
    rolls = replace(WELL, served="dpl_1", moving="dpl_2", roll=Roll("dpl_1", "dpl_2", 0, (5, 100)))
    assert (rolls.rolls, rolls.faults()) == ("r2 is rolling: 5 % of users, stage 1 of 1", ())
    follow.verify([rolls])
    assert table.document(rolls)["rolls"] == rolls.rolls
    with pytest.raises(HealthError, match="stage 1 of 1"):
        steps._healthy(rolls, "prod")
    late = replace(rolls, stalled=True)
    assert late.faults() == (f"{rolls.rolls} for longer than declared: `parity watch staging` goes on with it",)
    with pytest.raises(HealthError, match="parity watch staging"):
        follow.verify([late])


@pytest.mark.parametrize(("stages", "stage", "seconds"), [((5, 20), 1, 1500), ((5,), 1, 0), ((), 0, 0), (None, 0, 0)])
def test_a_stage_lasts_as_long_as_a_watch_stays_at_it(stages, stage, seconds):
    watch = None if stages is None else Watch(minutes=5, stages=[Stage(percent=each, minutes=each) for each in stages])
    reader = object.__new__(release_status._Reader)
    reader.application = SimpleNamespace(name="shop")
    reader.settings = SimpleNamespace(watch={"shop": watch}.get)
    assert reader._stays(stage) == seconds


def test_the_table_distinguishes_what_is_live_in_the_file_and_at_vercel():
    assert [(row["live"], row["newest"]) for row in table.rows(WELL)] == [("", False), ("yes", True)]
    other = table.rows(replace(WELL, served="dpl_1"))
    assert [(row["id"], row["live"]) for row in other] == [("r1", "at Vercel only"), ("r2", "in the file only")]
    unasked = table.rows(replace(WELL, served=None, unasked=("Vercel: no network",)))
    assert [row["live"] for row in unasked] == ["", "not known"]
    fresh = table.rows(replace(WELL, deployments={}))[0]
    assert (fresh["state"], fresh["healthy"], fresh["when"]) == ("NOT DEPLOYED", None, None)


@pytest.mark.parametrize(("width", "shows"), [(80, False), (160, True)])
def test_the_table_breaks_no_word_where_it_is_read(width, shows):
    screen = Screen(record_width=width, stdout=io.StringIO())
    release_output.show(screen, WELL)
    lines = [line.split() for line in screen.out.export_text().splitlines()]
    assert lines[2][:1] == ["r1"]
    assert lines[3][:2] == ["r2", "(newest)"]
    assert len(lines) == 4, lines
    assert ("deployment" in lines[1], "dpl_2" in lines[3]) == (shows, shows)


# --- The switch before the update -------------------------------------------------------------------------------------

LIVE = recorded(
    kinds.LIVE,
    "shop-live",
    team="team_a",
    projectId="prj_a",
    project="shop-staging",
    deploymentId="dpl_2",
    deploymentUrl="two.vercel.app",
    release="r2",
    commit=B,
    newest=True,
    domains=["shop.example"],
    health={"path": "/", "timeoutSeconds": 1, "deadlineSeconds": 1},
    promoteDeadlineSeconds=1,
    protectionBypass={"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"},
)


def test_a_rollbacks_switch_is_what_live_release_would_be_given():
    found = switch.prepare(OPEN, state_of(LIVE), replace(WELL, through=Pass("canary")), "r1")
    assert found is not None
    assert found.inputs["protectionBypass"] == "canary", "what the deployments were asked with"
    changed = {name for name in found.inputs if found.inputs[name] != LIVE["inputs"][name]}
    assert changed == {"deploymentId", "deploymentUrl", "release", "commit", "newest", "protectionBypass"}
    assert (found.inputs["deploymentId"], found.inputs["commit"], found.inputs["newest"]) == ("dpl_1", A, False)
    assert found.urn == LIVE["urn"]
    assert found.recorded["deploymentId"] == "dpl_2"
    assert found.inputs["protectionBypass"] not in repr(found)


def test_going_forward_to_the_newest_release_compares_what_it_was_built_with():
    older = {**LIVE, "inputs": {**LIVE["inputs"], "newest": False}}
    found = switch.prepare(OPEN, state_of(older), WELL, "r2")
    assert found is not None
    assert found.inputs["newest"] is True


def test_a_switch_that_only_an_update_can_make_is_left_to_it():
    pending = {"type": "updating", "resource": LIVE}
    died = state.parse({"deployment": {"resources": [LIVE], "pending_operations": [pending]}})
    assert switch.prepare(OPEN, state_of(), WELL, "r1") is None
    assert switch.prepare(OPEN, died, WELL, "r1") is None
    assert switch.prepare(OPEN, state_of({**LIVE, "initErrors": ["not done"]}), WELL, "r1") is None
    assert switch.prepare(OPEN, state_of(LIVE), replace(WELL, stale="config moved away"), "r1") is None
    assert switch.prepare(OPEN, state_of(LIVE), replace(WELL, deployments={}), "r1") is None


# --- Summaries --------------------------------------------------------------------------------------------------------

ORIGIN = summary.Origin(C, PullRequest(12, "https://github.example/12", "Raise the @limit", "x"), "https://run.example")


def test_a_summary_says_what_went_live_from_where_and_how_to_go_back():
    text = summary.markdown("staging", {"shop": {"live": "r1"}}, [WELL], ORIGIN, None)
    assert text.startswith("## staging: delivered\n")
    assert f"commit `{C}`, pull request [#12](https://github.example/12) Raise the `@limit`, [run](https://run" in text
    assert f"| shop | r1 | **r2** | `{B[:12]}` | yes |" in text
    assert "- shop: `parity rollback staging shop --to r1 --up`" in text


def test_a_summary_of_an_update_that_changed_nothing_still_names_the_rollback():
    text = summary.markdown("staging", {"shop": {"live": "r2"}}, [WELL], summary.Origin("", None, ""), None)
    assert "| shop | r2 | r2 |" in text
    assert "--to r1 --up" in text


@pytest.mark.parametrize(
    ("error", "title"), [(WatchError, "bad, and held"), (UnreadError, "delivered, and its errors are not known")]
)
def test_a_summary_says_what_the_watch_came_to_and_what_is_to_be_done(error, title):
    failure = error("r2 of shop is bad", remedy="record it; lift it")
    text = summary.markdown("staging", {"shop": {"live": "r1"}}, [WELL], ORIGIN, failure)
    assert text.startswith(f"## staging: {title}\n")
    assert "r2 of shop is bad" in text
    assert "- record it\n- lift it\n" in text
    assert "The update failed" not in text


def test_a_summary_of_a_failure_says_what_is_live_and_why():
    there = replace(WELL, served="dpl_1", recorded_live="r1", recorded_deployment="dpl_1")
    text = summary.markdown("staging", {"shop": {"live": "r1"}}, [there], ORIGIN, UpdateError("```broken"))
    assert text.startswith("## staging: failed\n")
    assert "| shop | r1 | r1 |" in text
    assert "````text\n```broken\n````" in text


# --- Deliveries that are refused --------------------------------------------------------------------------------------


def test_a_checkout_behind_main_is_not_delivered(repository):
    folder, first = repository

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], cwd=folder, check=True
        )

    (folder / "README.md").write_text("words")
    (folder / "db").mkdir()
    (folder / "db" / "0001_items.sql").write_text("create table items ()")
    git("add", ".")
    git("commit", "-q", "-m", "words")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("checkout", "-q", first)
    delivery._refuse_if_behind(folder, "origin/main")
    with pytest.raises(RefusedError, match=r"origin/main has moved on: db/0001_items.sql differ there"):
        delivery._refuse_if_behind(folder, "origin/main", "db")
    git("checkout", "-q", "main")
    (folder / "Pulumi.prod.yaml").write_text("config: {}")
    git("add", ".")
    git("commit", "-q", "-m", "a release")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("checkout", "-q", first)
    with pytest.raises(RefusedError, match=r"origin/main has moved on: Pulumi.prod.yaml differ there"):
        delivery._refuse_if_behind(folder, "origin/main")
    with pytest.raises(ParityError, match="cannot compare"):
        delivery._refuse_if_behind(folder, "origin/nowhere")


# --- Pull requests ----------------------------------------------------------------------------------------------------

TEXT = f"""\
config:
  parity:releases:
    shop:
      live: r2
      kept:
        r1: {{commit: {A}, config: {ONE}, credentials: 1}}
        r2: {{commit: {B}, config: {TWO}, credentials: 2}}
"""


class Hub:
    """GitHub's part in a pull request: refs, one file on each branch, pull requests."""

    def __init__(self, text: str) -> None:
        self.files = {"main": text}
        self.pulls: list[dict[str, Any]] = []
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/repos/storefront-example/storefront")
        body = json.loads(request.content) if request.content else {}
        if request.method != "GET":
            self.calls.append(f"{request.method} {path}")
        match (request.method, path.split("/")[1:]):
            case ("GET", ["git", "ref", "heads", *branch]):
                found = "/".join(branch) in self.files
                return httpx.Response(200 if found else 404, json={"object": {"sha": C}})
            case ("POST", ["git", "refs"]):
                self.files[body["ref"].removeprefix("refs/heads/")] = self.files["main"]
                return httpx.Response(201, json={})
            case ("GET", ["contents", "Pulumi.staging.yaml"]):
                text = self.files.get(request.url.params["ref"])
                content = base64.b64encode((text or "").encode()).decode()
                return httpx.Response(
                    404 if text is None else 200, json={"content": content, "sha": f"blob{text}"[:40]}
                )
            case ("PUT", ["contents", "Pulumi.staging.yaml"]):
                assert body["sha"] == f"blob{self.files[body['branch']]}"[:40]
                self.files[body["branch"]] = base64.b64decode(body["content"]).decode()
                return httpx.Response(200, json={})
            case ("GET", ["pulls"]):
                head = request.url.params.get("head")
                rows = [row for row in self.pulls if head in {None, f"storefront-example:{row['head']['ref']}"}]
                return httpx.Response(200, json=rows)
            case ("POST", ["pulls"]):
                row = {"number": len(self.pulls) + 1, "html_url": "https://github.example/1", "title": body["title"]}
                self.pulls.append({**row, "head": {"ref": body["head"]}, "body": body["body"]})
                return httpx.Response(201, json=self.pulls[-1])
        raise AssertionError(f"{request.method} {path}")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    found = Hub(TEXT)
    monkeypatch.setattr(release_status, "github", lambda: github(found))
    return found


def rollback_change(folder: Path) -> Change:
    path = folder / "Pulumi.staging.yaml"
    path.write_text(TEXT)
    file = stack_file.set_live(stack_file.load(path), "shop", "r1")
    return Change("staging", "shop", "rollback", file, "r1 is live again", ("a note",), ("switch",), "r1")


def ask(change: Change, folder: Path, **options: Any) -> PullRequest:
    options = {"applied": False, **options}
    return asyncio.run(pull_request.make(change, Project(folder), SETTINGS.catalog.repository, **options))


def test_a_pull_request_changes_one_word_and_says_what_follows(hub, tmp_path):
    made = ask(rollback_change(tmp_path), tmp_path)
    assert made.branch.startswith("rollback/staging/shop-r1-")
    assert hub.files[made.branch] == TEXT.replace("live: r2", "live: r1")
    assert hub.files["main"] == TEXT
    assert "- a note" in hub.pulls[0]["body"]
    assert "1. switch" in hub.pulls[0]["body"]


def test_asking_twice_makes_one_pull_request(hub, tmp_path):
    change = rollback_change(tmp_path)
    assert ask(change, tmp_path) == ask(change, tmp_path)
    assert len(hub.calls) == 3
    assert len(hub.pulls) == 1


def test_a_file_that_main_has_otherwise_is_not_overwritten(hub, tmp_path):
    hub.files["main"] = TEXT + "# another release\n"
    with pytest.raises(RefusedError, match="another text of it than was edited"):
        ask(rollback_change(tmp_path), tmp_path)
    assert hub.calls == []


def test_a_rollback_that_was_applied_is_found_until_it_is_merged(hub, tmp_path, monkeypatch):
    made = ask(rollback_change(tmp_path), tmp_path, applied=True)
    assert made.branch.startswith("rolled-back/staging/")
    assert "**Applied already**" in hub.pulls[0]["body"]
    repository = SETTINGS.catalog.repository
    with pytest.raises(RefusedError, match=r"would undo a rollback .* #1 r1 is live again"):
        asyncio.run(delivery._refuse_to_undo(repository, "staging"))
    asyncio.run(delivery._refuse_to_undo(repository, "prod"))
    hub.pulls.clear()
    asyncio.run(delivery._refuse_to_undo(repository, "staging"))


def test_without_a_token_it_is_said_which(tmp_path, monkeypatch):
    for name in services.GITHUB_TOKENS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="GH_TOKEN"):
        ask(rollback_change(tmp_path), tmp_path)


def test_health_is_held_of_every_application():
    follow.verify([WELL])
    sick = replace(WELL, domains={"shop.example": "answers 503"})
    with pytest.raises(HealthError, match="answers 503") as caught:
        follow.verify([WELL, sick])
    assert caught.value.remedy == "Put right what each says; to go back: `parity rollback staging shop --up`."
    with pytest.raises(HealthError) as caught:
        follow.verify([replace(sick, releases=kept("r1", r1=(A, ONE, 1), r2=(B, TWO, 2)))])
    assert caught.value.remedy == "Put right what each says."
