"""Promote and roll back: asked for now, done later, all production domains at once."""

from __future__ import annotations

from parity_sandbox.narrowing import part
from parity_sandbox.store import Document
from parity_sandbox.vercel import domains, rolling, timeline
from parity_sandbox.vercel.errors import BadRequest, Conflict, NotFound
from parity_sandbox.vercel.world import World

UNDER_WAY = ("pending", "in-progress")


def request(world: World, project: Document, deployment_id: str, kind: str) -> bool:
    """Ask for a deployment to become the live one; whether that is begun, and not queued.

    Where the project has a rolling release, a promotion begins it; of the one under way it is the end, and of another
    deployment it waits until then. A rollback ends it at once.

    Args:
        world: The scope of the request.
        project: The project's document.
        deployment_id: The deployment to go to.
        kind: `promote`, or `rollback` to a deployment that has been live.

    Raises:
        NotFound: the project has no such deployment.
        BadRequest: it is no production deployment, is not ready, or, for a rollback, was never live.
        Conflict: it is the live one already, or another request is under way.
    """
    deployment = world.deployments.get(deployment_id)
    if deployment is None or deployment["projectId"] != project["id"]:
        raise NotFound("The deployment could not be found.")
    _check(deployment, kind)
    under_way = rolling.active(project)
    if kind == "promote" and under_way is not None:
        if under_way["canary"] != deployment_id:
            rolling.queue(world, project, deployment_id)
            return False
        rolling.complete(world, project, deployment_id)
        return True
    live = part(project["targets"], "production").get("id")
    if live == deployment_id and under_way is None:
        raise Conflict("This deployment is already the current production deployment.", code="conflict")
    last = project["lastAliasRequest"]
    if last is not None and last["jobStatus"] in UNDER_WAY:
        raise Conflict(f"Another {last['type']} is in progress.", code="conflict")
    if kind == "promote" and rolling.rolls(project):
        rolling.start(world, project, deployment_id)
        return True
    rolling.abort(world, project)
    project["lastAliasRequest"] = {
        "fromDeploymentId": live or "",
        "toDeploymentId": deployment_id,
        "jobStatus": "in-progress",
        "requestedAt": world.now,
        "type": kind,
    }
    world.save(project)
    at = world.now + int(world.context.promote_seconds * 1000)
    timeline.plan(world, timeline.SWITCH, at, project["id"], deployment_id)
    return True


def _check(deployment: Document, kind: str) -> None:
    if deployment["target"] != "production":
        raise BadRequest(
            "Only production deployments can be promoted. Create a new production deployment from it instead.",
            code="invalid_deployment_target",
        )
    if deployment["readyState"] != "READY":
        raise BadRequest(f"The deployment is not ready: it is {deployment['readyState']}.", code="deployment_not_ready")
    if kind == "rollback" and "promotedAt" not in deployment:
        raise BadRequest(
            "The deployment has never been live, so it is no candidate for a rollback.",
            code="invalid_rollback_candidate",
        )


def aliases(world: World, project: Document) -> list[Document]:
    """The production domains of the last request, each with how far it is."""
    last = project["lastAliasRequest"]
    if last is None:
        return []
    status = {"succeeded": "completed", "failed": "failed", "skipped": "completed"}.get(
        last["jobStatus"], "in-progress"
    )
    return [
        {"id": name, "alias": name, "status": status, "createdAt": last["requestedAt"]}
        for name in domains.of_production(world, project)
    ]
