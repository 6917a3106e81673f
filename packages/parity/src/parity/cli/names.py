"""The stacks, applications and releases that a checkout's files name, read from their text: for TAB and for checks.

Neither pydantic nor the engine's SDK is loaded for it, and a file with faults elsewhere is read all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parity.config.project import find_project
from parity.documents import mapping
from parity.errors import ParityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Applications = dict[str, tuple[str, ...]]
"""The kept releases of each application, as the stack's file has them."""

_KEY = re.compile(r"^(?P<indent> *)parity:(?:applications|releases):.*$", re.MULTILINE)


def stacks() -> list[str]:
    """The stacks of the project at or above the working directory; empty where there is none."""
    return list(_files())


def applications(stack: str | None = None) -> Applications:
    """The applications of one stack, or of all; empty where nothing can be read."""
    found: Applications = {}
    for name, path in _files().items():
        if stack in {None, name}:
            found.update(read(path) or {})
    return found


def _files() -> Mapping[str, Path]:
    try:
        return find_project().stack_files()
    except ParityError:
        return {}


def read(path: Path) -> Applications | None:
    """The applications that a stack's file names, with their kept releases; None where it cannot be known from it."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - a command without an application does not need it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        text = path.read_text(encoding="utf-8")
        document: Any = YAML(typ="safe").load("\n".join(_blocks(text)))  # pyright: ignore[reportUnknownMemberType]
    except (OSError, UnicodeDecodeError, YAMLError):
        return None
    config = mapping(document)
    releases = mapping(config.get("parity:releases"))
    names = dict.fromkeys([*mapping(config.get("parity:applications")), *releases])
    return {name: tuple(mapping(mapping(releases.get(name)).get("kept"))) for name in names} or None


def _blocks(text: str) -> Iterator[str]:
    """The lines of the keys that matter, alone: to parse the complete file takes five times as long."""
    for found in _KEY.finditer(text):
        indent = len(found["indent"])
        yield found[0][indent:]
        for line in text[found.end() + 1 :].splitlines():
            if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= indent:
                break
            yield line[indent:]
