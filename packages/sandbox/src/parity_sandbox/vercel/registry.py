"""Container registry repositories of projects."""

from __future__ import annotations

import re

from parity_sandbox.context import random_id
from parity_sandbox.store import Document
from parity_sandbox.vercel import images, wire
from parity_sandbox.vercel.errors import BadRequest, Conflict, NotFound
from parity_sandbox.vercel.world import World, find_team

CREATE: wire.Shape = {"projectId": "string", "name": "string"}
UPDATE: wire.Shape = {"public": "boolean"}
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
"""`name` of createRepository in the API's description."""


def create(world: World, given: Document) -> Document:
    """Make a repository; raises BadRequest, NotFound, and Conflict where the project has one of that name."""
    wire.check(given, CREATE, required=("projectId", "name"))
    project = world.project(given["projectId"])
    if not _NAME.fullmatch(given["name"]):
        raise BadRequest("Invalid request: `name` should be lower case letters, digits, and single separators.")
    if world.collection("registry").first(projectId=project["id"], name=given["name"]) is not None:
        raise Conflict(f"A repository named {given['name']} already exists in the project.")
    return _make(world, project, given["name"], world.now)


def _make(world: World, project: Document, name: str, at: int) -> Document:
    repository: Document = {
        "id": random_id("repo_", 28),
        "name": name,
        "projectId": project["id"],
        "public": False,
        "permissions": [],
        "createdAt": images.moment(at),
        "updatedAt": images.moment(at),
    }
    return world.collection("registry").insert(repository["id"], repository)


def built(world: World, project: Document, deployment: Document, at: int) -> None:
    """Push what a build made, as Vercel's builder does (packages/container/src/index.ts in github.com/vercel/vercel).

    The repository is named after the Dockerfile, and made if need be. The tag is the commit's first twelve digits, or
    the deployment's id, and moves where another build has it.
    """
    there = {each["name"]: each for each in of_project(world, project["id"])}
    name = next((each for each in ("dockerfile", "containerfile") if each in there), "dockerfile")
    repository = there.get(name) or _make(world, project, name, at)
    tag = (deployment["sha"] or "")[:12] or deployment["id"]
    images.push(world, repository, images.manifest_of(deployment), tag, at)


def of_project(world: World, project_id: str) -> list[Document]:
    """The project's repositories, the oldest first."""
    return world.collection("registry").find(projectId=project_id)


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
    repository["updatedAt"] = images.moment(world.now)
    return world.collection("registry").put(repository["id"], repository)


def delete(world: World, repository: Document) -> None:
    """Remove a repository with its images."""
    for image in images.of(world, repository):
        images.delete(world, image)
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
    permission: Document = {
        "repositoryId": repository["id"],
        "teamId": team["id"],
        "teamSlug": team["slug"],
        "createdAt": images.moment(world.now),
    }
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
