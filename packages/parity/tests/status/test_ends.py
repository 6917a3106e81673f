"""Vercel's token and the logins of a server are said where they end soon; a server that does not answer is said too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from parity.status import ends
from parity.vendors.http import Limits

NOW = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)
SOON = timedelta(days=14)
LIMITS = Limits(request_seconds=2, deadline_seconds=2)


def read(environment):
    return asyncio.run(ends.read(environment, "acme", NOW, SOON, LIMITS))


@pytest.mark.parametrize(("days", "said"), [(2, ["Vercel's token ends 2026-12-02 07:30 UTC"]), (15, []), (None, [])])
def test_vercels_token_is_said_where_it_ends_within_two_weeks(monkeypatch, days, said):
    async def expiry(_):
        return None if days is None else NOW + timedelta(days=days)

    monkeypatch.setattr(ends, "vercel_expiry", expiry)
    assert read({"VERCEL_API_TOKEN": "t" * 24}) == (said, [])


def test_without_a_token_and_a_server_nothing_is_asked(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("it asks")

    monkeypatch.setattr(ends, "Client", refuse)
    monkeypatch.setattr(ends.postgres, "connect", refuse)
    assert read({}) == ([], [])


def test_a_server_that_does_not_answer_is_said_with_the_command(unused_port):
    ending, (unknown,) = read({"PGHOST": "127.0.0.1", "PGPORT": str(unused_port), "PGUSER": "a", "PGPASSWORD": "b"})
    assert ending == []
    assert (unknown.what, unknown.command) == ("which logins at 127.0.0.1 end", "parity doctor")
    assert "refused" in unknown.why


@pytest.fixture
def unused_port():
    import socket  # noqa: PLC0415 - for this alone

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found.getsockname()[1]  # bound and not listening: a connection is refused
