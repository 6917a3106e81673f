"""The secrets that an evaluated program holds in the clear, as texts that a redactor can learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping
from parity.evaluate.resource import SecretInput
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.evaluate.graph import Graph


def secrets_of(graph: Graph) -> set[str]:
    """Every text that the program declares as a secret.

    Vercel's SDK marks the value of a plain variable and the environment of a deployment as secret too. These are not
    taken: a variable that is really secret is a resource of its own, marked as sensitive. A text that another input
    gives in the clear is no secret either.
    """
    every = list(graph.resources.values())
    real = [
        each
        for each in every
        if each.type != kinds.DEPLOYMENT and not (each.type == kinds.VARIABLE and each.inputs.get("sensitive") is False)
    ]
    found = {text for each in real for text in _texts(each.inputs, secret=True, inside=False)}
    return found.difference(text for each in every for text in _texts(each.inputs, secret=False, inside=False))


def _texts(value: Any, *, secret: bool, inside: bool) -> Iterator[str]:
    """Every text of a value: of its secrets, or of all else."""
    if isinstance(value, SecretInput):
        yield from _texts(value.value, secret=secret, inside=True)
    elif is_mapping(value):
        for each in value.values():
            yield from _texts(each, secret=secret, inside=inside)
    elif is_list(value):
        for each in value:
            yield from _texts(each, secret=secret, inside=inside)
    elif inside == secret and isinstance(value, str):
        yield value
