"""A secret comes from standard input or a prompt."""

from __future__ import annotations

import io

import pytest

from parity.cli.commands import values
from parity.errors import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("given", "value"), [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a")])
def test_one_line_break_at_the_end_of_standard_input_is_left_out(monkeypatch, given, value):
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert values.read("KEY") == value


def test_a_terminal_is_asked_twice(monkeypatch):
    answers = iter(["one", "one", "one", "two"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    assert values.read("KEY") == "one"
    with pytest.raises(UsageError, match="differ"):
        values.read("KEY")


def test_an_empty_value_is_refused(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(UsageError, match="empty"):
        values.read("KEY")
