"""vercel.ProjectEnvironmentVariable: one variable of a project, changed in place."""

from __future__ import annotations

from typing import Any

from parity_sandbox.narrowing import as_object, part
from parity_sandbox.standin.checks import between, each_of, length, size
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import ApiError, ResourceError
from parity_sandbox.standin.golang import items, known, text, text_pointer, without_empty, without_null
from parity_sandbox.standin.resources.shared import PROJECT_ID, TEAM_ID, Resource, failing, require_project, split
from parity_sandbox.standin.schema import Call, Document, Failure, Field

CREATE = Call("POST", "/v10/projects/{projectId}/env")
GET = Call("GET", "/v10/projects/{projectId}/env/{id}")
UPDATE = Call("PATCH", "/v10/projects/{projectId}/env/{id}")
DELETE = Call("DELETE", "/v8/projects/{projectId}/env/{id}")
LIST = Call("GET", "/v8/projects/{projectId}/env")
_CONFLICT = "ENV_CONFLICT"
_NOUN = "project environment variable"

FIELDS: dict[str, Field] = {
    "id": Field("string", computed=True, replace="always", keep=True),
    "projectId": PROJECT_ID,
    "teamId": TEAM_ID,
    "key": Field("string", required=True, replace="always"),
    "value": Field("string", optional=True, secret=True),
    "valueWo": Field("string", optional=True, secret=True),
    "valueWoVersion": Field("integer", optional=True, checks=(between(0),)),
    "targets": Field(
        "set", optional=True, computed=True, keep=True, checks=(each_of("production", "preview", "development"),)
    ),
    "customEnvironmentIds": Field("set", optional=True, computed=True, replace="always", keep=True, checks=(size(1),)),
    "gitBranch": Field("string", optional=True),
    "sensitive": Field("boolean", required=True, replace="always"),
    "comment": Field("string", optional=True, computed=True, checks=(length(0, 1000),)),
}


async def _create(client: Client, plan: Document) -> Document:
    await require_project(client, plan, f"Error creating {_NOUN}")
    try:
        answer = await client.send(CREATE, plan, body=_creation(plan))
    except ApiError as error:
        what = f"Could not create {_NOUN}, unexpected error"
        reason = await _explain(client, plan, error)
        raise ResourceError(f"Error creating {_NOUN}", f"{what}: {reason}") from error
    return _state({**answer["created"], "value": text(plan["value"])}, plan, client.team_of(plan) or None)


async def _read(client: Client, state: Document) -> Document:
    where = " ".join(text(state[name]) for name in ("id", "projectId", "teamId"))
    with failing("reading", _NOUN, f"get {_NOUN} {where}", gone=True):
        answer = await client.send(GET, state)
    return _state(answer, state, client.team_of(state) or None)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    body = {
        **without_null({"value": text_pointer(plan["value"])}),
        "target": items(plan["targets"]) or None,
        **without_empty({"customEnvironmentIds": items(plan["customEnvironmentIds"])}),
        **without_null({"gitBranch": text_pointer(plan["gitBranch"])}),
        "type": _kind(plan),
        "comment": text(plan["comment"]),
    }
    with failing("updating", _NOUN, f"update {_NOUN}"):
        answer = await client.send(UPDATE, plan, body=body)
    if plan["value"] is not None:
        answer["value"] = text(plan["value"])
    return _state(answer, plan, client.team_of(plan) or None)


async def _delete(client: Client, state: Document) -> None:
    with failing("deleting", _NOUN, f"delete {_NOUN} {text(state['id'])}", gone=True):
        await client.send(DELETE, state)


async def _find(client: Client, identifier: str) -> Document:
    team, project, variable = split(identifier, 2, f"Error importing {_NOUN}", "project_id/env_id")
    at: Document = {"teamId": team, "projectId": project, "id": variable}
    with failing("reading", _NOUN, f"get {_NOUN} {team} {project} {variable}"):
        answer = await client.send(GET, at)
    shown = None if answer.get("type") == "sensitive" else answer.get("value", "")
    return _state(answer, {**at, "value": shown, "valueWoVersion": None}, client.team_of(at) or None)


def _creation(plan: Document) -> Document:
    optional = without_empty(
        {"target": items(plan["targets"]), "customEnvironmentIds": items(plan["customEnvironmentIds"])}
    )
    return {
        "key": text(plan["key"]),
        "value": text(plan["value"]),
        **optional,
        **without_null({"gitBranch": text_pointer(plan["gitBranch"])}),
        "type": _kind(plan),
        "comment": text(plan["comment"]),
    }


def _kind(plan: Document) -> str:
    return "encrypted" if plan["sensitive"] is False else "sensitive"


def _state(answer: Document, before: Document, team: str | None) -> Document:
    sensitive = answer.get("type") == "sensitive"
    value = before["value"]
    return {
        "id": answer["id"],
        "projectId": before["projectId"],
        "teamId": team,
        "key": answer["key"],
        "value": None if value is None else (value if sensitive else answer.get("value", "")),
        "valueWo": None,
        "valueWoVersion": before["valueWoVersion"],
        "targets": list(answer.get("target") or []),
        "customEnvironmentIds": list(answer.get("customEnvironmentIds") or []),
        "gitBranch": answer.get("gitBranch"),
        "sensitive": sensitive,
        "comment": answer.get("comment") or "",
    }


async def _explain(client: Client, plan: Document, error: ApiError) -> str:
    """The real provider's text for a refused creation: what failed, and the id of the variable in the way."""
    details = part(error.document, "error")
    if error.code == _CONFLICT and error.status == 400:  # noqa: PLR2004 - the HTTP status
        found = await _conflicting(client, plan, details)
        if found:
            return f"{error} the conflicting environment variable ID is {found}"
    failed: list[Any] = as_object(error.document).get("failed") or []
    if not failed:
        return str(error)
    first = part(failed[0], "error")
    message = str(first.get("message", ""))
    if first.get("code") == _CONFLICT:
        found = await _conflicting(client, plan, first)
        if found:
            return f"failed to create environment variable, {message}, conflicting environment variable ID is {found}"
    link = first.get("link")
    return f"failed to create environment variable, {message}" + (f" (see {link})" if link else "")


async def _conflicting(client: Client, plan: Document, details: Document) -> str | None:
    project, team = text(plan["projectId"]), text(plan["teamId"])
    page = await client.send(LIST, plan, query={"decrypt": "true", "limit": "100"})
    targets: list[str] = details.get("target") or []
    for each in page.get("envs", []):
        if each["key"] != (details.get("envVarKey") or "") or each.get("gitBranch") != details.get("gitBranch"):
            continue
        if targets and not set(targets) & set(each.get("target") or []):
            continue
        return "/".join(part for part in (team, project, each["id"]) if part)
    return None


async def _validate(_client: Client, inputs: Document) -> list[Failure]:
    failures: list[Failure] = []
    if inputs["valueWo"] is not None or inputs["valueWoVersion"] is not None:
        failures.append(Failure("valueWo", "The stand-in does not know write-only values: give `value`."))
    elif inputs["value"] is None:
        failures.append(Failure("value", "Exactly one of `value` and `valueWo` must be given."))
    if inputs["targets"] is None and inputs["customEnvironmentIds"] is None:
        failures.append(Failure("targets", "At least one of `targets` and `customEnvironmentIds` must be given."))
    return failures


async def _review(client: Client, plan: Document) -> None:
    summary = "Project Environment Variable Invalid"
    targets, environments = items(plan["targets"]), items(plan["customEnvironmentIds"])
    if "development" in targets and plan["sensitive"] is not False:
        raise ResourceError(
            summary, "Environment variables targeting `development` must explicitly set `sensitive = false`."
        )
    new = not known(plan["id"])
    if plan["sensitive"] is not False or not new or (targets == ["development"] and not environments):
        return
    team = await client.find_team(plan)
    if team.get("sensitiveEnvironmentVariablePolicy") == "on":
        raise ResourceError(
            summary,
            "This team has a policy that forces environment variables targeting `preview`, `production`, or custom "
            "environments to be sensitive. Set `sensitive = true` in your configuration.",
        )


RESOURCE = Resource(
    "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable", FIELDS, _create, _read, _delete,
    update=_update, find=_find, validate=_validate, review=_review,
)  # fmt: skip
