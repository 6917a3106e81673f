"""Puts one value into the text of a stack's file; every other byte stays."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from parity.config import yaml_edit
from parity.documents import is_mapping, items
from parity.errors import ProjectError, UsageError
from parity.problems import spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.config.stack_models import Release
    from parity.problems import Path

_PART = re.compile(r"""\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\["(?P<quoted>[^"]+)"\]""")
_HEADER = re.compile(r"^(?:secretsprovider|encryptedkey|encryptionsalt):.*\n", re.MULTILINE)


def path_of(key: str) -> Path:
    """The path that `parity.problems.spell` wrote; raises UsageError where it is none."""
    found: list[str | int] = []
    at = 0
    while match := _PART.match(key, at):
        found.append(int(match["index"]) if match["index"] else match["name"] or match["quoted"])
        at = match.end()
    if at < len(key) or not found:
        remedy = "write it as `parity:applications.shop.variables.NAME`"
        raise UsageError(f"{key!r} is no key of a stack's file", where="KEY", remedy=remedy)
    return tuple(found)


def release_word(release: Release) -> str:
    """A kept release as YAML on one line."""
    words = f"commit: {yaml_edit.scalar(release.commit)}, config: {yaml_edit.scalar(release.config)}"
    has = ", ".join(f"{database}: {number}" for database, number in release.migrations.items())
    noted = f", migrations: {{{has}}}" if has else ""
    return f"{{{words}, credentials: {release.credentials}{noted}}}"


def put(name: str, text: str, path: Path, word: str, *, over: bool = False) -> str:
    """The text with a value at a path; a key that is missing becomes the last of its mapping.

    The path is the full key, then keys and indices below it; of a secret with `secure` at its end. The word is YAML on
    one line, which with `over` may replace a mapping or a list. Raises ProjectError where it cannot be edited safely.
    """
    where = ("config", *path)
    after = _put(text, where, word, over=over)
    return _as_meant(name, path, after, with_value(_values(text), where, yaml_edit.load(word)))


def add_below(name: str, text: str, above: str, key: str, word: str) -> str:
    """The text with a top-level value below another one; raises as `put`."""
    found = yaml_edit.find(yaml_edit.compose(text), ["config", above])
    after = yaml_edit.add_below(text, *found[1:], f"{key}: {word}") if found else None
    return _as_meant(name, (key,), after, with_value(_values(text), ("config", key), yaml_edit.load(word)))


def remove(name: str, text: str, path: Path) -> str:
    """The text without what stands at a path of keys, as it is where nothing does; raises as `put`."""
    where = ["config", *map(str, path)]
    found = yaml_edit.find(yaml_edit.compose(text), where)
    if found is None:
        return text
    if len(yaml_edit.pairs(found[0])) == 1:
        return put(name, text, path[:-1], "{}", over=True)
    return _as_meant(name, path, yaml_edit.remove(text, found[0], where[-1]), _without(_values(text), where))


def _as_meant(name: str, path: Path, after: str | None, meant: Any) -> str:
    if after is None or _values(after) != meant:
        raise ProjectError(
            f"{spell(path)} holds no single value, or is written in a way that cannot be edited safely; "
            "nothing was changed",
            where=name,
            remedy="Edit the file, and run `parity check`.",
        )
    return after


@lru_cache(maxsize=2)
def _values(text: str) -> Any:
    """The plain values, which are not to be changed; of several edits each begins with what the last one made."""
    return yaml_edit.load(text)


def _without(values: Any, path: Sequence[str]) -> Any:
    if len(path) == 1:
        return {name: each for name, each in values.items() if name != path[0]}
    return {**values, path[0]: _without(values[path[0]], path[1:])}


def header(text: str) -> str:
    """The lines with which the engine opens the secrets."""
    return "".join(_HEADER.findall(text))


def with_header(text: str, lines: str) -> str:
    """The text with these lines in place of its own."""
    if header(text).split() == lines.split():
        return text
    new = iter([lines])
    return _HEADER.sub(lambda _: next(new, ""), text) if header(text) else lines + text


def with_value(values: Any, path: Sequence[str | int], new: Any) -> Any:
    """A copy of plain values with another one at a path; mappings on the way are made where they are missing."""
    if not path:
        return new
    first = path[0]
    if isinstance(first, int):
        return [with_value(each, path[1:], new) if place == first else each for place, each in enumerate(items(values))]
    mapping = values if is_mapping(values) else {}
    return {**mapping, first: with_value(mapping.get(first), path[1:], new)}


def _put(text: str, path: Sequence[str | int], word: str, *, over: bool = False) -> str | None:
    """The edited text; None where a part of the path is neither there nor can be added."""
    key, node = None, yaml_edit.compose(text)
    owner = node
    for depth, part in enumerate(path):
        if isinstance(part, int):
            pair = next(((key, each) for each in yaml_edit.items_of(node)[part : part + 1]), None)
        else:
            pair = next((pair for pair in yaml_edit.pairs(node) if pair[0].value == part), None)
        if pair is None:
            return None if isinstance(part, int) else _added(text, (owner, key, node), path, depth, word)
        owner, (key, node) = node, pair
    if isinstance(node.value, str):
        return yaml_edit.replace_scalar(text, key, node, word)
    return yaml_edit.replace_value(text, key, node, word) if over and key is not None else None


def _added(text: str, found: tuple[Any, Any, Any], path: Sequence[str | int], depth: int, word: str) -> str | None:
    """The text with the missing part of the path below the mapping that was found, one level at a time."""
    owner, key, mapping = found
    if depth == len(path) - 1 and path[-1] == "secure" and isinstance(mapping.value, str):
        return yaml_edit.replace_scalar(text, key, mapping, f"{{secure: {word}}}")
    if key is None or isinstance(mapping.value, str):
        return None
    last = depth == len(path) - 1
    wider = yaml_edit.append(text, owner, key, mapping, f"{path[depth]}: {word if last else '{}'}")
    return wider if last else _put(wider, path, word)
