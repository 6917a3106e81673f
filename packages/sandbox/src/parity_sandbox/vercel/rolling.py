"""Promotions, rollbacks and rolling releases: the stages of a project, and the deployment that users get by them.

The document of one under way is that of the API's description (`getRollingRelease`). What the description leaves open
is decided here, and said in docs/fidelity-vercel.md: meanwhile `targets.production` stays the deployment before.
"""

from __future__ import annotations

from typing import Any

from parity_sandbox.narrowing import items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel import domains, timeline, wire
from parity_sandbox.vercel.errors import BadRequest, Conflict, NotFound
from parity_sandbox.vercel.world import World

CONFIG: wire.Shape = {
    "enabled": "boolean", "advancementType": "string", "stages": "array?", "canaryResponseHeader": "boolean",
    "target": "string",
}  # fmt: skip
CANARY: wire.Shape = {"canaryDeploymentId": "string"}
APPROVE: wire.Shape = {**CANARY, "nextStageIndex": "number", "activeStageIndex": "number"}
STATES = ("ACTIVE", "COMPLETE", "ABORTED")
DOCUMENT = "rolling"
"""Field of the stored project: the last rolling release. No project's document shows it."""
_STAGE: wire.Shape = {
    "targetPercentage": "number", "duration": "number?", "requireApproval": "boolean", "linearShift": "boolean",
}  # fmt: skip
_SUMMARY = ("id", "name", "url", "target", "source", "createdAt", "readyState")
_ALL_TRAFFIC = 100


def config(project: Document) -> Document:
    """The project's rolling release configuration, null where there is none."""
    return {"rollingRelease": project.get("rollingRelease")}


def configure(world: World, project: Document, given: Document) -> Document:
    """Set the stages of later rolling releases, or remove them with `enabled: false`; raises BadRequest."""
    wire.check(given, CONFIG)
    if given.get("enabled") is False:
        return remove(world, project)
    stages: list[Document] = items(given, "stages")
    _check_stages(stages, given.get("advancementType"))
    project["rollingRelease"] = {"target": "production", **given}
    world.save(project)
    return config(project)


def remove(world: World, project: Document) -> Document:
    """Remove the configuration; one that is under way goes on."""
    project.pop("rollingRelease", None)
    world.save(project)
    return {"rollingRelease": None}


def _check_stages(stages: list[Document], advancement: Any) -> None:
    if advancement is not None:
        wire.one_of("advancementType", advancement, ("automatic", "manual-approval"))
    for stage in stages:
        wire.check(stage, _STAGE, ("targetPercentage",), "`stages` ")
    shares = [stage["targetPercentage"] for stage in stages]
    if len(shares) < 2 or shares[-1] != _ALL_TRAFFIC or shares != sorted(set(shares)):  # noqa: PLR2004 - the description's minimum
        raise BadRequest(
            "Invalid request: `stages` should be at least two, with growing percentages, and end with 100."
        )


def active(project: Document) -> Document | None:
    """The rolling release under way."""
    found = project.get(DOCUMENT)
    return found if found and found["state"] == "ACTIVE" else None


def share(project: Document) -> tuple[str, float]:
    """The deployment that some users get, and their share; none and 0 where no rolling release is under way."""
    found = active(project)
    return ("", 0.0) if found is None else (found["canary"], found["stages"][found["stage"]]["targetPercentage"] / 100)


def _rolls(project: Document) -> bool:
    """Whether a promotion would be stages: they are configured, and there is something to roll from."""
    return bool(project.get("rollingRelease")) and "production" in project["targets"]


def start(world: World, project: Document, deployment_id: str) -> Document:
    """Begin with the first stage; of the one under way, nothing.

    Raises:
        NotFound: the project has no such deployment.
        BadRequest: no stages are configured, nothing is live, or the deployment is no ready one of production.
        Conflict: another one is under way, or the deployment is live.
    """
    under_way = active(project)
    if under_way is not None:
        if under_way["canary"] != deployment_id:
            raise Conflict("Another rolling release is active.", code="conflict")
        return view(world, project)
    if not _rolls(project):
        raise BadRequest("Rolling releases are not enabled for the project.", code="rolling_release_not_enabled")
    canary = _deployment(world, project, deployment_id)
    if project["targets"]["production"]["id"] == deployment_id:
        raise Conflict("This deployment is already the current production deployment.", code="conflict")
    project[DOCUMENT] = {
        "state": "ACTIVE",
        "base": project["targets"]["production"]["id"],
        "canary": deployment_id,
        "queued": None,
        "advancementType": project["rollingRelease"].get("advancementType", "automatic"),
        "stages": project["rollingRelease"]["stages"],
        "stage": 0,
        "startedAt": world.now,
        "updatedAt": world.now,
    }
    canary["readySubstate"] = "ROLLING"
    world.deployments.put(deployment_id, canary)
    world.save(project)
    return view(world, project)


def _deployment(world: World, project: Document, identity: str) -> Document:
    found = world.deployments.get(identity)
    if found is None or found["projectId"] != project["id"]:
        raise NotFound("The deployment could not be found.")
    if found["target"] != "production" or found["readyState"] != "READY":
        raise BadRequest("Only a production deployment that is ready can be rolled out.", code="invalid_deployment")
    return found


def approve(world: World, project: Document, given: Document) -> Document:
    """Go to the next stage, or with the last one to the end; raises BadRequest, Conflict."""
    found = _under_way(project, given["canaryDeploymentId"])
    if given["nextStageIndex"] != found["stage"] + 1:
        raise BadRequest(f"The active stage is {found['stage']}.", code="invalid_stage")
    if found["stages"][found["stage"] + 1]["targetPercentage"] == _ALL_TRAFFIC:
        return complete(world, project, found["canary"])
    found.update({"stage": found["stage"] + 1, "updatedAt": world.now})
    world.save(project)
    return view(world, project)


def complete(world: World, project: Document, deployment_id: str) -> Document:
    """Give it to all users at once; raises Conflict."""
    found = _under_way(project, deployment_id)
    canary = world.deployments.get(deployment_id)
    if canary is None:
        raise NotFound("The deployment could not be found.")
    found.update({"state": "COMPLETE", "stage": len(found["stages"]) - 1, "updatedAt": world.now})
    timeline.unpin(project)
    timeline.make_live(world, project, canary, world.now)
    world.deployments.put(deployment_id, canary)
    world.save(project)
    return view(world, project)


def _abort(world: World, project: Document) -> None:
    """End what is under way; all users get the deployment before."""
    found = active(project)
    if found is None:
        return
    found.update({"state": "ABORTED", "updatedAt": world.now})
    canary = world.deployments.get(found["canary"])
    if canary is not None:
        canary["readySubstate"] = "PROMOTED"  # "has seen production traffic", as the description says
        world.deployments.put(canary["id"], canary)


def _under_way(project: Document, deployment_id: str) -> Document:
    found = active(project)
    if found is None or found["canary"] != deployment_id:
        raise Conflict("No rolling release of that deployment is active.", code="conflict")
    return found


def view(world: World, project: Document, state: str | None = None) -> Document:
    """The last rolling release, whatever its state, or the one in that state; null where there is none."""
    found = project.get(DOCUMENT)
    if not found or state not in (None, found["state"]):
        return {"rollingRelease": None}
    stages = [_stage(index, each) for index, each in enumerate(found["stages"])]
    running = found["state"] == "ACTIVE"
    return {
        "rollingRelease": {
            "state": found["state"],
            "substate": None,
            "currentDeployment": _short(world, found["base"]),
            "canaryDeployment": _short(world, found["canary"]),
            "queuedDeploymentId": found["queued"],
            "advancementType": found["advancementType"],
            "stages": stages,
            "activeStage": None if found["state"] == "ABORTED" else stages[found["stage"]],
            "nextStage": stages[found["stage"] + 1] if running else None,
            "startedAt": found["startedAt"],
            "updatedAt": found["updatedAt"],
        }
    }


def _stage(index: int, given: Document) -> Document:
    final, minutes = given["targetPercentage"] == _ALL_TRAFFIC, given.get("duration")
    return {
        "index": index,
        "isFinalStage": final,
        "targetPercentage": given["targetPercentage"],
        "requireApproval": bool(given.get("requireApproval")),
        "duration": None if final or minutes is None else minutes * 60,
    }


def _short(world: World, identity: str) -> Document | None:
    found = world.deployments.get(identity)
    return None if found is None else {name: found[name] for name in _SUMMARY if name in found}


def _queue(world: World, project: Document, deployment_id: str) -> None:
    """Note a promotion that is to begin when the one under way has completed; the sandbox does not begin it."""
    part(project, DOCUMENT)["queued"] = deployment_id
    world.save(project)


# --- Promote and roll back: asked for now, done later, all production domains at once ---

_UNDER_WAY = ("pending", "in-progress")


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
    _check_target(deployment, kind)
    under_way = active(project)
    if kind == "promote" and under_way is not None:
        if under_way["canary"] != deployment_id:
            _queue(world, project, deployment_id)
            return False
        complete(world, project, deployment_id)
        return True
    live = part(project["targets"], "production").get("id")
    if live == deployment_id and under_way is None:
        raise Conflict("This deployment is already the current production deployment.", code="conflict")
    last = project["lastAliasRequest"]
    if last is not None and last["jobStatus"] in _UNDER_WAY:
        raise Conflict(f"Another {last['type']} is in progress.", code="conflict")
    if kind == "promote" and _rolls(project):
        start(world, project, deployment_id)
        return True
    _abort(world, project)
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


def _check_target(deployment: Document, kind: str) -> None:
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
