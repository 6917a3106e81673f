"""Edits a state as the decisions say, into the document that `pulumi stack import` takes. It calls nothing.

An object that exists and is not recorded gets the inputs that the program declares. Its outputs begin as the same
values; the provider fills them when it refreshes the entry. `pulumi stack import` takes a secret in the clear under its
own mark and encrypts it; such a document goes to the engine through a pipe and nowhere else.
"""

from __future__ import annotations

import json
import uuid
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from parity.documents import mapped, mapping, rows, texts
from parity.evaluate.resource import SecretInput
from parity.inventory.keys import MARKER
from parity.masked import SECRET, SIGNATURE
from parity.recover.reconcile_plan import unproven
from parity.resources import kinds
from parity.resources.urn import Urn, provider_urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from parity.documents import Document
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource
    from parity.inventory.model import LiveObject, LiveState
    from parity.recover.model import Decision, Plan


_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True)
class EditedState:
    """A state with the decisions carried out."""

    document: Document
    """For `pulumi stack import`; it holds secrets in the clear where something is imported."""
    changed: bool
    """Whether it differs from what is recorded."""
    refresh: tuple[str, ...]
    """URNs that a provider has to read before their record can be trusted."""


def edit(graph: Graph, state: State, live_state: LiveState, plan: Plan) -> EditedState:
    """Edit the state: every decision is carried out but the manual ones."""
    work = _Work(graph, state, live_state)
    for decision in plan.decisions:
        work.carry_out(decision)
    work.drop_operations({each.urn for each in plan.of("manual")})
    document = work.document()
    targets = [each.urn for each in plan.of("import", "refresh") if each.urn in work.rows]
    targets += [urn for urn in _loose(graph, state) if urn in work.rows and urn not in targets]
    return EditedState(document, _content(document) != _content(state.document), tuple(dict.fromkeys(targets)))


def stamped(state: State, now: datetime) -> Document | None:
    """The state with each record that recover wrote noted as read; None where there is none to note."""
    unread = {each.urn for each in state.resources if unproven(each)}
    if not unread:
        return None
    document = deepcopy(dict(state.document))
    for row in rows(document["deployment"]["resources"]):
        if row["urn"] in unread:
            row["modified"] = now.isoformat()
    return document


def _content(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What is recorded, in no order: the engine's own is as good, and no reason to write the state."""
    deployment = mapping(document.get("deployment"))
    return _in_no_order(deployment.get("resources") or []), _in_no_order(deployment.get("pending_operations") or [])


def _in_no_order(rows: Iterable[Document]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _loose(graph: Graph, state: State) -> Iterable[str]:
    """Recorded and not declared, so that the inventory does not read it; or recorded by recover and never read."""
    for each in state.resources:
        if not each.only_recorded and not each.delete and (each.urn not in graph.resources or unproven(each)):
            yield each.urn


class _Work:
    def __init__(self, graph: Graph, state: State, live_state: LiveState) -> None:
        self.graph, self.live_state = graph, live_state
        self.original = deepcopy(dict(state.document))
        deployment = mapping(self.original.get("deployment"))
        listed = rows(deployment.get("resources"))
        self.rows: dict[str, Document] = {str(row["urn"]): row for row in listed if not row.get("delete")}
        """What is there, by URN; put in order at the end."""
        self.leaving: list[Document] = [row for row in listed if row.get("delete")]
        """What the next update deletes."""
        self.operations = rows(deployment.get("pending_operations"))
        self.outputs: dict[str, Document] = {
            each.urn: {**each.outputs, "id": each.id} for each in state.resources if not each.delete
        }
        for urn, inputs in live_state.inputs.items():
            if live_state.under[urn] and urn not in self.outputs:
                first = live_state.under[urn][0]
                team = {"teamId": live_state.account["team"]} if "team" in live_state.account else {}
                self.outputs[urn] = {**inputs, **first.properties, **team, "id": first.id}

    def carry_out(self, decision: Decision) -> None:
        """One decision; `same` and `ask` change nothing."""
        urn = decision.urn
        if decision.kind == "import":
            if decision.replaces:
                self.leaving.append(_leaving(self.rows.pop(urn)))
            self.outputs[urn] = {**self.outputs.get(urn, {}), "id": decision.id}
            self.rows[urn] = self._entry(urn, decision.id)
        elif decision.leaving:
            self.leaving = [row for row in self.leaving if (row["urn"], row["id"]) != (urn, decision.id)]
        elif decision.kind == "drop-from-state":
            self.rows.pop(urn, None)
        elif decision.kind == "delete":
            self._hand_over(urn, decision.id)
        if decision.kind in {"import", "refresh"} and decision.unread and urn in self.rows:
            self.rows[urn] = unread(self.rows[urn], decision.unread)

    def drop_operations(self, kept: set[str]) -> None:
        """Drop the operations without an end, but those of the URNs `kept`."""
        self.operations = [each for each in self.operations if each["resource"]["urn"] in kept]

    def document(self) -> Document:
        """The complete state: each resource after what it needs; what the next update deletes comes last."""
        there = set(self.rows)
        for row in [*self.rows.values(), *self.leaving]:
            _without_dangling(row, there)
        deployment = dict(mapping(self.original.get("deployment")))
        deployment["resources"] = [*_in_order(self.rows), *self.leaving]
        if self.operations:
            deployment["pending_operations"] = self.operations
        else:
            deployment.pop("pending_operations", None)
        return {**self.original, "deployment": deployment}

    def _entry(self, urn: str, identity: str) -> Document:
        resource = self.graph.resources[urn]
        if resource.parent:
            self._parent(resource.parent)
        provider = self._provider(provider_urn(resource.provider))
        filled = replace(resource, inputs=self._inputs(urn))
        # What is adopted together may depend on one another, whatever the order.
        return entry(filled, identity, provider, Known(self.outputs), frozenset(self.graph.resources))

    def _inputs(self, urn: str) -> Document:
        """The declared inputs; in the place of one that names what does not exist, what is really there, or nothing."""
        known, inputs = Known(self.outputs), dict(self.live_state.inputs.get(urn, self.graph.resources[urn].inputs))
        there = self.live_state.under.get(urn, ())
        if there:
            _leave(inputs, self.graph.resources[urn].options.get("ignoreChanges") or (), there[0])
        for name, value in list(inputs.items()):
            try:
                inputs[name] = known.resolve(value)
            except Unknown:
                inputs.pop(name)
                if there and name in there[0].properties:
                    inputs[name] = there[0].properties[name]
        return inputs

    def _hand_over(self, urn: str, identity: str) -> None:
        """Let the next update delete an object: in the engine's own way, as what a replacement left behind."""
        row = self.rows.get(urn)
        if row is not None and row.get("id") == identity:
            self.leaving.append(_leaving(self.rows.pop(urn)))
        else:
            self.leaving.append(_leaving(self._entry(urn, identity)))

    def _parent(self, urn: str) -> None:
        """A component, or the stack itself, that is not recorded yet."""
        if urn in self.rows:
            return
        resource = self.graph.resources.get(urn)
        row: Document = {"urn": urn, "custom": False, "type": Urn.parse(urn).type}
        if resource is not None and resource.parent:
            self._parent(resource.parent)
            row["parent"] = resource.parent
        self.rows[urn] = row

    def _provider(self, urn: str) -> str:
        """`<urn>::<id>` of a provider; one that is not recorded yet is recorded as the engine would."""
        if not urn:
            return self._default_provider()
        if urn not in self.rows:
            resource = self.graph.resources[urn]
            if resource.parent:
                self._parent(resource.parent)
            self.rows[urn] = entry(
                resource, str(uuid.uuid4()), "", Known(self.outputs), frozenset(self.graph.resources)
            )
            self.rows[urn]["outputs"].pop("id")
            if mappings := resource.options.get("envVarMappings"):
                self.rows[urn]["inputs"]["__internal"] = {"envVarMappings": mappings}
        return f"{urn}::{self.rows[urn]['id']}"

    def _default_provider(self) -> str:
        """The project's own plugin has no explicit provider: the engine makes a default one."""
        kind = f"{_PROVIDER}parity"
        urn = str(Urn(self.graph.stack, self.graph.project, (), kind, "default"))
        found = next((each for each in self.rows if Urn.parse(each).key.startswith(f"{kind}::default")), urn)
        if found not in self.rows:
            self.rows[found] = {"urn": found, "custom": True, "type": kind, "id": str(uuid.uuid4()), "inputs": {}}
        return f"{found}::{self.rows[found]['id']}"


def _leave(inputs: Document, names: Sequence[str], found: LiveObject) -> None:
    """Record what an update leaves as it is: else the engine would take what is declared for what is there."""
    for name in names:
        if name in found.hidden:
            continue
        inputs.pop(name, None)
        if found.properties.get(name) is not None:
            inputs[name] = found.properties[name]


def _leaving(row: Document) -> Document:
    return {**row, "delete": True}


def _without_dangling(row: Document, there: set[str]) -> None:
    """Take out of a record what names a resource that is not recorded: the engine refuses such a state."""
    if "dependencies" in row:
        row["dependencies"] = [each for each in texts(row["dependencies"]) if each in there]
    if "propertyDependencies" in row:
        named = mapping(row["propertyDependencies"])
        row["propertyDependencies"] = {
            name: [each for each in texts(urns) if each in there] for name, urns in named.items()
        }
    if row.get("deletedWith") and row["deletedWith"] not in there:
        del row["deletedWith"]


def _in_order(rows: Mapping[str, Document]) -> list[Document]:
    """Each record after those that it names; otherwise as they stand."""
    ordered: dict[str, Document] = {}

    def put(urn: str) -> None:
        if urn in ordered or urn not in rows:
            return
        for each in _needs(rows[urn]):
            put(each)
        ordered[urn] = rows[urn]

    for urn in rows:
        put(urn)
    return list(ordered.values())


def _needs(row: Document) -> list[str]:
    provider = provider_urn(str(row.get("provider") or ""))
    inner = mapping(row.get("propertyDependencies"))
    return [
        str(row.get("parent") or ""),
        provider,
        str(row.get("deletedWith") or ""),
        *texts(row.get("dependencies")),
        *(each for urns in inner.values() for each in texts(urns)),
    ]


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
