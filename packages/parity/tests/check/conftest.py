"""A tiny program: a function of the stack's name and its config that gives inputs by resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.check.compare import Accepted, Result, Side, compare
from parity.config.secret import Secret
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CANARY = "canary-secret-value-0123456789abcdef"


def graph_of(stack: str, resources: Mapping[str, Mapping[str, Any]], **options: Any) -> Graph:
    """Resources of one type by name, with these inputs; `options` by name go to every one."""
    made = {}
    for name, inputs in resources.items():
        urn = f"urn:pulumi:{stack}::shop::acme:index:Thing::{name}"
        made[urn] = Resource(urn, "acme:index:Thing", name, "", True, inputs, frozenset(), {}, "", options)
    return Graph("shop", stack, made, {}, {})


def compared(
    program: Callable[[str, Mapping[str, Any]], Graph],
    staging: Mapping[str, Any],
    prod: Mapping[str, Any],
    *accepted: Accepted,
    sealed: bool = False,
    to: str = "prod",
) -> Result:
    one = Side("staging", {"parity:environment": "staging", **staging}, accepted)
    other = Side(to, {"parity:environment": to, **prod})
    return compare(one, other, program, sealed=sealed, workers=1)


def secret(value: str) -> Secret:
    return Secret(value, "parity:secret")
