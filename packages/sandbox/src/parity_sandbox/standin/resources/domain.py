"""vercel.ProjectDomain: a domain of a project, with what Vercel says of its ownership and DNS."""

from __future__ import annotations

import time
from typing import Any

from parity_sandbox.narrowing import part
from parity_sandbox.standin.checks import one_of
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import ResourceError, StandInError, explained, not_found
from parity_sandbox.standin.golang import flag, known, text, text_pointer, without_empty, without_null
from parity_sandbox.standin.resources.shared import (
    GET_PROJECT,
    ID,
    NO_PROJECT,
    PROJECT_ID,
    TEAM_ID,
    Resource,
    failing,
    split,
)
from parity_sandbox.standin.schema import Call, Document, Failure, Field

CREATE = Call("POST", "/v10/projects/{projectId}/domains")
GET = Call("GET", "/v9/projects/{projectId}/domains/{domain}")
UPDATE = Call("PATCH", "/v9/projects/{projectId}/domains/{domain}")
DELETE = Call("DELETE", "/v9/projects/{projectId}/domains/{domain}")
CONFIG = Call("GET", "/v6/domains/{domain}/config")
_READY_TIMEOUT_SECONDS = 600.0
_TEXT = Field("string", optional=True)
_SAID = Field("string", computed=True)
_NOUN = "project domain"

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
    domain = text(plan["domain"])
    where = f"add domain {domain} to project {text(plan['projectId'])}"
    await _refuse_production_branch(client, plan, where)
    optional = {name: text(plan[name]) for name in ("gitBranch", "customEnvironmentId", "redirect")}
    body = without_empty({**optional, "redirectStatusCode": _number(plan["redirectStatusCode"])})
    with failing("adding", "domain to project", where):
        answer = await client.send(CREATE, plan, body={"name": domain, **body})
    return await _finish(client, plan, answer)


async def _refuse_production_branch(client: Client, plan: Document, where: str) -> None:
    try:
        found = await client.send(GET_PROJECT, plan)
    except StandInError as error:
        if not_found(error):
            raise ResourceError("Error creating project domain", NO_PROJECT) from error
        return  # The real provider goes on, and the next call says what is wrong.
    branch = text(plan["gitBranch"])
    if branch and part(found, "link").get("productionBranch") == branch:
        raise ResourceError(
            "Error adding domain to project",
            f"Could not {where}, the git_branch specified is the production branch. If you want to use this domain as "
            "a production domain, please omit the git_branch field.",
        )


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    body = {
        "gitBranch": text_pointer(plan["gitBranch"]),
        **without_null({"customEnvironmentId": text_pointer(plan["customEnvironmentId"])}),
        "redirect": text_pointer(plan["redirect"]),
        "redirectStatusCode": _number(plan["redirectStatusCode"]),
    }
    with failing("updating", _NOUN, f"update {_named(plan)}"):
        answer = await client.send(UPDATE, plan, body=body)
    return await _finish(client, plan, answer)


def _named(at: Document) -> str:
    return f"domain {text(at['domain'])} for project {text(at['projectId'])}"


async def _finish(client: Client, plan: Document, answer: Any) -> Document:
    if flag(plan["waitForReady"]):
        answer, config = await _wait(client, plan)
    else:
        config = await _config(client, plan)
    return _state(client, answer, config, plan)


async def _wait(client: Client, plan: Document) -> tuple[Any, Any]:
    """Read the domain until it is verified and its DNS is right; raises ResourceError after ten minutes."""
    failure = "Error waiting for project domain", f"Could not wait for {_named(plan)} to become ready"
    end = time.monotonic() + _READY_TIMEOUT_SECONDS
    while True:
        with explained(*failure):
            answer = await client.send(GET, plan)
        config = await _config(client, plan)
        if answer.get("verified") and not config.get("misconfigured"):
            return answer, config
        if time.monotonic() >= end:
            reasons = [] if answer.get("verified") else ["domain ownership verification is still pending"]
            reasons += ["DNS configuration is still invalid"] if config.get("misconfigured") else []
            raise ResourceError(failure[0], f"{failure[1]}: {'; '.join(reasons)}")
        await client.sleep(client.poll_seconds)


async def _config(client: Client, plan: Document) -> Document:
    project, domain = text(plan["projectId"]), text(plan["domain"])
    what = f"Could not get DNS configuration for domain {domain} and project {project}, unexpected error"
    with explained("Error reading project domain configuration", f"{what}: unable to get domain config"):
        return await client.send(CONFIG, plan, query={"projectIdOrName": project})


async def _read(client: Client, state: Document, *, gone: bool = True) -> Document:
    with failing("reading", _NOUN, f"get {_named(state)}", gone=gone):
        answer = await client.send(GET, state)
    return _state(client, answer, await _config(client, state), state)


async def _delete(client: Client, state: Document) -> None:
    with failing("deleting", "project", f"delete {_named(state)}", gone=True):
        await client.send(DELETE, state)


async def _find(client: Client, identifier: str) -> Document:
    team, project, domain = split(identifier, 2, f"Error importing {_NOUN}", "project_id/domain")
    at = {"projectId": project, "teamId": team, "domain": domain, "waitForReady": None}
    return await _read(client, at, gone=False)


def _number(value: Any) -> int | None:
    return value if known(value) else None


def _state(client: Client, answer: Any, config: Any, at: Document) -> Document:
    challenges: list[Document] = answer.get("verification") or []
    return {
        "id": answer["name"],
        "projectId": answer["projectId"],
        "teamId": client.team_of(at) or None,
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
        "waitForReady": at["waitForReady"],
    }


async def _validate(_client: Client, inputs: Document) -> list[Failure]:
    if inputs["gitBranch"] is not None and inputs["customEnvironmentId"] is not None:
        return [Failure("gitBranch", "conflicts with customEnvironmentId")]
    return []


RESOURCE = Resource(
    "vercel:index/projectDomain:ProjectDomain", FIELDS, _create, _read, _delete,
    update=_update, find=_find, validate=_validate,
)  # fmt: skip
