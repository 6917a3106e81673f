"""Aliases: names that were pointed at one deployment, one by one."""

from __future__ import annotations

from parity_sandbox.context import random_id
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, Forbidden, NotFound
from parity_sandbox.vercel.images import moment
from parity_sandbox.vercel.world import USER, World

SHAPE: wire.Shape = {"alias": "string", "redirect": "string?"}


def assign(world: World, deployment: Document, given: Document) -> Document:
    """Point a name at a deployment; moves it where it pointed elsewhere. Raises BadRequest, Forbidden.

    Returns:
        `uid`, `alias`, `created` and `oldDeploymentId`, as Vercel answers.
    """
    wire.check(given, SHAPE, required=("alias",))
    if deployment["readyState"] != "READY":
        raise BadRequest("The deployment is not READY and can not be aliased.", code="deployment_not_ready")
    name = str(given["alias"]).lower()
    name = name if "." in name else f"{name}.vercel.app"
    _check_owner(world, name)
    now = world.now
    created = moment(now)
    old = world.aliases.get(name)
    alias: Document = {
        "uid": random_id("", 24) if old is None else old["uid"],
        "alias": name,
        "deploymentId": deployment["id"],
        "deployment": {"id": deployment["id"], "url": deployment["url"]},
        "projectId": deployment["projectId"],
        "ownerId": world.owner,
        "redirect": given.get("redirect"),
        "creator": {"uid": USER["id"], "email": USER["email"], "username": USER["username"]},
        "created": created if old is None else old["created"],
        "createdAt": now if old is None else old["createdAt"],
        "updatedAt": now,
        "protectionBypass": {},
    }
    world.aliases.keep(name, alias)
    answer = {"uid": alias["uid"], "alias": name, "created": created}
    return answer if old is None else {**answer, "oldDeploymentId": old["deploymentId"]}


def _check_owner(world: World, name: str) -> None:
    taken = world.aliases.get(name)
    domain = world.domains.get(name)
    owner = None if taken is None else taken["ownerId"]
    if domain is not None:
        project = world.projects.get(domain["projectId"])
        owner = owner if project is None else project["accountId"]
    if owner not in {None, world.owner}:
        raise Forbidden(f"You don't have access to the domain {name}.")


def find(world: World, id_or_name: str) -> Document:
    """The scope's alias of that name, uid, or generated host; raises NotFound."""
    found = world.aliases.get(id_or_name) or world.aliases.first(uid=id_or_name)
    if found is None or found["ownerId"] != world.owner:
        raise NotFound("The alias was not found.")
    return found


def of_owner(world: World, project_id: str | None) -> list[Document]:
    """The scope's aliases, those of one project where `project_id` says so."""
    mine = world.aliases.find(ownerId=world.owner)
    return [each for each in mine if project_id is None or each["projectId"] == project_id]


def view(alias: Document) -> Document:
    """The alias as Vercel's API gives it."""
    return {name: value for name, value in alias.items() if name != "ownerId" and (name != "redirect" or value)}
