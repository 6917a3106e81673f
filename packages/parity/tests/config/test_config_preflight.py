"""What the program asks before its first resource: which answers of the vendors stop it, and in what words."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.catalog import CATALOG
from parity.config.parameters import Database
from parity.errors import AccessError
from parity.vendors import preflight, services

if TYPE_CHECKING:
    from collections.abc import Iterator


class Vendor:
    """Answers every request with one status and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str | None]] = []
        vendor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vendor.asked.append((self.path, self.headers["Authorization"]))
                self.send_response(vendor.status)
                for name, value in vendor.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    found = Vendor()
    monkeypatch.setenv("no_proxy", "*")
    for name in ("vercel", "github"):
        real = getattr(services, name)
        monkeypatch.setattr(services, name, lambda token, real=real: replace(real(token), base_url=found.url))
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_token_that_opens_is_no_fault(vendor: Vendor):
    assert preflight.vercel("a team", {"VERCEL_API_TOKEN": "t"}).fault is None
    assert preflight.github("acme", "shop", {"GITHUB_TOKEN": "g"}).fault is None
    assert vendor.asked == [("/v2/teams/a%20team", "Bearer t"), ("/repos/acme/shop", "Bearer g")]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_is_refused_is_a_fault(vendor: Vendor, status: int):
    vendor.status = status
    fault = preflight.vercel("acme", {"VERCEL_API_TOKEN": "canary"}).fault
    assert fault is not None
    assert f"does not open the team acme at Vercel: it answers {status}." in fault.what
    assert "canary" not in str(fault)


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (429, {}), (403, {"x-ratelimit-remaining": "0"})])
def test_a_busy_vendor_is_left_to_its_provider(vendor: Vendor, status: int, headers: dict[str, str]):
    vendor.status, vendor.headers = status, headers
    assert preflight.github("acme", "shop", {"GITHUB_TOKEN": "g"}).fault is None


@pytest.mark.parametrize("token", ["can ary", "can\nary", " canary", "canäry"])
def test_a_token_that_no_header_can_carry_is_not_sent_and_not_shown(vendor: Vendor, token: str):
    fault = preflight.vercel("acme", {"VERCEL_API_TOKEN": token}).fault
    assert fault is not None
    assert "can" not in str(fault), "a part of it is shown"
    assert vendor.asked == []


def test_a_vendor_that_cannot_be_reached_is_a_fault_of_the_way_there(vendor: Vendor):
    vendor.server.shutdown()
    vendor.server.server_close()
    faults = (
        preflight.vercel("acme", {"VERCEL_API_TOKEN": "canary"}).fault,
        preflight.github("acme", "shop", {"GITHUB_TOKEN": "canary"}).fault,
    )
    for fault in faults:
        assert fault is not None
        assert (
            "could not be tried: 127.0.0.1 cannot be reached: ConnectError: All connection attempts failed"
            in fault.what
        )
        assert fault.remedy == "Open the way to it."
        assert "canary" not in str(fault)


def test_what_is_not_given_is_distinct_by_from_what_is_refused():
    assert not preflight.vercel("acme", {}).given
    assert not preflight.postgres({}).given
    assert preflight.postgres({"PGHOST": "127.0.0.1", "PGPORT": "1"}).given


def test_each_server_that_fails_is_named_and_all_of_them_at_once(vendor: Vendor):
    events = Database(name="events", server="analytics", schemas=("events",))
    catalog = CATALOG.model_copy(update={"databases": (*CATALOG.databases, events)})
    environ = {"VERCEL_API_TOKEN": "t", "GITHUB_TOKEN": "g", "PGHOST": "127.0.0.1", "PGPORT": "1"}
    first, second = (each.fault for each in preflight.ask(catalog, environ) if each.name == "PostgreSQL")
    assert first is not None
    assert second is not None
    assert "cannot be used at 127.0.0.1:1 as postgres" in first.what
    needed = [f"{name}_ANALYTICS" for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE")]
    assert (second.key, second.what) == (", ".join(needed), "are not set.")
    given = {**environ, **dict.fromkeys(needed, "1"), "PGHOST_ANALYTICS": "127.0.0.1", "PGPASSWORD_ANALYTICS": "canary"}
    fault = preflight.postgres({**given, "PGSSLMODE_ANALYTICS": "disable"}, "analytics").fault
    assert fault is not None
    assert "cannot be used at 127.0.0.1:1 as 1" in fault.what
    assert "Correct PGHOST_ANALYTICS, " in fault.remedy
    assert "canary" not in str(fault)


def test_the_report_counts_the_faults_and_says_what_to_do():
    faults = [each.fault for each in (preflight.vercel("acme", {}), preflight.postgres({})) if each.fault]
    lines = str(AccessError(faults)).splitlines()
    assert lines[0] == "2 faults in what the providers log in with; nothing was created or changed."
    assert "Export it." in lines[4]
