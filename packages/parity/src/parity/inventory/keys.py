"""The natural key of each declared resource: the name that finds it in the world, whatever a crash left behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from parity.evaluate.graph import SecretInput, is_computed
from parity.inventory import model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.evaluate.graph import Graph, Resource
    from parity.inventory.model import Key

MARKER = re.compile(r"parity-computed:(urn:[^#]+)#(\w+)")
"""What `parity.evaluate.graph.computed` makes: the URN and the output's name."""


def natural_key(resource: Resource, graph: Graph) -> Key:
    """The key of a declared custom resource.

    A resource of a type that is not looked at has the key `()`.
    """
    find = _KEYS.get(resource.type)
    return () if find is None else find(resource.inputs, graph)


def _project(inputs: Mapping[str, Any], graph: Graph) -> str:
    """The project's name where its id is still a marker; the id itself otherwise."""
    value = str(inputs.get("projectId", ""))
    if is_computed(value) and (match := MARKER.search(value)):
        owner = graph.resources.get(match[1])
        if owner is not None:
            return str(owner.inputs["name"])
    return value


def _within(*names: str) -> Callable[[Mapping[str, Any], Graph], Key]:
    """The key that is made of the values of these inputs."""
    return lambda inputs, _: tuple(str(inputs.get(name) or "") for name in names)


def _of_project(*names: str) -> Callable[[Mapping[str, Any], Graph], Key]:
    """The project's name, then the values of these inputs."""
    return lambda inputs, graph: (_project(inputs, graph), *(str(inputs.get(name) or "") for name in names))


def _named(name: str) -> Callable[[Mapping[str, Any], Graph], Key]:
    """Repository, environment and a name, which GitHub writes in capitals."""
    return lambda inputs, _: (str(inputs["repository"]), str(inputs["environment"]), str(inputs[name]).upper())


def _policy(inputs: Mapping[str, Any], _: Graph) -> Key:
    tag = inputs.get("tagPattern")
    pattern = f"tag:{tag}" if tag else f"branch:{inputs.get('branchPattern', '')}"
    return (str(inputs["repository"]), str(inputs["environment"]), pattern)


def _deployment(inputs: Mapping[str, Any], graph: Graph) -> Key:
    meta = cast("dict[str, Any]", opened(inputs.get("meta")) or {})
    return (_project(inputs, graph), str(meta.get("release", "")))


def opened(value: Any) -> Any:
    """A declared value with secrets in the clear, at every depth; for comparison only."""
    if isinstance(value, SecretInput):
        return opened(value.value)
    if isinstance(value, dict):
        return {name: opened(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [opened(each) for each in cast("list[Any]", value)]
    return value


_KEYS: dict[str, Callable[[Mapping[str, Any], Graph], Key]] = {
    model.PROJECT: _within("name"),
    model.VARIABLE: _of_project("key"),
    model.DOMAIN: _of_project("domain"),
    model.RETENTION: _of_project(),
    model.DEPLOYMENT: _deployment,
    model.DRAIN: _within("name"),
    model.LIVE: _of_project(),
    model.BYPASS: _of_project(),
    model.ENVIRONMENT: _within("repository", "environment"),
    model.POLICY: _policy,
    model.SECRET: _named("secretName"),
    model.GITHUB_VARIABLE: _named("variableName"),
    model.RULESET: _within("repository", "name"),
    model.PERMISSIONS: _within("repository"),
    model.ROLE: _within("name"),
    model.DATABASE: _within("name"),
    model.SCHEMA: _within("database", "name"),
    model.EXTENSION: _within("database", "name"),
    model.GRANT: _within("database", "role", "objectType", "schema"),
    model.DEFAULT: _within("database", "owner", "role", "objectType", "schema"),
}

TYPES = frozenset(_KEYS)
"""The resource types that are looked at; a test holds that the program declares no other."""
