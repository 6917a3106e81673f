"""vercel.ProjectProtectionBypass: a secret with which automation passes a project's deployment protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import length, matches
from parity_sandbox.standin.errors import ApiError, ResourceError, StandInError, not_found
from parity_sandbox.standin.golang import flag, known, text, text_pointer, without_empty, without_null
from parity_sandbox.standin.resources.shared import GET_PROJECT, PROJECT_ID, get_project, part, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

CHANGE = Call("PATCH", "/v10/projects/{project}/protection-bypass")
_SCOPE = "automation-bypass"
_ALONE = (
    "Vercel requires exactly one bypass per project to have is_env_var = true, and this is currently the only bypass "
    "on the project. Leave is_env_var unset, or also define another vercel_project_protection_bypass on the same "
    "project with is_env_var = true."
)
_ALONE_SUMMARY = "Invalid is_env_var = false for a solo protection bypass"

FIELDS: dict[str, Field] = {
    "id": Field("string", computed=True, keep=True),
    "projectId": PROJECT_ID,
    "teamId": Field("string", optional=True, computed=True, replace="if configured", keep=True, keep_null=True),
    "secret": Field(
        "string",
        optional=True,
        computed=True,
        replace="always",
        keep=True,
        secret=True,
        checks=(matches("[a-zA-Z0-9]{32}", "secret must be a 32 character alphanumeric string."),),
    ),
    "note": Field("string", optional=True, checks=(length(0, 100),)),
    "isEnvVar": Field("boolean", optional=True, computed=True, keep=True),
    "scope": Field("string", computed=True, keep=True),
    "createdAt": Field("integer", computed=True),
    "createdBy": Field("string", computed=True),
}


async def _create(client: Client, plan: Document) -> Document:
    project, team = text(plan["projectId"]), text(plan["teamId"])
    try:
        async with client.lock(project):
            secret, found = await _generate(client, plan)
    except StandInError as error:
        raise ResourceError(
            "Error creating project protection bypass",
            f"Could not create protection bypass for project {project}: {error}",
        ) from error
    default = bool(found.get("isEnvVar"))
    if plan["isEnvVar"] is False and default:
        await _revoke(client, project, team, secret, promote=False)
        raise ResourceError(_ALONE_SUMMARY, _ALONE)
    if flag(plan["isEnvVar"]) and not default:
        try:
            found = await _patch(client, project, team, {"secret": secret, "isEnvVar": True})
        except StandInError as error:
            raise ResourceError(
                "Error promoting project protection bypass to env var default",
                f"Created bypass but could not set is_env_var=true: {error}",
            ) from error
    return _with_note(_state(project, team, secret, found), plan)


async def _generate(client: Client, plan: Document) -> tuple[str, Document]:
    """Make a bypass; without a secret of our own it is the one that was not there before."""
    project, team, secret = text(plan["projectId"]), text(plan["teamId"]), text(plan["secret"])
    existing: set[str] = set()
    if not secret:
        existing = set(part(await get_project(client, project, team), "protectionBypass"))
    note = text(plan["note"]) if known(plan["note"]) else None
    body = {"generate": {**without_empty({"secret": secret}), **without_null({"note": note})}}
    answer = await client.send(CHANGE, owner=team, project=project, body=body)
    bypasses = part(answer, "protectionBypass")
    for name, each in bypasses.items():
        if name == secret or (not secret and name not in existing and each.get("scope") == _SCOPE):
            return name, each
    raise StandInError("newly generated protection bypass was not present in API response")


async def _patch(client: Client, project: str, team: str, update: Document) -> Document:
    async with client.lock(project):
        answer = await client.send(CHANGE, owner=team, project=project, body={"update": update})
    found = part(answer, "protectionBypass").get(update["secret"])
    if found is None:
        raise ApiError(404, "not_found", "Protection bypass not found")
    return found


async def _get(client: Client, project: str, team: str, secret: str) -> Document:
    found = part(await get_project(client, project, team), "protectionBypass")
    if secret not in found:
        raise ApiError(404, "not_found", "Protection bypass not found")
    return found[secret]


async def _read(client: Client, state: Document) -> Document | None:
    project, team, secret = text(state["projectId"]), text(state["teamId"]), text(state["secret"])
    try:
        return _state(project, team, secret, await _get(client, project, team, secret))
    except StandInError as error:
        if not_found(error):
            return None
        raise ResourceError(
            "Error reading project protection bypass",
            f"Could not read protection bypass for project {project}: {error}",
        ) from error


async def _update(client: Client, state: Document, plan: Document) -> Document:
    project, team, secret = text(plan["projectId"]), text(plan["teamId"]), text(state["secret"])
    moved = plan["isEnvVar"] != state["isEnvVar"] and known(plan["isEnvVar"])
    changes: Document = {}
    if plan["note"] != state["note"]:
        changes["note"] = text(plan["note"])
    if moved and plan["isEnvVar"]:
        changes["isEnvVar"] = True
    found: Document | None = None
    try:
        if moved and not plan["isEnvVar"]:
            found = await _demote(client, project, team, secret)
        if changes:
            found = await _patch(client, project, team, {"secret": secret, **changes})
        if found is None:
            found = await _get(client, project, team, secret)
    except ResourceError:
        raise
    except StandInError as error:
        raise ResourceError(
            "Error updating project protection bypass",
            f"Could not update protection bypass for project {project}: {error}",
        ) from error
    return _with_note(_state(project, team, secret, found), plan)


async def _demote(client: Client, project: str, team: str, secret: str) -> Document:
    """Make another bypass the default; raises ResourceError where there is no other."""
    async with client.lock(project):
        bypasses = part(await get_project(client, project, team), "protectionBypass")
        if secret not in bypasses:
            raise ApiError(404, "not_found", "Protection bypass not found")
        if not bypasses[secret].get("isEnvVar"):
            return bypasses[secret]
        successor = _successor(bypasses, secret)
        if successor is None:
            raise ResourceError(_ALONE_SUMMARY, _ALONE)
        answer = await client.send(CHANGE, owner=team, project=project, body=_promotion(successor))
    return part(answer, "protectionBypass")[secret]


async def _revoke(client: Client, project: str, team: str, secret: str, *, promote: bool) -> None:
    """Revoke a bypass; with `promote`, another one takes its place as the default first, where there is one."""
    async with client.lock(project):
        if promote:
            await _promote_successor(client, project, team, secret)
        body = {"revoke": {"secret": secret, "regenerate": False}}
        await client.send(CHANGE, owner=team, project=project, body=body)


async def _promote_successor(client: Client, project: str, team: str, secret: str) -> None:
    try:
        bypasses = part(await get_project(client, project, team), "protectionBypass")
    except StandInError as error:
        if not_found(error):
            return
        raise
    if secret not in bypasses:
        raise ApiError(404, "not_found", "Protection bypass not found")
    successor = _successor(bypasses, secret)
    if bypasses[secret].get("isEnvVar") and successor is not None:
        await client.send(CHANGE, owner=team, project=project, body=_promotion(successor))


def _successor(bypasses: dict[str, Document], secret: str) -> str | None:
    others = [name for name, each in bypasses.items() if name != secret and each.get("scope") == _SCOPE]
    return min(others) if others else None


def _promotion(secret: str) -> Document:
    return {"update": {"secret": secret, "isEnvVar": True}}


async def _delete(client: Client, state: Document) -> None:
    project, team, secret = text(state["projectId"]), text(state["teamId"]), text(state["secret"])
    try:
        await _revoke(client, project, team, secret, promote=True)
    except StandInError as error:
        if not not_found(error):
            raise ResourceError(
                "Error deleting project protection bypass",
                f"Could not delete protection bypass for project {project}: {error}",
            ) from error


async def _find(client: Client, identifier: str) -> Document | None:
    summary = "Error importing project protection bypass"
    team, project, secret = split(identifier, 2, summary, "project_id/secret")
    try:
        return _state(project, team, secret, await _get(client, project, team, secret))
    except StandInError as error:
        raise ResourceError(summary, f"Could not read protection bypass for project {project}: {error}") from error


def _with_note(state: Document, plan: Document) -> Document:
    if state["note"] is None and known(plan["note"]):
        return {**state, "note": text_pointer(plan["note"])}
    return state


def _state(project: str, team: str, secret: str, found: Document) -> Document:
    return {
        "id": f"{project}/{secret}",
        "projectId": project,
        "teamId": team or None,
        "secret": secret,
        "note": found.get("note"),
        "isEnvVar": found.get("isEnvVar"),
        "scope": found.get("scope", ""),
        "createdAt": int(found.get("createdAt") or 0),
        "createdBy": found.get("createdBy", ""),
    }


RESOURCE = Resource(
    token="vercel:index/projectProtectionBypass:ProjectProtectionBypass",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(GET_PROJECT, CHANGE),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=_find,
)
