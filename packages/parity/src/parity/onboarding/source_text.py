"""Writes a catalog as Python and a stack's config as YAML, in the form that ruff and the reader of config take."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from parity.config import parameters, telemetry
from parity.config.secret import Secret
from parity.documents import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from parity.config.parameters import Catalog

NOT_SHOWN = "parity-import-cannot-read-it-so-a-person-sets-it"
"""Stands in memory for a secret that no API shows; it is written nowhere."""

MARK = "Written by `parity import`"
"""In the first lines of each file that it writes."""

_WIDTH = 120
_BARE = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z](?:[a-z0-9_./:-]*[a-z0-9_/])?", re.IGNORECASE)


# --- Python -----------------------------------------------------------------------------------------------------------


def python(catalog: Catalog) -> str:
    """The module that holds a catalog."""
    body = _python(catalog, 0, "CATALOG = ")
    used = sorted(set(re.findall(r"\b([A-Z]\w+)\(", re.sub(r'"(\\.|[^"\\])*"', "", body))))
    own = [each for each in used if hasattr(parameters, each)]
    lines = [_import(parameters, own), _import(telemetry, sorted({*used} - {*own}))]
    first = '"""The catalog: what all stacks share, declared once."""'
    return f"{first}\n\n# {MARK}; yours to edit.\n{''.join(lines)}\nCATALOG = {body}\n"


def _import(module: ModuleType, names: Sequence[str]) -> str:
    line = f"from {module.__name__} import {', '.join(names)}"
    if len(line) > _WIDTH:
        line = f"from {module.__name__} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    return f"{line}\n" if names else ""


def _python(value: Any, depth: int, before: str) -> str:
    """A value as ruff formats it: on one line where that fits, else one part a line."""
    flat, indent, parted = one_line(value), "    " * depth, _parts(value)
    if parted is None or (depth and len(indent) + len(before) + len(flat) + 1 <= _WIDTH):
        return flat
    name, parts = parted
    lines: list[str] = []
    for word, each in parts:
        line = f"{indent}    {word}{_python(each, depth + 1, word)},"
        lines.append(f"{line}  # noqa: E501 - the value as it is" if _too_long(line) else line)
    return f"{name}(\n" + "\n".join(lines) + f"\n{indent})"


def _too_long(line: str) -> bool:
    """Whether ruff would report the line: it lets pass what cannot be broken, one word, and a URL at the end."""
    words = line.split()
    url = "://" in words[-1] and len(line) - len(words[-1]) <= _WIDTH
    return "\n" not in line and len(line) > _WIDTH and len(words) > 1 and not url


def one_line(value: Any) -> str:
    """A value as Python on one line."""
    if parted := _parts(value):
        name, parts = parted
        single = "," if not name and len(parts) == 1 else ""
        return f"{name}({', '.join(word + one_line(each) for word, each in parts)}{single})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]]] | None:
    """The class's name and its fields that are not as by default; of a tuple no name, and its items; of others None."""
    if isinstance(value, tuple):
        return "", [("", each) for each in cast("tuple[Any, ...]", value)]
    if not isinstance(value, BaseModel):
        return None
    fields = type(value).model_fields
    given = {name: getattr(value, name) for name in fields if name != "kind"}
    own = {name: each for name, each in given.items() if fields[name].is_required() or each != fields[name].default}
    return type(value).__name__, [(f"{name}=", each) for name, each in own.items()]


# --- YAML -------------------------------------------------------------------------------------------------------------


def yaml(stack: str, config: Mapping[str, Any], seal: Callable[[Secret], str]) -> str:
    """A stack's file, without the lines that the engine writes at its beginning, such as the salt.

    Args:
        stack: its name.
        config: by full key; secrets are `Secret`.
        seal: encrypts one.
    """
    lines = ["# yaml-language-server: $schema=docs/stack.schema.json", f"# {MARK}; yours to edit. Stack {stack}."]
    lines.append("config:")
    for key, value in config.items():
        lines += _block(key, value, 1, seal)
    return "\n".join(lines) + "\n"


def _block(key: str, value: Any, depth: int, seal: Callable[[Secret], str]) -> list[str]:
    """A key and its value; nothing for a secret that a person sets."""
    indent = "  " * depth
    if isinstance(value, Secret) and value.reveal() == NOT_SHOWN:
        return []
    if isinstance(value, Secret):
        return [f"{indent}{_word(key)}:", f"{indent}  secure: {_word(seal(value))}"]
    if is_mapping(value) and "commit" not in value:
        inner = [line for name in value for line in _block(name, value[name], depth + 1, seal)]
        return [f"{indent}{_word(key)}:", *inner] if inner else [f"{indent}{_word(key)}: {{}}"]
    if is_list(value) and any(is_mapping(each) for each in value):
        items = [f"{indent}  - {_flow(each)}" for each in value]
        return [f"{indent}{_word(key)}:", *items]
    return [f"{indent}{_word(key)}: {_flow(value)}"]


def _flow(value: Any) -> str:
    if is_mapping(value):
        return "{" + ", ".join(f"{_word(str(name))}: {_flow(each)}" for name, each in value.items()) + "}"
    if is_list(value):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value) if isinstance(value, int) else _word(str(value))


def _word(text: str) -> str:
    """Text as YAML; quoted where any reading of YAML could take it for something else."""
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
