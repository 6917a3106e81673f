"""Routes of the account: user, teams, webhooks, and the public lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.routing import Route
from parity_sandbox.vercel import catalogue, webhooks, wire
from parity_sandbox.vercel.errors import NotFound
from parity_sandbox.vercel.world import USER, default_team, find_team

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


_MADE = 1_767_225_600_000
"""When the sandbox's token says that it was made, in milliseconds since 1970."""


async def _user(request: Request) -> Response:
    team = default_team(wire.context_of(request))
    return wire.answer({"user": {**USER, "defaultTeamId": None if team is None else team["id"]}})


async def _token(request: Request) -> Response:
    if request.path_params["tokenId"] != "current":
        raise NotFound("Token not found.")
    used = {"createdAt": _MADE, "activeAt": wire.world_of(request).now}
    scopes = [{"type": "user", "origin": "manual", "createdAt": _MADE}]
    return wire.answer({"token": {"id": "current", "name": "sandbox", "type": "token", "scopes": scopes, **used}})


async def _teams(request: Request) -> Response:
    teams = wire.context_of(request).store.collection("vercel", "teams").all()
    shown, pagination = wire.page(request, teams)
    return wire.answer({"teams": shown, "pagination": pagination})


async def _team(request: Request) -> Response:
    team = find_team(wire.context_of(request), request.path_params["teamId"])
    if team is None:
        raise NotFound("Team not found.")
    return wire.answer(team)


async def _rename_team(request: Request) -> Response:
    context = wire.context_of(request)
    team = find_team(context, request.path_params["teamId"])
    if team is None:
        raise NotFound("Team not found.")
    body = await wire.body_of(request, {"slug": "string", "name": "string"})
    return wire.answer(context.store.collection("vercel", "teams").put(team["id"], {**team, **body}))


async def _members(request: Request) -> Response:
    team = find_team(wire.context_of(request), request.path_params["teamId"])
    if team is None:
        raise NotFound("Team not found.")
    member = {
        "avatar": USER["avatar"] or "", "confirmed": True, "createdAt": team["createdAt"],
        "accessRequestedAt": team["createdAt"], "email": USER["email"], "name": USER["name"], "role": "OWNER",
        "uid": USER["id"], "username": USER["username"],
    }  # fmt: skip
    shown, pagination = wire.page(request, [member])
    return wire.answer({"members": shown, "emailInviteCodes": [], "pagination": {"hasNext": False, **pagination}})


async def _create_webhook(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(webhooks.create(world, await wire.body_of(request, webhooks.SHAPE)))


async def _list_webhooks(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(list(reversed(webhooks.of_owner(world, request.query_params.get("projectId")))))


async def _read_webhook(request: Request) -> Response:
    return wire.answer(webhooks.find(wire.world_of(request), request.path_params["id"]))


async def _delete_webhook(request: Request) -> Response:
    webhooks.delete(wire.world_of(request), request.path_params["id"])
    return wire.nothing(204)


async def frameworks(_request: Request) -> Response:
    """The list of frameworks, as api-frameworks.zeit.sh gives it."""
    return wire.answer([{"name": slug, "slug": slug} for slug in catalogue.FRAMEWORKS])


async def regions(_request: Request) -> Response:
    """The regions with what they can do, as dcs.vercel-infra.com gives them."""
    return wire.answer({region: {"caps": ["V2_DEPLOYMENT_CREATE"]} for region in catalogue.REGIONS})


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v2/user", _user, "getAuthUser; client/user.go"),
    Route("GET", "/v5/user/tokens/{tokenId}", _token, "getAuthToken", ("Only `current`, which does not expire.",)),
    Route("GET", "/v2/teams", _teams, "getTeams"),
    Route("GET", "/v2/teams/{teamId}", _team, "getTeam; client/team.go"),
    Route("PATCH", "/v2/teams/{teamId}", _rename_team, "patchTeam", ("Slug and name alone.",)),
    *(
        Route("GET", f"/{v}/teams/{{teamId}}/members", _members, "getTeamMembers", ("The token's account alone.",))
        for v in ("v2", "v3")
    ),
    Route("GET", "/v1/webhooks", _list_webhooks, "getWebhooks"),
    Route("POST", "/v1/webhooks", _create_webhook, "createWebhook; client/webhook.go", ("Nothing is sent.",)),
    Route("GET", "/v1/webhooks/{id}", _read_webhook, "getWebhook; client/webhook.go"),
    Route("DELETE", "/v1/webhooks/{id}", _delete_webhook, "deleteWebhook; client/webhook.go"),
)
