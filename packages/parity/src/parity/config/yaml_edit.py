"""Small edits of a YAML text by the places of its nodes, so that every byte around them stays."""

from __future__ import annotations

import functools
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Node = Any
"""A node of ruamel's, whose types are not declared: `start_mark.index`, `end_mark.index`, `flow_style`, `value`."""


def round_trip() -> Any:
    """Ruamel's reader and writer that keeps comments, order and places; untyped, as its documents are."""
    return YAML(typ="rt")


class _Parsed:
    """A text's events, for ruamel to compose; its scanner and parser are most of the time that a reading takes."""

    def __init__(self, events: Iterable[Any], loader: Any) -> None:
        del loader
        self._left = deque(events)

    def check_event(self, *kinds: type) -> bool:
        return isinstance(self._left[0], kinds)

    def peek_event(self) -> Any:
        return self._left[0]

    def get_event(self) -> Any:
        return self._left.popleft()

    def dispose(self) -> None:
        """As the parser's own, which ends a reading."""


def of_events(events: Iterable[Any]) -> Any:
    """Ruamel's document of a text that it parsed before."""
    reader = round_trip()
    reader.Parser = functools.partial(_Parsed, events)
    return reader.load("")


def load(text: str) -> Any:
    """The plain values of a YAML text; None where it does not parse."""
    try:
        reader: Any = YAML(typ="safe")
        return reader.load(text)
    except YAMLError:
        return None


def compose(text: str) -> Node:
    """The node tree of a YAML text; None for an empty one."""
    return round_trip().compose(text)


def scalar(text: str) -> str:
    """A text as YAML on one line, quoted where it would read as something else, as `12345678e9` reads as a number."""
    quoted = "'" + text.replace("'", "''") + "'"
    forms = (each for each in (text, quoted) if "\n" not in text and load(f"{{k: {each}}}") == {"k": text})
    return next(forms, json.dumps(text, ensure_ascii=False))


def find(node: Node, path: Sequence[str]) -> tuple[Node, Node, Node] | None:
    """The mapping, the key and the value at a path of keys, or None where one of them is not there."""
    found: tuple[Node, Node, Node] | None = None
    for name in path:
        pair = next((pair for pair in pairs(node) if pair[0].value == name), None)
        if pair is None:
            return None
        found, node = (node, *pair), pair[1]
    return found


def pairs(node: Node) -> list[tuple[Node, Node]]:
    """The key and value nodes of a mapping; none of anything else."""
    return list(node.value) if _is_mapping(node) else []


def _is_mapping(node: Node) -> bool:
    return isinstance(node, MappingNode)


def replace_scalar(text: str, key: Node, value: Node, new: str) -> str:
    """The text with another scalar as a key's value, quotes included; an empty value is filled in."""
    start, end = value.start_mark.index, value.end_mark.index
    if start == end:
        colon = text.index(":", key.end_mark.index) + 1
        return f"{text[:colon]} {new}{text[colon:]}"
    return text[:start] + new + text[end:]


def replace_value(text: str, key: Node, value: Node, new: str) -> str:
    """The text with another value of a key, whatever it is, on the key's line; comments inside the old one go."""
    colon = text.index(":", key.end_mark.index) + 1
    return f"{text[:colon]} {new}{text[_end(value) :]}"


def add_below(text: str, key: Node, value: Node, entry: str) -> str:
    """The text with `entry` on a line of its own below a key of a block mapping."""
    return _insert(text, _line_end(text, _end(value)), f"{_newline(text)}{' ' * key.start_mark.column}{entry}")


def append(text: str, owner: Node, key: Node, mapping: Node, entry: str) -> str:
    """The text with `entry` (`name: value`, on one line) as the last of a mapping.

    The mapping is block, flow or the empty `{}`; `owner` holds its key, and decides the style of one that was empty.
    """
    if not pairs(mapping):
        return _fill_empty(text, owner, key, mapping, entry)
    first, last = pairs(mapping)[0][0], pairs(mapping)[-1][1]
    if mapping.flow_style:
        return _insert(text, _end(last), f", {entry}")
    line_end = _line_end(text, _end(last))
    return _insert(text, line_end, f"{_newline(text)}{' ' * first.start_mark.column}{entry}")


def items_of(node: Node) -> list[Node]:
    """The item nodes of a sequence; none of anything else."""
    return list(node.value) if _is_sequence(node) else []


def _is_sequence(node: Node) -> bool:
    return isinstance(node, SequenceNode)


def append_item(text: str, key: Node, sequence: Node, item: str) -> str:
    """The text with `item` (on one line) as the last of a sequence.

    The sequence is block, flow, the empty `[]`, or nothing at all.
    """
    items = items_of(sequence)
    if items and sequence.flow_style:
        return _insert(text, _end(items[-1]), f", {item}")
    if items:
        # The dash stands before the first item, on its line.
        start = text.rindex("-", 0, items[0].start_mark.index)
        indent = start - (text.rfind("\n", 0, start) + 1)
        return _insert(text, _line_end(text, _end(items[-1])), f"{_newline(text)}{' ' * indent}- {item}")
    line = f"{_newline(text)}{' ' * (key.start_mark.column + 2)}- {item}"
    if not _is_sequence(sequence):
        # Nothing stands behind the colon; the empty node's own marks are at what follows.
        return _insert(text, text.index(":", key.end_mark.index) + 1, line)
    start, end = sequence.start_mark.index, sequence.end_mark.index
    while text[start - 1] == " ":
        start -= 1
    return f"{text[:start]}{line}{text[end:]}"


def remove(text: str, mapping: Node, name: str) -> str:
    """The text without one entry of a mapping; raises ValueError where it is the only one, or not there.

    Of a block mapping all lines of the entry go, with a comment behind it; comments on lines of their own stay.
    """
    names = [key.value for key, _ in pairs(mapping)]
    place = names.index(name)
    if len(names) == 1:
        raise ValueError(f"{name} is the only entry")
    key, value = pairs(mapping)[place]
    if mapping.flow_style and place == len(names) - 1:
        return text[: _end(pairs(mapping)[place - 1][1])] + text[_end(value) :]
    if mapping.flow_style:
        return text[: key.start_mark.index] + text[pairs(mapping)[place + 1][0].start_mark.index :]
    start = key.start_mark.index - key.start_mark.column
    return text[:start] + text[_line_end(text, _end(value)) :].lstrip("\r").removeprefix("\n")


def _fill_empty(text: str, owner: Node, key: Node, mapping: Node, entry: str) -> str:
    start, end = mapping.start_mark.index, mapping.end_mark.index
    if owner.flow_style:
        return f"{text[:start]}{{{entry}}}{text[end:]}"
    while text[start - 1] == " ":
        start -= 1
    return f"{text[:start]}{_newline(text)}{' ' * (key.start_mark.column + 2)}{entry}{text[end:]}"


def _end(node: Node) -> int:
    """Where a value ends; a block's own mark stands at what follows it, so that of its last value is taken."""
    last = [value for _, value in pairs(node)] or items_of(node)
    return _end(last[-1]) if last and not node.flow_style else node.end_mark.index


def _line_end(text: str, index: int) -> int:
    """The end of the line, before its line break."""
    end = text.find("\n", index)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1] == "\r" else end


def _newline(text: str) -> str:
    """The text's own line break."""
    return "\r\n" if "\r\n" in text else "\n"


def _insert(text: str, index: int, new: str) -> str:
    return text[:index] + new + text[index:]
