"""Drains: where logs and traces of a team's projects go; and which traces of a project are collected."""

from __future__ import annotations

from urllib.parse import urlsplit

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import is_object, items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest
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
TRACING: wire.Shape = {"enabled": "boolean", "sampling": "array"}
_MOST_RULES = 10
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


# --- Tracing of a project ---------------------------------------------------------------------------------------------


def tracing(world: World, project: str) -> Document:
    """Whether a project's traces are collected, and which; raises NotFound."""
    found = world.collection("tracing").get(world.project(project)["id"])
    return {"enabled": False, "sampling": []} if found is None else found


def trace(world: World, project: str, given: Document) -> Document:
    """Set all of a project's tracing; raises NotFound and BadRequest."""
    _check_sampling(given)
    if len(given["sampling"]) > _MOST_RULES:
        raise BadRequest(f"Invalid request: `sampling` should NOT have more than {_MOST_RULES} items.")
    return world.collection("tracing").keep(world.project(project)["id"], given)


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
        if not str(_address(given)).startswith(("http://", "https://")):
            raise BadRequest("Invalid request: `delivery.endpoint` should match format uri.")
    _check_sampling(given)
    _check_filter(given.get("filter"))


def _address(drain: Document) -> object:
    """Where a drain delivers; one by OTLP has an address for each kind of signal, of which traces are served."""
    delivery = part(drain, "delivery")
    return part(delivery, "endpoint").get("traces") if delivery.get("type") == "otlphttp" else delivery.get("endpoint")


def _to(world: World, host: str) -> list[Document]:
    """The drains of any scope that deliver to a host."""
    return [each for each in world.collection("drains").all() if urlsplit(str(_address(each))).hostname == host]


def collects(world: World, host: str) -> bool:
    """Whether a drain of any scope delivers to that host."""
    return bool(_to(world, host))


def projects_of(world: World, host: str) -> set[str] | None:
    """The projects whose logs are delivered to a host; None for every one."""
    logs = [each for each in _to(world, host) if "log" in each["schemas"]]
    given = [each.get("projectIds") for each in logs]
    return None if None in given else {str(one) for each in given for one in each or ()}


def _check_sampling(given: Document) -> None:
    for rule in items(given, "sampling"):
        wire.check(rule, _SAMPLING, ("type", "rate"), "`sampling` ")
        wire.one_of("sampling.env", rule.get("env", "production"), ("production", "preview"))
        if not 0 <= rule["rate"] <= 1:
            raise BadRequest("Invalid request: `sampling.rate` should be between 0 and 1.")


def _check_filter(given: object) -> None:
    if not is_object(given):
        return
    inner = part(given, "filter")
    for source in items(part(inner, "log"), "sources"):
        wire.one_of("filter.log.sources", source, SOURCES)
    for environment in items(part(inner, "deployment"), "environments"):
        wire.one_of("filter.deployment.environments", environment, ("production", "preview"))
