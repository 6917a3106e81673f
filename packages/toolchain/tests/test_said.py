"""What a program says of its version is remembered for its file alone."""

from __future__ import annotations

import shutil

import pytest

from parity_toolchain.said import remembered


@pytest.fixture
def asked(tmp_path):
    """A program that is no script, what it says, and how often it was asked."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    shutil.copy2("/bin/true", program)
    environ = {"PARITY_CACHE": str(tmp_path / "cache")}
    times = []

    def ask(path=program, answer="3.259.0"):
        return remembered(path, environ, lambda: times.append(path) or answer)

    return program, ask, times


def test_it_is_asked_once_as_long_as_its_file_is_the_same(asked):
    program, ask, times = asked
    assert [ask(), ask(answer="never asked")] == ["3.259.0", "3.259.0"]
    assert len(times) == 1
    with program.open("ab") as stream:
        stream.write(b"\0")
    assert ask(answer="3.260.0") == "3.260.0"
    assert len(times) == 2


def test_a_file_of_the_same_size_and_time_in_its_place_is_another(asked):
    program, ask, _ = asked
    ask()
    other = program.with_name("other")
    shutil.copy2(program, other)
    other.replace(program)
    assert ask(answer="3.260.0") == "3.260.0"


@pytest.mark.parametrize("kind", ["a script", "a link to another program"])
def test_what_may_lead_somewhere_else_each_time_is_asked_each_time(asked, kind):
    program, ask, times = asked
    if kind == "a script":
        program.write_text("#!/bin/sh\nexec mise x -- pulumi\n")
    else:
        program.rename(program.with_name("mise"))
        program.symlink_to("mise")
    assert [ask(), ask(answer="3.260.0")] == ["3.259.0", "3.260.0"]
    assert len(times) == 2


def test_no_answer_is_not_remembered(asked):
    _, ask, times = asked
    assert [ask(answer=""), ask()] == ["", "3.259.0"]
    assert len(times) == 2


@pytest.mark.parametrize("content", [b"", b"no json", b"[1]", b"\xff"])
def test_a_cache_that_cannot_be_read_is_written_again(asked, tmp_path, content):
    _, ask, times = asked
    ask()
    (tmp_path / "cache" / "said.json").write_bytes(content)
    assert [ask(), ask()] == ["3.259.0", "3.259.0"]
    assert len(times) == 2


def test_where_no_cache_can_be_written_it_is_asked_again(asked, tmp_path):
    _, ask, times = asked
    (tmp_path / "cache").write_text("no folder")
    assert [ask(), ask()] == ["3.259.0", "3.259.0"]
    assert len(times) == 2
