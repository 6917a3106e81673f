"""The server is on loopback, answers to its own names alone, changes nothing, and reads no more often than it says."""

from __future__ import annotations

import threading

import httpx
import pytest

from parity.status.serve import FRESH_SECONDS, Server
from support import statuses


class Reading:
    """Counts how often the status is read."""

    def __init__(self) -> None:
        self.count, self.now = 0, 100.0

    def __call__(self):
        self.count += 1
        return statuses.calm()

    def clock(self) -> float:
        return self.now


@pytest.fixture
def served():
    reading = Reading()
    with Server(0, reading, clock=reading.clock) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with httpx.Client(base_url=server.address, trust_env=False) as http:
            yield server, reading, http
        server.shutdown()
        thread.join()


def test_the_page_and_its_document_are_served_with_headers_that_keep_others_out(served):
    server, _, http = served
    assert server.server_address[0] == "127.0.0.1"
    answer = http.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "storefront" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert http.get("/status.json").json()["project"] == "storefront"
    assert http.head("/").content == b""


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", ""])
def test_another_name_that_leads_here_is_refused_and_nothing_is_read(served, host):
    server, reading, http = served
    answer = http.get("/", headers={"Host": host.format(port=server.server_port)})
    assert answer.status_code == 421
    assert "storefront" not in answer.text
    assert reading.count == 0
    assert http.get("/", headers={"Host": f"localhost:{server.server_port}"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(served, method):
    assert served[2].request(method, "/").status_code == 501
    assert served[1].count == 0


def test_another_path_is_not_there(served):
    assert served[2].get("/../Pulumi.prod.yaml").status_code == 404
    assert served[1].count == 0


def test_it_is_read_again_once_it_is_old(served):
    _, reading, http = served
    for _ in range(3):
        http.get("/")
    assert reading.count == 1
    reading.now += FRESH_SECONDS + 0.1
    http.get("/")
    assert reading.count == 2
