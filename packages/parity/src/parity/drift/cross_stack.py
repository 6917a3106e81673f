"""Finds what a stack holds of another stack: its database, its secret, its privilege."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parity.drift.model import Finding, said_of
from parity.drift.values import leaves
from parity.evaluate.resource import SecretInput, is_computed
from parity.inventory.keys import opened
from parity.resources import kinds
from parity.resources.equality import flat
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parity.drift.compare import Sides
    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource
    from parity.inventory.model import LiveObject

_KEY = secrets.token_bytes(32)
"""The key of this process's fingerprints, which say whether two values are equal and nothing else."""

_SHORTEST = 8
"""Characters; a shorter value may be the same in two stacks by chance."""


@dataclass(frozen=True)
class Other:
    """Another stack, as far as this caller may read it."""

    stack: str
    graph: Graph = field(repr=False)
    opened: bool
    """Whether its secrets' values are known."""


def fingerprint(value: str) -> str:
    """A keyed fingerprint, good for comparing within this process and for nothing else."""
    return hmac.new(_KEY, value.encode(), hashlib.sha256).hexdigest()


def find(sides: Sides, others: Iterable[Other]) -> list[Finding]:
    """Report every value of this stack, declared or live, that belongs to another stack."""
    there = [(urn, found) for urn, under in sides.live_state.under.items() for found in under[:1]]
    there += [("", found) for found in sides.live_state.unmanaged]
    findings: list[Finding] = []
    for other in others:
        known = _Known.of(sides.graph, other)
        findings += _declared(sides, other, known)
        for urn, found in there:
            findings += _live(_At(sides, urn, sides.graph.resources.get(urn), found, other), found, known)
    return findings


@dataclass(frozen=True)
class _Known:
    """The values and names by which another stack is recognised."""

    values: Mapping[str, str]
    """Fingerprints of its own values, with what each is."""
    names: Mapping[str, str]
    """Its own names (databases, roles, hosts), with what each is."""

    @classmethod
    def of(cls, mine: Graph, other: Other) -> _Known:
        # A plain value that both stacks declare alike belongs to neither alone.
        shared, own = _values(mine, secrets=False), _names(mine)
        values = _values(other.graph, secrets=other.opened)
        return cls(
            {print_: what for print_, what in values.items() if print_ not in shared},
            {name: what for name, what in _names(other.graph).items() if name not in own},
        )

    def holds(self, value: str) -> str:
        """Say what of the other stack the value is or names; empty if nothing."""
        if len(value) >= _SHORTEST and (what := self.values.get(fingerprint(value))):
            return f"is the value of {what}"
        for name, what in self.names.items():
            if re.search(rf"(?<![A-Za-z0-9_.-]){re.escape(name)}(?![A-Za-z0-9_-])", value):
                return f"names {what}"
        return ""


def _is_plain(resource: Resource) -> bool:
    """Whether it is a variable that is not sensitive: its value is no secret, whatever the SDK marks."""
    return resource.type == kinds.VARIABLE and resource.inputs.get("sensitive") is False


def _texts(resource: Resource, *, secrets: bool) -> Iterable[tuple[str, str]]:
    """The texts that are a resource's own values, by path; without `secrets` the plain ones alone."""
    every = secrets or _is_plain(resource)
    for path, value in leaves(dict(resource.inputs)):
        text = opened(value)
        known = isinstance(text, str) and len(text) >= _SHORTEST and not is_computed(text)
        if known and path in kinds.of(resource.type).values and (every or not isinstance(value, SecretInput)):
            yield path, text


def _values(graph: Graph, *, secrets: bool) -> dict[str, str]:
    return {
        fingerprint(text): f"{short_urn(resource.urn)} of {graph.stack}"
        for resource in graph.resources.values()
        for _, text in _texts(resource, secrets=secrets)
    }


def _names(graph: Graph) -> dict[str, str]:
    found: dict[str, str] = {}
    for resource in graph.resources.values():
        if resource.type in {kinds.DATABASE, kinds.ROLE, kinds.PROJECT}:
            name = str(resource.inputs["name"])
            found[name] = f"the {resource.type.split(':')[-1].lower()} {name} of {graph.stack}"
    for resource in graph.resources.values():
        if resource.type == kinds.GITHUB_VARIABLE and str(resource.inputs["variableName"]).startswith("DATABASE_HOST_"):
            host = str(resource.inputs["value"])
            found[host] = f"the database host {host} of {graph.stack}"
    return found


def _declared(sides: Sides, other: Other, known: _Known) -> list[Finding]:
    """Report secrets that have the same value in both stacks' config."""
    if not other.opened:
        return []
    findings: list[Finding] = []
    for urn, resource in sides.graph.resources.items():
        if urn not in sides.live_state.keys or _is_plain(resource) or resource.type == kinds.GITHUB_VARIABLE:
            continue
        for path, text in _texts(resource, secrets=True):
            if what := known.values.get(fingerprint(text)):
                at = _At(sides, urn, resource, None, other)
                findings.append(at.finding(path, f"declared: it is the value of {what}"))
    return findings


@dataclass(frozen=True)
class _At:
    """Where a value is: in a declared resource, in what was found, or in both."""

    sides: Sides
    urn: str
    resource: Resource | None
    found: LiveObject | None
    other: Other

    def finding(self, path: str, live: str) -> Finding:
        """A cross-stack finding here; `live` says what the value is, never the value."""
        found, resource = self.found, self.resource
        type_ = resource.type if resource else found.type if found else ""
        key = self.sides.live_state.keys[self.urn] if self.urn else found.key if found else ()
        place = (type_, resource.name if resource else "/".join(key), path, key, self.urn)
        detail, facts = f"this stack must hold nothing of {self.other.stack}", {"other": self.other.stack}
        said: dict[str, Any] = {"cause": "outside", **said_of(found)} if found else {}
        return Finding("cross-stack", *place, live=live, detail=detail, facts=facts, **said)


def _live(at: _At, found: LiveObject, known: _Known) -> list[Finding]:
    findings: list[Finding] = []
    declared = flat(opened(dict(at.sides.live_state.inputs[at.urn]))) if at.urn else {}
    for path, value in flat(dict(found.properties)).items():
        if path not in kinds.of(found.type).values or not isinstance(value, str):
            continue
        if declared.get(path) == value:
            continue  # It is as declared; if that is another stack's, `_declared` reports it.
        if what := known.holds(value):
            findings.append(at.finding(path, f"live: it {what}"))
    return findings


def cross(findings: list[Finding], others: Iterable[Other]) -> list[Finding]:
    """Turn unmanaged findings about another stack's roles into cross-stack findings."""
    roles = {
        str(each.inputs["name"]): other.stack
        for other in others
        for each in other.graph.resources.values()
        if each.type == kinds.ROLE
    }

    def _of_another(each: Finding) -> Finding:
        role = str(each.facts.get("grantee") or each.facts.get("member") or "")
        if each.kind != "unmanaged" or role not in roles:
            return each
        return replace(each, kind="cross-stack", detail=f"{role} is a role of {roles[role]}; {each.detail}")

    return [_of_another(each) for each in findings]
