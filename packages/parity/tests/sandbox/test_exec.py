"""`parity sandbox exec -- CMD`: any program, as the shell would run it, led to the sandbox and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.paths import ROOT

if TYPE_CHECKING:
    from support.sandboxes import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def command(sandbox: Sandbox, *program: str) -> list[str]:
    parity = str(Path(sys.executable).with_name("parity"))
    return [parity, "sandbox", "exec", "--dir", str(sandbox.directory), "--", *program]


def run(sandbox: Sandbox, *program: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(sandbox, *program),
        cwd=ROOT,
        env={**os.environ, **variables},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_arguments_input_output_and_exit_code_are_the_programs_own(shared_sandbox: Sandbox):
    assert run(shared_sandbox, "echo", "a b", "--json", "$HOME", "--", "x").stdout == "a b --json $HOME -- x\n"
    assert run(shared_sandbox, "cat", stdin="given").stdout == "given"
    done = run(shared_sandbox, "sh", "-c", "echo bad >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "bad\n")


def test_a_signal_reaches_the_program(shared_sandbox: Sandbox):
    script = "trap 'echo ended; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        command(shared_sandbox, "sh", "-c", script), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "ended\n"
        assert process.wait(30) == 3


def test_any_client_meets_the_sandbox_and_no_other_host(shared_sandbox: Sandbox):
    since = shared_sandbox.control.requests()
    program = "import httpx; print(httpx.get('https://api.vercel.com/v2/user').status_code)"
    assert run(shared_sandbox, "python", "-c", program).stdout == "403\n"
    assert run(shared_sandbox, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "https://api.github.com/x").stdout
    refused = run(shared_sandbox, "curl", "-sS", "https://example.com/")
    assert refused.returncode != 0
    rows = shared_sandbox.control.requests(since[-1]["id"] if since else 0)
    assert [row["service"] for row in rows] == ["vercel", "github", "proxy"]
    assert "example.com" in rows[-1]["path"]


def test_nothing_of_the_shells_own_accounts_gets_in(shared_sandbox: Sandbox):
    shell = {"VERCEL_API_TOKEN": "mine", "PULUMI_ACCESS_TOKEN": "mine", "PGSERVICE": "mine", "GITHUB_OWNER": "mine"}
    assert "mine" not in run(shared_sandbox, "env", **shell).stdout


def test_a_program_that_is_not_there(shared_sandbox: Sandbox):
    done = run(shared_sandbox, "no-such-program")
    assert done.returncode == 2
    assert "no-such-program cannot be run" in done.stderr
