"""A secret that a command opened leaves it through no sink, whatever wrote it there, also where the command fails."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import os
import sys
from pathlib import Path

import httpx
import pytest
import typer
from rich.table import Table

import parity
from parity import markup, redact
from parity.backend.ledger import Ledger
from parity.check import report as check_report
from parity.cli import main as cli
from parity.config.project import Project
from parity.console import Screen
from parity.drift import render
from parity.drift.model import Finding
from parity.engine.pulumi import FailedUpdate, Pulumi
from parity.engine.store import FolderStore
from parity.errors import UpdateError
from parity.evaluate.stack import Stack
from parity.masked import MASK
from parity.preview import words
from parity.vendors.http import Client, Service

CANARY = "canary-of-a-payment-key/+7f3a"
TOKEN = "canary-token-of-an-account"


@pytest.fixture
def command():
    """A command that has opened its secrets."""
    with redact.command() as redactor:
        redactor.learn([CANARY])
        redactor.learn_environment({"VERCEL_API_TOKEN": TOKEN})
        yield redactor


def clean(text):
    """The text holds both, masked."""
    assert CANARY not in text
    assert TOKEN not in text
    assert MASK in text
    return True


SAID = f"refused {CANARY} and {TOKEN}"


def engine(folder, script, **environment):
    """A stand-in for the engine that runs a shell script."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return Pulumi(path, folder, {**os.environ, **environment})


# --- Streams ----------------------------------------------------------------------------------------------------------


def ran(monkeypatch, capsys, body):
    """What a command with this body writes to standard output and standard error, and its exit code."""

    def application():
        app = typer.Typer()
        app.command()(body)
        return typer.main.get_command(app)

    monkeypatch.setattr(cli, "application", application)
    monkeypatch.setattr(sys, "argv", ["parity"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return "".join(capsys.readouterr()), ended.value.code


def opened():
    redact.current().learn([CANARY, TOKEN])


def writes_a_line():
    opened()
    typer.echo(SAID)
    typer.echo(SAID, err=True)


def prints():
    opened()
    print(SAID)  # noqa: T201 - what may be written by mistake
    sys.stderr.write(SAID)


def writes_a_document():
    opened()
    typer.echo(json.dumps({"why": SAID}))


def fails_as_it_should():
    opened()
    raise UpdateError(SAID, where=SAID, remedy=SAID)


def fails_unexpectedly():
    opened()
    raise RuntimeError(SAID)


@pytest.mark.parametrize(
    ("body", "as_json", "code"),
    [
        (writes_a_line, False, 0),
        (prints, False, 0),
        (writes_a_document, False, 0),
        (fails_as_it_should, False, 6),
        (fails_as_it_should, True, 6),
        (fails_unexpectedly, False, 1),
    ],
)
def test_what_a_command_writes_is_masked_however_it_writes_and_ends(monkeypatch, capsys, body, as_json, code):
    monkeypatch.setattr(cli, "_wants_json", lambda _: as_json)
    said, ended = ran(monkeypatch, capsys, body)
    assert clean(said)
    assert ended == code


def test_a_command_leaves_the_streams_as_they_were():
    before = sys.stdout, sys.stderr
    with redact.command():
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before


# --- Console ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("command")
def test_the_console_masks_before_it_lays_out():
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(stdout=out, stderr=err)
    narrow = Table(width=20)
    narrow.add_column("what")
    narrow.add_row(CANARY)
    narrow.add_row(TOKEN)
    screen.out.print(narrow)
    screen.out.print(f"[bold]{SAID}[/]")
    with pytest.raises(UpdateError), screen.step(SAID):
        fails_as_it_should()
    assert clean(out.getvalue())
    assert clean(err.getvalue())
    assert "canary" not in out.getvalue(), "no part of one either"


@pytest.mark.usefixtures("command")
def test_a_picture_of_the_console_is_masked():
    screen = Screen(stdout=io.StringIO(), stderr=io.StringIO(), record_width=100)
    screen.out.print(SAID)
    assert clean(screen.svg("picture"))


# --- Files, ledger, engine, GitHub ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("command")
def test_a_report_s_file_is_masked(tmp_path):
    redact.write(tmp_path / "report.md", SAID)
    assert clean((tmp_path / "report.md").read_text())


@pytest.mark.usefixtures("command")
def test_the_ledger_is_masked_at_both_ends_of_a_record(tmp_path):
    ledger = Ledger(FolderStore(tmp_path), "storefront", "staging")
    identity = ledger.begin({"command": "up", "note": {"why": [SAID]}})
    ledger.end(identity, {"result": "failed", "errors": [SAID]})
    for path in tmp_path.rglob("*.json"):
        assert clean(path.read_text())


def test_a_record_is_found_by_its_names_whatever_the_secrets_are(tmp_path, command):
    command.learn(["storefront"])
    ledger = Ledger(FolderStore(tmp_path), "storefront", "staging")
    ledger.begin({"command": "up", "project": "storefront"})
    assert ledger.records()[0].begin["project"] == "storefront"


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("stream", [1, 2])
def test_the_engine_s_error_is_masked(tmp_path, stream):
    pulumi = engine(tmp_path, f"echo '{SAID}' >&{stream}; exit 1")
    with pytest.raises(UpdateError) as caught:
        pulumi.run("stack", "export")
    assert clean(str(caught.value))


def test_the_engine_s_own_environment_is_masked_though_no_settings_were_opened(tmp_path):
    pulumi = engine(tmp_path, "echo $VERCEL_API_TOKEN >&2; exit 1", VERCEL_API_TOKEN=TOKEN)
    with pytest.raises(UpdateError) as caught:
        pulumi.run("up")
    assert MASK in str(caught.value)
    assert TOKEN not in str(caught.value) + repr(pulumi)


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("code", [0, 1])
def test_the_log_of_an_update_is_masked_when_it_has_ended(tmp_path, code):
    event = json.dumps({"diagnosticEvent": {"severity": "error", "message": SAID}})
    script = f"""echo '{SAID}'; while [ "$1" != --event-log ]; do shift; done; echo '{event}' > $2; exit {code}"""
    pulumi, log = engine(tmp_path, script), tmp_path / "log"
    log.touch()
    if code:
        with pytest.raises(FailedUpdate) as caught:
            pulumi.update(["up"], log, lambda _: None)
        assert clean(str(caught.value))
    else:
        pulumi.update(["up"], log, lambda _: None)
    assert clean(log.read_text())


@pytest.mark.usefixtures("command")
def test_what_a_provider_said_of_a_half_made_resource_is_masked_where_it_is_read(tmp_path):
    row = {"urn": "urn", "type": "t", "initErrors": [SAID]}
    (tmp_path / "state.json").write_text(json.dumps({"deployment": {"resources": [row]}}))
    (tmp_path / "Pulumi.yaml").write_text("name: parity\n")
    stack = Stack("staging", Project(tmp_path), engine(tmp_path, "cat state.json"))
    assert clean(stack.recorded().resources[0].errors[0])


@pytest.mark.usefixtures("command")
def test_what_is_posted_to_github_is_masked():
    sent = []

    def answer(request):
        sent.append(request.content.decode())
        return httpx.Response(201, json={})

    async def post():
        service = Service("GitHub", "https://api.github.com", {}, {})
        async with Client(service, transport=httpx.MockTransport(answer)) as github:
            await github.request("POST", "/repos/o/r/issues", body={"title": SAID, "labels": [SAID]})

    asyncio.run(post())
    assert clean(sent[0])


# --- Texts that are escaped or cut before a sink has them -------------------------------------------------------------

MARKED_UP = "ca`n@ary|<of>_a_*key*&[7]#"


def drifted(declared):
    return Finding("changed", "ProjectDomain", "shop", "name", ("shop",), declared=declared, live="other")


@pytest.mark.parametrize(
    "shown",
    [
        markup.text,
        markup.code,
        markup.tag,
        markup.raw,
        lambda text: "".join(markup.fenced(text)),
        lambda text: markup.code(text, limit=9),
        lambda text: words.spelled({"value": text}),
        lambda text: render._row(drifted(text)),
        lambda text: "".join(render._finding(drifted(text), None)),
        check_report._value,
    ],
)
def test_a_text_is_masked_before_it_is_escaped_or_cut(command, shown):
    command.learn([MARKED_UP])
    text = shown(f"it says {MARKED_UP}.")
    assert not any(part in text for part in ("ary", "key", "ca`n"))


# --- No way past them -------------------------------------------------------------------------------------------------

_PAST = {"Console", "write_text", "write_bytes"}
ALLOWED = {
    "redact.py",  # the sinks themselves
    "console.py",
    "cli/commands/demo.py",  # a picture of a console, which is masked
    "engine/program_server.py",  # a program that prints a port
    "engine/pulumi.py",  # the log, masked
    "drift/adopt.py",  # the engine's input, in a folder that goes
    "updates/saved_plan.py",  # the plan, its secrets sealed by the engine
    "updates/update.py",  # the same, for the engine, in a folder that goes
    "drift/suppressions.py",  # the stack's file, in which secrets are sealed
    "releases/stack_values.py",  # a file of its header alone, for the engine, in a folder that goes
    "recover/run.py",  # the state's copy, sealed
    "onboarding/run.py",  # the catalog and the stacks' files, in which secrets are sealed: a mask would break them
    "releases/render.py",  # what a migration's tool renders, which is run as it stands: a mask would break it
    "scaffold/parts.py",  # the version of a new project
}


def test_nothing_else_makes_a_console_or_writes_a_file():
    """A new one has to be reviewed: through `Screen` and `redact.write` it needs no thought."""
    root = Path(parity.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        name = str(path.relative_to(root))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in _PAST:
                    found.add(name)
    assert found - ALLOWED == set()
