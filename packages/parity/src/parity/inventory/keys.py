"""Gives each declared resource its natural key, which finds the live object whatever a crash left behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parity.config import servers
from parity.documents import Document, mapped
from parity.evaluate.resource import SecretInput, is_computed
from parity.resources import kinds
from parity.resources.kind import PROJECT_ID
from parity.resources.urn import Urn, provider_urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.engine.state import Recorded
    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource
    from parity.resources.kind import Key

MARKER = re.compile(r"parity-computed:(urn:[^#]+)#(\w+)")
"""The marker that `parity.evaluate.resource.computed` makes: the URN and the output's name."""


def natural_key(resource: Resource, graph: Graph) -> Key:
    """The key of a declared custom resource.

    A resource of a type that the inventory does not read has the key `()`.
    """
    if resource.type not in kinds.MANAGED:
        return ()
    inputs: Document = opened(dict(resource.inputs))
    return kinds.key_of(resource.type, inputs, _project(inputs, graph))


def _project(inputs: Mapping[str, Any], graph: Graph) -> str:
    """The project's name if its id is still a marker; the id itself otherwise."""
    value = str(inputs.get(PROJECT_ID, ""))
    if is_computed(value) and (match := MARKER.search(value)):
        owner = graph.resources.get(match[1])
        if owner is not None:
            return str(owner.inputs["name"])
    return value


def application_of(project: str, graph: Graph) -> str:
    """The application that a project is declared for; empty where it is none."""
    declared = (
        each for each in graph.resources.values() if each.type == kinds.PROJECT and each.inputs["name"] == project
    )
    return next((graph.called(each.name.removesuffix("-project")) for each in declared), "")


def server_of(resource: Resource | Recorded) -> str:
    """The database server of a resource of PostgreSQL, declared or recorded; empty for the one without a name."""
    return servers.of_provider(Urn.parse(provider_urn(resource.provider)).name) if resource.provider else ""


def databases_on(graph: Graph) -> dict[str, str]:
    """The server of each declared database, by the database's name there."""
    declared = (each for each in graph.resources.values() if each.type == kinds.DATABASE)
    return {str(each.inputs["name"]): server_of(each) for each in declared}


def opened(value: Any) -> Any:
    """Open the secrets in a declared value, at every depth; for comparison only."""
    return mapped(value, lambda each: opened(each.value) if isinstance(each, SecretInput) else each)
