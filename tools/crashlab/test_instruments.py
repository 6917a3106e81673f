"""The instruments of the crash matrix: that they stop where they say, and that the oracle sees what differs."""

from __future__ import annotations

import ast
import base64
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crashlab import cases, figures, mutants, oracle, procedures
from crashlab.canonical import Row, counted, differences
from crashlab.faults import FAULTS
from crashlab.matrix import Plan, _is_finished, read_results
from crashlab.operations import OPERATIONS
from crashlab.points import Files, Point, of_commits, of_requests, pattern
from crashlab.procedures import Procedure
from crashlab.wire import Commit, Hold, Wire
from crashlab.writes import Watch, Write
from support import pg_catalog

# --- Writes -----------------------------------------------------------------------------------------------------------


def watched(folder, decide, *command):
    watch = Watch(decide)
    process = subprocess.Popen(watch.command(command), cwd=folder, pass_fds=watch.descriptors)
    watch.start()
    return watch, process


def test_every_rename_link_and_removal_is_seen_and_happens(tmp_path):
    seen = []

    def decide(write):
        seen.append((write.kind, write.path))

    watch, process = watched(tmp_path, decide, "sh", "-c", "echo a > a; mv a b; ln b c; rm b")
    assert process.wait() == 0
    watch.close()
    assert watch.failure is None
    assert seen == [("rename", tmp_path / "b"), ("link", tmp_path / "c"), ("remove", tmp_path / "b")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c"]


@pytest.mark.parametrize(("done", "there"), [(False, ["a"]), (True, ["b"])])
def test_a_program_killed_at_a_write_has_written_all_or_nothing(tmp_path, done, there):
    reached, resume = threading.Event(), threading.Event()

    def decide(write):
        if done:
            write.happen()
        reached.set()
        resume.wait()
        return done

    program = "import os; open('a', 'w').close(); os.rename('a', 'b'); open('c', 'w').close()"
    watch, process = watched(tmp_path, decide, sys.executable, "-S", "-c", program)
    assert reached.wait(20)
    process.kill()
    process.wait()
    resume.set()
    watch.close()
    assert watch.failure is None
    assert sorted(path.name for path in tmp_path.iterdir()) == there


# --- Requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/v9/projects/prj_M6SZkdfL8Fle80mq?teamId=team_a1b2c3", "/v9/projects/prj_zzzzzzzzzzzz?teamId=team_a1b2c3"),
        ("/repositories/1103001420/environments/staging", "/repositories/99887766/environments/staging"),
        ("shop-staging-utaiwgt4r-team.vercel.app/api/health", "shop-staging-bcdfghjkl-team.vercel.app/api/health"),
        ("/v10/projects/prj_aaaaaaaaaaa1/env/abcdefghijklmnop", "/v10/projects/prj_bbbbbbbbbbb2/env/CF4veRuLyb3Jd5sC"),
    ],
)
def test_a_request_is_known_again_though_its_objects_have_other_ids(path, other):
    assert re.search(pattern(path), other)
    assert not re.search(pattern(path), other.replace("/env/", "/domains/").replace("staging", "prod") + "/more")


def test_the_same_request_twice_is_two_points():
    rows = [{"service": "vercel", "method": method, "path": "/v9/projects/x"} for method in ("GET", "POST", "GET")]
    points = of_requests(rows)
    assert [(each.nth, each.changes) for each in points] == [(1, False), (1, True), (2, False)]
    assert len({each.id for each in points}) == 3


# --- Commits ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def wire(connect):
    with connect() as connection:
        port = connection.info.port
    proxy = Wire(port).start()
    yield proxy
    proxy.close()


def roles(connect):
    with connect() as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'wire%' ORDER BY 1").fetchall()
    return [row[0] for row in rows]


@pytest.mark.sandbox
def test_what_commits_is_recorded_without_its_secrets_and_what_reads_is_not(wire, connect):
    with connect(wire.port) as connection:
        connection.execute("SELECT 1")
        connection.execute("CREATE ROLE wire_a PASSWORD 'canary-in-a-statement'")
        with connection.transaction():
            connection.execute("ALTER ROLE wire_a CONNECTION LIMIT 3")
            connection.execute("ALTER ROLE wire_a CONNECTION LIMIT 4")
        with connection.transaction():
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.Error):
            connection.execute("CREATE ROLE wire_a")
        connection.execute("DROP ROLE wire_a")
    assert "canary" not in repr(wire.commits)
    assert [each.title for each in of_commits(wire.commits)] == [
        "CREATE ROLE wire_a PASSWORD ?",
        "ALTER ROLE wire_a CONNECTION LIMIT 3; ALTER ROLE wire_a CONNECTION LIMIT 4",
        "DROP ROLE wire_a",
    ]


@pytest.mark.sandbox
@pytest.mark.parametrize(("when", "there"), [("before", []), ("after", ["wire_b"])])
def test_a_statement_is_held_exactly_before_or_after_its_commit_and_cut(wire, connect, when, there):
    hold = Hold(Commit("CREATE ROLE wire_b", 1), when)
    wire.begin(hold)
    failed = []

    def work():
        try:
            with connect(wire.port) as connection:
                connection.execute("CREATE ROLE wire_b")
        except psycopg.Error as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert hold.reached.wait(20)
    assert roles(connect) == there
    wire.release(cut=True)
    thread.join(20)
    assert failed, "the client must not have an answer"
    assert roles(connect) == there
    with connect() as connection:
        connection.execute("DROP ROLE IF EXISTS wire_b")


@pytest.mark.sandbox
def test_a_statement_that_is_let_go_on_takes_effect(wire, connect):
    hold = Hold(Commit("CREATE ROLE wire_c", 2), "before")
    wire.begin(hold)
    with connect(wire.port) as connection:
        connection.execute("CREATE ROLE wire_c")
        connection.execute("DROP ROLE wire_c")
        assert not hold.reached.is_set(), "the second execution is meant"
        thread = threading.Thread(target=lambda: hold.reached.wait(20) and wire.release())
        thread.start()
        connection.execute("CREATE ROLE wire_c")
        thread.join()
        assert roles(connect) == ["wire_c"]
        connection.execute("DROP ROLE wire_c")


# --- The oracle -------------------------------------------------------------------------------------------------------

PROJECT, OTHER = "prj_aaaaaaaaaaaaaaaaaaa1", "prj_bbbbbbbbbbbbbbbbbbb2"


def world(project, *, time=1795555081823, commit="c1", twice=False):
    first, second = f"dpl_{project[4:]}x1", f"dpl_{project[4:]}y2"
    deployments = [first, second] if twice else [first]
    return [
        Row("vercel projects", project, {"id": project, "name": "shop", "createdAt": time, "live": first}),
        *(Row("vercel deployments", each, {"id": each, "projectId": project, "meta": {"commit": commit}})
          for each in deployments),
    ]  # fmt: skip


def test_two_worlds_that_differ_in_ids_and_times_alone_are_the_same():
    assert counted(world(PROJECT)) == counted(world(OTHER, time=1795555099999))


def test_a_duplicate_shows():
    [said] = differences(counted(world(PROJECT)), counted(world(OTHER, twice=True)))
    assert said.startswith("vercel deployments: ")
    assert said.endswith(": too much")


def test_a_missing_object_and_another_value_show_by_their_paths_and_never_by_their_values():
    secret = [Row("github secrets", "a", {"name": "URL", "value": "canary-1"})]
    other = [Row("github secrets", "a", {"name": "URL", "value": "canary-2"})]
    assert differences(counted(secret), counted(other)) == ["github secrets: URL: other value"]
    assert differences(counted(secret), counted([])) == ["github secrets: URL: missing"]


def test_a_reference_to_the_wrong_one_shows():
    right, wrong = world(PROJECT, twice=True), world(PROJECT, twice=True)
    right[2] = Row(right[2].kind, right[2].key, {**right[2].document, "meta": {"commit": "c2"}})
    wrong[2] = right[2]
    wrong[0] = Row(wrong[0].kind, wrong[0].key, {**wrong[0].document, "live": wrong[2].key})
    assert differences(counted(right), counted(wrong))


def sealed(value, key, nonce):
    text = AESGCM(key).encrypt(nonce, value.encode(), None)
    parts = (base64.b64encode(part).decode() for part in (nonce, text))
    return {oracle._SECRET_SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:" + ":".join(parts)}


def test_records_differ_by_the_values_that_are_sealed_in_them_and_not_by_how_they_are_sealed():
    key = b"k" * 32
    one, again, other = (
        sealed(*each) for each in (("a", key, b"1" * 12), ("a", key, b"2" * 12), ("b", key, b"1" * 12))
    )
    assert one != again
    assert oracle._plain(one, AESGCM(key)) == oracle._plain(again, AESGCM(key)) != oracle._plain(other, AESGCM(key))


def test_of_a_records_times_it_counts_only_whether_there_are_any():
    first, second, none = {"urn": "u", "modified": "1"}, {"urn": "u", "modified": "2"}, {"urn": "u"}
    adopted, made = {**first, "created": "1"}, {**none, "created": "3"}
    assert oracle._plain(first, None) == oracle._plain(second, None) != oracle._plain(none, None)
    assert oracle._plain(adopted, None) == oracle._plain(made, None) == oracle._plain(first, None)


# --- The matrix -------------------------------------------------------------------------------------------------------


def matrix_of(points):
    reference = cases.Reference(OPERATIONS["rollback"], points, oracle.Reality(Counter(), {}), {})
    return cases.cases([reference])


def test_a_sample_is_the_same_for_a_seed_and_even_over_faults():
    points = tuple(Point("request", f"vercel GET /{number}", 1, "", changes=False) for number in range(9))
    matrix = matrix_of(points)
    one = cases.sample(matrix, 9, seed=1)
    assert one == cases.sample(matrix, 9, seed=1)
    assert one != cases.sample(matrix, 9, seed=2)
    assert len({each.fault for each in one}) == 9


def test_what_only_reads_has_no_late_effect_and_only_the_projects_own_commands_die_as_a_runner_does():
    reads, changes = (Point("request", "vercel GET /", 1, "", changes=each) for each in (False, True))
    late = ["late-effect", "late-in-recover"]
    assert [name for name in late if FAULTS[name].happens_at(reads, "pulumi")] == []
    assert [name for name in late if FAULTS[name].happens_at(changes, "pulumi")] == late
    assert [tool for tool in ("pulumi", "parity") if FAULTS["all-killed"].happens_at(reads, tool)] == ["parity"]


def test_what_was_not_reached_or_was_swallowed_is_no_pass():
    unreached = {"case": "a", "operation": "o", "fault": "f", "kind": "k", "reached": False, "swallowed": False}
    swallowed = {**unreached, "case": "b", "reached": True, "swallowed": True, "live": []}
    results = [{**each, "verdicts": {}} for each in (unreached, swallowed)]
    assert [figures.outcome(each) for each in results] == ["not reached", "swallowed"]
    assert "| all | 2 | 1 | 1 | 0 | 0 | 0 | 0 | 0 of 0 |" in figures.report(results)


@pytest.fixture
def walk(monkeypatch):
    """Follows a procedure of two commands through a world that is a list of words, each command adding one."""
    world, ran = [], []

    class Instance:
        def run(self, word, *_, extra):
            ran.append(word)
            world.append(word)
            return SimpleNamespace(code=0, said="")

    def judge(*_):
        ran.append("judged")
        return [] if world[-1] == "up" else ["wrong"]

    monkeypatch.setattr(oracle, "fingerprint", lambda _: " ".join(world))
    monkeypatch.setattr(procedures, "_judge", judge)
    procedure = Procedure("procedure", "", lambda *_: [["recover"], ["up"]], ["recover"])

    def walked(start, known, procedure=procedure, **more):
        world[:], ran[:] = start, []
        verdict = procedures.follow(
            SimpleNamespace(instance=Instance(), warm={}), OPERATIONS["prune"], procedure, None, known, **more
        )
        return ran[:], verdict

    return walked, procedure


def test_a_procedure_ends_where_another_one_passed(walk):
    walked, _ = walk
    known = {}
    assert walked(["a"], known)[0] == ["recover", "up", "judged"]
    ran, verdict = walked(["a", "recover"], {key.replace(" 1 ", " 0 "): value for key, value in known.items()})
    assert (ran, verdict.same_from) == ([], 0)
    assert walked(["b"], known)[0] == ["recover", "up", "judged"]
    assert walked(["a"], known, plugins=lambda: [7])[0] == ["recover"], "another start, and the same from there on"
    assert walked(["a"], None)[0] == ["recover", "up", "judged"], "followed to its end where nothing may be known"


def test_what_another_procedure_led_to_counts_as_this_ones_faults_too(walk):
    walked, _ = walk
    known = {}
    walked(["a"], known)
    wrong = {key: ["wrong"] for key in known}
    assert walked(["a"], wrong)[1].faults == ["wrong"]


def test_a_mutants_first_command_is_its_own(walk):
    walked, procedure = walk
    known = {}
    walked(["a"], known)
    mutant = replace(procedure, name="mutant", rest_of="procedure")
    assert walked(["a"], known, mutant)[0] == ["recover"]


def test_an_id_that_could_be_a_word_is_an_id_all_the_same():
    one, other = ({"id": each, "key": "LIMIT"} for each in ("AbCdefghijklmnop", "QrStuvwxyzabcdef"))
    assert counted([Row("vercel env", one["id"], one)]) == counted([Row("vercel env", other["id"], other)])


def test_an_access_list_is_the_same_in_any_order_and_another_with_another_right():
    assert oracle._in_order("{a=c/x,b=c/x}") == oracle._in_order("{b=c/x,a=c/x}")
    assert oracle._in_order("{a=c/x,b=c/x}") != oracle._in_order("{a=cT/x,b=c/x}")


def test_results_of_a_case_are_put_together_and_half_a_line_is_left_out(tmp_path):
    lines = [
        {"case": "a", "verdicts": {"recover": {"faults": []}}},
        {"case": "b", "verdicts": {}},
        {"case": "a", "verdicts": {"stock-up": {"faults": ["locked"]}}},
    ]
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines) + '{"case": "c", "verd')
    found = {each["case"]: each["verdicts"] for each in read_results(path)}
    assert found == {"a": {"recover": {"faults": []}, "stock-up": {"faults": ["locked"]}}, "b": {}}


def test_a_broken_case_is_run_again_and_one_that_was_never_reached_is_not(tmp_path):
    plan = Plan(tmp_path, ("rollback",), ("recover",))
    assert not _is_finished({"broken": "Traceback", "verdicts": {}}, plan)
    assert _is_finished({"reached": False, "swallowed": False, "verdicts": {}}, plan)
    assert not _is_finished({"reached": True, "swallowed": False, "verdicts": {"stock-up": {}}}, plan)


# --- Mutants ----------------------------------------------------------------------------------------------------------


def test_every_mutant_is_another_program_that_compiles():
    real = {module: ast.unparse(ast.parse(mutants.source(module).read_text())) for module in mutants.MODULES}
    every = mutants.mutants()
    assert len(every) > 200
    for mutant in every[::17]:
        module, tree = mutants.mutated(mutant.id)
        assert ast.unparse(tree) != real[module], mutant
        compile(tree, module, "exec")
    with pytest.raises(LookupError):
        mutants.mutated(f"reconcile_plan:{len(every)}")


def test_a_record_of_the_ledger_has_the_same_name_in_each_run(tmp_path):
    names = ("20261125T021931.099Z-eb223340", "20261125T031402.7Z-0c9d8e7f")
    place = tmp_path / ".parity" / "ledger" / "storefront" / "staging"
    keys = {
        point.key
        for name in names
        if (point := Files(tmp_path).point(Write("link", place / f"{name}.2-end.json", 1, tmp_path / "part")))
    }
    assert keys == {"link .parity/ledger/storefront/staging/*.2-end.json"}


def test_what_a_deployment_was_built_with_has_the_same_name_in_each_run(tmp_path):
    place = tmp_path / ".parity" / "built" / "storefront" / "staging"
    names = ("dpl_OfEvSo7HUpsq19PJmm95xXq3YIVA", "dpl_7H2Xn9")
    found = [Files(tmp_path).point(Write("link", place / f"{name}.json", 1, tmp_path / "part")) for name in names]
    assert {(each.key, each.title) for each in found} == {
        ("link .parity/built/storefront/staging/*.json", "record of what a deployment was built with written")
    }


def test_an_end_in_the_ledger_without_a_beginning_is_reported_and_stops_nothing(tmp_path):
    ledger = tmp_path / ".parity" / "ledger" / "storefront" / "staging"
    ledger.mkdir(parents=True)
    (ledger / "a.1-begin.json").write_text(json.dumps({"command": "recover"}))
    (ledger / "a.2-end.json").write_text(json.dumps({"result": "succeeded"}))
    end = {"result": "failed", "operations": [{"urn": "urn:web", "done": False}]}
    (ledger / "b.2-end.json").write_text(json.dumps(end))
    (ledger / "c.1-begin.json").write_text(json.dumps({"command": "up", "intent": "r2"}))
    (ledger / "c.2-end.json").write_text(json.dumps({"result": "succeeded"}))
    rows = oracle._ledger(SimpleNamespace(backend=tmp_path))
    assert rows == [[oracle.NO_BEGINNING, None, "failed", ["urn:web"]], ["up", "r2", "succeeded", []]]


def test_a_record_that_is_not_at_rest_is_a_fault(monkeypatch):
    monkeypatch.setattr(oracle, "read", lambda _: oracle.Reality(Counter(), {}))
    procedure = Procedure("procedure", "", lambda *_: [], None)
    verdict = procedures.Verdict("procedure")

    def judged(**record):
        monkeypatch.setattr(oracle, "record", lambda _: oracle.Record("", **record))
        return procedures._judge(None, OPERATIONS["destroy"], procedure, oracle.Reality(Counter(), {}), verdict)

    assert judged(locks=0, pending=0) == []
    assert judged(locks=1, pending=2) == ["the record holds 2 operations without an end and 1 locks"]
    assert judged(locks=0, pending=0, never_began=1) == ["the ledger holds 1 ends without a beginning"]


@pytest.mark.sandbox
def test_a_moment_is_another_one_once_a_catalogue_changed(connect, environment):
    moments = [pg_catalog.moment(environment)]
    pg_catalog.dump(environment)
    assert pg_catalog.moment(environment) == moments[0], "reading changes nothing"
    with connect() as changing:
        with changing.transaction():
            changing.execute("CREATE ROLE moment_a")
            moments.append(pg_catalog.moment(environment))
            assert "moment_a" not in str(pg_catalog.dump(environment)["roles"])
        moments.append(pg_catalog.moment(environment))
        assert "moment_a" in str(pg_catalog.dump(environment)["roles"])
        changing.execute("DROP ROLE moment_a")
        moments.append(pg_catalog.moment(environment))
    assert len(set(moments[1:])) == len(moments) - 1


def _release(name):
    return {"shop": json.dumps({"variables": {"PARITY_RELEASE": name, "PARITY_COMMIT": f"commit of {name}"}})}


def _answered(name, *, status=200, logins=True):
    return oracle.Answer(status, name, f"commit of {name}", logins=logins)


@pytest.mark.parametrize(
    ("before", "then", "answer", "faults"),
    [
        ("r1", "r1", _answered("r1"), []),
        ("r1", "r2", _answered("r2"), []),
        ("r1", "r2", _answered("r1"), []),
        ("r1", "r1", _answered("r2"), ["the domain answers with release r2, the project serves r1"]),
        ("r1", "r1", _answered("r1", logins=False), ["the live release cannot log in to its database"]),
        ("r1", "r1", _answered("r1", status=502), ["the domain answers 502"]),
        ("r1", "r3", _answered("r1"), ["what is live is neither the release before nor the one after"]),
        (None, None, _answered(None, status=404), []),
        (None, None, _answered("r2"), ["something answers though nothing is live"]),
        (None, "r2", _answered("r2"), []),
        (None, "r2", _answered(None, status=404), []),
        (None, "r2", _answered("r1"), ["the domain answers with release r1, the project serves r2"]),
    ],
)
def test_users_are_served_one_complete_release_or_rightly_nothing(monkeypatch, before, then, answer, faults):
    readings = [_release(each) if each else {} for each in (before, then)]
    monkeypatch.setattr(oracle, "read", lambda _: oracle.Reality(Counter(), readings.pop(0)))
    monkeypatch.setattr(oracle, "ask", lambda _: answer)
    started_with = _release("r1") if before else {}
    reference = cases.Reference(OPERATIONS["first-up"], (), oracle.Reality(Counter(), _release("r2")), started_with)
    assert cases.live_faults(None, reference) == faults
