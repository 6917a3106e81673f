"""vercel.ProjectRollingRelease: the stages of a project's later promotions. Destroying it removes them."""

from __future__ import annotations

from typing import Any, cast

from parity_sandbox.narrowing import part
from parity_sandbox.standin.checks import between, one_of, size
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import ApiError, ResourceError, explained
from parity_sandbox.standin.golang import text
from parity_sandbox.standin.resources.shared import Resource, failing, split
from parity_sandbox.standin.schema import Call, Document, Failure, Field

_CONFIG = "/v1/projects/{projectId}/rolling-release/config"
GET, PATCH, DELETE = Call("GET", _CONFIG), Call("PATCH", _CONFIG), Call("DELETE", _CONFIG)
_MANUAL, _AUTOMATIC = "manual-approval", "automatic"
_ALL = 100
_NOUN, _GETTING = "project rolling release", "error getting rolling-release"

FIELDS: dict[str, Field] = {
    "id": Field("string", computed=True),
    "projectId": Field("string", required=True),
    "teamId": Field("string", optional=True, computed=True),
    "advancementType": Field("string", required=True, checks=(one_of(_AUTOMATIC, _MANUAL),)),
    "stages": Field(
        "list",
        required=True,
        checks=(size(1, 10),),
        element=Field(
            "object",
            fields={
                "targetPercentage": Field("integer", required=True, checks=(between(0, _ALL),)),
                "duration": Field("integer", optional=True, checks=(between(1, 10_000),)),
            },
        ),
    ),
}


async def _validate(client: Client, plan: Document) -> list[Failure]:
    """The last stage alone has 100 percent; a stage lasts where the advancement is automatic, and only there."""
    del client
    if not isinstance(plan["stages"], list):
        return []
    stages = cast("list[Document]", plan["stages"])
    shares = [each.get("targetPercentage") for each in stages]
    found = [Failure(f"stages[{len(shares) - 1}]", "The last stage must have target_percentage = 100")]
    found = [] if shares[-1:] == [_ALL] else found
    found += [
        Failure(f"stages[{index}]", "Only the last stage can have target_percentage = 100")
        for index, share in enumerate(shares[:-1])
        if share == _ALL
    ]
    automatic = plan["advancementType"] == _AUTOMATIC
    for index, each in enumerate(stages):
        if automatic and each.get("duration") is None and each.get("targetPercentage") != _ALL:
            found.append(Failure(f"stages[{index}]", "duration must be set when advancement_type is 'automatic'"))
        if not automatic and each.get("duration") is not None:
            found.append(Failure(f"stages[{index}]", "duration can only be set when advancement_type is 'automatic'"))
    return found


async def _create(client: Client, plan: Document) -> Document:
    what = f"Could not check if {_NOUN} exists, unexpected error: {_GETTING}"
    try:
        with explained(f"Error checking existing {_NOUN}", what, gone=True):
            there: Document | None = await client.send(GET, plan)
    except ApiError:
        there = None
    if part(there, "rollingRelease").get("enabled"):
        raise ResourceError(
            "Project rolling release already exists",
            f"A rolling release is already configured for project {text(plan['projectId'])}. To change an existing "
            "configuration, you must import the rolling release or remove the existing configuration.",
        )
    return await _send(client, plan, "creating", "create")


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    return await _send(client, plan, "updating", "update")


async def _send(client: Client, plan: Document, doing: str, verb: str) -> Document:
    manual = plan["advancementType"] == _MANUAL
    stages = [
        {"targetPercentage": each["targetPercentage"]}
        | ({"duration": each["duration"]} if not manual and each.get("duration") is not None else {})
        | ({"requireApproval": True} if manual else {})
        for each in plan["stages"]
    ]
    body = {"enabled": True, "advancementType": plan["advancementType"], "stages": stages}
    what = f"Could not {verb} {_NOUN}, unexpected error: error enabling rolling release"
    with explained(f"Error {doing} {_NOUN}", what):
        answer = await client.send(PATCH, plan, body=body)
    return _state(client, answer, plan)


async def _read(client: Client, state: Document) -> Document:
    return await _get(client, state, f"Could not get {_NOUN}")


async def _find(client: Client, identifier: str) -> Document:
    team, project = split(identifier, 1, f"Error importing {_NOUN}", "project_id")
    at: Document = {"projectId": project, "teamId": team, "advancementType": None, "stages": None}
    return await _get(client, at, f"Could not get {_NOUN} {team} {project}")


async def _get(client: Client, state: Document, what: str) -> Document:
    with explained(f"Error reading {_NOUN}", f"{what}, unexpected error: {_GETTING}", gone=True):
        answer = await client.send(GET, state)
    return _state(client, answer, state)


async def _delete(client: Client, state: Document) -> None:
    with failing("deleting", _NOUN, f"delete {_NOUN}"):
        await client.send(DELETE, state)


def _state(client: Client, answer: Document, before: Document) -> Document:
    """What Vercel says; where it is off, or does not say how it advances, what was there before, as the provider."""
    project, found = text(before["projectId"]), part(answer, "rollingRelease")
    advancement: Any = found.get("advancementType") if found.get("enabled") else None
    stages = [
        {"targetPercentage": each["targetPercentage"], "duration": each.get("duration")}
        for each in found.get("stages") or ()
    ]
    said: Document = {"advancementType": advancement, "stages": stages}
    if not advancement and before["advancementType"] and before["stages"]:
        said = {name: before[name] for name in ("advancementType", "stages")}
    elif not advancement:
        lasts = any(each["duration"] is not None for each in stages)
        said = {"advancementType": (_AUTOMATIC if lasts else _MANUAL) if stages else None, "stages": stages or None}
    return {"id": project, "projectId": project, "teamId": client.team_of(before), **said}


RESOURCE = Resource(
    "vercel:index/projectRollingRelease:ProjectRollingRelease", FIELDS, _create, _read, _delete,
    update=_update, find=_find, validate=_validate,
)  # fmt: skip
