"""The command lines of `parity` that a page names, checked against the commands that there are."""

from __future__ import annotations

import functools
import re
import shlex
from typing import TYPE_CHECKING, Any

import typer
from typer.exceptions import TyperException

from reference import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repository.pages import Line

_START = re.compile(r"^(?:\$ )?(?:eval \"\$\()?(?:exec )?(?:\.venv/bin/)?parity(?=[ )]|$)")
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_EVAL = 'eval "$('
_ENDS = {"|", ">", "&&", ";", "||"}


def named(line: Line) -> Iterator[tuple[str, bool]]:
    """Each command line on a line, and whether it is to run as it stands, so that all its arguments must be there."""
    if line.language is not None:
        if line.language in {"sh", "console", ""} and _START.match(line.text.strip()):
            yield line.text.strip(), True
        return
    for span in line.spans:
        if _START.match(span):
            yield span, False


def problem(text: str, *, complete: bool) -> str | None:
    """What is wrong with a command line: an unknown command or option, an argument too few or too many."""
    words, path = _words(text), ["parity"]
    while words and " ".join([*path, words[0]]) in _groups() | _commands().keys():
        path.append(words.pop(0))
    name = " ".join(path)
    if name not in _commands():
        if words and not words[0].startswith("-"):
            return f"there is no command {name} {words[0]}"
        return f"{name} is a group of commands" if complete and not words else None
    if not complete:
        return _unknown_option(_commands()[name], words)
    try:
        _commands()[name].make_context(name, words)
    except typer.Exit:
        return None
    except TyperException as error:
        return error.format_message()
    return None


@functools.cache
def _commands() -> dict[str, Any]:
    return dict(pages.commands())


@functools.cache
def _groups() -> frozenset[str]:
    return frozenset(" ".join(name.split()[:depth]) for name in _commands() for depth in range(1, len(name.split())))


def _unknown_option(command: Any, words: list[str]) -> str | None:
    known = {"--help", "--version", "-h"} | {name for parameter in command.params for name in parameter.opts}
    for word in words:
        if word == "--":
            return None
        if word.startswith("-") and word.partition("=")[0] not in known:
            return f"there is no option {word}"
    return None


def _words(text: str) -> list[str]:
    """The arguments, up to a pipe, a redirection or a comment."""
    bare = _PLACEHOLDER.sub("X", text.removeprefix("$ "))
    if bare.startswith(_EVAL):
        bare = bare.removeprefix(_EVAL).partition(')"')[0]
    lexer = shlex.shlex(bare, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in lexer:
        if word in _ENDS or word.endswith(";"):
            words += [word.rstrip(";")] if word not in _ENDS else []
            break
        words.append(word)
    return words[words.index(next(each for each in words if each.endswith("parity"))) + 1 :]
