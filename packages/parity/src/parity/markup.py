"""Writes text that others chose into Markdown and HTML: no markup, link, mention or reference of its own.

GitHub resolves mentions, references and bare addresses after Markdown, so that an escaped character stops none of them
(github/cmark-gfm#181). It leaves code alone. So a word is written as it is where it is plainly one, and else as code.
"""

from __future__ import annotations

import html
import json
import re
from itertools import groupby
from typing import TYPE_CHECKING

from parity.redact import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PLAIN = re.compile(r"""(?:[A-Za-z0-9'",.;:()?/%=+!>\-]|[^\x00-\x7f])*""")
_RESOLVED = re.compile(
    r"@|#\d|:/|www\.|:(?!\d\d:)[\w+-]+:|\$|[a-z]-\d|ghsa-|(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])",
    re.IGNORECASE,
)
"""Mentions, references (`#1`, `GH-1`, `CVE-1`, a tracker's `ABC-1`, a commit's 7 to 40 hex digits), addresses,
emoji (a time's `:59:` is none), formulas (docs.github.com, "Autolinked references and URLs" and "Basic writing and
formatting syntax")."""
_FIRST = re.compile(r"(?:[-+=]+|\d+[.)])(?= |$)|>[^ |]*")
"""What begins a list, a quotation or a heading at the begin of a line."""
_QUOTED = re.compile(r"(?:(?<= )|^)(\(?)`([^`]+)`([.,;:)]*)(?= |$)")
"""Code as people write it in a sentence."""
_STOP = re.compile(r"(?<=[.,;:]) (?! )")
_CORE = re.compile(r"(\(?)(.*[^.,;:)])([.,;:)]*)", re.DOTALL)


def text(value: str) -> str:
    """One line of Markdown that shows the text, also in a table; words that may be read as markup are code.

    What the text itself has between backticks is code too.
    """
    line = _line(value).strip()
    if first := _FIRST.match(line):
        rest = line[first.end() :]
        return _span(first[0]) + (" " if rest.startswith(" ") else "") + text(rest)
    parts = _QUOTED.split(line)
    return "".join((_words, str, code, str)[number % 4](part) for number, part in enumerate(parts))


def code(value: str, *, limit: int | None = None) -> str:
    """Code in one line of Markdown, also in a table; `limit` in characters, the rest is counted."""
    shown = _cut(_line(value), limit)
    if not shown.strip():
        return f"`{json.dumps(shown)}`"
    # Inside code `\|` is a bar in a table alone; outside of it everywhere.
    return "\\|".join(_span(part) if part else "" for part in shown.split("|"))


def tag(value: str) -> str:
    """Code in one line of HTML, for where Markdown is not read (`<summary>`)."""
    return f"<code>{html.escape(_line(value))}</code>"


def raw(value: str) -> str:
    """Text in one line of HTML; words that GitHub would resolve are code."""
    return _runs(_line(value), lambda word: not _RESOLVED.search(word), tag, lambda run: html.escape(run, quote=False))


def fenced(value: str, language: str = "text", indent: str = "") -> Iterator[str]:
    """The lines of a block of code that shows the text; nothing in it ends the block."""
    shown = _visible(masked(value))
    ticks = "`" * max(3, _longest_run(shown) + 1)
    yield from (f"{indent}{line}" for line in (f"{ticks}{language}", *shown.split("\n"), ticks))


def _line(value: str) -> str:
    return _visible(masked(value)).replace("\n", "⏎")


def _visible(value: str) -> str:
    """Text whose characters all show: what would hide or turn others round is written as Python writes it."""
    lines = re.sub(r"\r\n|\r", "\n", value)
    if lines.replace("\n", "").isprintable():
        return lines
    return "".join(each if each == "\n" or each.isprintable() else repr(each)[1:-1] for each in lines)


def _cut(value: str, limit: int | None) -> str:
    if limit is None or len(value) <= limit:
        return value
    return f"{value[:limit]}… ({len(value) - limit} characters more)"


def _is_plain(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None and not _RESOLVED.search(word)


def _words(value: str) -> str:
    return "\\|".join(_runs(part, _is_plain, _in_sentence) for part in value.split("|"))


def _in_sentence(run: str) -> str:
    """Code, the brackets and the stops of the sentence around and between its words left out."""
    cores = ((_CORE.fullmatch(each), each) for each in _STOP.split(run))
    return " ".join(f"{core[1]}{_span(core[2])}{core[3]}" if core else _span(each) for core, each in cores)


def _runs(
    line: str, plain: Callable[[str], bool], as_code: Callable[[str], str], as_text: Callable[[str], str] = str
) -> str:
    """The words of a line, those in a row that are not plain as one piece of code."""
    runs = ((is_plain, " ".join(words)) for is_plain, words in groupby(line.split(" "), plain))
    return " ".join(as_text(run) if is_plain else as_code(run) for is_plain, run in runs)


def _span(value: str) -> str:
    ticks = "`" * (_longest_run(value) + 1)
    # Markdown takes one space off each end of code where both have one.
    pad = " " if value.strip() and (value[0] in "` " or value[-1] in "` ") else ""
    return f"{ticks}{pad}{value}{pad}{ticks}"


def _longest_run(value: str) -> int:
    return max((len(run) for run in re.findall(r"`+", value)), default=0)
