"""One declared resource, what is recorded of it and what there is, to be decided about."""

from __future__ import annotations

from parity.engine.state import parse
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource
from parity.inventory.model import LiveObject, LiveState
from parity.recover.model import FailedUpdates
from parity.recover.reconcile_plan import decide
from parity.resources import kinds

PROJECT_URN = "urn:pulumi:staging::storefront::parity:components:WebApp$vercel:index/project:Project::shop-project"
CLEAN, DIED = FailedUpdates(clean=True), FailedUpdates()


def urn(type_, name="it"):
    return f"urn:pulumi:staging::storefront::parity:components:X${type_}::{name}"


class World:
    """One declared resource with what is recorded of it and what there is."""

    def __init__(self, type_, inputs=None, name="it"):
        self.type, self.inputs, self.urn = type_, inputs or {}, urn(type_, name)
        self.records, self.operations, self.found, self.read_failures, self.logins = [], [], [], [], []
        self.live = ""
        self.unmanaged = {}
        self.more = ()
        self.declared = True
        self.inventoried = True

    def row(self, identity, **more):
        return {
            "urn": self.urn,
            "type": self.type,
            "id": identity,
            "custom": True,
            "inputs": self.inputs,
            "outputs": self.inputs,
            "created": "2026-11-24T21:00:00Z",
            **more,
        }

    def recorded(self, identity="old", **more):
        self.records.append(self.row(identity, **more))
        return self

    def pending(self, operation, **more):
        self.operations.append({"type": operation, "resource": self.row("", **more)})
        return self

    def exists(self, identity, properties=None, **more):
        self.found.append(
            LiveObject(self.type, ("key",), identity, "", self.inputs if properties is None else properties, **more)
        )
        return self

    def decide(self, failed=DIED):
        resource = Resource(self.urn, self.type, "it", "", True, self.inputs, frozenset(), {}, "", {})
        resources = {self.urn: resource} if self.declared else {}
        resources |= dict.fromkeys(self.unmanaged, resource)
        under = {self.urn: tuple(self.found)} if self.declared else {}
        under |= self.unmanaged
        keys = {self.urn: ("key",)} if self.declared and self.inventoried else {}
        inputs = {self.urn: self.inputs} if self.declared else {}
        if self.live:
            found = LiveObject(kinds.LIVE, ("key",), "team/shop", "", {"deploymentId": self.live, "release": "r1"})
            under["live"], keys["live"], inputs["live"] = (found,), ("key",), {}
        read = {"read_failures": tuple(self.read_failures), "logins": tuple(self.logins)}
        live_state = LiveState(keys=keys, inputs=inputs, under=under, unmanaged=self.more, **read)
        state = parse({"deployment": {"resources": self.records, "pending_operations": self.operations}})
        return decide(Graph("storefront", "staging", resources, {}, {}), state, live_state, failed)

    def kinds(self, failed=DIED):
        return [(each.kind, each.id) for each in self.decide(failed).decisions]


VARIABLE = {"key": "A", "targets": ["production"], "sensitive": True}
DEPLOYMENT = {"projectId": "prj_1", "ref": "abc", "meta": {"release": "r1"}}
DRAIN = {"name": "d", "endpoint": "https://logs"}
