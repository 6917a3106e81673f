"""`parity sandbox exec -- CMD`: any program, as the shell would run it, led to the sandbox and nowhere else."""

from __future__ import annotations

import os
import shlex
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


def test_arguments_input_output_exit_code_and_no_account_of_the_shell_are_the_programs_own(shared_sandbox: Sandbox):
    accounts = {"VERCEL_API_TOKEN": "mine", "PULUMI_ACCESS_TOKEN": "mine", "PGSERVICE": "mine", "GITHUB_OWNER": "mine"}
    script = 'printf "%s;" "$@"; cat; echo bad >&2; env | grep -c mine; exit 7'
    done = run(shared_sandbox, "sh", "-c", script, "-", "a b", "--json", "$HOME", "--", stdin="given\n", **accounts)
    assert (done.returncode, done.stdout, done.stderr) == (7, "a b;--json;$HOME;--;given\n0\n", "bad\n")


def test_printed_commands_are_to_begin_with_it(shared_sandbox: Sandbox):
    given = run(shared_sandbox, "sh", "-c", 'echo "$PARITY_COMMAND_PREFIX"; echo "$PARITY_OWN_COMMAND_PREFIX"').stdout
    *before, _ = command(shared_sandbox, "parity")
    assert [shlex.split(line) for line in given.splitlines()] == [["parity", *before[1:]]] * 2


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
    clients = f'python -c "{program}"; curl -s -o /dev/null https://api.github.com/x; curl -sS https://example.com/'
    refused = run(shared_sandbox, "sh", "-c", clients)
    assert refused.stdout == "403\n"
    assert refused.returncode != 0
    rows = shared_sandbox.control.requests(since[-1]["id"] if since else 0)
    assert [row["service"] for row in rows] == ["vercel", "github", "proxy"]
    assert "example.com" in rows[-1]["path"]


def test_a_program_that_is_not_there(shared_sandbox: Sandbox):
    done = run(shared_sandbox, "no-such-program")
    assert done.returncode == 2
    assert "no-such-program cannot be run" in done.stderr
