"""Routes of the account: user, teams, webhooks."""

from __future__ import annotations

from parity_sandbox.routing import context_of
from parity_sandbox.store import Document
from parity_sandbox.vercel import webhooks, wire
from parity_sandbox.vercel.errors import NotFound
from parity_sandbox.vercel.wire import Call, route
from parity_sandbox.vercel.world import USER, default_team, find_team

_MADE = 1_767_225_600_000
"""When the sandbox's token says that it was made, in milliseconds since 1970."""


def _user(call: Call) -> Document:
    team = default_team(context_of(call.request))
    return {"user": {**USER, "defaultTeamId": None if team is None else team["id"]}}


def _token(call: Call) -> Document:
    if call.path("tokenId") != "current":
        raise NotFound("Token not found.")
    used = {"createdAt": _MADE, "activeAt": call.world.now}
    scopes = [{"type": "user", "origin": "manual", "createdAt": _MADE}]
    return {"token": {"id": "current", "name": "sandbox", "type": "token", "scopes": scopes, **used}}


def _teams(call: Call) -> Document:
    return wire.paged(call, "teams", context_of(call.request).store.collection("vercel", "teams").all())


def _team(call: Call) -> Document:
    team = find_team(context_of(call.request), call.path("teamId"))
    if team is None:
        raise NotFound("Team not found.")
    return team


def _rename_team(call: Call) -> Document:
    changed = {**_team(call), **call.body({"slug": "string", "name": "string"})}
    return context_of(call.request).store.collection("vercel", "teams").put(changed["id"], changed)


def _members(call: Call) -> Document:
    since = _team(call)["createdAt"]
    member = {
        "avatar": USER["avatar"] or "", "confirmed": True, "createdAt": since, "accessRequestedAt": since,
        "email": USER["email"], "name": USER["name"], "role": "OWNER", "uid": USER["id"], "username": USER["username"],
    }  # fmt: skip
    shown, pagination = wire.page(call, [member])
    return {"members": shown, "emailInviteCodes": [], "pagination": {"hasNext": False, **pagination}}


def _create_webhook(call: Call) -> Document:
    return webhooks.create(call.world, call.body())


def _list_webhooks(call: Call) -> list[Document]:
    return list(reversed(webhooks.of_owner(call.world, call.query("projectId"))))


def _read_webhook(call: Call) -> Document:
    return call.world.owned("webhooks", call.path("id"), "Webhook not found.")


def _delete_webhook(call: Call) -> None:
    call.world.collection("webhooks").delete(_read_webhook(call)["id"])


ROUTES = (
    route("GET", "/v2/user", _user, "getAuthUser; client/user.go"),
    route("GET", "/v5/user/tokens/{tokenId}", _token, "getAuthToken", "Only `current`, which does not expire."),
    route("GET", "/v2/teams", _teams, "getTeams"),
    route("GET", "/v2/teams/{teamId}", _team, "getTeam; client/team.go"),
    route("PATCH", "/v2/teams/{teamId}", _rename_team, "patchTeam", "Slug and name alone."),
    route("GET", "/v3/teams/{teamId}/members", _members, "getTeamMembers", "The token's account alone."),
    route("GET", "/v1/webhooks", _list_webhooks, "getWebhooks"),
    route("POST", "/v1/webhooks", _create_webhook, "createWebhook; client/webhook.go", "Nothing is sent."),
    route("GET", "/v1/webhooks/{id}", _read_webhook, "getWebhook; client/webhook.go"),
    route("DELETE", "/v1/webhooks/{id}", _delete_webhook, "deleteWebhook; client/webhook.go"),
)
