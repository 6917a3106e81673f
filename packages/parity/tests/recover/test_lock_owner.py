"""Which owner is dead, which lives, and which is unknown from here; which processes are the dead engine's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import psutil
import pytest

from parity.backend.ledger import Record
from parity.backend.locks import Lock
from parity.backend.this_host import Host, Run
from parity.recover import lock_owner
from parity.recover.lock_owner import Evidence

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
HERE = Host("laptop", "m1", "b1", "p1")
LOCK = Lock(".pulumi/locks/x/0b6d.json", 4242, "ada", "laptop", NOW)
RUN = {"repository": "o/r", "id": 7, "attempt": 1, "url": "https://github.com/o/r/actions/runs/7"}


def ground(*, alive=False, shared=False, run="unasked"):
    return Evidence(HERE, shared, lambda _pid, _since: alive, lambda _run: run)


def record(host=HERE, run=None, *, began=NOW - timedelta(seconds=1), ended=None):
    begin = {"time": began.isoformat(), "host": host.__dict__, "run": run}
    return Record("id", begin, {"time": ended.isoformat(), "result": "failed"} if ended else None)


def verdict(lock=LOCK, records=(), confirmed=frozenset(), **given):
    return lock_owner.judge(lock, list(records), ground(**given), confirmed).verdict


def test_a_process_of_this_machine_is_examined():
    assert verdict(alive=True) == "alive"
    assert verdict(alive=False) == "dead"


def test_on_a_shared_backend_a_host_of_the_same_name_is_no_proof_of_death():
    assert verdict(shared=True, alive=False) == "unknown"
    assert verdict(shared=True, alive=True) == "alive"
    assert verdict(shared=True, alive=False, records=[record()]) == "dead", "the ledger says it was this very machine"


def test_another_machine_of_the_same_name_is_another_machine():
    assert verdict(records=[record(replace(HERE, machine="m2"))]) == "unknown"
    assert verdict(records=[record(replace(HERE, processes="p2"))]) == "unknown", "another container here"


def test_a_machine_that_was_started_again_has_no_process_of_before():
    assert verdict(records=[record(replace(HERE, boot="b0"))], alive=True) == "dead"


def test_a_remote_owner_is_unknown_until_a_person_says_that_it_is_dead():
    remote = replace(LOCK, host="elsewhere")
    holder = lock_owner.judge(remote, [], ground())
    assert holder.verdict == "unknown"
    assert "on elsewhere, as ada: `ps -p 4242" in holder.how
    assert verdict(remote, confirmed=frozenset({"other"})) == "unknown"
    assert verdict(remote, confirmed=frozenset({"0b6d"})) == "dead"


def test_one_that_is_seen_to_live_is_not_dead_because_a_person_says_so():
    assert verdict(alive=True, confirmed=frozenset({"0b6d"})) == "alive"


@pytest.mark.parametrize(("said", "expected"), [("over", "dead"), ("going", "alive"), ("status 404", "unknown")])
def test_a_github_run_is_asked_for(said, expected):
    runner = replace(HERE, name="runner-1")
    lock = replace(LOCK, host="runner-1")
    assert verdict(lock, [record(runner, RUN)], run=said) == expected


def test_a_lock_belongs_to_the_last_update_that_began_before_it_on_its_host():
    runner = replace(HERE, name="runner-1")
    lock = replace(LOCK, host="runner-1")
    ended = record(runner, RUN, began=NOW - timedelta(hours=2), ended=NOW - timedelta(hours=1))
    later = record(runner, RUN, began=NOW + timedelta(hours=1))
    assert verdict(lock, [ended, later], run="over") == "unknown", "neither of them took this lock"


def test_an_update_that_has_not_recorded_its_end_may_live_on_without_a_lock():
    begun = record()
    lock = lock_owner.of_record(begun)
    assert lock.host == "laptop"
    assert lock_owner.judge(replace(lock, pid=4242), [begun], ground(alive=True)).verdict == "alive"
    assert lock_owner.judge(replace(lock, pid=4242), [begun], ground(alive=False)).verdict == "dead"


def test_a_lock_that_cannot_be_read_is_unknown():
    assert verdict(replace(LOCK, pid=0, host="nowhere", user="another")) == "unknown"


# --- GitHub's word ----------------------------------------------------------------------------------------------------


def asked(document, status=200, token="t", attempt=1):  # noqa: S107 - no secret
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, json=document))
    run = Run("o/r", 7, attempt, "https://github.com/o/r/actions/runs/7")
    return lock_owner.run_state(run, {"GITHUB_TOKEN": token} if token else {}, transport)


def test_a_run_is_over_when_it_is_completed_or_was_tried_again():
    assert asked({"status": "completed", "run_attempt": 1}) == "over"
    assert asked({"status": "in_progress", "run_attempt": 2}) == "over"
    assert asked({"status": "in_progress", "run_attempt": 1}) == "going"
    assert asked({"status": "queued", "run_attempt": 1}) == "going"
    assert asked({"status": "queued"}) == "going"


def test_what_github_cannot_say_is_not_known():
    assert "404" in asked({"message": "Not Found"}, status=404)
    assert "GITHUB_TOKEN" in asked({}, token="")


# --- Processes --------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    (tmp_path / "infra").mkdir()
    return tmp_path


def environment(home="/tmp/home", **more):
    return {"PULUMI_HOME": home, "PULUMI_BACKEND_URL": "file:///state", **more}


def start(folder, words, variables):
    """A process that says when it runs, with these last words on its command line."""
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.fixture
def plugin(project):
    started = []

    def make(words, variables=None, folder=None):
        process = start(folder or project / "infra", words, environment() if variables is None else variables)
        started.append(process)
        return process

    yield make
    for process in started:
        process.kill()
        process.communicate()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def orphans(project, updates=frozenset()):
    return [each.pid for each in lock_owner.orphans(environment(), project, updates)]


def test_a_plugin_whose_engine_is_gone_is_known_by_the_address_at_which_nothing_listens(project, plugin):
    process = plugin([f"127.0.0.1:{free_port()}"])
    assert orphans(project) == [process.pid]


def test_a_plugin_whose_engine_listens_is_left_alone(project, plugin):
    with socket.socket() as engine:
        engine.bind(("127.0.0.1", 0))
        engine.listen()
        plugin([f"127.0.0.1:{engine.getsockname()[1]}"])
        assert orphans(project) == []


@pytest.mark.parametrize(
    "variables",
    [environment(home="/tmp/other"), {**environment(), "PULUMI_BACKEND_URL": "file:///other"}, {}],
    ids=["another PULUMI_HOME", "another backend", "neither"],
)
def test_a_stranger_s_plugin_is_left_alone(project, plugin, variables):
    plugin([f"127.0.0.1:{free_port()}"], variables)
    assert orphans(project) == []


def test_a_plugin_of_another_folder_is_left_alone(project, plugin, tmp_path_factory):
    plugin([f"127.0.0.1:{free_port()}"], folder=tmp_path_factory.mktemp("other"))
    assert orphans(project) == []


def test_a_plugin_of_another_stack_s_update_is_left_alone(project, plugin):
    process = plugin([f"127.0.0.1:{free_port()}"], environment(PARITY_UPDATE="u1"))
    assert orphans(project, frozenset({"u2"})) == []
    assert orphans(project, frozenset({"u1"})) == [process.pid]


def test_a_process_that_has_no_engine_s_address_is_no_plugin(project, plugin):
    plugin(["serve", "--port", "8080"])
    assert orphans(project) == []


def test_what_is_ended_is_gone_though_it_does_not_want_to():
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    lock_owner.end(
        [lock_owner.Running(process.pid, "plugin"), lock_owner.Running(2**22 - 1, "gone already")], limit=0.2
    )
    assert not psutil.pid_exists(process.pid) or psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    process.communicate()


@contextmanager
def program(project, folder, *words):
    """A process whose command line reads as an engine's."""
    executable = folder / words[0]
    executable.symlink_to(sys.executable)
    if len(words) > 1:
        (project / words[1]).write_text("import sys; print('up', flush=True); sys.stdin.read()")
    process = subprocess.Popen(
        [str(executable), *words[1:]],
        cwd=project,
        env={"PATH": os.environ["PATH"], **environment()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    if len(words) > 1:
        process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_an_engine_without_a_lock_is_seen(project, tmp_path):
    with program(project, tmp_path, "pulumi", "up", "--stack", "staging") as process:
        assert [each.pid for each in lock_owner.engines(environment(), project, "staging")] == [process.pid]
        assert lock_owner.engines(environment(), project, "prod") == [], "it names another stack"


@pytest.mark.parametrize("words", [("--stack=org/project/staging",), ("-s", "staging"), ()])
def test_a_stack_is_named_in_every_form_the_engine_takes_and_none_may_be_this_one(project, tmp_path, words):
    with program(project, tmp_path, "pulumi", "destroy", *words) as process:
        assert [each.pid for each in lock_owner.engines(environment(), project, "staging")] == [process.pid]
        assert bool(lock_owner.engines(environment(), project, "prod")) is not bool(words)


@pytest.mark.parametrize("words", [("pulumi", "preview"), ("other", "up"), ("pulumi",)])
def test_what_changes_nothing_or_is_no_engine_is_none(project, tmp_path, words):
    with program(project, tmp_path, *words):
        assert lock_owner.engines(environment(), project, "staging") == []


def test_a_lock_that_cannot_be_read_is_unknown_though_nothing_runs_here():
    found = lock_owner.judge(Lock(LOCK.key, 0, "", "laptop", NOW), [], ground())
    assert found.verdict == "unknown"
    assert "by its time" in found.how
    assert "4242" in lock_owner.judge(replace(LOCK, host="far"), [], ground()).how


def test_a_lock_is_not_that_of_an_update_of_another_host_or_of_one_that_had_ended():
    elsewhere = record(Host("other", "m2", "b2", "p2"))
    assert verdict(records=[record(), elsewhere], alive=False) == "dead"
    assert verdict(records=[record(ended=NOW + timedelta(seconds=5))], shared=True) == "dead", "it outlived its end"


def test_a_record_without_an_end_says_whose_process_it_is_as_far_as_it_knows():
    complete = {"time": NOW.isoformat(), "pid": 7, "actor": "ada", "host": {"name": "laptop"}}
    assert lock_owner.of_record(Record("id", complete, None)) == Lock("id", 7, "ada", "laptop", NOW)
    assert lock_owner.of_record(Record("id", {"time": NOW.isoformat()}, None)) == Lock(
        "id", 0, "unknown", "nowhere", NOW
    )


def test_a_record_that_knows_no_machine_is_no_proof_of_death():
    nameless = {"time": (NOW - timedelta(seconds=1)).isoformat(), "host": {"name": "laptop"}, "run": None}
    assert verdict(records=[Record("id", nameless, None)], alive=False) == "unknown"


# --- Processes as a machine lists them --------------------------------------------------------------------------------


def listed(project, words, *, pid=2**22, uid=None, status=psutil.STATUS_RUNNING, parents=(), variables=None):
    """A process as psutil shows it: of this user, in the project's folder, with our environment."""
    return SimpleNamespace(
        pid=pid,
        cmdline=lambda: list(words),
        uids=lambda: SimpleNamespace(real=os.getuid() if uid is None else uid),
        status=lambda: status,
        environ=lambda: environment() if variables is None else variables,
        cwd=lambda: str(project),
        parents=lambda: [SimpleNamespace(name=lambda name=name: name) for name in parents],
    )


ENGINE, PLUGIN = ["/bin/pulumi", "up"], ["/plugins/pulumi-resource-vercel", "127.0.0.1:1"]


def both(project, *running):
    """The engines and orphans that are seen where these processes, and no others, run here."""
    engines, left = (
        lock_owner.engines(environment(), project, "staging", lambda: list(running)),
        lock_owner.orphans(environment(), project, frozenset(), lambda: list(running)),
    )
    return [each.name for each in engines], [each.name for each in left]


def test_recover_does_not_take_itself_and_what_it_runs_in_for_an_engine_or_a_plugin(project):
    for pid in (os.getpid(), os.getppid()):
        assert both(project, listed(project, ENGINE, pid=pid), listed(project, PLUGIN, pid=pid)) == ([], [])
    assert both(project, listed(project, ENGINE), listed(project, PLUGIN)) == (
        ["pulumi up"],
        ["pulumi-resource-vercel"],
    )


@pytest.mark.parametrize("more", [{"uid": os.getuid() + 1}, {"status": psutil.STATUS_ZOMBIE}])
def test_another_user_s_process_and_one_that_has_ended_are_left_alone(project, more):
    assert both(project, listed(project, [], **{"uid": None, **more}), listed(project, ENGINE, **more)) == ([], [])
    assert both(project, listed(project, PLUGIN, **more)) == ([], [])


def test_a_process_that_shows_no_command_line_is_not_ours(project):
    assert both(project, listed(project, [])) == ([], [])


def test_a_plugin_below_an_engine_has_one_though_it_does_not_listen(project):
    assert both(project, listed(project, PLUGIN, parents=["python", "pulumi"])) == ([], [])
    assert both(project, listed(project, PLUGIN, parents=["python", "pulumi-language-python"])) == (
        [],
        ["pulumi-resource-vercel"],
    )


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/venv/bin/python3.11", "-m", "infra", "--engine", "127.0.0.1:1", "--dry-run"], "infra"),
        (
            ["python", "/x/pulumi-language-python-exec", "--engine", "localhost:1", "main"],
            "pulumi-language-python-exec",
        ),
        (["python3", "/x/pulumi-resource-parity", "[::1]:1"], "pulumi-resource-parity"),
        (["/plugins/pulumi-resource-github", "127.0.0.1:1"], "pulumi-resource-github"),
    ],
)
def test_a_plugin_and_a_program_without_an_engine_are_called_by_their_name(project, words, name):
    assert both(project, listed(project, words)) == ([], [name])


@pytest.mark.parametrize("word", ["127.0.0.1:port", "127.0.0.1:", "192.0.2.7:80", "--engine"])
def test_what_is_no_engine_s_address_makes_no_plugin(project, word):
    assert both(project, listed(project, ["serve", word])) == ([], [])


@pytest.mark.parametrize("words", [["--stack"], ["-s"], ["--yes", "--stack"]])
def test_an_engine_whose_command_line_is_cut_off_may_be_this_stack_s(project, words):
    assert both(project, listed(project, [*ENGINE, *words])) == (["pulumi up"], [])
