"""What exists before anybody asks: teams, domains that an account has, and what DNS says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.vercel.documents import items, part
from parity_sandbox.vercel.world import SERVICE, USER, stable_id

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


def seed(context: Context, document: Document) -> None:
    """Make what the seed's `vercel` part names and does not exist yet.

    The form is `{"teams": [{"id", "slug", "name"}], "domains": [{"name", "team"}], "dns": [{"name", "misconfigured",
    "txt"}]}`, alone or under `vercel`; ids may be left out. A second time changes nothing, but that `dns` is replaced.
    """
    given = part(document, "vercel") or document
    with context.store.transaction():
        for team in items(given, "teams"):
            _team(context, team)
        for domain in items(given, "domains"):
            _claim(context, domain)
        for record in items(given, "dns"):
            records = context.store.collection(SERVICE, "dns")
            records.delete(record["name"])
            records.insert(record["name"], dict(record))


def _team(context: Context, given: Document) -> None:
    teams = context.store.collection(SERVICE, "teams")
    if teams.first(slug=given["slug"]) is not None:
        return
    now = context.now_ms()
    team: Document = {
        "id": given.get("id") or stable_id("team_", given["slug"]),
        "slug": given["slug"],
        "name": given.get("name") or given["slug"],
        "avatar": None,
        "description": None,
        "creatorId": USER["id"],
        "createdAt": now,
        "updatedAt": now,
        "stagingPrefix": given["slug"],
        "emailDomain": None,
        "previewDeploymentSuffix": None,
        "sensitiveEnvironmentVariablePolicy": "default",
        "remoteCaching": {"enabled": True},
        "enablePreviewFeedback": "default",
        "enableProductionFeedback": "default",
        "hideIpAddresses": False,
        "hideIpAddressesInLogDrains": False,
        "membership": {"uid": USER["id"], "teamId": given.get("id") or stable_id("team_", given["slug"]),
                       "role": "OWNER", "confirmed": True, "createdAt": now, "created": now, "confirmedAt": now},
    }  # fmt: skip
    teams.insert(team["id"], team)


def _claim(context: Context, given: Document) -> None:
    claims = context.store.collection(SERVICE, "account_domains")
    if claims.get(given["name"]) is not None:
        return
    team = context.store.collection(SERVICE, "teams").first(slug=given["team"]) if given.get("team") else None
    owner = given.get("accountId") or (USER["id"] if team is None else team["id"])
    claims.insert(given["name"], {"name": given["name"], "accountId": owner})
