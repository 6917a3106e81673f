"""Whether a readable value may stand in the clear in a stack's file. In doubt it is sealed."""

from __future__ import annotations

import re

_PUBLIC = ("NEXT_PUBLIC_", "NUXT_PUBLIC_", "VITE_", "PUBLIC_", "REACT_APP_", "GATSBY_", "EXPO_PUBLIC_")
"""Prefixes of names whose values a framework puts into pages that everyone reads."""
_NAMES = re.compile(
    r"SECRET|TOKEN|PASS|PRIVATE|CREDENTIAL|KEY|AUTH|DSN|SIGN|SALT|CERT|WEBHOOK|DATABASE|POSTGRES|REDIS|COOKIE|SESSION"
)
_PLAIN = re.compile(
    r"true|false|\d{1,9}|[A-Za-z][A-Za-z0-9_-]{0,19}|https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._/-]*)?"
)


def may_be_clear(name: str, value: str) -> bool:
    """Whether the name and the value are those of a setting, not of a secret."""
    if name.startswith(_PUBLIC):
        return True
    return not _NAMES.search(name) and _PLAIN.fullmatch(value) is not None
