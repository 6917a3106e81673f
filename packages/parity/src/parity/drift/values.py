"""Values as the engine records them, and as a report may show them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from parity.drift.model import UNSET
from parity.evaluate.graph import SecretInput
from parity.masked import MASK, is_sealed
from parity.resources.equality import unset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONG = 24
"""Characters from which a text without white space may be a key."""
_LOOKS_SECRET = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_\-]{24,}")
_WITH_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]*@")
_SHORT = 120


def leaves(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """A declared value's leaves by dotted path, secrets still wrapped; a list is one leaf."""
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            yield from leaves(each, f"{path}.{name}" if path else name)
    else:
        yield path, value


def plain(value: Any) -> Any:
    """A recorded value with secrets opened where the export has them open: `{4dabf...: 1b47..., plaintext: "..."}`."""
    if isinstance(value, dict):
        document = cast("dict[str, Any]", value)
        if is_sealed(document):
            text = document.get("plaintext")
            return json.loads(text) if isinstance(text, str) else SecretInput(None)
        return {name: plain(each) for name, each in document.items()}
    if isinstance(value, list):
        return [plain(each) for each in cast("list[Any]", value)]
    return value


def shown(value: Any, *, secret: bool = False) -> str:
    """A value as a report may have it: short, and nothing that opens anything."""
    if unset(value) and value is not False and value != 0:
        return UNSET
    if secret or isinstance(value, SecretInput):
        return MASK
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if _WITH_PASSWORD.search(text):
        return f"{MASK} (a URL with a password)"
    if isinstance(value, str) and len(text) >= _LONG and _LOOKS_SECRET.fullmatch(text) and not _is_known_form(text):
        return f"{MASK} ({len(text)} characters that look like a key)"
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}... ({len(text)} characters)"


def _is_known_form(text: str) -> bool:
    """Vendors' ids and commits, which are no secrets."""
    return re.fullmatch(r"(prj|dpl|drn|team|env|account_hook)_\w+|[0-9a-f]{40}", text) is not None


def only(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The entries whose first part of the path is one of these names."""
    chosen = frozenset(names)
    return {path: value for path, value in given.items() if path.partition(".")[0] in chosen}
