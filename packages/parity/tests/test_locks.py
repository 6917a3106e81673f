"""The engine's lock: read, respected, and taken in the engine's own form."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from parity.backend import locks, this_host
from parity.engine.store import FolderStore
from parity.errors import LockedError

# As the engine wrote it (Pulumi 3.259, file backend).
ENGINE = {"pid": 4242, "username": "ada", "hostname": "laptop", "timestamp": "2026-11-24T21:00:00.123456789Z"}


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


def place(store, document, name="0b6d2f2e-0000-4000-8000-000000000000"):
    key = f"{locks.folder('storefront', 'staging')}/{name}.json"
    store.create(key, document if isinstance(document, bytes) else json.dumps(document).encode())
    return key


def test_the_engine_s_lock_is_read(store):
    key = place(store, ENGINE)
    (lock,) = locks.held(store, "storefront", "staging")
    assert (lock.key, lock.pid, lock.user, lock.host) == (key, 4242, "ada", "laptop")
    assert lock.time == datetime(2026, 11, 24, 21, 0, 0, 123456, UTC)
    assert lock.id == "0b6d2f2e-0000-4000-8000-000000000000"


def test_another_stack_s_lock_is_none_of_ours(store):
    place(store, ENGINE)
    assert locks.held(store, "storefront", "prod") == []


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]"])
def test_a_lock_that_cannot_be_read_is_held_all_the_same(store, content):
    place(store, content)
    with pytest.raises(LockedError):
        locks.refuse_if_held(store, "storefront", "staging")


def test_taking_it_is_refused_while_another_holds_it_and_leaves_nothing(store):
    key = place(store, ENGINE)
    with pytest.raises(LockedError) as caught, locks.taken(store, "storefront", "staging"):
        pytest.fail("it was taken")
    assert "process 4242 of ada on laptop" in caught.value.what
    assert [lock.key for lock in locks.held(store, "storefront", "staging")] == [key]


def test_it_is_taken_in_the_engine_s_form_and_given_back(store):
    with locks.taken(store, "storefront", "staging") as lock:
        document = json.loads(store.read(lock.key))
        assert set(document) == set(ENGINE)
        assert (document["pid"], document["hostname"]) == (os.getpid(), socket.gethostname())
        with pytest.raises(LockedError):
            locks.take(store, "storefront", "staging")
    assert locks.held(store, "storefront", "staging") == []


def test_it_is_given_back_when_the_work_fails(store):
    with pytest.raises(ZeroDivisionError), locks.taken(store, "storefront", "staging"):
        _ = 1 / 0
    assert locks.held(store, "storefront", "staging") == []


def test_of_two_that_come_at_once_the_later_gives_way(store, monkeypatch):
    """The other one's lock appears between our read and our write: the second read sees it."""
    create = FolderStore.create

    def after_another(self, key, data):
        monkeypatch.undo()
        place(self, ENGINE)
        return create(self, key, data)

    monkeypatch.setattr(FolderStore, "create", after_another)
    with pytest.raises(LockedError):
        locks.take(store, "storefront", "staging")
    assert [lock.pid for lock in locks.held(store, "storefront", "staging")] == [4242]


def test_this_process_is_alive_and_one_that_began_later_is_another():
    now = datetime.now(UTC)
    assert this_host.is_alive(os.getpid(), now)
    assert not this_host.is_alive(os.getpid(), now - timedelta(days=1000)), "the id was used again"


def test_a_process_that_ended_is_dead_though_its_end_was_not_waited_for():
    process = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"], stdin=-1, stdout=-1)
    assert process.stdout is not None
    process.stdout.readline()
    now = datetime.now(UTC)
    assert this_host.is_alive(process.pid, now)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not this_host.is_alive(process.pid, now), "a zombie does nothing any more"
    process.communicate()
    assert not this_host.is_alive(process.pid, now)


def test_this_machine_has_a_name_and_tells_nothing_else_in_the_clear():
    here = this_host.here()
    assert here == this_host.here()
    assert here.name == socket.gethostname()
    for digest in (here.machine, here.boot, here.processes):
        assert digest == "" or (len(digest) == 16 and int(digest, 16) >= 0)


def test_a_github_run_is_known_from_its_variables_only():
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7", "GITHUB_ACTOR": "grace"}
    run = this_host.run_of(variables)
    assert run is not None
    assert (run.repository, run.id, run.attempt) == ("o/r", 7, 1)
    assert run.url == "https://github.com/o/r/actions/runs/7"
    assert this_host.actor(variables) == "grace"
    assert this_host.run_of({**variables, "GITHUB_ACTIONS": ""}) is None
    assert this_host.actor({}) != "grace"
