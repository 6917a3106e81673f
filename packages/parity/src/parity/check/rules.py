"""Lists the differences in live state that a provider decides, so that no stack's file explains them.

`parity check --live` calls such a difference *computed*. A rule names a type, a property and why; anything that no rule
names and no key explains is unexplained. docs/check-rules.md is this table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from parity.resources import kinds


@dataclass(frozen=True)
class Rule:
    """A property whose value a provider computes."""

    type: str
    """A regular expression over the resource's type."""
    property: str
    """A regular expression over the property's path."""
    why: str


RULES = (
    Rule(r".*", r"__\w+(\..*|\[.*)?", "kept by the engine and its bridges for themselves"),
    Rule(r"pulumi:providers:\w+", r"token", "each run's own credential"),
    Rule(r"pulumi:providers:postgresql", r"host|port|sslmode|database", "where the environment has the stack's server"),
    Rule(r"github:.*", r"(created|updated|remoteUpdated)At", "when GitHub wrote it"),
    *(Rule(each.type, path, why) for each in kinds.KINDS.values() for path, why in each.computed.items()),
    Rule(r"github:.*", r"etag", "GitHub's own mark of a version"),
    Rule(r"vercel:.*", r"(created|updated)At", "when Vercel wrote it"),
)
"""The rules of every kind, and those of each kind's descriptor."""


def rule_for(type_: str, path: str) -> Rule | None:
    """The first rule that names a property, or None."""
    return next((rule for rule in RULES if re.fullmatch(rule.type, type_) and re.fullmatch(rule.property, path)), None)
