"""The forms of YAML that a stack's file may use: bounded in size, and read alike by every reader of YAML.

The engine reads the file with Go's yaml.v3, Parity with ruamel.yaml. They disagree: `050` is 40 to one and 50 to the
other, `2026-12-31` is a time to one and a date to the other. A spelling on which readers of YAML 1.1, YAML 1.2 or Go
disagree is refused at its line, and so is what makes a small file large: anchors, tags, deep nesting.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from parity.problems import ConfigProblem, spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path as FilePath

    from parity.problems import Path

LARGEST_BYTES = 2 * 1024 * 1024
"""Of a stack's file: a hundred applications with fifty encrypted values each take a third of it."""
MOST_NODES = 50_000
DEEPEST = 40
_LARGEST_NUMBER = 2**53
"""Beyond it a number loses digits where it passes through JSON."""

_SAME_EVERYWHERE = re.compile(
    r"-?(0|[1-9][0-9]*)|-?(0|[1-9][0-9]*)\.[0-9]+|true|True|TRUE|false|False|FALSE|null|Null|NULL|~|"
)
"""Plain scalars that are no text, and the same value to every reader."""
_OTHERWISE = re.compile(
    r"""
      [-+]?0[0-9_]+ | [-+]?0o[0-7_]+ | [-+]?0b[01_]+ | [-+]?0x[0-9a-fA-F_]+   # octal, binary, hexadecimal
    | [-+]?[0-9][0-9_]* | \+[0-9][0-9_.]*                                     # underscores, a plus
    | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?                            # sexagesimal
    | [-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?             # floats in other spellings
    | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\ \t].*)?                             # dates and times
    | y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF
    | = | <<
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def read_text(path: FilePath) -> str | ConfigProblem:
    """Read a stack's file, or say why it cannot be read; never waits for a pipe and never reads more than the limit."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return _unreadable(path, "is no regular file.", "Put a file there.")
        if status.st_size > LARGEST_BYTES:
            what = f"has {status.st_size:,} bytes; {LARGEST_BYTES:,} are read."
            return _unreadable(path, what, "A stack's file holds what may differ between stacks, and nothing else.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return _unreadable(path, f"is not UTF-8 text: {error.reason}.", "Save the file as UTF-8.")
    except OSError as error:
        return _unreadable(path, f"cannot be read: {error.strerror or error}.", "Correct the file or its rights.")


def _unreadable(path: FilePath, what: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(path.name, None, None, "", what, remedy)


@dataclass(frozen=True)
class Forms:
    """What is wrong with the forms of a text, and whether it may be composed all the same."""

    problems: tuple[ConfigProblem, ...]
    safe: bool
    """Whether composing it takes bounded time and memory and makes plain values alone."""
    events: Sequence[Any] = ()
    """What ruamel parsed; nothing where the text is no YAML to its end."""


def check(name: str, text: str) -> Forms:
    """Find every form in the text that is refused; of text that is no YAML what comes before the error."""
    found: list[ConfigProblem] = []
    reading = _Reading(name)
    parsed = cast("Iterator[Any]", cast("Any", YAML(typ="rt", pure=True)).parse(text))
    events: list[Any] = []
    try:
        found.extend(reading.problems(events.append(each) or each for each in parsed))
    except YAMLError:
        # The parser's own error has its place; who composes the text reports it.
        return Forms(tuple(found), reading.safe)
    except ValueError as error:
        # An escape that no character has: ruamel raises it without a place.
        found.append(ConfigProblem(name, None, None, "", f"The YAML does not parse: {error}.", "Correct the file."))
        return Forms(tuple(found), safe=False)
    return Forms(tuple(found), reading.safe, events)


@dataclass
class _Level:
    """One mapping or list that is open."""

    mapping: bool
    key: bool = True
    """Whether a mapping's key comes next."""
    at: str | int = ""
    """The key or the index of what comes next, or is open."""


class _Reading:
    """Goes through a document's events; nothing is composed, so nothing can grow."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open: list[_Level] = []
        self.nodes = 0
        self.documents = 0
        self.safe = True

    def problems(self, events: Iterator[Any]) -> Iterator[ConfigProblem]:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self.safe = False
                    yield self._at(event, "begins a second document.", "Keep one document in the file.")
                    return
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.open.pop()
                self._passed()
            elif isinstance(event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent):
                self.nodes += 1
                yield from self._node(event)
                self.safe = self.safe and self.nodes <= MOST_NODES and len(self.open) <= DEEPEST
                if self.nodes > MOST_NODES:
                    yield self._at(event, f"holds more than {MOST_NODES:,} values.", "Take out what is no config.")
                    return
                if len(self.open) > DEEPEST:
                    yield self._at(event, f"is nested more than {DEEPEST} deep.", "Take out what is no config.")
                    return

    def _node(self, event: Any) -> Iterator[ConfigProblem]:
        yield from self._marks(event)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            if self.open and self.open[-1].mapping and self.open[-1].key:
                self.safe = False
                yield self._at(event, "is a mapping or list as a key.", "Use a name as the key.")
            mapping = isinstance(event, MappingStartEvent)
            self.open.append(_Level(mapping, at="" if mapping else 0))
            return
        if self.open and self.open[-1].mapping and self.open[-1].key:
            self.open[-1].at = str(cast("Any", event).value) if isinstance(event, ScalarEvent) else ""
        if isinstance(event, ScalarEvent):
            yield from self._scalar(event)
        self._passed()

    def _passed(self) -> None:
        """A node ended: in a mapping a key and its value take turns."""
        if not self.open:
            return
        level = self.open[-1]
        if level.mapping:
            level.key = not level.key
        elif isinstance(level.at, int):
            level.at += 1

    def _marks(self, event: Any) -> Iterator[ConfigProblem]:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self.safe = False
            yield self._at(event, "uses an anchor or an alias.", "Write the value out where it is needed.")
        elif event.tag is not None and event.ctag.handle is not None:
            self.safe = False
            yield self._at(event, f"has the tag {event.tag}.", "Take the tag out; put text in quotes.")

    def _scalar(self, event: Any) -> Iterator[ConfigProblem]:
        value: str = event.value
        if _CONTROL.search(value):
            yield self._at(event, "holds a control character or half a character.", "Take it out.")
        if event.style or _same_everywhere(value):
            return
        if value == "<<":
            self.safe = False
            yield self._at(event, "is a merge key.", "Write the merged keys out.")
        elif _OTHERWISE.fullmatch(value):
            what = f"`{value[:40]}` is read differently by different readers of YAML."
            yield self._at(event, what, f'Put text in quotes ("{value[:40]}"); write a number in plain decimal digits.')

    def _at(self, event: Any, what: str, remedy: str) -> ConfigProblem:
        mark = event.start_mark
        path: Path = tuple(level.at for level in self.open)
        shown = spell(path[1:] if path[:1] == ("config",) else path)
        return ConfigProblem(self.name, mark.line + 1, mark.column + 1, shown, what, remedy)


def _same_everywhere(value: str) -> bool:
    if not _SAME_EVERYWHERE.fullmatch(value):
        return False
    digits = value.lstrip("-")
    return not digits.isdigit() or (len(digits) <= len(str(_LARGEST_NUMBER)) and int(digits) <= _LARGEST_NUMBER)
