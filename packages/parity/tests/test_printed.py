"""Commands get what leads them into the sandbox, and stay the commands that they are."""

from __future__ import annotations

import json
import shlex

import pytest

from parity import printed

CURL = """curl -H "Authorization: Bearer $VERCEL_API_TOKEN" -d '{"a": "it'"'"'s"}' 'https://api.vercel.com/x'"""
BEFORE = "parity sandbox exec --"


@pytest.fixture(autouse=True)
def _led(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(printed.PREFIX, BEFORE)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("see `pulumi stack export` or `psql`", f"see `{BEFORE} pulumi stack export` or `psql`"),
        ("  to do: pulumi stack init qa\n", f"  to do: {BEFORE} pulumi stack init qa\n"),
        (
            "a\n      psql -d x -c 'drop\n  table x'\n      why",
            f"a\n      {BEFORE} psql -d x -c 'drop\n  table x'\n      why",
        ),
        (
            "    pulumi up --replace 'urn:a$b'\n    (why)",
            f"    {BEFORE} pulumi up --replace 'urn:a$b'\n    (why)",
        ),
    ],
)
def test_it_is_put_before_each_command(text: str, typed: str):
    assert printed.text(text) == typed
    assert printed.text(typed) == typed, "and once"


@pytest.mark.parametrize(
    "command", [CURL, "gh api x | gh api -X PUT x --input -", 'PGHOST="$PGHOST_A" psql -d x', "psql -d x && psql -d y"]
)
def test_what_the_shell_takes_apart_reaches_the_program_in_one_piece(command: str):
    said = printed.text(f"    {command}\n")
    assert shlex.split(said) == [*BEFORE.split(), "sh", "-c", command]


@pytest.mark.parametrize(
    "text",
    [
        "pulumi up --stack staging ...\n",
        "  pulumi up --stack staging: waiting for x 10 s\n",
        "or `pulumi login` to the backend",
        "`parity up prod`",
        json.dumps({"command": "pulumi up", "remedy": f"`{CURL}`"}),
    ],
)
def test_what_is_no_command_of_another_program_and_what_programs_read_stays(text: str):
    assert printed.text(text) == text


def test_it_is_put_before_its_own_where_the_shell_would_lead_them_elsewhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(printed.OWN, BEFORE)
    typed = f"next: `{BEFORE} parity up prod`, then `{BEFORE} pulumi stack`; `parity sandbox down` at the end"
    assert printed.text("next: `parity up prod`, then `pulumi stack`; `parity sandbox down` at the end") == typed
    assert printed.text(typed) == typed, "and once"


def test_where_the_shell_reaches_the_same_nothing_is_put_before(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(printed.PREFIX)
    assert printed.text(f"    {CURL}\n") == f"    {CURL}\n"
