"""Drains: where logs and traces of a team's projects go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import is_object
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.documents import items, part
from parity_sandbox.vercel.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from parity_sandbox.store import Document
    from parity_sandbox.vercel.world import World

SHAPE: wire.Shape = {
    "delivery": "object",
    "filter": "*",
    "name": "string",
    "projectIds": "array",
    "projects": "string",
    "sampling": "array",
    "schemas": "object",
    "source": "object",
    "status": "string",
    "transforms": "array",
}
_DELIVERY: wire.Shape = {
    "type": "string", "endpoint": "*", "encoding": "string", "headers": "object", "secret": "string",
    "compression": "string",
}  # fmt: skip
_SAMPLING: wire.Shape = {"type": "string", "rate": "number", "env": "string", "requestPath": "string"}
SOURCES = ("build", "edge", "lambda", "static", "external", "firewall", "redirect")


def create(world: World, given: Document) -> Document:
    """Make a drain; raises BadRequest."""
    wire.check(given, SHAPE, required=("name", "projects", "schemas"))
    _check(world, given)
    now = world.now
    drain: Document = {
        "id": random_id("drn_", 24),
        "ownerId": world.owner,
        "teamId": None if world.team is None else world.team["id"],
        "createdAt": now,
        "updatedAt": now,
        "createdFrom": "self-served",
        "status": "enabled",
        "source": given.get("source") or {"kind": "self-served"},
    }
    _apply(drain, given)
    return world.collection("drains").insert(drain["id"], drain)


def update(world: World, drain: Document, given: Document) -> Document:
    """Change a drain; what is absent stays. Raises BadRequest."""
    wire.check(given, SHAPE)
    _check(world, given)
    _apply(drain, given)
    drain["updatedAt"] = world.now
    return world.collection("drains").put(drain["id"], drain)


def find(world: World, drain_id: str) -> Document:
    """The scope's drain of that id; raises NotFound."""
    drain = world.collection("drains").get(drain_id)
    if drain is None or drain["ownerId"] != world.owner:
        raise NotFound("Drain not found.")
    return drain


def of_owner(world: World) -> list[Document]:
    """The scope's drains, oldest first."""
    return world.collection("drains").find(ownerId=world.owner)


def delete(world: World, drain_id: str) -> None:
    """Remove a drain; raises NotFound."""
    world.collection("drains").delete(find(world, drain_id)["id"])


def view(drain: Document) -> Document:
    """The drain as Vercel's API gives it."""
    return drain


def _apply(drain: Document, given: Document) -> None:
    for name in ("name", "delivery", "sampling", "schemas", "projectIds", "transforms", "status"):
        if name in given:
            drain[name] = given[name]
    if given.get("projects") == "all":
        drain.pop("projectIds", None)
    if "filter" in given:
        drain["filterV2"] = given["filter"] if isinstance(given["filter"], dict) else {"version": "v1"}
        if isinstance(given["filter"], str):
            drain["filter"] = given["filter"]


def _check(world: World, given: Document) -> None:
    if "projects" in given:
        wire.one_of("projects", given["projects"], ("some", "all"))
        if given["projects"] == "some" and not given.get("projectIds"):
            raise BadRequest("Invalid request: missing required property `projectIds`.")
    for project in items(given, "projectIds"):
        world.project(project)
    if "delivery" in given:
        wire.check(given["delivery"], _DELIVERY, ("type", "endpoint"), "`delivery` ")
        wire.one_of("delivery.type", given["delivery"]["type"], ("http", "otlphttp", "syslog", "internal"))
        endpoint = given["delivery"]["endpoint"]
        if isinstance(endpoint, str) and not endpoint.startswith(("http://", "https://")):
            raise BadRequest("Invalid request: `delivery.endpoint` should match format uri.")
    for rule in items(given, "sampling"):
        wire.check(rule, _SAMPLING, ("type", "rate"), "`sampling` ")
        if not 0 <= rule["rate"] <= 1:
            raise BadRequest("Invalid request: `sampling.rate` should be between 0 and 1.")
    _check_filter(given.get("filter"))


def _check_filter(given: object) -> None:
    if not is_object(given):
        return
    inner = part(given, "filter")
    for source in items(part(inner, "log"), "sources"):
        wire.one_of("filter.log.sources", source, SOURCES)
    for environment in items(part(inner, "deployment"), "environments"):
        wire.one_of("filter.deployment.environments", environment, ("production", "preview"))
