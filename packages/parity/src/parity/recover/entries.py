"""Writes a declared resource as the state records it, for an object that exists and is not recorded.

The inputs are those that the program declares. The outputs begin as the same values; the provider fills them when it
refreshes the entry. `pulumi stack import` takes a secret in the clear under its own mark and encrypts it; such a
document goes to the engine through a pipe and nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.documents import mapped, mapping
from parity.evaluate.resource import SecretInput
from parity.inventory.keys import MARKER
from parity.masked import SECRET, SIGNATURE
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.engine.state import Recorded
    from parity.evaluate.resource import Resource

Document = dict[str, Any]

_OPTIONS = ("protect", "retainOnDelete", "deletedWith", "additionalSecretOutputs", "customTimeouts")
"""The options of a registration that the state records under the same name."""

UNREAD = "not known: an update of it did not end, and no API shows it"
"""Recorded instead of an input that no API shows, so that the next update writes what is declared."""


@dataclass(frozen=True)
class Unknown(Exception):
    """An input depends on an output of a resource that does not exist, or is not known."""

    urn: str
    output: str


@dataclass(frozen=True)
class Known:
    """What outputs are known: of what is recorded, and of what is being adopted."""

    outputs: Mapping[str, Mapping[str, Any]]
    """By URN; each holds `id` too."""

    def of(self, urn: str, output: str) -> Any:
        """An output's value; raises Unknown."""
        try:
            return self.outputs[urn][output]
        except KeyError:
            raise Unknown(urn, output) from None

    def resolve(self, value: Any) -> Any:
        """The value with what only a provider knows put in; secrets stay `SecretInput`.

        Raises:
            Unknown: something of it is not known.
        """
        return mapped(value, self._resolved)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, SecretInput):
            return SecretInput(self.resolve(value.value))
        if isinstance(value, str) and (found := MARKER.fullmatch(value)):
            return self.of(found[1], found[2])
        if isinstance(value, str):
            return MARKER.sub(lambda found: str(self.of(found[1], found[2])), value)
        return value


def known_outputs(recorded: Mapping[str, Recorded]) -> dict[str, Document]:
    """The outputs of what is recorded, by URN, with the ids."""
    return {urn: {**each.outputs, "id": each.id} for urn, each in recorded.items()}


def sealed(value: Any) -> Any:
    """A value as `pulumi stack import` takes it: secrets under the engine's mark, to be encrypted by it."""

    def leaf(each: Any) -> Any:
        secret = isinstance(each, SecretInput)
        return {SIGNATURE: SECRET, "plaintext": json.dumps(sealed(each.value))} if secret else each

    return mapped(value, leaf)


def entry(resource: Resource, identity: str, provider: str, known: Known, there: frozenset[str]) -> Document:
    """The state's entry of an object that exists.

    `identity` is as the provider writes it; `provider` is `<urn>::<id>`, empty for a component or a provider itself. A
    dependency on what is not `there`, now or then, is left out.

    Raises:
        Unknown: an input names an output that is not known.
    """
    inputs = sealed(known.resolve(resource.inputs))
    document: Document = {"urn": resource.urn, "custom": resource.custom, "type": resource.type}
    if resource.custom:
        outputs = {**kinds.of(resource.type).set_once, **inputs}
        if not resource.type.startswith("parity:"):
            outputs["id"] = identity
        document |= {"id": identity, "inputs": inputs, "outputs": outputs}
    if resource.parent:
        document["parent"] = resource.parent
    if resource.dependencies & there:
        document["dependencies"] = sorted(resource.dependencies & there)
    if provider:
        document["provider"] = provider
    if resource.property_dependencies:
        document["propertyDependencies"] = {
            name: sorted(urns & there) for name, urns in resource.property_dependencies.items()
        }
    return {**document, **{name: resource.options[name] for name in _OPTIONS if resource.options.get(name)}}


def unread(record: Document, names: tuple[str, ...]) -> Document:
    """A record whose inputs of these names are not known, so that the next update writes them."""
    mark = sealed(SecretInput(UNREAD))
    found = dict(record)
    for part in ("inputs", "outputs"):
        given = mapping(record.get(part))
        found[part] = {**given, **{name: mark for name in names if name in given}}
    return found
