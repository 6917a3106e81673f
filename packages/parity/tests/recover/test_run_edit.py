"""All of recover: what is edited and what is not, what lands meanwhile, another's write, an engine that fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.errors import UnsureError, UpdateError
from parity.resources import kinds
from support.recovery import CANARY, DOMAIN, HEAD, PROJECT, SECRET, VARIABLE, declared, gone, row

DRAIN = f"{HEAD}::{kinds.DRAIN}::shop-drain"
GRANT = f"{HEAD}::{kinds.GRANT}::shop-grant"
UNDECLARED = f"{DOMAIN}-of-another-commit"
HALF_MADE = "d_1"


@pytest.fixture
def crashed(lab):
    """An engine died after the domain was made and before it was recorded."""
    lab.recorded(but=[DOMAIN])
    lab.lock(gone(), name="dead")
    return lab


def steps(lab):
    """The titles of the steps that ended, in their order."""
    return [line[2:].partition(" (")[0] for line in lab.said.getvalue().splitlines() if line[:1] in "✓✗"]


# --- What is edited ---------------------------------------------------------------------------------------------------


def test_what_exists_and_is_not_recorded_is_recorded_read_and_proved(crashed):
    done = crashed.recover()
    assert (DOMAIN, "d_1") in crashed.rows()
    refreshes = [each for each in crashed.engine.commands if each[0] == "refresh"]
    assert [[each for each in words if each.startswith("urn:")] for words in refreshes] == [[DOMAIN]]
    assert (done.changed, [each.kind for each in done.plan.changes]) == (True, ["import"])
    assert "recorded state and live state agree" in crashed.said.getvalue()
    assert not crashed.recover().todo, "there is nothing left to do"


@pytest.mark.parametrize(("notes", "imports"), [(False, 2), (True, 1)])
def test_that_a_provider_has_read_it_is_noted_where_the_engine_did_not(crashed, notes, imports):
    crashed.engine.notes = notes
    crashed.recover()
    recorded = {each["urn"]: each for each in crashed.engine.export()["deployment"]["resources"]}
    assert recorded[DOMAIN]["modified"] > "2026-11-24T21:00:00Z"
    assert recorded[PROJECT]["modified"] == "2026-11-24T21:00:00Z"
    assert crashed.engine.did("stack import") == imports


def test_what_is_gone_goes_from_the_record_and_nothing_is_read_for_it(lab):
    lab.world.loses(DOMAIN)
    assert lab.recover().changed
    assert DOMAIN not in dict(lab.rows())
    assert lab.engine.did("refresh") == 0, "without a target it would read everything"


def test_a_database_that_the_files_call_otherwise_is_not_sought_under_that_name(lab):
    database = f"{HEAD}::{kinds.DATABASE}::storefront-database"
    lab.world.declared = (*lab.world.declared, declared(database, {"name": "acme"}))
    lab.recorded({**row(PROJECT, "prj_1"), "urn": database, "type": kinds.DATABASE, "inputs": {"name": "main"}})
    before = lab.engine.checkpoint.read_bytes()
    with pytest.raises(UnsureError, match="call the database acme, and it is recorded as main") as caught:
        lab.recover()
    assert "write its name main again" in str(caught.value.remedy)
    assert lab.engine.checkpoint.read_bytes() == before


def test_after_a_crash_what_is_recorded_and_not_declared_is_read_though_nothing_is_written(lab):
    lab.recorded(row(UNDECLARED, "d_2"))
    lab.lock(gone())
    assert lab.recover().changed
    assert lab.engine.did("stack import") == 0
    assert [each for each in lab.engine.commands if UNDECLARED in each and each[0] == "refresh"]
    assert steps(lab)[-3] == "Verify"


def test_a_plan_says_what_will_be_read_though_nothing_is_decided(lab):
    lab.recorded(row(UNDECLARED, "d_2"))
    lab.lock(gone())
    planned = lab.recover(plan=True)
    assert (planned.read, planned.todo, planned.changed) == ((UNDECLARED,), True, False)
    assert lab.engine.did("refresh") == 0


def test_a_failure_that_only_the_engine_s_history_knows_is_recovered_from(lab):
    failed = {"kind": "update", "result": "failed", "startTime": 1795555725, "endTime": 1795555749}
    lab.store.create(".pulumi/history/storefront/staging/staging-1.history.json", json.dumps(failed).encode())
    done = lab.recover()
    assert done.kept
    assert done.next == []


def test_while_a_person_has_to_decide_about_an_operation_without_an_end_nothing_is_edited(lab):
    lab.recorded(but=[DOMAIN], operations=[("creating", row(UNDECLARED, ""))])
    died = lab.began(gone())
    before = lab.engine.checkpoint.read_bytes()
    done = lab.recover()
    assert [each.urn for each in done.plan.of("manual")] == [UNDECLARED]
    assert lab.engine.checkpoint.read_bytes() == before
    assert not done.changed
    assert "The state is not edited before a person decides about ProjectDomain shop-domain-of-" in lab.said.getvalue()
    assert {each.id: each.result for each in lab.ledger.records()}[died] == "unfinished"


def test_what_is_asked_about_and_has_no_operation_keeps_nothing_else_from_being_edited(lab):
    lab.recorded(but=[DOMAIN], operations=[("creating", row(DOMAIN, ""))])
    lab.world.loses(PROJECT)
    done = lab.recover()
    assert [each.urn for each in done.plan.of("manual")] == [PROJECT]
    assert lab.pending() == []
    assert {(PROJECT, "prj_1"), (DOMAIN, "d_1")} <= set(lab.rows())
    assert "The state is not edited" not in lab.said.getvalue()


def test_a_secret_that_the_next_update_writes_again_is_no_disagreement(crashed):
    crashed.recorded(but=[DOMAIN, SECRET])
    done = crashed.recover()
    assert {(each.urn, each.kind, each.id) for each in done.plan.changes} == {
        (DOMAIN, "import", "d_1"),
        (SECRET, "refresh", ""),
    }
    assert steps(crashed).count("Collect the live state") == 1
    assert [each.result for each in crashed.ledger.records()] == ["succeeded"]


def test_what_a_destroy_took_out_of_the_record_and_is_still_there_is_no_disagreement(lab):
    lab.declares(declared(GRANT, {"privileges": ["CONNECT"]}))
    lab.world.has(GRANT, "g_1")
    lab.recorded(but=[GRANT])
    lab.world.loses(DOMAIN)
    lab.began(gone(), command="destroy")
    done = lab.recover()
    assert [(each.kind, each.urn) for each in done.plan.changes if each.kind != "refresh"] == [
        ("drop-from-state", DOMAIN)
    ]
    assert steps(lab).count("Collect the live state") == 1


# --- What may not be read ---------------------------------------------------------------------------------------------


def test_a_secret_goes_to_the_engine_and_nowhere_else(crashed):
    crashed.recorded(but=[VARIABLE])
    crashed.recover()
    assert (VARIABLE, "v_1") in crashed.rows()
    assert CANARY in crashed.engine.given[0], "the engine encrypts it"
    assert CANARY.encode() not in b"".join(crashed.files().values())
    assert CANARY not in crashed.said.getvalue() + json.dumps(crashed.engine.commands)


def test_a_secret_that_a_provider_echoed_is_masked_in_every_reason(lab):
    lab.world.loses(DOMAIN)
    lab.recorded(row(DOMAIN, HALF_MADE, initErrors=[f"refused: {CANARY}"]))
    lab.world.has(DOMAIN, HALF_MADE)
    done = lab.recover()
    assert [each.why for each in done.plan.changes] == ["it is half made: refused: [secret]"]
    assert CANARY not in json.dumps([each.document() for each in lab.ledger.records()]) + lab.said.getvalue()


# --- What lands meanwhile ---------------------------------------------------------------------------------------------


def beginning(lab, operation, *, recorded):
    """An operation on the domain began, has no end, and has shown no effect yet."""
    lab.recorded(but=[] if recorded else [DOMAIN], operations=[(operation, row(DOMAIN, "d_1" if recorded else ""))])


def test_an_effect_that_lands_while_it_is_edited_is_found_by_the_second_inventory_and_edited_too(lab):
    lab.world.loses(DOMAIN)
    lab.recorded(but=[VARIABLE], operations=[("creating", row(DOMAIN, ""))])
    lab.engine.meanwhile["stack import"] = [lambda: lab.world.has(DOMAIN, "d_9")]
    done = lab.recover(settle=0)
    assert {(VARIABLE, "v_1"), (DOMAIN, "d_9")} <= set(lab.rows())
    reported = [(each.kind, each.id) for each in done.plan.changes]
    assert sorted(reported) == [("import", "d_9"), ("import", "v_1")], "what the first inventory led to is reported too"
    assert "ProjectDomain shop-domain: it exists under its name" in lab.said.getvalue()
    assert [each.result for each in lab.ledger.records()] == ["succeeded"], "one recovery, however many turns"


@pytest.mark.parametrize(("changes", "converges"), [(2, True), (3, False)])
def test_it_reads_and_edits_three_times_at_most_and_then_says_where_the_copy_is(lab, changes, converges):
    died = lab.began(gone())
    before = lab.engine.export()
    lab.world.loses(DOMAIN)

    def turn(number):
        return lambda: lab.world.loses(DOMAIN) if number % 2 else lab.world.has(DOMAIN, f"d_{number}")

    lab.engine.notes = True
    lab.engine.meanwhile["stack import"] = [turn(number) for number in range(changes)]
    if converges:
        assert lab.recover().changed
    else:
        with pytest.raises(UnsureError, match="still not what exists: ProjectDomain shop-domain: it exists") as caught:
            lab.recover()
        assert json.loads(Path(caught.value.where).read_bytes()) == before
        assert "run `parity recover staging` again" in caught.value.remedy
        assert {each.id: each.result for each in lab.ledger.records()}[died] == "unfinished"
    assert steps(lab).count("Collect the live state") == 3
    assert lab.locks() == []


def test_what_its_provider_still_calls_half_made_is_not_called_done(lab):
    lab.recorded(row(DOMAIN, HALF_MADE, initErrors=["not verified"]), but=[DOMAIN])
    lab.engine.heals = False
    with pytest.raises(UnsureError, match="it is half made: not verified"):
        lab.recover()


def test_what_a_provider_still_says_after_it_read_is_reported_without_a_secret(lab):
    lab.recorded(row(DOMAIN, HALF_MADE, initErrors=[f"refused: {CANARY}"]), but=[DOMAIN])
    lab.engine.heals = False
    with pytest.raises(UnsureError, match="it is half made: refused: ") as caught:
        lab.recover()
    assert CANARY not in str(caught.value)
    assert CANARY not in lab.said.getvalue()


def test_a_creation_that_may_still_land_is_waited_for(lab):
    lab.world.loses(DOMAIN)
    beginning(lab, "creating", recorded=False)
    lab.clock.at(3, lambda: lab.world.has(DOMAIN, "d_9"))
    lab.recover(settle=15)
    assert (DOMAIN, "d_9") in lab.rows()
    assert 3 <= lab.clock.slept < 5, "no longer than it takes"


@pytest.mark.parametrize("lands", [True, False])
def test_what_is_made_before_the_one_that_it_replaces_goes_may_still_land(lab, lands):
    before = {"name": "d", "endpoint": "https://old.example"}
    lab.declares(declared(DRAIN, {"name": "d", "endpoint": "https://new.example"}))
    lab.world.has(DRAIN, "old", before)
    lab.recorded(row(DRAIN, "old", inputs=before), but=[DRAIN], operations=[("creating", row(DRAIN, ""))])
    if lands:
        lab.clock.at(3, lambda: lab.world.has(DRAIN, "new"))
    lab.recover(settle=8)
    assert ((DRAIN, "new") in lab.rows()) is lands
    assert (DRAIN, "old") in lab.rows()
    assert 3 <= lab.clock.slept <= (4 if lands else 9)


def test_a_creation_that_never_lands_is_forgotten_when_the_time_is_over(lab):
    lab.world.loses(DOMAIN)
    beginning(lab, "creating", recorded=False)
    done = lab.recover(settle=15)
    assert [each.kind for each in done.plan.changes] == ["drop-from-state"]
    assert 15 <= lab.clock.slept < 17
    assert lab.pending() == []


@pytest.mark.parametrize(("lands", "kind"), [(True, "drop-from-state"), (False, "refresh")])
def test_a_deletion_that_may_still_land_is_waited_for(lab, lands, kind):
    beginning(lab, "deleting", recorded=True)
    if lands:
        lab.clock.at(3, lambda: lab.world.loses(DOMAIN))
    done = lab.recover(settle=8)
    assert [each.kind for each in done.plan.changes] == [kind]
    assert 3 <= lab.clock.slept <= (4 if lands else 9)


@pytest.mark.parametrize(
    ("operation", "recorded", "there"),
    [
        ("creating", False, True),
        ("updating", True, True),
        ("updating", True, False),
        ("deleting", True, False),
    ],
)
def test_what_has_shown_its_effect_is_not_waited_for(lab, operation, recorded, there):
    beginning(lab, operation, recorded=recorded)
    if not there:
        lab.world.loses(DOMAIN)
    lab.recover()
    assert lab.clock.slept == 0


def test_a_creation_in_the_place_of_what_is_gone_may_still_land(lab):
    beginning(lab, "creating", recorded=True)
    lab.world.loses(DOMAIN)
    lab.clock.at(3, lambda: lab.world.has(DOMAIN, "d_9"))
    done = lab.recover()
    assert [(each.kind, each.id) for each in done.plan.changes] == [("import", "d_9")]


def test_what_is_gone_and_what_is_half_made_without_an_operation_is_not_waited_for(lab):
    lab.recorded(row(PROJECT, "prj_1", initErrors=["x"]), but=[PROJECT])
    lab.world.loses(DOMAIN)
    assert sorted(each.kind for each in lab.recover().plan.changes) == ["drop-from-state", "refresh"]
    assert lab.clock.slept == 0


# --- Another's write --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["", ".gz"])
def packed(crashed, request):
    """The same crash, with the checkpoint as it is or packed."""
    plain = crashed.engine.checkpoint
    deployment = crashed.engine.export()["deployment"]
    plain.unlink()
    crashed.engine.checkpoint = plain.with_name(plain.name + request.param)
    crashed.engine.write(deployment)
    return crashed


def test_what_another_wrote_during_the_inventory_is_not_written_over(packed):
    packed.world.meanwhile = [packed.another_writes]
    with pytest.raises(UnsureError, match="nothing was written over it") as caught:
        packed.recover()
    assert packed.engine.export()["deployment"]["manifest"] == {"another": "writer"}
    assert packed.engine.did("stack import") == 0
    assert caught.value.where == packed.environment["PULUMI_BACKEND_URL"]
    assert packed.locks() == []
    packed.in_another_process()
    packed.recover()
    assert (DOMAIN, "d_1") in packed.rows(), "and once no other writes any more it is edited"


def test_what_another_wrote_while_the_engine_imported_is_reported_with_where_it_is(packed):
    packed.engine.meanwhile["stack import"] = [packed.another_writes]
    with pytest.raises(UnsureError, match=r"with the ending \.bak"):
        packed.recover()
    packed.engine.checkpoint = Path(f"{packed.engine.checkpoint}.bak").rename(packed.engine.checkpoint)
    assert packed.engine.export()["deployment"]["manifest"] == {"another": "writer"}
    assert packed.locks() == []


def test_what_another_wrote_right_after_the_import_is_noticed(packed):
    packed.engine.afterwards["stack import"] = packed.another_writes
    with pytest.raises(UnsureError, match="another process changed the state of staging"):
        packed.recover()
    assert packed.engine.did("refresh") == 0


def test_what_the_engine_itself_writes_is_not_another_s(packed):
    assert packed.recover().changed
    packed.lock(gone(), name="again")
    packed.world.loses(DOMAIN)
    assert packed.recover().changed, "with an older copy next to it too"


def test_an_engine_that_keeps_nothing_next_to_the_state_is_no_other_writer(crashed):
    crashed.engine.backs_up = False
    assert crashed.recover().changed
    assert (DOMAIN, "d_1") in crashed.rows()


# --- An engine that fails ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "name"), [("stack import", "stack import"), ("refresh", "refresh --yes")])
@pytest.mark.parametrize("stderr", [False, True])
def test_an_engine_that_fails_is_reported_with_where_the_copy_is_and_without_a_secret(crashed, command, name, stderr):
    died = crashed.began(gone())
    before = crashed.engine.export()
    lines = "\n".join(f"line {number}" for number in range(20)) + f"\nit said {CANARY}\n"
    crashed.engine.fails[command] = ("noise", lines) if stderr else (lines, "\n")
    with pytest.raises(UpdateError, match=f"pulumi {name} ended with 1") as caught:
        crashed.recover()
    said = caught.value.what.splitlines()
    assert said[-1] == "it said [secret]"
    assert len(said) == 12, "the end of it, where the reason is"
    (copy,) = crashed.kept()
    assert caught.value.remedy == f"run `parity recover staging` again; the state of before is at {copy}"
    assert json.loads(copy.read_bytes()) == before
    assert crashed.locks() == []
    assert {each.id: each.result for each in crashed.ledger.records()}[died] == "unfinished"


def test_after_a_failure_recover_goes_on_where_it_was(crashed):
    died = crashed.began(gone())
    crashed.engine.fails["refresh"] = ("", "error: no answer")
    with pytest.raises(UpdateError):
        crashed.recover()
    crashed.engine.fails.clear()
    crashed.in_another_process()
    done = crashed.recover()
    assert [(each.kind, each.urn) for each in done.plan.changes] == [("refresh", DOMAIN)], "it was not read yet"
    assert not crashed.recover().todo
    assert {each.id: each.result for each in crashed.ledger.records()}[died] == "killed"


def test_a_lock_that_the_failing_engine_left_is_not_taken_away(crashed):
    crashed.engine.meanwhile["stack import"] = [lambda: crashed.lock(gone(), name="engine-s")]
    with pytest.raises(UpdateError, match="locked by 1 lock"):
        crashed.recover()
    assert crashed.locks() == ["engine-s"]
    assert (DOMAIN, "d_1") not in crashed.rows()
