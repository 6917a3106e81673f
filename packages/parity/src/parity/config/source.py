"""Where a stack's config comes from: its file with the lines, the engine with the decrypted values, or both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from parity.config import yaml_edit, yaml_form
from parity.config.fields import bare, keys
from parity.config.secret import Secret
from parity.config.stack_models import NAMESPACE, StackConfig, as_text
from parity.documents import is_list, is_mapping, mapped
from parity.problems import ConfigProblem, spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path as FilePath

    from parity.problems import Path

Position = tuple[int, int]
"""Line and column, both from 1."""
Unread = tuple[ConfigProblem, ...]
"""Why nothing of a file was read."""

_TEXT_KEYS = {
    NAMESPACE + key for key, field in keys(StackConfig).items() if bare(field.annotation) in {str, bool, Secret}
}
"""Top-level keys whose value is no mapping or list; the engine hands these over as plain text."""


@dataclass(frozen=True)
class StackFile:
    """A stack's file: its config as plain values (secure ones as sealed secrets) and where each stands."""

    name: str
    values: Mapping[str, Any]
    positions: Mapping[Path, Position]
    problems: tuple[ConfigProblem, ...] = ()
    """What is wrong with how it is written, whatever its values are."""
    salt: str = ""
    """Its `encryptionsalt`; empty where a passphrase alone does not open its secrets."""


@dataclass(frozen=True)
class Source:
    """The config to check, and what is known about where each value stands."""

    stack: str
    values: Mapping[str, Any]
    """By full key; a secret leaf is a Secret."""
    file: str | None
    """The stack file's name, where it is at hand and describes these values."""
    positions: Mapping[Path, Position]
    unmarked: frozenset[str] = frozenset()
    """Full keys whose `secure:` marks are not known, because no file at hand has the engine's value."""

    def fault(self, path: Path, what: str, remedy: str) -> ConfigProblem:
        """A fault at a path: its own line, or that of the nearest key above it."""
        if path and path[0] in self.unmarked:
            return ConfigProblem(None, None, None, spell(path), what, remedy)
        line, column = self._position(path)
        return ConfigProblem(self.file, line, column, spell(path), what, remedy)

    def _position(self, path: Path) -> tuple[int | None, int | None]:
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return None, None


def file_name(stack: str) -> str:
    """The name of a stack's file."""
    return f"Pulumi.{stack}.yaml"


def read_file(path: FilePath) -> StackFile | Unread:
    """Read a stack's file, or say why it cannot be read."""
    text = yaml_form.read_text(path)
    return (text,) if isinstance(text, ConfigProblem) else parse(path.name, text)


@lru_cache(maxsize=32)
def parse(name: str, text: str) -> StackFile | Unread:
    """Read the text of a stack's file; a YAML error, and each form that is refused, becomes a problem with its line.

    Kept for the last few texts: each stack's check reads the other stacks' files too.
    """
    forms = yaml_form.check(name, text)
    if not forms.safe:
        return forms.problems
    document = _document(name, text, forms.events)
    if isinstance(document, ConfigProblem):
        # Without a place it is the reader's word for a form that is refused with its place.
        return forms.problems if forms.problems and document.line is None else (*forms.problems, document)
    config = document.get("config") if is_mapping(document) else None
    if not is_mapping(config):
        return (
            ConfigProblem(name, 1, 1, "config", "has no mapping `config`.", "Begin the stack's values with `config:`."),
        )
    positions: dict[Path, Position] = {(): _key_position(document, "config")}
    values = _plain(config, (), positions)
    problems = (*forms.problems, *_environments(name, document))
    # The engine gives what is plain as text.
    given = {key: as_text(each) if isinstance(each, int | float) else each for key, each in values.items()}
    return StackFile(name, given, positions, problems, _salt(document))


def _salt(document: Any) -> str:
    salt = document.get("encryptionsalt")
    other = document.get("encryptedkey") or document.get("secretsprovider", "passphrase") != "passphrase"
    return salt if isinstance(salt, str) and not other else ""


def _environments(name: str, document: Any) -> Iterator[ConfigProblem]:
    """Values of a Pulumi ESC environment stand in no file, so nothing can be checked, compared or traced to a line."""
    if "environment" in document:
        line, column = _key_position(document, "environment")
        what = "takes values from a Pulumi ESC environment, which no check of this file can see."
        yield ConfigProblem(
            name, line, column, "environment", what, "Write the values in this file, secrets encrypted."
        )


def _document(name: str, text: str, events: Sequence[Any]) -> Any:
    """Ruamel's document, with the place of each key, or the problem why there is none."""
    try:
        return yaml_edit.of_events(events) if events else yaml_edit.round_trip().load(text)
    except MarkedYAMLError as marked:
        error: Any = marked
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        what = f"The YAML does not parse: {error.problem or error.context or 'unknown error'}."
        return ConfigProblem(name, line, column, "", what, "Correct the file at this place; nothing in it was read.")
    except (YAMLError, ValueError) as error:
        return ConfigProblem(
            name, None, None, "", f"The YAML does not parse: {error}.", "Correct the file; nothing in it was read."
        )


def from_file(stack: str, file: StackFile, open_: Callable[[str], str] | None = None) -> Source:
    """The file alone: `open_` gives the value of a ciphertext; without it secrets stay sealed."""
    values = file.values if open_ is None else _opened(file.values, open_)
    return Source(stack, values, file.name, file.positions)


def _opened(value: Any, open_: Callable[[str], str]) -> Any:
    def leaf(each: Any) -> Any:
        return Secret(open_(each.ciphertext), each.key, each.ciphertext) if isinstance(each, Secret) else each

    return mapped(value, leaf)


def from_engine(stack: str, engine: Mapping[str, str], file: StackFile | None) -> Source:
    """The engine's values, with the file's lines and `secure:` marks for each key whose file value is the engine's.

    A key that the file gives otherwise (another file is in use, `--config-file`, the Automation API, an ESC
    environment) keeps the engine's value and has no line.
    """
    values: dict[str, Any] = {}
    positions: dict[Path, Position] = {}
    unmarked: set[str] = set()
    for key, text in engine.items():
        value = _decode(key, text)
        values[key] = _MISMATCH if file is None or key not in file.values else _fill(file.values[key], value)
        if values[key] is not _MISMATCH and file is not None:
            positions.update({path: at for path, at in file.positions.items() if path[:1] == (key,)})
        else:
            values[key] = value
            unmarked.add(key)
    if file is None or not positions:
        return Source(stack, values, None, {}, frozenset(unmarked))
    positions[()] = file.positions[()]
    return Source(stack, values, file.name, positions, frozenset(unmarked))


def _decode(key: str, text: str) -> Any:
    """The engine gives mappings and lists as JSON, everything else as it is."""
    if key in _TEXT_KEYS or not key.startswith(NAMESPACE):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value if is_mapping(value) or is_list(value) else text


_MISMATCH: Any = object()
"""Says that the file's value is not the engine's."""


def _fill(shape: Any, value: Any) -> Any:
    """The engine's value with a Secret wherever the file has `secure:`; _MISMATCH where the two differ otherwise."""
    if isinstance(shape, Secret):
        return Secret(value, shape.key, shape.ciphertext) if isinstance(value, str) else _MISMATCH
    if is_mapping(shape) and is_mapping(value):
        return _fill_mapping(shape, value)
    if is_list(shape) and is_list(value):
        if len(shape) != len(value):
            return _MISMATCH
        items = [_fill(item, other) for item, other in zip(shape, value, strict=True)]
        return _MISMATCH if any(item is _MISMATCH for item in items) else items
    return value if shape == value and isinstance(shape, bool) == isinstance(value, bool) else _MISMATCH


def _fill_mapping(shape: dict[str, Any], value: dict[str, Any]) -> Any:
    """As _fill, for mappings; the file's order is kept, because the engine sorts keys."""
    if shape.keys() != value.keys():
        return _MISMATCH
    filled = {name: _fill(item, value[name]) for name, item in shape.items()}
    return _MISMATCH if any(item is _MISMATCH for item in filled.values()) else filled


def _plain(node: Any, path: Path, positions: dict[Path, Position]) -> Any:
    """Plain values from ruamel's, noting where each key and item stands."""
    if is_mapping(node):
        if list(node) == ["secure"] and isinstance(node["secure"], str):
            return Secret(None, spell(path), node["secure"])
        positions.update(((*path, str(key)), _key_position(node, key)) for key in node)
        return {str(key): _plain(each, (*path, str(key)), positions) for key, each in node.items()}
    if is_list(node):
        positions.update(((*path, index), _item_position(node, index)) for index in range(len(node)))
        return [_plain(each, (*path, index), positions) for index, each in enumerate(node)]
    if isinstance(node, ScalarBoolean):
        return bool(node)
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _item_position(node: Any, index: int) -> Position:
    line, column = node.lc.item(index)
    return (line + 1, column + 1)


def _key_position(node: Any, key: Any) -> Position:
    """Where a key stands; one that a merge (`<<`) brought in stands where its mapping does."""
    own: dict[Any, list[int]] = node.lc.data or {}
    line, column = own[key][:2] if key in own else (node.lc.line, node.lc.col)
    return (line + 1, column + 1)
