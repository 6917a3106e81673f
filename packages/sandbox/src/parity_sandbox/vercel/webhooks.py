"""Webhooks: kept and shown; the sandbox sends nothing."""

from __future__ import annotations

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import items
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.world import World

SHAPE: wire.Shape = {"url": "string", "events": "array", "projectIds": "array"}


def create(world: World, given: Document) -> Document:
    """Make a webhook; the answer is the only one that carries its secret. Raises BadRequest, NotFound."""
    wire.check(given, SHAPE, required=("url", "events"))
    if not str(given["url"]).startswith(("http://", "https://")):
        raise BadRequest("Invalid request: `url` should match format uri.")
    if not given["events"]:
        raise BadRequest("Invalid request: `events` should NOT have fewer than 1 items.")
    for project in items(given, "projectIds"):
        world.project(project)
    now = world.now
    webhook: Document = {
        "id": random_id("account_hook_", 24),
        "ownerId": world.owner,
        "url": given["url"],
        "events": given["events"],
        "createdAt": now,
        "updatedAt": now,
    }
    if given.get("projectIds"):
        webhook["projectIds"] = given["projectIds"]
    world.collection("webhooks").insert(webhook["id"], webhook)
    return {**webhook, "secret": random_id("", 24)}


def of_owner(world: World, project_id: str | None) -> list[Document]:
    """The scope's webhooks, those of one project where `project_id` says so."""
    mine = world.collection("webhooks").find(ownerId=world.owner)
    return [each for each in mine if project_id is None or project_id in each.get("projectIds", [])]
