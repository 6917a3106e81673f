"""What time does: builds end and promotions switch, by the clock, from what was written down when they were asked for.

An event is a document of ("vercel", "pending"): `{id, at, kind, projectId, deploymentId}`, `at` in milliseconds since
1970. `settle` applies every event that is due, in order of time, each at its own time: so it makes no difference when,
or in which process, it is called.
"""

from __future__ import annotations

from parity_sandbox.context import Context, random_id
from parity_sandbox.narrowing import part
from parity_sandbox.store import Document
from parity_sandbox.vercel import domains, registry
from parity_sandbox.vercel.builds import rule_for
from parity_sandbox.vercel.world import World

BUILD_BEGINS = "build-begins"
BUILD_ENDS = "build-ends"
SWITCH = "switch"


def plan(world: World, kind: str, at: int, project_id: str, deployment_id: str) -> None:
    """Write down what shall happen at `at`, milliseconds since 1970."""
    event_id = random_id("evt_", 16)
    world.pending.insert(
        event_id, {"id": event_id, "at": at, "kind": kind, "projectId": project_id, "deploymentId": deployment_id}
    )


def settle(context: Context) -> None:
    """Apply what is due. Called before Vercel's documents are read; cheap where nothing is due."""
    world = World(context)
    now = context.now_ms()
    due = sorted((each for each in world.pending.all() if each["at"] <= now), key=lambda each: each["at"])
    if not due:
        return
    with context.store.transaction():
        for event in due:
            world.pending.delete(event["id"])
            _HAPPENS[event["kind"]](world, event)


def _build_begins(world: World, event: Document) -> None:
    deployment = world.deployments.get(event["deploymentId"])
    if deployment is None or deployment["readyState"] != "QUEUED":
        return
    deployment.update({"readyState": "BUILDING", "buildingAt": event["at"], "bootedAt": event["at"]})
    world.deployments.put(deployment["id"], deployment)


def _build_ends(world: World, event: Document) -> None:
    deployment = world.deployments.get(event["deploymentId"])
    project = world.projects.get(event["projectId"])
    if deployment is None or project is None or deployment["readyState"] not in {"QUEUED", "BUILDING"}:
        return
    rule = rule_for(world.context.store, deployment)
    state = rule.get("state", "READY")
    deployment["readyState"] = state
    if state == "READY":
        _becomes_ready(world, project, deployment, event["at"])
    elif state == "CANCELED":
        deployment["canceledAt"] = event["at"]
        if "error_message" in rule:
            deployment["errorMessage"] = deployment["readyStateReason"] = rule["error_message"]
    else:
        deployment["buildErrorAt"] = event["at"]
        deployment["errorCode"] = rule.get("error_code", "BUILD_FAILED")
        deployment["errorMessage"] = rule.get("error_message", 'Command "npm run build" exited with 1')
        deployment["errorStep"] = "buildStep"
    world.deployments.put(deployment["id"], deployment)


def _becomes_ready(world: World, project: Document, deployment: Document, at: int) -> None:
    if part(deployment, "projectSettings").get("framework") == "container":
        registry.built(world, project, deployment, at)
    deployment.update({"ready": at, "aliasAssigned": True, "aliasAssignedAt": at})
    if deployment["target"] != "production":
        for alias in deployment["automaticAliases"]:
            point(world, alias, deployment)
    elif project["autoAssignCustomDomains"]:
        make_live(world, project, deployment, at)
    else:
        deployment["readySubstate"] = "STAGED"


def point(world: World, host: str, deployment: Document) -> None:
    """Let a host of Vercel's own mean `deployment` from now on."""
    named = {"host": host, "deploymentId": deployment["id"], "projectId": deployment["projectId"]}
    world.hosts.keep(host, named)


def make_live(world: World, project: Document, deployment: Document, at: int) -> None:
    """Point all of the project's production domains at `deployment`, at once; the caller keeps `deployment`."""
    for name in domains.of_production(world, project):
        world.aliases.delete(name)
    for host in deployment["automaticAliases"]:
        point(world, host, deployment)
    deployment.update({"readySubstate": "PROMOTED", "promotedAt": at, "aliasAssigned": True, "aliasAssignedAt": at})
    project["targets"]["production"] = summary(deployment)
    project["live"] = True
    project["updatedAt"] = at
    world.projects.put(project["id"], project)


def hosts_of(world: World, deployment: Document) -> list[str]:
    """The names that mean `deployment` now, its own host aside: domains where it is live, aliases, branch hosts."""
    names: list[str] = []
    project = world.projects.get(deployment["projectId"])
    if project is not None and part(project["targets"], "production").get("id") == deployment["id"]:
        names += domains.of_production(world, project)
    names += [each["alias"] for each in world.aliases.find(deploymentId=deployment["id"])]
    for host in deployment["automaticAliases"]:
        known = world.hosts.get(host)
        if known is not None and known["deploymentId"] == deployment["id"]:
            names.append(host)
    return names


def summary(deployment: Document) -> Document:
    """A deployment as a project's `targets` and `latestDeployments` carry it."""
    named = (
        "id", "alias", "aliasAssigned", "aliasError", "automaticAliases", "buildingAt", "createdAt", "createdIn",
        "creator", "meta", "name", "plan", "readyState", "readySubstate", "target", "type", "url",
    )  # fmt: skip
    short = {name: deployment[name] for name in named if name in deployment}
    short["creator"] = {"email": "", **short["creator"]}
    short.update(
        {"deploymentHostname": deployment["url"].removesuffix(".vercel.app"), "readyAt": deployment.get("ready"),
         "aliasAssigned": deployment.get("aliasAssignedAt") or False, "private": False,
         "teamId": deployment.get("teamId"), "userId": deployment["creator"]["uid"], "withCache": False}
    )  # fmt: skip
    return short


def _switch(world: World, event: Document) -> None:
    project = world.projects.get(event["projectId"])
    if project is None or project["lastAliasRequest"] is None:
        return
    request = project["lastAliasRequest"]
    deployment = world.deployments.get(event["deploymentId"])
    if deployment is None:
        request["jobStatus"] = "failed"
        world.projects.put(project["id"], project)
        return
    request["jobStatus"] = "succeeded"
    if request["type"] == "rollback":
        _pin(project, deployment)
    else:
        unpin(project)
    make_live(world, project, deployment, event["at"])
    world.deployments.put(deployment["id"], deployment)


def unpin(project: Document) -> None:
    """Undo what a rollback does to the assignment of domains, as the next promotion does."""
    if project["lastRollbackTarget"] is not None:
        project["lastRollbackTarget"] = None
        project["autoAssignCustomDomains"] = project.pop("autoAssignBeforeRollback", True)


def _pin(project: Document, deployment: Document) -> None:
    if project["lastRollbackTarget"] is None:
        project["autoAssignBeforeRollback"] = project["autoAssignCustomDomains"]
    project["lastRollbackTarget"] = {"toDeploymentId": deployment["id"]}
    project["autoAssignCustomDomains"] = False


_HAPPENS = {BUILD_BEGINS: _build_begins, BUILD_ENDS: _build_ends, SWITCH: _switch}
