"""Following the engine through its events, and its failures."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parity.engine.events import Progress
from parity.engine.pulumi import FailedUpdate, Pulumi
from parity.errors import UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URN = "urn:pulumi:staging::parity::parity:index:WebApp$vercel:index/project:Project::shop"


def before(urn, operation):
    return {"resourcePreEvent": {"metadata": {"urn": urn, "op": operation}}}


def after(urn, operation):
    return {"resOutputsEvent": {"metadata": {"urn": urn, "op": operation}}}


def engine(folder: Path, script: str) -> Pulumi:
    """A program in the engine's place that writes the events a real one would."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Pulumi(path, folder, dict(os.environ))


def events_script(events, code=0, said=""):
    """A script that writes events to the path after --event-log, in two parts with a line cut in the middle."""
    text = "".join(json.dumps(event) + "\n" for event in events)
    half = len(text) // 2
    return f"""
for word in "$@"; do [ "$last" = --event-log ] && log=$word; last=$word; done
printf %s '{text[:half]}' > "$log"
printf %s '{text[half:]}' >> "$log"
echo '{said}'
exit {code}
"""


def test_it_waits_for_resources_and_not_for_what_holds_them():
    progress = Progress()
    stack = "urn:pulumi:staging::parity::pulumi:pulumi:Stack::parity-staging"
    component = "urn:pulumi:staging::parity::parity:components:WebApp::shop"
    for urn in (stack, component):
        progress.take(before(urn, "create"))
    assert progress.waits_for() == ""
    progress.take(before(URN, "create"))
    assert progress.waits_for() == "create of Project shop (0 done)"


def test_it_says_what_it_waits_for():
    progress = Progress()
    progress.take(before(URN, "create"))
    progress.take(before(URN + "-2", "create"))
    assert progress.waits_for() == "create of Project shop and 1 more (0 done)"
    progress.take(after(URN, "create"))
    assert progress.waits_for() == "create of Project shop-2 (1 done)"


def test_what_stays_as_it_is_is_not_waited_for():
    progress = Progress()
    progress.take(before(URN, "same"))
    assert progress.waits_for() == ""


def test_changes_do_not_count_what_stayed():
    progress = Progress()
    progress.take({"summaryEvent": {"resourceChanges": {"same": 61, "create": 2, "update": 1}}})
    assert progress.changed == 3


def test_an_update_is_followed_to_its_end(tmp_path):
    events = [before(URN, "create"), after(URN, "create"), {"summaryEvent": {"resourceChanges": {"create": 1}}}]
    seen = []
    log = tmp_path / "up.log"
    progress = engine(tmp_path, events_script(events, said="engine output")).update(["up"], log, seen.append)
    assert (progress.finished, progress.changed) == (1, 1)
    assert seen
    assert "engine output" in log.read_text()


def twice(folder: Path, reported: list[int]) -> Callable[[object], None]:
    """Interrupts this process once the engine is ready, and again once that is reported."""
    sent = []

    def interrupt(_: object) -> None:
        if len(sent) < 2 and (folder / "ready").exists() and reported == list(range(1, len(sent) + 1)):
            sent.append(1)
            os.kill(os.getpid(), signal.SIGINT)

    return interrupt


DEAF = """
import pathlib, signal, sys, time
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1) or (len(heard) > 2 and sys.exit(3)))
pathlib.Path("ready").touch()
while True:
    time.sleep(60)
"""


def test_a_second_interrupt_is_repeated_until_the_engine_has_heard_it(tmp_path):
    """This engine takes no notice of the second signal, as one that had not taken the first yet."""
    reported: list[int] = []
    deaf = engine(tmp_path, f"exec {sys.executable} -c '{DEAF}'")
    with pytest.raises(FailedUpdate) as caught:
        deaf.update(["up", "--exec-agent=x"], tmp_path / "up.log", twice(tmp_path, reported), reported.append)
    assert (caught.value.code, caught.value.interrupts, reported) == (3, 2, [1, 2])
    assert caught.value.what == "pulumi up was interrupted:\nthe engine gave no reason"
    assert str(caught.value.remedy).startswith("the engine's complete output is in /")


WAITING = """
import json, pathlib, signal, subprocess, sys
log = pathlib.Path(sys.argv[sys.argv.index("--event-log") + 1])
plugin = subprocess.Popen(["sleep", "60"], start_new_session=True)
heard = []
def interrupted(*_):
    heard.append(1)
    if len(heard) > 1:
        log.write_text(json.dumps({"stdoutEvent": {"message": "^C received; terminating"}}) + chr(10))
signal.signal(signal.SIGINT, interrupted)
pathlib.Path("ready").touch()
sys.exit(plugin.wait() and 3)
"""


@pytest.mark.timeout(30)
def test_an_engine_that_is_to_end_at_once_does_not_wait_for_its_plugins(tmp_path):
    """GitHub's runner kills it 2.5 seconds after the second signal, and its lock would stay."""
    (tmp_path / "engine.py").write_text(WAITING)
    reported: list[int] = []
    waiting = engine(tmp_path, f'exec {sys.executable} engine.py "$@"')
    with pytest.raises(FailedUpdate) as caught:
        waiting.update(["up"], tmp_path / "up.log", twice(tmp_path, reported), reported.append)
    assert (caught.value.code, reported) == (3, [1, 2])


def test_what_an_interrupted_plan_did_not_come_to_is_not_listed(tmp_path):
    unseen = f"expected resource operations for {URN} but none were seen"
    events = [{"diagnosticEvent": {"severity": "error", "message": each}} for each in (unseen, "409 conflict")]
    with pytest.raises(FailedUpdate) as caught:
        engine(tmp_path, events_script(events, code=255)).update(["up"], tmp_path / "up.log", lambda _: None)
    assert caught.value.what.splitlines()[1:] == ["409 conflict"]


def test_the_engine_says_that_it_has_heard_the_second_interrupt():
    progress = Progress()
    progress.take(
        {"stdoutEvent": {"message": "^C received; cancelling. If you would like to terminate immediately, ..."}}
    )
    assert not progress.terminating
    progress.take({"stdoutEvent": {"message": "^C received; terminating"}})
    progress.take({"stdoutEvent": {"message": "anything else"}})
    assert progress.terminating


@pytest.mark.parametrize("terminating", [True, False])
def test_a_plugin_that_an_interrupt_ended_is_no_bug_of_its_provider(terminating):
    progress = Progress(terminating=terminating)
    said = "Detected that pulumi-resource-github exited prematurely.\nThis is *always* a bug in the provider."
    progress.take({"diagnosticEvent": {"severity": "error", "message": said}})
    assert progress.errors == ([] if terminating else [said])


def test_a_failed_update_says_which_resource_why_and_where_the_log_is(tmp_path):
    events = [
        before(URN, "create"),
        {"resOpFailedEvent": {"metadata": {"urn": URN, "op": "create"}}},
        {"diagnosticEvent": {"urn": URN, "severity": "error", "message": "409 conflict\n"}},
    ]
    log = tmp_path / "up.log"
    with pytest.raises(UpdateError) as caught:
        engine(tmp_path, events_script(events, code=255)).update(["up"], log, lambda _: None)
    assert "Project shop: 409 conflict" in caught.value.what
    assert caught.value.where == "Project shop"
    assert str(log) in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("said", "reason", "held"),
    [
        (
            "Updating (staging):\nerror: [409] Conflict: Another update is currently in progress.\nMore at https://x",
            "[409] Conflict: Another update is currently in progress.\nMore at https://x",
            True,
        ),
        ("error: the stack is currently locked by 1 lock(s).", "the stack is currently locked by 1 lock(s).", True),
        ("error: an unforeseen thing", "an unforeseen thing", False),
        ("Updating (staging):", "the engine gave no reason", False),
    ],
)
def test_an_update_that_did_not_begin_says_why_and_whether_another_one_has_the_stack(tmp_path, said, reason, held):
    with pytest.raises(FailedUpdate) as caught:
        engine(tmp_path, f"echo '{said}' >&2; exit 255").update(["up"], tmp_path / "up.log", lambda _: None)
    assert caught.value.what == f"pulumi up ended with 255:\n{reason}"
    assert caught.value.held is held


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("error: Unauthorized: No credentials provided or are invalid.", "pulumi login"),
        ("error: [403] Forbidden: you may not", "pulumi login"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "pulumi login"),
        ("error: performing HTTP request: Get x: connection refused", "pulumi whoami --verbose"),
    ],
)
def test_where_pulumi_cloud_does_not_open_the_way_on_is_named(tmp_path, said, way):
    logs_in = "Logging in using access token from PULUMI_ACCESS_TOKEN"
    with pytest.raises(UpdateError) as caught:
        engine(tmp_path, f"echo '{logs_in}\n{said}' >&2; exit 255").outputs("x")
    assert caught.value.what == f"pulumi stack output ended with 255: {said}"
    assert f"`{way}`" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("cores", "given", "used"),
    [(2, {}, "16"), (3, {}, "16"), (4, {}, ""), (8, {}, ""), (2, {"PULUMI_PARALLEL": "4"}, "4")],
)
def test_sixteen_operations_run_at_once_where_the_engine_would_take_fewer(tmp_path, monkeypatch, cores, given, used):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.delenv("PULUMI_PARALLEL", raising=False)
    pulumi = engine(tmp_path, 'printf "$PULUMI_PARALLEL" > parallel; printf "$PULUMI_PARALLEL"')
    set_ = replace(pulumi, environment={**os.environ, **given})
    assert set_.run("version").stdout == used
    set_.update(["up"], tmp_path / "up.log", lambda _: None)
    assert (tmp_path / "parallel").read_text() == used


def test_a_failed_command_says_what_the_engine_said(tmp_path):
    with pytest.raises(UpdateError, match="no stack named"):
        engine(tmp_path, "echo 'error: no stack named x' >&2; exit 255").outputs("x")


def test_a_stack_is_made_once(tmp_path):
    script = f"""
echo "$@" >> {tmp_path}/calls
[ "$2" = ls ] && echo '[{{"name": "staging"}}]'
exit 0
"""
    pulumi = engine(tmp_path, script)
    pulumi.ensure_stack("staging")
    pulumi.ensure_stack("prod")
    calls = (tmp_path / "calls").read_text()
    assert "stack init prod" in calls
    assert "stack init staging" not in calls


def test_an_update_that_runs_is_known_where_the_backend_says_it(tmp_path):
    rows = [{"name": "acme/shop/prod", "updateInProgress": True}, {"name": "staging", "updateInProgress": False}]
    pulumi = engine(tmp_path, f"echo '{json.dumps([*rows, {'name': 'qa'}])}'")
    assert [pulumi.in_progress(each) for each in ("prod", "staging", "qa", "elsewhere")] == [True, False, False, False]


def test_standard_input_and_variables_reach_the_engine_and_its_words_are_masked(tmp_path):
    asked = engine(
        tmp_path, 'read word; echo "$word $MORE no"; test "$word" != fail || { echo "hunter2 is wrong" >&2; exit 4; }'
    )
    asked.redactor.learn(["hunter2"])
    assert asked.run("a", given="yes\n", variables={"MORE": "more"}).stdout == "yes more no\n"
    with pytest.raises(UpdateError, match=r"pulumi stack import ended with 4: \[secret\] is wrong"):
        asked.run("stack", "import", given="fail\n")


def test_a_command_with_a_limit_does_not_wait_without_end(tmp_path):
    with pytest.raises(UpdateError, match=r"pulumi whoami --verbose did not end within 0\.1 s"):
        engine(tmp_path, "exec sleep 60").run("whoami", "--verbose", seconds=0.1)


def test_a_command_that_is_followed_gives_its_events_and_its_end(tmp_path):
    events = [before(URN, "create"), after(URN, "create")]
    seen: list[int] = []
    script = events_script(events, code=3, said="out")
    done = engine(tmp_path, script).follow("preview", on_progress=lambda progress: seen.append(progress.finished))
    assert (done.code, done.out, done.events, seen[-1]) == (3, "out\n", events, 1)
