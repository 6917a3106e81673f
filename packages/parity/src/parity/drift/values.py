"""Reads values as the engine records them, and shows them as a report may."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from parity.documents import is_mapping, mapped
from parity.drift.model import UNSET
from parity.evaluate.resource import SecretInput
from parity.masked import MASK, is_sealed
from parity.resources.equality import unset

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONG = 24
"""A text without white space may be a key from this many characters on."""
_KEY_FORM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_\-]{24,}")
_WITH_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]*@")
_SHORT = 120


def leaves(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """Give a declared value's leaves by dotted path, secrets still wrapped; a list is one leaf."""
    if is_mapping(value):
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}" if path else name)
    else:
        yield path, value


def plain(value: Any) -> Any:
    """Open the secrets of a recorded value if the export shows them: `{4dabf...: 1b47..., plaintext: "..."}`."""

    def leaf(each: Any) -> Any:
        if not is_mapping(each):
            return each
        text = each.get("plaintext")
        return json.loads(text) if isinstance(text, str) else SecretInput(None)

    return mapped(value, leaf, is_sealed)


def shown(value: Any, *, secret: bool = False) -> str:
    """Shorten a value for a report and mask secrets and possible keys in it."""
    if unset(value) and value is not False and value != 0:
        return UNSET
    if secret or isinstance(value, SecretInput):
        return MASK
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if _WITH_PASSWORD.search(text):
        return f"{MASK} (a URL with a password)"
    if isinstance(value, str) and len(text) >= _LONG and _KEY_FORM.fullmatch(text) and not _is_known_form(text):
        return f"{MASK} ({len(text)} characters that may be a key)"
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}... ({len(text)} characters)"


def _is_known_form(text: str) -> bool:
    """Whether it is a vendor's id or a commit, which is no secret."""
    return re.fullmatch(r"(prj|dpl|drn|team|env|account_hook)_\w+|[0-9a-f]{40}", text) is not None
