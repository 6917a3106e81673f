"""vercel.Deployment: built from a commit of the project's repository; every change but one replaces it."""

from __future__ import annotations

from typing import Any, cast

from parity_sandbox.narrowing import part
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import StandInError, UnknownToStandInError
from parity_sandbox.standin.golang import flag, known, text, without_empty
from parity_sandbox.standin.resources.git_metadata import git_metadata
from parity_sandbox.standin.resources.project import check_framework
from parity_sandbox.standin.resources.shared import (
    GET_PROJECT,
    ID,
    PROJECT_ID,
    TEAM_ID,
    Resource,
    failing,
    require_project,
)
from parity_sandbox.standin.schema import UNKNOWN, Call, Document, Failure, Field

CREATE = Call("POST", "/v12/now/deployments")
GET = Call("GET", "/v13/deployments/{id}")
DELETE = Call("DELETE", "/v13/deployments/{id}")
_TEXT = Field("string", optional=True, replace="always")
_NOUN = "deployment"

FIELDS: dict[str, Field] = {
    "id": ID,
    "projectId": PROJECT_ID,
    "teamId": TEAM_ID,
    "domains": Field("list", computed=True, replace="always"),
    "environment": Field("map", optional=True, replace="always", secret=True),
    "meta": Field("map", optional=True, computed=True, replace="if configured", keep=True),
    "url": Field("string", computed=True, keep=True),
    "production": Field("boolean", optional=True, computed=True, replace="always"),
    "ref": _TEXT,
    "projectSettings": Field(
        "object",
        optional=True,
        replace="always",
        fields={
            "buildCommand": _TEXT,
            "framework": _TEXT,
            "installCommand": _TEXT,
            "outputDirectory": _TEXT,
            "rootDirectory": _TEXT,
        },
    ),
    "deleteOnDestroy": Field("boolean", optional=True),
    "customEnvironmentId": _TEXT,
}


async def _create(client: Client, plan: Document) -> Document:
    trouble = "Unexpected error reading project: unable to get project"
    found = await require_project(client, plan, f"Error creating {_NOUN}", trouble)
    metadata = await git_metadata(found.get("link"))
    with failing("creating", _NOUN, "create deployment"):
        # The real provider asks for the project once more before it sends the commit.
        source = _source(await client.send(GET_PROJECT, plan), text(plan["ref"]))
        body = {**_creation(plan), "gitSource": source, **without_empty({"gitMetadata": metadata})}
        answer = await client.send(CREATE, plan, query={"skipAutoDetectionConfirmation": "1"}, body=body)
        answer, owner = await _finish(client, plan, answer)
    return _state(answer, plan, owner)


def _creation(plan: Document) -> Document:
    environment = _texts(plan["environment"])
    settings: Document = {"sourceFilesOutsideRootDirectory": True}
    own = plan["projectSettings"]
    if known(own):
        for name in ("buildCommand", "framework", "installCommand", "outputDirectory"):
            if own[name] is None or text(own[name]):
                settings[name] = own[name]
        if own["rootDirectory"] is None:
            settings["rootDirectory"] = None
    return {
        "project": text(plan["projectId"]),
        "name": text(plan["projectId"]),
        "build": without_empty({"env": environment}),
        "projectSettings": settings,
        **without_empty(
            {
                "env": environment,
                "target": "production" if flag(plan["production"]) else "",
                "customEnvironmentSlugOrId": text(plan["customEnvironmentId"]),
                "meta": _texts(plan["meta"]),
            }
        ),
    }


def _texts(value: Any) -> dict[str, str]:
    if not known(value):
        return {}
    return {name: each for name, each in cast("Document", value).items() if known(each)}


def _source(project: Document, ref: str) -> Document:
    link: Document = project.get("link") or {}
    if link.get("type") == "github":
        return {"type": "github", **without_empty({"org": link.get("org"), "repo": link.get("repo")}), "ref": ref}
    if link.get("type") == "gitlab":
        return {"type": "gitlab", **without_empty({"projectId": int(link.get("projectId") or 0)}), "ref": ref}
    if link.get("type") == "bitbucket":
        return {
            "type": "bitbucket",
            **without_empty({"owner": link.get("owner"), "slug": link.get("slug")}),
            "ref": ref,
        }
    raise StandInError("unable to deploy project by ref: project has no linked git repository")


async def _finish(client: Client, plan: Document, answer: Any) -> tuple[Document, str | None]:
    """Read the deployment until its aliases are assigned; raises StandInError where it failed.

    Gives the answer, and the team, which the real provider knows only from its second read on.
    """
    owner: str | None = None
    while not answer.get("aliasAssigned") or answer.get("aliasError"):
        _raise_failure(answer, text(plan["projectId"]))
        await client.sleep(client.poll_seconds)
        try:
            answer = await client.send(GET, {**plan, "id": answer["id"]})
        except StandInError as error:
            raise StandInError(f"error getting deployment: {error}") from error
        owner = client.team_of(plan) or None
    return answer, owner


def _raise_failure(answer: Document, project: str) -> None:
    user = part(answer, "creator").get("username", "")
    logs = f"https://vercel.com/{user}/{project}/{str(answer.get('id', '')).removeprefix('dpl_')}"
    more = f"Visit {logs} for more information"
    if answer.get("readyState") == "CANCELED":
        raise StandInError("deployment canceled")
    if answer.get("readyState") == "ERROR":
        raise StandInError(f"{answer.get('errorCode') or ''} - {answer.get('errorMessage') or ''}. {more}")
    if answer.get("checksConclusion") == "failed":
        raise StandInError(f"deployment checks have failed. {more}")
    trouble: Document | None = answer.get("aliasError")
    if trouble:
        raise StandInError(f"{trouble.get('code', '')} - {trouble.get('message', '')}. {more}")


async def _read(client: Client, state: Document) -> Document:
    with failing("reading", _NOUN, f"get deployment {text(state['teamId'])} {text(state['id'])}", gone=True):
        answer = await client.send(GET, state)
    return _state(answer, state, client.team_of(state) or None)


async def _update(_client: Client, state: Document, plan: Document) -> Document:
    return {**state, "deleteOnDestroy": plan["deleteOnDestroy"]}


async def _delete(client: Client, state: Document) -> None:
    """Delete it only where `deleteOnDestroy` says so; else it stays at Vercel."""
    if flag(state["deleteOnDestroy"]):
        with failing("deleting", _NOUN, f"delete deployment {state['url']}"):
            await client.send(DELETE, state)


def _state(answer: Document, before: Document, team: str | None) -> Document:
    asked = before["production"]
    return {
        "id": answer["id"],
        "projectId": answer.get("projectId", ""),
        "teamId": team,
        "domains": list(answer.get("alias") or []),
        "environment": before["environment"] if known(before["environment"]) else None,
        "meta": _meta(answer, before["meta"]),
        "url": answer.get("url", ""),
        "production": answer.get("target") == "production" and (asked is True or asked is UNKNOWN),
        "ref": part(answer, "gitSource").get("ref") or None,
        "projectSettings": before["projectSettings"] if known(before["projectSettings"]) else None,
        "deleteOnDestroy": before["deleteOnDestroy"],
        "customEnvironmentId": part(answer, "customEnvironment").get("id") or None,
    }


def _meta(answer: Document, before: Any) -> dict[str, str] | None:
    """Only the keys that the program gave; Vercel adds its own."""
    if not known(before):
        return None
    said: dict[str, str] = answer.get("meta") or {}
    return {name: said.get(name, value) for name, value in _texts(before).items()}


async def _validate(client: Client, inputs: Document) -> list[Failure]:
    settings: Any = inputs["projectSettings"] if known(inputs["projectSettings"]) else {}
    failures = await check_framework(client, settings.get("framework"), "projectSettings.framework")
    if inputs["ref"] is None:
        reason = f"Deployment Invalid: A Deployment must have either `ref` or `files` specified. {_FILES}"
        failures.append(Failure("ref", reason))
    return failures


_FILES = str(UnknownToStandInError("`files`"))

RESOURCE = Resource(
    "vercel:index/deployment:Deployment", FIELDS, _create, _read, _delete, update=_update, validate=_validate,
)  # fmt: skip
