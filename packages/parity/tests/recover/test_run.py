"""All of recover: never two writers, a plan that changes nothing, the copy, the ledger, what comes next."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import psutil
import pytest

from parity.backend.stack_backend import UPDATE_VARIABLE
from parity.errors import LockedError, UnreadError, UnsureError, UpdateError
from parity.recover.lock_owner import Running
from parity.recover.run import run
from support.recovery import CANARY, DOMAIN, PROJECT, gone, here, row


def crashed(lab):
    """An engine that died: its lock, and a domain that exists and is not recorded."""
    lab.recorded(but=[DOMAIN])
    lab.lock(gone(), name="dead")


# --- Never two writers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"plan": True}, {"confirmed": frozenset({"held"})}])
def test_where_the_holder_of_the_lock_lives_nothing_is_changed(lab, options):
    crashed(lab)
    lab.lock(here(), name="held")
    with lab.unchanged(), pytest.raises(LockedError) as caught:
        lab.recover(**options)
    assert f"process {here()} " in caught.value.what
    assert caught.value.what.count("process") == 2, "the dead one is no reason: the living one and why"
    assert caught.value.where == lab.environment["PULUMI_BACKEND_URL"]
    assert lab.world.inventories == 0


def test_where_it_is_unknown_here_whether_a_holder_lives_nothing_is_changed_and_it_is_said_how_to_find_out(lab):
    crashed(lab)
    lab.lock(4242, "elsewhere", "far")
    lab.lock(4243, "elsewhere", "farther")
    with lab.unchanged(), pytest.raises(UnsureError) as caught:
        lab.recover()
    assert "on elsewhere" in caught.value.remedy
    assert "`ps -p 4242" in caught.value.remedy
    assert "parity recover staging --owner-is-dead far --owner-is-dead farther" in caught.value.remedy
    assert "--owner-is-dead dead" not in caught.value.remedy, "of the one that is known to be dead no person is asked"
    assert caught.value.where.count(".pulumi/locks/") == 2


def test_a_lock_whose_owner_a_person_says_is_dead_goes(lab):
    lab.lock(4242, "elsewhere", "far")
    done = lab.recover(confirmed=frozenset({"far"}))
    assert [each.verdict for each in done.holders] == ["dead"]
    assert lab.locks() == []


def test_in_a_store_that_others_share_a_process_that_is_gone_here_is_no_proof_of_death(lab):
    lab.lock(gone())
    lab.shared = True
    with lab.unchanged(), pytest.raises(UnsureError, match="another one may have that name"):
        lab.recover()


def test_an_engine_that_holds_no_lock_is_a_writer_all_the_same(lab):
    crashed(lab)
    lab.processes.more = [Running(77, "pulumi up")]
    with lab.unchanged(), pytest.raises(LockedError, match="pulumi up, process 77 of this machine, though it holds no"):
        lab.recover()


def test_an_update_that_lives_and_has_not_recorded_its_end_is_a_writer_without_a_lock(lab):
    lab.began(here())
    with lab.unchanged(), pytest.raises(LockedError, match="and has not recorded its end"):
        lab.recover()


def test_an_update_that_lives_and_holds_its_lock_is_reported_once(lab):
    lab.began(here())
    lab.lock(here())
    with pytest.raises(LockedError) as caught:
        lab.recover()
    assert caught.value.what.count("runs on this machine") == 1


def test_an_update_that_lives_is_a_writer_too_where_its_engine_died_and_left_the_lock(lab):
    lab.lock(gone())
    lab.began(here())
    with lab.unchanged(), pytest.raises(LockedError, match="has not recorded its end"):
        lab.recover()


def test_an_update_that_ended_is_no_writer_though_its_process_lives_on(lab):
    lab.ledger.end(lab.began(here()), {"result": "succeeded"})
    assert not lab.recover().todo


def test_statements_that_still_run_in_the_database_are_waited_for_before_the_lock_is_touched(lab):
    crashed(lab)
    lab.environment["PGHOST"] = "db.example"
    lab.vendors.running = [{(41, "10:00")}] * 100
    with lab.unchanged(), pytest.raises(LockedError, match="PostgreSQL still runs statements") as caught:
        lab.recover(settle=7)
    assert 7 <= lab.clock.slept < 8
    assert caught.value.where == "db.example"
    assert lab.locks() == ["dead"]
    lab.recover(plan=True)


@pytest.mark.parametrize("failing", [False, True])
def test_the_stack_is_locked_for_others_while_it_is_recovered_and_free_again_whatever_happened(lab, failing):
    crashed(lab)
    held = []

    def collected():
        held.append(lab.locks())
        if failing:
            raise RuntimeError

    lab.world.meanwhile = [collected]
    if failing:
        with pytest.raises(RuntimeError):
            lab.recover()
    else:
        lab.recover()
    assert len(held[0]) == 1
    assert held[0] != ["dead"], "the dead one's is gone, and recover has its own"
    assert lab.locks() == []


def test_where_another_takes_the_lock_while_the_engine_has_its_turn_recover_gives_way(lab):
    crashed(lab)
    lab.engine.meanwhile["stack import"] = [lambda: lab.lock(here(), name="quicker")]
    with pytest.raises(Exception, match="locked by"):
        lab.recover()
    assert lab.locks() == ["quicker"], "another's lock stays"


def test_plugins_that_outlived_their_engine_are_ended_before_anything_is_read(lab):
    crashed(lab)
    update = lab.began(gone())
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    plugin = subprocess.Popen(
        [sys.executable, "-c", code, "127.0.0.1:1"],
        cwd=lab.root,
        env={"PATH": os.environ["PATH"], **lab.environment, UPDATE_VARIABLE: update},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert plugin.stdout is not None
        plugin.stdout.readline()
        lab.processes.listed = [plugin.pid]
        with lab.unchanged():
            assert [each.pid for each in lab.recover(plan=True).ended] == [plugin.pid]
        assert plugin.poll() is None
        lab.world.meanwhile = [lambda: running.append(_runs(plugin.pid))]
        running = []
        assert [each.pid for each in lab.recover().ended] == [plugin.pid]
        assert running == [False]
    finally:
        plugin.kill()
        plugin.communicate()


def _runs(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


# --- A plan -----------------------------------------------------------------------------------------------------------


def test_a_plan_says_what_would_be_done_and_changes_nothing_at_all(lab):
    crashed(lab)
    died = lab.began(gone())
    with lab.unchanged():
        done = lab.recover(plan=True)
    assert done.unfinished == (died,)
    assert [(each.kind, each.urn) for each in done.plan.changes] == [("import", DOMAIN)]
    assert [each.lock.id for each in done.holders] == ["dead"]
    assert (done.kept, done.changed, done.next, done.live) == ("", False, None, lab.live)
    assert lab.clock.slept == 0


def test_a_plan_waits_for_nothing_that_may_still_land(lab):
    lab.world.loses(DOMAIN)
    lab.recorded(but=[DOMAIN], operations=[("creating", row(DOMAIN, ""))])
    with lab.unchanged():
        assert [each.kind for each in lab.recover(plan=True).plan.changes] == ["drop-from-state"]
    assert lab.clock.slept == 0


# --- Where all is well ------------------------------------------------------------------------------------------------


def test_where_all_is_well_nothing_is_kept_recorded_written_or_previewed(lab):
    with lab.unchanged():
        done = lab.recover()
    assert not done.todo
    assert (done.kept, done.changed, done.next, done.live) == ("", False, None, lab.live)
    assert lab.world.inventories == 1, "and no vendor is asked a second time"


def test_where_all_is_well_what_is_recorded_and_not_declared_is_the_next_update_s(lab):
    lab.recorded(row(DOMAIN + "-gone", "d_2"))
    with lab.unchanged():
        assert not lab.recover().changed


def test_options_left_out_are_those_of_the_command(lab):
    lab.environment["PGHOST"] = "db.example"
    lab.vendors.running = [{(41, "10:00")}] * 100
    with pytest.raises(LockedError):
        run(lab.dependencies(), lab.screen())
    assert 14.9 < lab.clock.slept < 16


# --- A copy before anything changes -----------------------------------------------------------------------------------


def test_the_state_is_copied_aside_before_anything_is_changed_and_the_copy_can_be_imported(lab):
    crashed(lab)
    before, copies = lab.engine.export(), []
    lab.world.meanwhile = [lambda: copies.extend(json.loads(each.read_bytes()) for each in lab.kept())]
    done = lab.recover()
    assert copies == [before], "it was there when recover began to read"
    assert [str(each) for each in lab.kept()] == [done.kept]
    assert lab.engine.export() != before
    assert stat.S_IMODE(lab.kept()[0].stat().st_mode) == 0o600


def test_the_same_state_is_kept_once(lab):
    lab.lock(gone(), name="one")
    first = lab.recover().kept
    lab.lock(gone(), name="two")
    assert lab.recover().kept == first
    assert len(lab.kept()) == 1


def test_a_copy_is_kept_too_where_the_last_update_ended_well_and_what_exists_is_something_else(lab):
    before = lab.engine.export()
    lab.world.loses(DOMAIN)
    done = lab.recover()
    assert done.changed
    assert [json.loads(each.read_bytes()) for each in lab.kept()] == [before]
    assert done.kept == str(lab.kept()[0])


# --- The ledger -------------------------------------------------------------------------------------------------------


def test_what_was_done_is_recorded_and_the_update_that_died_is_closed_as_killed(lab):
    crashed(lab)
    ended = lab.began(gone())
    lab.ledger.end(ended, {"result": "failed"})
    died = lab.began(gone())
    done = lab.recover()
    records = {each.id: each for each in lab.ledger.records()}
    (mine,) = set(records) - {ended, died}
    assert (records[mine].begin["command"], records[mine].begin["kept"]) == ("recover", done.kept)
    assert [each["urn"] for each in records[mine].begin["decisions"]] == [DOMAIN], "what is the same is not reported"
    assert (records[mine].result, records[mine].end["changed"]) == ("succeeded", True)
    assert [each["decision"] for each in records[mine].end["decisions"]] == ["import"]
    assert (records[died].result, records[died].end["found_by"]) == ("killed", mine)
    assert records[ended].result == "failed", "an end stands as it was recorded"
    assert set(lab.engine.updates) == {mine}, "plugins that outlive recover are known as its own"


def test_an_update_that_died_and_left_nothing_behind_is_closed_too(lab):
    died = lab.began(gone())
    with lab.unchanged():
        assert lab.recover(plan=True).todo, "the plan says so"
    assert lab.recover().unfinished == (died,)
    records = {each.id: each for each in lab.ledger.records()}
    assert records[died].result == "killed"
    assert sorted(each.result for each in records.values()) == ["killed", "succeeded"]
    assert not lab.recover().kept, "and with that all is well"
    assert len(lab.ledger.records()) == 2


def test_what_was_edited_and_left_no_update_open_is_recorded_as_done(lab):
    crashed(lab)
    lab.recover()
    assert [(each.begin["command"], each.result) for each in lab.ledger.records()] == [("recover", "succeeded")]


def test_where_a_person_has_to_decide_the_update_that_died_stays_open(lab):
    crashed(lab)
    lab.world.loses(PROJECT)
    died = lab.began(gone())
    done = lab.recover()
    assert [each.urn for each in done.plan.of("manual")] == [PROJECT]
    mine = next(each for each in lab.ledger.records() if each.id != died)
    assert (mine.result, mine.end["errors"]) == ("failed", ["a person has to decide"])
    assert next(each for each in lab.ledger.records() if each.id == died).end is None
    assert (DOMAIN, "d_1") in lab.rows(), "what is clear is edited"


def test_where_a_person_has_to_decide_and_nothing_else_was_there_the_ledger_says_nothing(lab):
    lab.world.loses(PROJECT)
    lab.recover()
    assert lab.ledger.records() == []


def test_a_recovery_that_fails_is_recorded_as_failed_and_can_be_run_again_at_once(lab):
    died = lab.began(gone())
    lab.recorded(but=[DOMAIN])
    lab.engine.fails["stack import"] = ("", f"no: {CANARY}")
    with pytest.raises(UpdateError):
        lab.recover()
    results = {each.id: each.result for each in lab.ledger.records()}
    assert results.pop(died) == "unfinished"
    assert list(results.values()) == ["failed"]
    (failed,) = (each.end for each in lab.ledger.records() if each.end)
    assert "pulumi stack import ended with" in failed["errors"][0]
    assert CANARY not in json.dumps(failed)
    lab.engine.fails.clear()
    assert lab.recover().changed
    assert {each.result for each in lab.ledger.records()} == {"killed", "failed", "succeeded"}


def test_a_recovery_that_fails_before_it_changes_anything_is_not_in_the_ledger(lab):
    def out_of_reach():
        raise UnreadError("Vercel cannot be asked", remedy="ask again")

    crashed(lab)
    lab.world.meanwhile = [out_of_reach]
    with pytest.raises(UnreadError):
        lab.recover()
    assert not [path for path in lab.files() if "/ledger/" in path]
    assert lab.ledger.records() == []


# --- What comes next --------------------------------------------------------------------------------------------------


def test_what_the_next_update_does_is_asked_of_the_engine_where_something_was_changed(lab):
    crashed(lab)
    quiet = [{"op": op, "urn": PROJECT} for op in ("same", "refresh", "read")]
    lab.engine.next = [*quiet, {"op": "update", "urn": DOMAIN}]
    assert lab.recover().next == [("update", DOMAIN)]


def test_a_state_that_was_right_all_along_is_previewed_after_a_crash_and_one_that_was_edited_always(lab):
    lab.lock(gone())
    done = lab.recover()
    assert (done.changed, done.next) == (False, [])
    lab.world.loses(DOMAIN)
    done = lab.recover()
    assert (done.changed, done.next) == (True, []), "nothing had crashed"


def test_no_preview_is_made_where_none_is_wanted(lab):
    crashed(lab)
    assert lab.recover(preview=False).next is None
    assert lab.engine.did("preview") == 0


def test_a_preview_that_fails_is_reported_without_a_secret_and_spoils_nothing(lab):
    crashed(lab)
    lab.engine.fails["preview"] = ("", f"error: protected {CANARY}")
    done = lab.recover()
    assert done.next is None
    assert "error: protected [secret]" in done.refused
    assert done.changed
    assert lab.ledger.records()[-1].result == "succeeded"


# --- Pulumi Cloud -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ledger", [False, True])
def test_with_pulumi_cloud_the_copy_is_the_user_s_own_file_and_the_ledger_is_where_it_was_said(lab, ledger):
    lab.in_the_cloud(ledger=ledger)
    lab.recorded(but=[DOMAIN], operations=[("creating", row(DOMAIN, ""))])
    before = lab.engine.export()
    lab.engine.meanwhile["refresh"] = [lab.another_writes]
    done = lab.recover()
    (copy,) = (each for each in lab.home.rglob("*") if each.is_file())
    assert copy.name.startswith("staging-")
    assert copy.name.count("staging") == copy.name.count(".") == 1
    assert done.kept == str(copy)
    assert json.loads(copy.read_bytes()) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (DOMAIN, "d_1") in lab.rows()
    assert [each.result for each in lab.ledger.records()] == (["succeeded"] if ledger else [])
    assert lab.kept() == []
    assert done.next == []
