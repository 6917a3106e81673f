"""Splits a graph into facts: one value for each place that could differ between two stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from parity.documents import is_list, is_mapping
from parity.evaluate.resource import SecretInput
from parity.resources import kinds
from parity.resources.urn import of_stack, prefix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource

ABSENT = "[absent]"
"""The value of a fact that one of the two graphs does not have."""


class Place(NamedTuple):
    """The place of a fact, without the stack's name."""

    resource: str
    """`<type>::<name>` as in the URN, or `stack` for the stack's outputs."""
    aspect: str
    """`resource`, `input`, `option`, `dependency`, `property dependency`, `provider`, `parent`, `output`."""
    path: str
    """The property's path, `variables.DATABASE_URL`; empty if the aspect has one fact only."""

    def __str__(self) -> str:
        """Read as `vercel:index/project:Project::shop input framework`."""
        return " ".join(part for part in (self.resource, self.aspect, self.path) if part)


Facts = dict[Place, Any]
"""Values are JSON scalars, or a SecretInput around one."""


def facts(graph: Graph, without: Collection[str] = ()) -> Facts:
    """Every fact of a graph, but those of some resources; URNs in them lose the stack's name, nothing else changes."""
    own = _Own(graph.project, graph.stack)
    result: Facts = {}
    for urn, resource in graph.resources.items():
        if urn not in without:
            result.update(_resource(resource, own))
    for urn, outputs in graph.component_outputs.items():
        for path, value in leaves(outputs):
            result[Place(own.key(urn), "output", path)] = own.value(value)
    for path, value in leaves(graph.outputs):
        result[Place("stack", "output", path)] = own.value(value)
    return result


def but(known: Facts, graph: Graph, without: Collection[str]) -> Facts:
    """`facts(graph, without)`, where all of the graph's facts are `known`."""
    own = _Own(graph.project, graph.stack)
    keys = {own.key(urn) for urn in without}
    return {place: value for place, value in known.items() if place.aspect == "output" or place.resource not in keys}


def _resource(resource: Resource, own: _Own) -> Iterator[tuple[Place, Any]]:
    key = own.key(resource.urn)
    yield Place(key, "resource", ""), "declared"
    yield Place(key, "parent", ""), own.key(resource.parent)
    yield Place(key, "provider", ""), own.value(resource.provider)
    for path, value in leaves(own_properties(resource.type, resource.inputs)):
        yield Place(key, "input", path), own.value(value)
    for path, value in leaves(resource.options):
        yield Place(key, "option", path), own.value(value)
    for urn in resource.dependencies:
        yield Place(key, "dependency", own.key(urn)), "depends"
    for name, urns in resource.property_dependencies.items():
        for urn in urns:
            yield Place(key, "property dependency", f"{name} on {own.key(urn)}"), "depends"


def own_properties(type_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that repeat another resource's: a difference is found, and excepted, once."""
    repeated = kinds.of(type_).repeats
    return {name: each for name, each in properties.items() if name not in repeated}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The scalars below a value with their paths; an empty list or mapping is a leaf, so that it is not lost."""
    if value.__class__ is str:  # nearly all are
        yield path, value
        return
    inner = value.value if isinstance(value, SecretInput) else value
    if is_mapping(inner) and inner:
        children = ((f"{path}.{name}" if path else name, each) for name, each in inner.items())
    elif is_list(inner) and inner:
        children = ((f"{path}[{index}]", each) for index, each in enumerate(inner))
    else:
        yield path, value
        return
    for below, each in children:
        wrapped = SecretInput(each) if isinstance(value, SecretInput) else each
        yield from leaves(wrapped, below)


class _Own:
    """Removes the stack's name from URNs and from nothing else."""

    def __init__(self, project: str, stack: str) -> None:
        self._prefix = prefix(stack, project)
        self._root = of_stack(stack, project).key

    def key(self, urn: str) -> str:
        """A resource's key: its URN after the stack and the project."""
        key = urn.replace(self._prefix, "")
        return "stack" if key == self._root else key

    def value(self, value: Any) -> Any:
        """A value with the URNs in it made keys."""
        if isinstance(value, SecretInput):
            return SecretInput(self.value(value.value))
        if isinstance(value, str):
            return value.replace(self._prefix, "")
        return value
