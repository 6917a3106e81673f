"""Statements that a dead engine's plugin left running: waited for, named where they do not end, and no others."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest

from parity.errors import LockedError
from parity.recover import inflight
from support.recovery import Clock

ENVIRONMENT = {"PGHOST": "db.example", "PGPORT": "6432", "PGUSER": "admin", "PGPASSWORD": "p"}


class Server:
    """A PostgreSQL that answers each question with the next of its sessions, and the last one from then on."""

    def __init__(self, *sessions):
        self.sessions, self.given, self.asked = list(sessions), [], 0

    def connect(self, given):
        self.given.append(given)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, _):
        self.asked += 1
        rows = self.sessions.pop(0) if len(self.sessions) > 1 else self.sessions[0]
        return SimpleNamespace(fetchall=lambda: list(rows))


class Bench:
    """The server and the clock of one test."""

    def __init__(self):
        self.clock, self.server = Clock(), Server([])

    def serve(self, *sessions):
        self.server = Server(*sessions)
        return self.server

    def wait(self, environment=None, limit=15.0):
        """What was reported while it waited."""
        given = ENVIRONMENT if environment is None else environment
        reported = []
        inflight.wait(
            lambda server: inflight.statements(given, server, self.server.connect),
            given,
            limit,
            reported.append,
            self.clock,
        )
        return reported


@pytest.fixture
def bench():
    return Bench()


def test_without_a_server_there_is_nothing_to_wait_for(bench):
    server = bench.serve([(1, "t")])
    assert bench.wait({"PGUSER": "admin"}) == []
    assert bench.wait({"PGHOST": ""}) == []
    assert server.asked == 0


def test_where_nothing_runs_it_goes_on_at_once(bench):
    server = bench.serve([])
    assert bench.wait() == []
    assert (server.asked, bench.clock.slept) == (1, 0)


def test_what_runs_is_waited_for_and_what_began_later_is_not(bench):
    server = bench.serve([(1, "t"), (2, "t")], [(2, "t"), (3, "later")], [(2, "t again"), (3, "later")], [(4, "later")])
    assert [each.partition(" ")[0] for each in bench.wait()] == ["2", "1"]
    assert server.asked == 3, "the session's next statement is another one"


def test_what_does_not_end_in_time_is_named_and_never_cut_off(bench):
    server = bench.serve([(31, "t"), (7, "t")])
    with pytest.raises(LockedError, match="server process 7, 31") as caught:
        bench.wait(limit=3.0)
    assert caught.value.where == "db.example"
    assert "pg_terminate_backend" in caught.value.remedy
    assert 3.0 < bench.clock.slept < 4.0
    assert server.asked > 10


def test_a_server_that_cannot_be_asked_keeps_no_recovery_waiting(bench):
    def refused(_):
        raise psycopg.OperationalError

    bench.serve([]).connect = refused
    assert bench.wait() == []
