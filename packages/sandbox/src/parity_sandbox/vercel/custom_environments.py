"""Custom environments of a project, kept in the project's own document."""

from __future__ import annotations

from parity_sandbox.context import random_id
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, NotFound
from parity_sandbox.vercel.world import World

SHAPE: wire.Shape = {
    "slug": "string",
    "description": "string?",
    "branchMatcher": "object?",
    "copyEnvVarsFrom": "string",
}
DELETE: wire.Shape = {"deleteUnassignedEnvironmentVariables": "boolean"}

_MATCHES = {
    "equals": str.__eq__,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
}


def create(world: World, project: Document, given: Document) -> Document:
    """Add a custom environment; raises BadRequest where the slug is missing, reserved or taken."""
    _check(given)
    slug = given.get("slug")
    if not slug:
        raise BadRequest("Invalid request: missing required property `slug`.")
    _check_slug(project, slug, None)
    now = world.now
    environment: Document = {
        "id": random_id("env_", 28),
        "slug": slug,
        "type": "preview",
        "description": given.get("description") or "",
        "branchMatcher": given.get("branchMatcher"),
        "domains": [],
        "currentDeploymentAliases": [],
        "createdAt": now,
        "updatedAt": now,
    }
    project["customEnvironments"].append(environment)
    world.save(project)
    return environment


def update(world: World, project: Document, slug_or_id: str, given: Document) -> Document:
    """Change a custom environment; raises BadRequest, NotFound."""
    _check(given)
    environment = find(project, slug_or_id)
    if given.get("slug") and given["slug"] != environment["slug"]:
        _check_slug(project, given["slug"], environment["id"])
    environment.update(given)
    environment["updatedAt"] = world.now
    world.save(project)
    return environment


def delete(world: World, project: Document, slug_or_id: str, *, with_variables: bool) -> Document:
    """Remove a custom environment from the project and from its variables; raises NotFound.

    Args:
        world: The scope of the request.
        project: The project's document.
        slug_or_id: The environment's slug or id.
        with_variables: Whether variables that no other environment uses are deleted.
    """
    environment = find(project, slug_or_id)
    project["customEnvironments"].remove(environment)
    world.save(project)
    for variable in world.env.find(projectId=project["id"]):
        if environment["id"] not in variable["customEnvironmentIds"]:
            continue
        variable["customEnvironmentIds"].remove(environment["id"])
        if with_variables and not variable["customEnvironmentIds"] and not variable["target"]:
            world.env.delete(variable["id"])
        else:
            world.env.put(variable["id"], variable)
    return environment


def find(project: Document, slug_or_id: str) -> Document:
    """The project's custom environment; raises NotFound."""
    for each in project["customEnvironments"]:
        if slug_or_id in {each["id"], each["slug"]}:
            return each
    raise NotFound("Custom environment not found.", code="not_found")


def for_branch(project: Document, branch: str) -> Document | None:
    """The custom environment that a push to `branch` deploys to."""
    for each in project["customEnvironments"]:
        matcher = each.get("branchMatcher")
        if matcher and _MATCHES[matcher["type"]](branch, matcher["pattern"]):
            return each
    return None


def view(environment: Document) -> Document:
    """The environment as Vercel's API gives it."""
    return {name: value for name, value in environment.items() if value is not None}


def short(environment: Document) -> Document:
    """The environment as a deployment carries it."""
    return {name: environment[name] for name in ("id", "slug", "type")}


def _check(given: Document) -> None:
    wire.check(given, SHAPE)
    matcher = given.get("branchMatcher")
    if matcher is not None:
        wire.check(matcher, {"type": "string", "pattern": "string"}, ("type", "pattern"), "`branchMatcher` ")
        wire.one_of("branchMatcher.type", matcher["type"], _MATCHES)


def _check_slug(project: Document, slug: str, itself: str | None) -> None:
    if slug in {"production", "preview", "development"}:
        raise BadRequest(f"The slug `{slug}` is reserved.", code="invalid_slug")
    if any(each["slug"] == slug and each["id"] != itself for each in project["customEnvironments"]):
        raise BadRequest(f"A custom environment with the slug `{slug}` already exists.", code="slug_already_exists")
