"""The probe says what a state answers: good, bad, or nothing that can be relied on."""

from __future__ import annotations

import os
import select
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from parity.bisect.probe import At, Probe, is_url, path_of
from parity.bisect.search import Answer
from parity.vendors.health import Pass

AT = At("http://127.0.0.1:9", Pass("the-bypass-secret"), about={"PARITY_PROBE_COMMIT": "abc"})


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("exit 0", Answer.GOOD), ("exit 1", Answer.BAD), ("exit 124", Answer.BAD), ("exit 125", Answer.UNRESOLVED),
        ("exit 128", Answer.UNRESOLVED), ("kill -9 $$", Answer.UNRESOLVED),
        ("test {url} = http://127.0.0.1:9", Answer.GOOD), ('test "$PARITY_PROBE_URL" = {url}', Answer.GOOD),
        ('test "$PARITY_PROBE_HEADER" = "x-vercel-protection-bypass: the-bypass-secret"', Answer.GOOD),
        ('test "$PARITY_PROBE_COMMIT" = abc', Answer.GOOD),
    ],
)  # fmt: skip
def test_a_commands_exit_code_is_its_answer(command, answer):
    assert Probe(command, repeat=1).ask(AT, "r1")[0] is answer


def test_at_the_limit_what_a_command_started_ends_too(tmp_path):
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    try:
        command = f"{{ echo begun; sleep 60; }} > {tmp_path}/held & wait"
        assert Probe(command, repeat=1, seconds=0.5).ask(AT, "r1") == (Answer.UNRESOLVED, "no end in 0 s")
        assert os.read(held, 100) == b"begun\n"
        readable, _, _ = select.select([held], [], [], 10)
        assert readable, "what it started goes on"
        assert os.read(held, 100) == b"", "it holds the pipe no longer"
    finally:
        os.close(held)


def test_two_answers_are_none_and_said(tmp_path):
    file = tmp_path / "once"
    probe = Probe(f"test -e {file} || {{ touch {file}; exit 1; }}")
    answer, how = probe.ask(AT, "r3")
    assert answer is Answer.UNRESOLVED
    assert how == "the probe is flaky: bad (exit code 1), good (exit code 0)"
    assert probe.flaky == ["r3"]


@pytest.fixture(scope="module")
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            allowed = self.headers.get("x-vercel-protection-bypass") == "the-bypass-secret"
            self.send_response(int(self.path.rpartition("/")[2]) if allowed else 401)
            self.end_headers()
            self.wfile.write(b"20 results")

        def log_message(self, *_):
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


@pytest.mark.parametrize(
    ("status", "contains", "answer"),
    [
        (200, "", Answer.GOOD), (308, "", Answer.GOOD), (404, "", Answer.BAD), (500, "", Answer.BAD),
        (200, "20 results", Answer.GOOD), (200, "0 errors", Answer.BAD),
    ],
)  # fmt: skip
def test_a_url_is_asked_at_the_states_own_host_through_its_protection(server, status, contains, answer):
    at = At(server, Pass("the-bypass-secret"), {})
    assert Probe(f"https://shop.example/api/{status}", contains, repeat=1).ask(at, "r1")[0] is answer


def test_no_answer_is_none():
    answer, how = Probe("{url}/api", repeat=1).ask(At("http://127.0.0.1:9", environment={}), "r1")
    assert (answer, how) == (Answer.UNRESOLVED, "no answer (ConnectError)")


@pytest.mark.parametrize(
    ("text", "path"),
    [("{url}/a?b=c", "/a?b=c"), ("https://shop.example/a?b=c", "/a?b=c"), ("https://shop.example", ""), ("{url}", "")],
)
def test_of_a_url_path_and_query_are_asked(text, path):
    assert is_url(text)
    assert path_of(text) == path


@pytest.mark.parametrize("text", ["curl -fsS {url}", "/usr/bin/check", "./check {url}/a", "test -e x"])
def test_anything_else_is_a_command(text):
    assert not is_url(text)
