"""Rules for resources of any vendor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parity_policy.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_AUTONAMED = re.compile(r"-[0-9a-f]{7}$")
"""What Pulumi's autonaming appends (its page "Resource names")."""


def _named(props: Mapping[str, Any]) -> Iterator[str]:
    name = props.get("name")
    if isinstance(name, str) and _AUTONAMED.search(name):
        yield f"the engine made up its name {name}: give `name`, so that it can be found after a crash"


def _dynamic(_props: Mapping[str, Any]) -> Iterator[str]:
    yield "is a dynamic resource: its code is pickled into the state, which another Python version cannot read"


RULES = (
    Rule(
        "named-by-the-program",
        "Each object has a name that follows from what is declared, so that what a crash left behind can be found.",
        ("vercel:*", "postgresql:*", "github:*"),
        _named,
    ),
    Rule(
        "no-dynamic-resources",
        "Dynamic providers keep byte code in the state; write a provider instead, as plugin/ does.",
        ("pulumi-python:dynamic*",),
        _dynamic,
    ),
)
