"""vercel.ProjectProtectionBypass: a secret with which automation passes a project's deployment protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import length, matches
from parity_sandbox.standin.errors import ApiError, ResourceError, StandInError, explained, not_found
from parity_sandbox.standin.golang import flag, known, text, text_pointer, without_empty, without_null
from parity_sandbox.standin.resources.shared import GET_PROJECT, PROJECT_ID, get_project, part, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

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
    with _explained("create", project):
        async with client.lock(project):
            secret, found = await _generate(client, plan)
    default = bool(found.get("isEnvVar"))
    if plan["isEnvVar"] is False and default:
        await _revoke(client, project, team, secret, promote=False)
        raise ResourceError(_ALONE_SUMMARY, _ALONE)
    if flag(plan["isEnvVar"]) and not default:
        summary = "Error promoting project protection bypass to env var default"
        with explained(summary, "Created bypass but could not set is_env_var=true"):
            found = await _patch(client, project, team, {"secret": secret, "isEnvVar": True})
    return _with_note(_state(project, team, secret, found), plan)


_DOING = {"create": "creating", "read": "reading", "update": "updating", "delete": "deleting"}


def _explained(verb: str, project: str, *, gone: bool = False) -> AbstractContextManager[None]:
    summary = f"Error {_DOING[verb]} project protection bypass"
    return explained(summary, f"Could not {verb} protection bypass for project {project}", gone=gone)


async def _generate(client: Client, plan: Document) -> tuple[str, Document]:
    """Make a bypass; without a secret of our own it is the one that was not there before."""
    project, team, secret = text(plan["projectId"]), text(plan["teamId"]), text(plan["secret"])
    existing: set[str] = set()
    if not secret:
        existing = set(await _bypasses(client, project, team))
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
    return _known(part(answer, "protectionBypass"), update["secret"])


def _known(bypasses: Document, secret: str) -> Document:
    if secret not in bypasses:
        raise ApiError(404, "not_found", "Protection bypass not found")
    return bypasses[secret]


async def _bypasses(client: Client, project: str, team: str) -> Document:
    return part(await get_project(client, project, team), "protectionBypass")


async def _read(client: Client, state: Document) -> Document:
    project, team, secret = text(state["projectId"]), text(state["teamId"]), text(state["secret"])
    with _explained("read", project, gone=True):
        return _state(project, team, secret, _known(await _bypasses(client, project, team), secret))


async def _update(client: Client, state: Document, plan: Document) -> Document:
    project, team, secret = text(plan["projectId"]), text(plan["teamId"]), text(state["secret"])
    moved = plan["isEnvVar"] != state["isEnvVar"] and known(plan["isEnvVar"])
    changes: Document = {}
    if plan["note"] != state["note"]:
        changes["note"] = text(plan["note"])
    if moved and plan["isEnvVar"]:
        changes["isEnvVar"] = True
    found: Document | None = None
    with _explained("update", project):
        if moved and not plan["isEnvVar"]:
            found = await _demote(client, project, team, secret)
        if changes:
            found = await _patch(client, project, team, {"secret": secret, **changes})
        if found is None:
            found = _known(await _bypasses(client, project, team), secret)
    return _with_note(_state(project, team, secret, found), plan)


async def _demote(client: Client, project: str, team: str, secret: str) -> Document:
    """Make another bypass the default; raises ResourceError where there is no other."""
    async with client.lock(project):
        bypasses = await _bypasses(client, project, team)
        if not _known(bypasses, secret).get("isEnvVar"):
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
        bypasses = await _bypasses(client, project, team)
    except StandInError as error:
        if not_found(error):
            return
        raise
    successor = _successor(bypasses, secret)
    if _known(bypasses, secret).get("isEnvVar") and successor is not None:
        await client.send(CHANGE, owner=team, project=project, body=_promotion(successor))


def _successor(bypasses: dict[str, Document], secret: str) -> str | None:
    others = [name for name, each in bypasses.items() if name != secret and each.get("scope") == _SCOPE]
    return min(others) if others else None


def _promotion(secret: str) -> Document:
    return {"update": {"secret": secret, "isEnvVar": True}}


async def _delete(client: Client, state: Document) -> None:
    project, team, secret = text(state["projectId"]), text(state["teamId"]), text(state["secret"])
    with _explained("delete", project, gone=True):
        await _revoke(client, project, team, secret, promote=True)


async def _find(client: Client, identifier: str) -> Document:
    summary = "Error importing project protection bypass"
    team, project, secret = split(identifier, 2, summary, "project_id/secret")
    with explained(summary, f"Could not read protection bypass for project {project}"):
        return _state(project, team, secret, _known(await _bypasses(client, project, team), secret))


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
