"""The commands that the product prints to be typed, collected from its source.

A command is a code span of a message, a message that is a vendor's client with its arguments, or what begins with a
program's name after a colon, a semicolon or nothing. A hole of a message (`{stack}`) stands for one word, HOLE; one
that holds options stands for nothing.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLE = "X"
_CLIENTS = ("echo", "gh", "curl", "psql")
"""A message that begins with one of these is a command from end to end."""
_PROGRAMS = (*_CLIENTS, "parity", "pulumi", "vercel", "git", "aws", "pip", "uv", "make")
_SOURCES = ("packages/*/src/**/*.py", "components/*.py", "infra/*.py", "plugin/*.py")
_OPTIONS = re.compile(r"flags|arguments|options|how\b|keep|data\b|\bif\b")
"""Holes that hold options or nothing."""
_NAMES = "|".join(_PROGRAMS)
_SPAN = re.compile(r"`([^`]+)`")
_BARE = re.compile(rf"(?:^|[:;,] |\bthen |\bor |\n\s*)((?:\.venv/bin/)?(?:{_NAMES}) [^;,:)\n]*)")
_STATEMENT = re.compile(r"(?:alter|create|drop|grant|revoke|select|set role) ", re.IGNORECASE)
_COMMAND = re.compile(rf"(?:{_NAMES}) ")
_PROSE = re.compile(
    r" (?:\(|#|(?:says|shows|and|or|to|it|in|until|that|had|did|does|is|was|has|of|there|with)\b"
    r"|takes (?!all)|(?:has no|ended|failed|cannot)\b).*"
)
"""Where the words after a bare command begin."""


@dataclass(frozen=True)
class Remedy:
    """A command of a message."""

    command: str
    """With HOLE for each value that is filled in."""
    place: str
    """File and line."""


def remedies() -> Iterator[Remedy]:
    """Every command in a string of the product's code that is no docstring."""
    for pattern in _SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            yield from _of(path)


def _of(path: Path) -> Iterator[Remedy]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    skipped = {id(part) for node in joined for part in ast.walk(node) if part is not node}
    skipped |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        text = None if id(node) in skipped else _text(node)
        if text is not None:
            place = f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 0)}"
            yield from (Remedy(command, place) for command in commands(text))


def commands(text: str) -> Iterator[str]:
    """The commands of one message."""
    if text.startswith(tuple(f"{each} " for each in _CLIENTS)):
        found = [text]
    else:
        spans = [each for each in _SPAN.findall(text) if _COMMAND.match(each) or _STATEMENT.match(each)]
        bare = [_PROSE.sub("", each) for each in _BARE.findall(_SPAN.sub("", text))]
        found = [part for each in (*spans, *bare) for part in each.split(" && ")]
    for each in found:
        command = " ".join(each.strip().removeprefix(".venv/bin/").split()).rstrip(".")
        if _is_command(command):
            yield command


def _is_command(text: str) -> bool:
    if text.startswith("make "):  # An everyday word too.
        return text.split()[1] in _targets()
    return " " in text and bool(_COMMAND.match(text) or _STATEMENT.match(text))


@cache
def _targets() -> frozenset[str]:
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "tools/Makefile"))
    return frozenset(re.findall(r"^([a-z][\w-]*):", text, re.MULTILINE))


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(each) for each in node.values)
    return None


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "" if _OPTIONS.search(ast.unparse(node)) else HOLE
