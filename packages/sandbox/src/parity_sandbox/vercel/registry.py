"""Container registry repositories of projects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity_sandbox.context import random_id
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, Conflict, NotFound
from parity_sandbox.vercel.world import find_team

if TYPE_CHECKING:
    from parity_sandbox.store import Document
    from parity_sandbox.vercel.world import World

CREATE: wire.Shape = {"projectId": "string", "name": "string", "public": "boolean"}
UPDATE: wire.Shape = {"public": "boolean"}
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")


def create(world: World, given: Document) -> Document:
    """Make a repository; raises BadRequest, NotFound, and Conflict where the project has one of that name."""
    wire.check(given, CREATE, required=("projectId", "name"))
    project = world.project(given["projectId"])
    if not _NAME.fullmatch(given["name"]):
        raise BadRequest("Invalid request: `name` should be lower case letters, digits, and single separators.")
    collection = world.collection("registry")
    if collection.first(projectId=project["id"], name=given["name"]) is not None:
        raise Conflict(f"A repository named {given['name']} already exists in the project.")
    repository: Document = {
        "id": random_id("vcr_", 24),
        "name": given["name"],
        "projectId": project["id"],
        "public": bool(given.get("public", False)),
        "permissions": [],
        "createdAt": world.now,
        "updatedAt": world.now,
    }
    return collection.insert(repository["id"], repository)


def find(world: World, id_or_name: str, project_id: str) -> Document:
    """The project's repository of that id or name; raises NotFound."""
    project = world.project(project_id)
    collection = world.collection("registry")
    found = collection.get(id_or_name) or collection.first(projectId=project["id"], name=id_or_name)
    if found is None or found["projectId"] != project["id"]:
        raise NotFound("Repository not found.")
    return found


def save(world: World, repository: Document) -> Document:
    """Keep a changed repository."""
    repository["updatedAt"] = world.now
    return world.collection("registry").put(repository["id"], repository)


def delete(world: World, repository: Document) -> None:
    """Remove a repository."""
    world.collection("registry").delete(repository["id"])


def view(repository: Document) -> Document:
    """The repository as the API gives it."""
    return {name: value for name, value in repository.items() if name != "permissions"}


PERMISSION: wire.Shape = {"teamId": "string", "teamSlug": "string"}


def grant(world: World, repository: Document, given: Document) -> Document:
    """Let another team read the repository; raises BadRequest, NotFound, Conflict."""
    team = _granted(world, given)
    if any(each["teamId"] == team["id"] for each in repository["permissions"]):
        raise Conflict(f"The repository is already shared with the team {team['slug']}.")
    at = datetime.fromtimestamp(world.now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    permission: Document = {
        "repositoryId": repository["id"], "teamId": team["id"], "teamSlug": team["slug"], "createdAt": at,
    }  # fmt: skip
    repository["permissions"].append(permission)
    save(world, repository)
    return permission


def revoke(world: World, repository: Document, given: Document) -> None:
    """Take a team's access away; raises BadRequest, NotFound."""
    team = _granted(world, given)
    kept = [each for each in repository["permissions"] if each["teamId"] != team["id"]]
    if len(kept) == len(repository["permissions"]):
        raise NotFound(f"The repository is not shared with the team {team['slug']}.")
    repository["permissions"] = kept
    save(world, repository)


def _granted(world: World, given: Document) -> Document:
    wire.check(given, PERMISSION)
    wanted = given.get("teamId") or given.get("teamSlug")
    if not wanted:
        raise BadRequest("Invalid request: missing required property `teamId` or `teamSlug`.")
    team = find_team(world.context, wanted)
    if team is None:
        raise NotFound(f"Team {wanted} not found.")
    return team
