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
    findings: list[Finding] = []
    for other in others:
        known = _Known.of(sides.graph, other)
        findings += _declared(sides, other, known)
        for urn, under in sides.live_state.under.items():
            resource = sides.graph.resources[urn]
            for found in under[:1]:
                findings += _live(_At(sides, urn, resource, found, other), found, known)
        findings += [
            each
            for found in sides.live_state.unmanaged
            for each in _live(_At(sides, "", None, found, other), found, known)
        ]
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
        values = _values(other.graph) if other.opened else _plain_values(other.graph)
        shared = {*_values(mine)} if other.opened else {*_plain_values(mine)}
        # A plain value that both stacks declare alike belongs to neither alone.
        own_plain = set(_plain_values(mine))
        names = _names(other.graph)
        own = set(_names(mine))
        return cls(
            {print_: what for print_, what in values.items() if print_ not in (own_plain if other.opened else shared)},
            {name: what for name, what in names.items() if name not in own},
        )

    def holds(self, value: str) -> str:
        """Say what of the other stack the value is or names; empty if nothing."""
        if len(value) >= _SHORTEST and (what := self.values.get(fingerprint(value))):
            return f"is the value of {what}"
        for name, what in self.names.items():
            if re.search(rf"(?<![A-Za-z0-9_.-]){re.escape(name)}(?![A-Za-z0-9_-])", value):
                return f"names {what}"
        return ""


def _label(resource: Resource) -> str:
    return f"{resource.type.split(':')[-1]} {resource.name}"


def _texts(resource: Resource, *, secret: bool | None) -> Iterable[tuple[str, str]]:
    """A resource's text inputs by path: the secret ones, the plain ones, or all."""
    for path, value in leaves(dict(resource.inputs)):
        is_secret = isinstance(value, SecretInput)
        text = opened(value)
        if isinstance(text, str) and len(text) >= _SHORTEST and not is_computed(text) and secret in (None, is_secret):
            yield path, text


def _plain_values(graph: Graph) -> dict[str, str]:
    """The values that are no secrets; a variable that is not sensitive is none, whatever the SDK marks."""
    found: dict[str, str] = {}
    for resource in graph.resources.values():
        plain_variable = resource.type == kinds.VARIABLE and resource.inputs.get("sensitive") is False
        for path, text in _texts(resource, secret=None if plain_variable else False):
            if path in kinds.of(resource.type).values:
                found[fingerprint(text)] = f"{_label(resource)} of {graph.stack}"
    return found


def _values(graph: Graph) -> dict[str, str]:
    return {
        fingerprint(text): f"{_label(resource)} of {graph.stack}"
        for resource in graph.resources.values()
        for path, text in _texts(resource, secret=None)
        if path in kinds.of(resource.type).values
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
        if urn not in sides.live_state.keys:
            continue
        for path, text in _texts(resource, secret=None):
            plain_variable = resource.type == kinds.VARIABLE and resource.inputs.get("sensitive") is False
            if path not in kinds.of(resource.type).values or plain_variable or resource.type == kinds.GITHUB_VARIABLE:
                continue
            what = known.values.get(fingerprint(text))
            if what:
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
