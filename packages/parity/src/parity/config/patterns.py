"""Patterns of resources' names, as written exceptions have them."""

from __future__ import annotations

import fnmatch


def fits(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern in which only `*` is special."""
    quoted = "".join(f"[{each}]" if each in "[?" else each for each in pattern)
    return fnmatch.fnmatchcase(text, quoted)
