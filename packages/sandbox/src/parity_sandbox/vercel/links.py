"""A project's connection to a Git repository, and its deploy hooks."""

from __future__ import annotations

import secrets
from typing import Any

from parity_sandbox.context import random_id
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.world import World

SHAPE: wire.Shape = {"type": "string", "repo": "string"}
TYPES = ("github", "github-limited", "gitlab", "bitbucket")


def repository(world: World, owner: str, name: str) -> Document | None:
    """The GitHub repository of the sandbox with that owner and name; case does not count, as at GitHub."""
    for each in world.context.store.collection("github", "repositories").all():
        if each["owner"].lower() == owner.lower() and each["name"].lower() == name.lower():
            return each
    return None


def link(world: World, project: Document, given: Document) -> None:
    """Connect `project` to the repository `given` as `{type, repo}`; raises BadRequest where there is none."""
    wire.check(given, SHAPE, required=("type", "repo"))
    wire.one_of("type", given["type"], TYPES)
    owner, slash, name = str(given["repo"]).partition("/")
    if not slash or not owner or not name:
        raise BadRequest("Invalid request: `repo` should match pattern `owner/name`.")
    makers = {"gitlab": _gitlab, "bitbucket": _bitbucket}
    details = makers.get(given["type"], _github)(world, owner, name)
    now = world.now
    project["link"] = {
        "type": given["type"],
        **details,
        "gitCredentialId": "",
        "sourceless": True,
        "createdAt": now,
        "updatedAt": now,
        "deployHooks": [],
    }


def _github(world: World, owner: str, name: str) -> Document:
    found = repository(world, owner, name)
    if found is None:
        raise BadRequest(
            "To link a GitHub repository, you need to install the GitHub integration first. Make sure there aren't any "
            "typos and that you have access to the repository if it's private.",
            action="Install GitHub App",
            link="https://github.com/apps/vercel",
            repo=f"{owner}/{name}",
        )
    return {
        "org": found["owner"],
        "repo": found["name"],
        "repoId": found["id"],
        "repoOwnerId": found.get("owner_id", 0),
        "productionBranch": found.get("default_branch", "main"),
    }


def _gitlab(_world: World, owner: str, name: str) -> Document:
    return {
        "projectId": str(secrets.randbelow(10**8)),
        "projectName": name,
        "projectNameWithNamespace": f"{owner} / {name}",
        "projectNamespace": owner,
        "projectUrl": f"https://gitlab.com/{owner}/{name}.git",
        "productionBranch": "main",
    }


def _bitbucket(_world: World, owner: str, name: str) -> Document:
    return {
        "name": name,
        "slug": name,
        "owner": owner,
        "uuid": f"{{{random_id('', 36)}}}",
        "workspaceUuid": f"{{{random_id('', 36)}}}",
        "productionBranch": "main",
    }


def set_production_branch(project: Document, branch: str) -> None:
    """Change the branch whose pushes deploy to production; raises BadRequest where nothing is linked."""
    connected = _connected(project)
    connected["productionBranch"] = branch


def add_hook(world: World, project: Document, name: str, ref: str) -> None:
    """Add a deploy hook, whose URL deploys `ref`."""
    hook_id = random_id("", 10)
    hooks: list[Any] = _connected(project)["deployHooks"]
    url = f"https://api.vercel.com/v1/integrations/deploy/{project['id']}/{hook_id}"
    hooks.append({"id": hook_id, "name": name, "ref": ref, "url": url, "createdAt": world.now})


def remove_hook(project: Document, hook_id: str) -> None:
    """Remove a deploy hook; one that went before, with its link, is no error: the provider unlinks first."""
    if project.get("link") is not None:
        kept = [each for each in project["link"]["deployHooks"] if each["id"] != hook_id]
        project["link"]["deployHooks"] = kept


def _connected(project: Document) -> Document:
    if project.get("link") is None:
        raise BadRequest("The project is not connected to a Git repository.")
    return project["link"]
