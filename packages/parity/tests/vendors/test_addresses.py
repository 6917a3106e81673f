"""A host that applications are given and that is not the server on which their database is made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from parity.config import settings
from parity.vendors import addresses
from support.paths import ROOT

DECLARED = "db.staging.storefront.example"
MADE = {"PGHOST": "private.example", "PGPORT": "5433", "PGUSER": "admin", "PGPASSWORD": "canary"}
SETTINGS = settings.load("staging", ROOT, None)


class Servers:
    """Answers when a server started, by its host; an error is raised."""

    def __init__(self, **started: Any) -> None:
        self.started = started
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def connect(self, environ: dict[str, str], **given: Any) -> Any:
        host = environ["PGHOST"]
        self.asked.append((f"{host}:{environ.get('PGPORT')}", given))
        answer = self.started["made" if host == MADE["PGHOST"] else "there"]
        if isinstance(answer, Exception):
            raise answer
        result = SimpleNamespace(fetchall=lambda: [(answer,)])
        return _Context(SimpleNamespace(execute=lambda _: result))


class _Context:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __enter__(self) -> Any:
        return self.inner

    def __exit__(self, *_: object) -> None:
        pass


def faults(monkeypatch: pytest.MonkeyPatch, found: Servers, environ: dict[str, str] = MADE) -> list[Any]:
    monkeypatch.setattr(addresses, "connect", found.connect)
    return addresses.faults(SETTINGS, environ)


REFUSED = psycopg.OperationalError('FATAL:  password authentication failed for user "admin"')


@pytest.mark.parametrize("there", ["10:01", REFUSED])
def test_another_server_is_a_fault_that_names_both_and_the_remedy(monkeypatch: pytest.MonkeyPatch, there: Any):
    found = Servers(made="10:00", there=there)
    (fault,) = faults(monkeypatch, found)
    assert fault.place.startswith("Pulumi.staging.yaml:")
    assert fault.key == "parity:databases.storefront.host"
    assert fault.what == (
        f"is {DECLARED}:5432, which is another server than private.example:5433, on which storefront_staging is made."
    )
    assert "Correct `host` and `port`, or PGHOST and PGPORT" in fault.remedy
    assert "name it under `pooler`" in fault.remedy
    assert "canary" not in str(fault)
    assert found.asked[0][1]["require_auth"] == "scram-sha-256", "a stranger would be sent the password"


def test_the_same_server_under_another_name_is_none(monkeypatch: pytest.MonkeyPatch):
    found = Servers(made="10:00", there="10:00")
    assert faults(monkeypatch, found) == []
    assert [where for where, _ in found.asked] == [f"{DECLARED}:5432", "private.example:5433"]


UNKNOWN = {
    "it cannot be reached from here": {"made": "10:00", "there": psycopg.OperationalError("timeout expired")},
    "the administrator's own does not open": {"made": psycopg.OperationalError("refused"), "there": "10:01"},
}


@pytest.mark.parametrize("started", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_taken_as_declared(monkeypatch: pytest.MonkeyPatch, started: dict[str, Any]):
    assert faults(monkeypatch, Servers(**started)) == []


@pytest.mark.parametrize("environ", [{}, {"PGHOST": DECLARED}, {"PGHOST": DECLARED, "PGPORT": "5432"}])
def test_the_same_address_and_no_server_are_not_asked(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]):
    found = Servers()
    assert faults(monkeypatch, found, environ) == []
    assert found.asked == []
