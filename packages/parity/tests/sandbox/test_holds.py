"""A hold through the command line: nothing is changed anywhere while it stands, and the printed command lifts it."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]
HELD, USAGE = 16, 2


def changing(instance: Instance, since: int) -> list[str]:
    return [row["path"] for row in instance.requests(since) if row["method"] != "GET" and row["service"] != "edge"]


def test_nothing_goes_forward_until_the_printed_command_lifts_it(small_instance: Instance):
    instance, since = small_instance, small_instance.last_request()
    file = instance.project.stack_files()["staging"]
    text = file.read_text()
    said = instance.run("parity", "hold", "staging", "--why", "the sale", "--until", "8h").ok().stdout
    assert "the sale" in said
    for command in (("up", "staging"), ("deliver", "staging"), ("prune", "staging", "shop", "--keep", "1", "--up")):
        done = instance.run("parity", *command, "--yes")
        assert done.code == HELD, done.said
        assert "the sale" in done.said
    assert file.read_text() == text, "a command that was stopped has edited the file"
    assert changing(instance, since) == []
    assert instance.run("parity", "lift", "staging", "--application", "shop", "--why", "none").code == USAGE
    printed = re.search(r"parity (lift staging --why TEXT)", said)
    assert printed
    lifted = instance.run("parity", *shlex.split(printed[1]), "--json").ok()
    assert [each["why"] for each in json.loads(lifted.stdout)["lifted"]] == ["the sale"]
    instance.run("parity", "up", "staging", "--yes").ok()
    rows = instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()
    assert [json.loads(row)["command"] for row in rows][-3:] == ["hold", "lift", "up"]
