"""Takes secret values out of text that is to be kept or shown: a provider's error may echo what it was given."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from parity.evaluate.graph import SecretInput
from parity.masked import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.evaluate.graph import Graph

_SHORTEST = 6
"""Characters; a shorter secret would take harmless words out of every sentence."""

_VARIABLES = (
    "VERCEL_API_TOKEN",
    "GITHUB_TOKEN",
    "PGPASSWORD",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_ACCESS_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_KEY",
)
"""Variables of the environment whose value opens an account."""


@dataclass(frozen=True)
class Redactor:
    """Knows the secrets of one stack and of the environment."""

    values: tuple[str, ...] = field(repr=False)
    """Longest first, so that a secret that holds another is replaced completely."""

    def text(self, text: str) -> str:
        """The text with each secret masked."""
        for value in self.values:
            text = text.replace(value, MASK)
        return text


def of(graph: Graph | None, environment: Mapping[str, str]) -> Redactor:
    """A redactor for every secret input that the program declares, and for the environment's tokens.

    Args:
        graph: what the program declares with its secrets open; None where it is not at hand.
        environment: of the engine.
    """
    found: set[str] = set()
    resources = list(graph.resources.values()) if graph else []
    for resource in resources:
        found.update(_texts(resource.inputs, secret=True, inside=False))
    for resource in resources:
        # What is said in the clear elsewhere is no secret: a deployment's secret environment names its release too.
        found.difference_update(_texts(resource.inputs, secret=False, inside=False))
    found |= {environment[name] for name in _VARIABLES if environment.get(name)}
    forms = {form for value in found for form in _forms(value) if len(form) >= _SHORTEST}
    return Redactor(tuple(sorted(forms, key=lambda each: (-len(each), each))))


def _texts(value: Any, *, secret: bool, inside: bool) -> Iterator[str]:
    """Every text of a value: of its secrets, or of all else."""
    if isinstance(value, SecretInput):
        yield from _texts(value.value, secret=secret, inside=True)
    elif isinstance(value, dict):
        for each in cast("dict[str, Any]", value).values():
            yield from _texts(each, secret=secret, inside=inside)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _texts(each, secret=secret, inside=inside)
    elif inside == secret and isinstance(value, str):
        yield value


def _forms(value: str) -> Iterator[str]:
    """The ways in which an error may quote it; of a URL with a password, the password alone too."""
    yield value
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    if "://" in value and "@" in value:
        password = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
        if password:
            yield password
