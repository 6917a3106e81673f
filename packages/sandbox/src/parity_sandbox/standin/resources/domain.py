"""vercel.ProjectDomain: a domain of a project, with what Vercel says of its ownership and DNS."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import one_of
from parity_sandbox.standin.errors import ResourceError, StandInError, explained, not_found
from parity_sandbox.standin.golang import flag, known, text, text_pointer, without_empty, without_null
from parity_sandbox.standin.resources.shared import (
    GET_PROJECT,
    ID,
    NO_PROJECT,
    PROJECT_ID,
    TEAM_ID,
    get_project,
    part,
    split,
    team_or_null,
)
from parity_sandbox.standin.schema import Document, Failure, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

CREATE = Call("POST", "/v10/projects/{project}/domains")
GET = Call("GET", "/v9/projects/{project}/domains/{domain}")
UPDATE = Call("PATCH", "/v9/projects/{project}/domains/{domain}")
DELETE = Call("DELETE", "/v9/projects/{project}/domains/{domain}")
CONFIG = Call("GET", "/v6/domains/{domain}/config")
_READY_TIMEOUT_SECONDS = 600.0
_TEXT = Field("string", optional=True)
_SAID = Field("string", computed=True)

FIELDS: dict[str, Field] = {
    "id": ID,
    "projectId": PROJECT_ID,
    "teamId": TEAM_ID,
    "domain": Field("string", required=True, replace="always"),
    "redirect": _TEXT,
    "redirectStatusCode": Field("integer", optional=True, checks=(one_of(301, 302, 307, 308),)),
    "gitBranch": _TEXT,
    "customEnvironmentId": _TEXT,
    "waitForReady": Field("boolean", optional=True),
    "verified": Field("boolean", computed=True),
    "verifications": Field(
        "list",
        computed=True,
        element=Field("object", fields={"type": _SAID, "domain": _SAID, "value": _SAID, "reason": _SAID}),
    ),
    "misconfigured": Field("boolean", computed=True),
}


async def _create(client: Client, plan: Document) -> Document:
    project, team, domain = text(plan["projectId"]), text(plan["teamId"]), text(plan["domain"])
    where = f"Could not add domain {domain} to project {project}"
    await _refuse_production_branch(client, plan, where)
    body = {
        "name": domain,
        **without_empty(
            {
                "gitBranch": text(plan["gitBranch"]),
                "customEnvironmentId": text(plan["customEnvironmentId"]),
                "redirect": text(plan["redirect"]),
                "redirectStatusCode": _number(plan["redirectStatusCode"]),
            }
        ),
    }
    with explained("Error adding domain to project", f"{where}, unexpected error"):
        answer = await client.send(CREATE, owner=team, project=project, body=body)
    return await _finish(client, plan, answer)


async def _refuse_production_branch(client: Client, plan: Document, where: str) -> None:
    try:
        found = await get_project(client, text(plan["projectId"]), text(plan["teamId"]))
    except StandInError as error:
        if not_found(error):
            raise ResourceError("Error creating project domain", NO_PROJECT) from error
        return  # The real provider goes on, and the next call says what is wrong.
    branch = text(plan["gitBranch"])
    if branch and part(found, "link").get("productionBranch") == branch:
        raise ResourceError(
            "Error adding domain to project",
            f"{where}, the git_branch specified is the production branch. If you want to use this domain as a "
            "production domain, please omit the git_branch field.",
        )


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    project, team, domain = text(plan["projectId"]), text(plan["teamId"]), text(plan["domain"])
    body = {
        "gitBranch": text_pointer(plan["gitBranch"]),
        **without_null({"customEnvironmentId": text_pointer(plan["customEnvironmentId"])}),
        "redirect": text_pointer(plan["redirect"]),
        "redirectStatusCode": _number(plan["redirectStatusCode"]),
    }
    what = f"Could not update domain {domain} for project {project}, unexpected error"
    with explained("Error updating project domain", what):
        answer = await client.send(UPDATE, owner=team, project=project, domain=domain, body=body)
    return await _finish(client, plan, answer)


async def _finish(client: Client, plan: Document, answer: Any) -> Document:
    if flag(plan["waitForReady"]):
        answer, config = await _wait(client, plan)
    else:
        config = await _config(client, plan)
    return {**_state(client, answer, config, text(plan["teamId"])), "waitForReady": plan["waitForReady"]}


async def _wait(client: Client, plan: Document) -> tuple[Any, Any]:
    """Read the domain until it is verified and its DNS is right; raises ResourceError after ten minutes."""
    project, team, domain = text(plan["projectId"]), text(plan["teamId"]), text(plan["domain"])
    end = time.monotonic() + _READY_TIMEOUT_SECONDS
    while True:
        with explained(*_not_ready(plan)):
            answer = await client.send(GET, owner=team, project=project, domain=domain)
        config = await _config(client, plan)
        if answer.get("verified") and not config.get("misconfigured"):
            return answer, config
        if time.monotonic() >= end:
            reasons = [] if answer.get("verified") else ["domain ownership verification is still pending"]
            reasons += ["DNS configuration is still invalid"] if config.get("misconfigured") else []
            summary, what = _not_ready(plan)
            raise ResourceError(summary, f"{what}: {'; '.join(reasons)}")
        await client.sleep(client.poll_seconds)


def _not_ready(plan: Document) -> tuple[str, str]:
    where = f"{plan['domain']} for project {plan['projectId']}"
    return "Error waiting for project domain", f"Could not wait for domain {where} to become ready"


async def _config(client: Client, plan: Document) -> Document:
    project, domain = text(plan["projectId"]), text(plan["domain"])
    what = f"Could not get DNS configuration for domain {domain} and project {project}, unexpected error"
    with explained("Error reading project domain configuration", f"{what}: unable to get domain config"):
        return await client.send(CONFIG, owner=text(plan["teamId"]), query={"projectIdOrName": project}, domain=domain)


async def _read(client: Client, state: Document) -> Document:
    return await _get(client, state, gone=True)


async def _get(client: Client, at: Document, *, gone: bool) -> Document:
    project, team, domain = text(at["projectId"]), text(at["teamId"]), text(at["domain"])
    what = f"Could not get domain {domain} for project {project}, unexpected error"
    with explained("Error reading project domain", what, gone=gone):
        answer = await client.send(GET, owner=team, project=project, domain=domain)
    return {**_state(client, answer, await _config(client, at), team), "waitForReady": at["waitForReady"]}


async def _delete(client: Client, state: Document) -> None:
    project, domain = text(state["projectId"]), text(state["domain"])
    what = f"Could not delete domain {domain} for project {project}, unexpected error"
    with explained("Error deleting project", what, gone=True):
        await client.send(DELETE, owner=text(state["teamId"]), project=project, domain=domain)


async def _find(client: Client, identifier: str) -> Document:
    team, project, domain = split(identifier, 2, "Error importing project domain", "project_id/domain")
    at = {"projectId": project, "teamId": team, "domain": domain, "waitForReady": None}
    return await _get(client, at, gone=False)


def _number(value: Any) -> int | None:
    return value if known(value) else None


def _state(client: Client, answer: Any, config: Any, team: str) -> Document:
    challenges: list[Document] = answer.get("verification") or []
    return {
        "id": answer["name"],
        "projectId": answer["projectId"],
        "teamId": team_or_null(client, team),
        "domain": answer["name"],
        "redirect": answer.get("redirect"),
        "redirectStatusCode": answer.get("redirectStatusCode"),
        "gitBranch": answer.get("gitBranch"),
        "customEnvironmentId": answer.get("customEnvironmentId"),
        "verified": bool(answer.get("verified")),
        "verifications": [
            {name: each.get(name) or "" for name in ("type", "domain", "value", "reason")} for each in challenges
        ],
        "misconfigured": bool(config.get("misconfigured")),
    }


async def _validate(_client: Client, inputs: Document) -> list[Failure]:
    if inputs["gitBranch"] is not None and inputs["customEnvironmentId"] is not None:
        return [Failure("gitBranch", "conflicts with customEnvironmentId")]
    return []


RESOURCE = Resource(
    token="vercel:index/projectDomain:ProjectDomain",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(GET_PROJECT, CREATE, GET, UPDATE, DELETE, CONFIG),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=_find,
    validate=_validate,
)
