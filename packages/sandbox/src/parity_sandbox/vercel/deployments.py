"""Deployments: made from a commit or files with the variables of that moment, queued, built, ready, deleted."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Sequence
from typing import Any

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel import custom_environments, links, timeline, variables, wire
from parity_sandbox.vercel.builds import rule_for
from parity_sandbox.vercel.errors import BadRequest, NotFound
from parity_sandbox.vercel.world import USER, World

CREATE: wire.Shape = {
    "build": "object",
    "builds": "array",
    "customEnvironmentSlugOrId": "string",
    "deploymentId": "string",
    "env": "object?",
    "files": "array",
    "functions": "object",
    "gitMetadata": "object",
    "gitSource": "object",
    "meta": "object",
    "monorepoManager": "string?",
    "name": "string",
    "project": "string",
    "projectSettings": "object?",
    "public": "boolean",
    "regions": "array",
    "routes": "array",
    "target": "string?",
    "version": "number",
    "withLatestCommit": "boolean",
}
INTERNAL = {"snapshot", "sha", "promotedAt", "files", "branch"}
"""Fields of the stored document that Vercel's API does not give."""

_BUILT_WITH = ("rootDirectory", "sourceFilesOutsideRootDirectory", "autoExposeSystemEnvs", "gitLFS")
"""Settings of the project that a build takes and that Vercel does not show of a deployment."""

_SHOWN = (
    *("buildCommand", "devCommand", "framework", "commandForIgnoringBuildStep", "installCommand", "outputDirectory"),
    "nodeVersion",
)
"""Those that it shows, in `projectSettings`."""
_SHA = re.compile(r"[0-9a-f]{40}")
_LABEL = 63


def create(world: World, given: Document) -> Document:
    """Make a deployment; it is QUEUED. Raises BadRequest (code `missing_files`, ...), NotFound."""
    wire.check(given, CREATE, required=("name",))
    project = world.project(given.get("project") or given["name"])
    again = find(world, given["deploymentId"]) if given.get("deploymentId") else None
    source, sha, branch = _source(world, project, given, again)
    files = _files(world, given)
    if source is None and not files and again is None:
        raise BadRequest("Invalid request: should have `files`, `gitSource` or `deploymentId`.", code="missing_files")
    target, environment = _target(project, given, branch)
    deployment = _document(world, project, given, source=source, target=target, environment=environment)
    deployment.update({"sha": sha, "branch": branch, "files": files})
    own = {name: str(value) for name, value in part(given, "env").items()}
    deployment["snapshot"] = {
        "variables": {**_variables(world, project, deployment, environment), **own},
        "settings": _settings(project, part(given, "projectSettings"), _BUILT_WITH),
    }
    deployment["env"] = deployment["build"]["env"] = sorted(own)
    world.deployments.insert(deployment["id"], deployment)
    timeline.point(world, deployment["url"], deployment)
    seconds = float(rule_for(world.context.store, deployment).get("seconds", world.context.build_seconds))
    begun = deployment["createdAt"]
    timeline.plan(world, timeline.BUILD_BEGINS, begun + int(seconds * 500), project["id"], deployment["id"])
    timeline.plan(world, timeline.BUILD_ENDS, begun + int(seconds * 1000), project["id"], deployment["id"])
    return deployment


def find(world: World, id_or_url: str) -> Document:
    """The scope's deployment with that id or host; raises NotFound."""
    found = world.deployments.get(id_or_url)
    if found is None:
        host = world.hosts.get(id_or_url.removeprefix("https://").rstrip("/")) or world.aliases.get(id_or_url)
        found = None if host is None else world.deployments.get(host["deploymentId"])
    if found is None or found["ownerId"] != world.owner:
        raise NotFound("The deployment could not be found.", code="not_found")
    return found


def delete(world: World, deployment: Document) -> Document:
    """Delete a deployment; its hosts answer DEPLOYMENT_NOT_FOUND, and where it was live, so do the domains."""
    world.deployments.delete(deployment["id"])
    for host in world.hosts.find(deploymentId=deployment["id"]):
        world.hosts.delete(host["host"])
    for alias in world.aliases.find(deploymentId=deployment["id"]):
        world.aliases.delete(alias["alias"])
    project = world.projects.get(deployment["projectId"])
    if project is not None:
        live = part(project["targets"], "production")
        if live.get("id") == deployment["id"]:
            project["targets"].pop("production")
            project["live"] = False
        world.save(project)
    return {"uid": deployment["id"], "state": "DELETED"}


def cancel(world: World, deployment: Document) -> Document:
    """Stop a build; raises BadRequest where it has ended."""
    if deployment["readyState"] not in {"QUEUED", "BUILDING"}:
        raise BadRequest("The deployment is not in a state that can be canceled.", code="deployment_not_cancelable")
    deployment.update({"readyState": "CANCELED", "canceledAt": world.now})
    return world.deployments.put(deployment["id"], deployment)


def view(world: World, deployment: Document) -> Document:
    """The deployment as `GET /v13/deployments/{idOrUrl}` gives it."""
    shown = {name: value for name, value in deployment.items() if name not in INTERNAL}
    shown["status"] = shown["readyState"]
    shown["alias"] = timeline.hosts_of(world, deployment)
    if world.team is not None:
        shown["team"] = {"id": world.team["id"], "name": world.team["name"], "slug": world.team["slug"]}
    return shown


def listed(deployment: Document) -> Document:
    """The deployment as `GET /v6/deployments` lists it."""
    created = deployment["createdAt"]
    short: Document = {
        "uid": deployment["id"],
        "name": deployment["name"],
        "projectId": deployment["projectId"],
        "url": deployment["url"],
        "created": created,
        "createdAt": created,
        "creator": deployment["creator"],
        "inspectorUrl": deployment["inspectorUrl"],
        "state": deployment["readyState"],
        "readyState": deployment["readyState"],
        "type": deployment["type"],
        "target": deployment["target"],
        "meta": deployment["meta"],
        "aliasAssigned": deployment.get("aliasAssignedAt") or False,
        "aliasError": None,
        "isRollbackCandidate": "promotedAt" in deployment,
    }
    for name in ("buildingAt", "ready", "readySubstate", "customEnvironment", "errorCode", "errorMessage"):
        if name in deployment:
            short[name] = deployment[name]
    return short


def _document(
    world: World,
    project: Document,
    given: Document,
    *,
    source: Document | None,
    target: str | None,
    environment: Document | None,
) -> Document:
    now = world.now
    deployment_id = random_id("dpl_", 28)
    creator = {"uid": USER["id"], "username": USER["username"]}
    document: Document = {
        "id": deployment_id,
        "projectId": project["id"],
        "ownerId": world.owner,
        "teamId": None if world.team is None else world.team["id"],
        "name": project["name"],
        "url": _host(project["name"], _random_label(9), world.slug),
        "inspectorUrl": f"https://vercel.com/{world.slug}/{project['name']}/{deployment_id.removeprefix('dpl_')}",
        "createdAt": now,
        "createdIn": "sfo1",
        "bootedAt": now,
        "buildingAt": now,
        "readyState": "QUEUED",
        "target": target,
        "meta": {
            **_git_meta(project, given, source),
            **{name: str(value) for name, value in part(given, "meta").items()},
        },
        "build": {"env": []},
        "env": [],
        "alias": [],
        "aliasAssigned": False,
        "aliasError": None,
        "automaticAliases": _automatic(world, project, given, source, target),
        "autoAssignCustomDomains": project["autoAssignCustomDomains"],
        "creator": creator,
        "project": {"id": project["id"], "name": project["name"], "framework": project["framework"]},
        "projectSettings": _settings(project, part(given, "projectSettings"), _SHOWN),
        "regions": given.get("regions") or project["resourceConfig"]["functionDefaultRegions"],
        "routes": items(given, "routes"),
        "functions": given.get("functions"),
        "source": "cli" if source is None else "api-trigger-git-deploy",
        "type": "LAMBDAS",
        "version": 2,
        "plan": "pro",
        "public": False,
        "buildSkipped": False,
        "isInConcurrentBuildsQueue": False,
        "isInSystemBuildsQueue": False,
    }
    if source is not None:
        document["gitSource"] = source
    if environment is not None:
        document["customEnvironment"] = custom_environments.short(environment)
    return document


def _settings(project: Document, given: Document, names: Sequence[str]) -> Document:
    """What a build takes: the request's own settings, else the project's."""
    return {name: given.get(name, project.get(name)) for name in names}


def _source(
    world: World, project: Document, given: Document, again: Document | None
) -> tuple[Document | None, str | None, str | None]:
    """The git source, its commit, and its branch where one was named."""
    source: Document | None = given.get("gitSource") or (again or {}).get("gitSource")
    if source is None:
        metadata: Document = part(given, "gitMetadata")
        return None, metadata.get("commitSha"), metadata.get("commitRef")
    wire.one_of("gitSource.type", source.get("type"), links.TYPES)
    linked: Document = part(project, "link")
    if source["type"] != "github":
        return source, source.get("sha") or source.get("ref"), None
    if "repoId" in source:
        repository = world.context.store.collection("github", "repositories").first(id=source["repoId"])
    else:
        owner, name = source.get("org") or linked.get("org", ""), source.get("repo") or linked.get("repo", "")
        repository = links.repository(world, owner, name)
    if repository is None:
        raise BadRequest(
            "The provided GitHub repository can't be found. Check that it exists and that Vercel has access to it.",
            code="incorrect_git_source_info",
        )
    sha, branch = _commit(repository, source, linked)
    return {**source, "repoId": repository["id"], "sha": sha, "ref": source.get("ref") or branch}, sha, branch


def _commit(repository: Document, source: Document, linked: Document) -> tuple[str, str | None]:
    ref = source.get("sha") or source.get("ref") or linked.get("productionBranch") or "main"
    if _SHA.fullmatch(ref):
        return ref, source.get("ref") if source.get("ref") != ref else None
    branches: list[str] = repository.get("branches") or [repository.get("default_branch", "main")]
    if ref not in branches:
        raise BadRequest(
            f"The branch or commit `{ref}` can't be found in {repository['owner']}/{repository['name']}.",
            code="incorrect_git_source_info",
        )
    commits: list[str] = items(repository, "commits")
    if commits:
        return commits[-1], ref
    return hashlib.sha1(f"{repository['id']} {ref}".encode(), usedforsecurity=False).hexdigest(), ref


def _git_meta(project: Document, given: Document, source: Document | None) -> dict[str, str]:
    if source is None or source["type"] != "github":
        prefix = part(project, "link").get("type", "git")
        return {
            prefix + name[0].upper() + name[1:]: str(value)
            for name, value in part(given, "gitMetadata").items()
            if name.startswith("commit")
        }
    return {
        "githubCommitSha": str(source["sha"]),
        "githubCommitRef": str(source["ref"]),
        "githubRepoId": str(source["repoId"]),
        "githubDeployment": "1",
    }


def _files(world: World, given: Document) -> list[Document]:
    files: list[Document] = items(given, "files")
    uploaded = world.collection("files")
    missing = [each["sha"] for each in files if each.get("sha") and uploaded.get(each["sha"]) is None]
    if missing:
        raise BadRequest("Missing files", code="missing_files", missing=sorted(set(missing)))
    return files


def _target(project: Document, given: Document, branch: str | None) -> tuple[str | None, Document | None]:
    named = given.get("customEnvironmentSlugOrId")
    if named:
        return None, custom_environments.find(project, named)
    target = given.get("target")
    if target in {None, "", "preview", "staging"}:
        environment = custom_environments.for_branch(project, branch) if target is None and branch else None
        return None, environment
    if target != "production":
        return None, custom_environments.find(project, str(target))
    return "production", None


def _variables(world: World, project: Document, deployment: Document, environment: Document | None) -> dict[str, str]:
    return variables.snapshot(
        variables.of_project(world, project),
        target="production" if deployment["target"] == "production" else "preview",
        branch=deployment["branch"],
        custom_environment=None if environment is None else environment["id"],
    )


def _automatic(
    world: World, project: Document, given: Document, source: Document | None, target: str | None
) -> list[str]:
    branch: Any = source["ref"] if source and "ref" in source else part(given, "gitMetadata").get("commitRef")
    if target == "production":
        return [_host(project["name"], "", world.slug)]
    if not branch:
        return []
    label = re.sub(r"[^a-z0-9-]+", "-", str(branch).lower()).strip("-")
    return [_host(project["name"], f"git-{label}", world.slug)]


def _host(project: str, middle: str, scope: str) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", project).strip("-")
    tail = f"-{middle}-{scope}" if middle else f"-{scope}"
    tail = tail[: _LABEL - 8].rstrip("-")
    return f"{name[: _LABEL - len(tail)]}{tail}.vercel.app"


def _random_label(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))
