"""Reads what a Vercel project may have and programs seldom declare: custom environments, stages, webhooks, aliases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from parity.inventory.documents import part, rows, texts
from parity.inventory.model import live_object, written
from parity.resources import kinds
from parity.vendors.http import VendorError
from parity.vendors.rolling import configured, path, roll_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parity.documents import Document
    from parity.inventory.model import LiveObject
    from parity.inventory.reading import Reading
    from parity.vendors.rolling import Roll


_CONFIGURED = ("advancementType", "enabled", "stages", "target")
"""What the provider declares of a rolling release, and what is always the same; the rest is by another hand."""


class Others:
    """Reads them for one team."""

    def __init__(self, reading: Reading, team: str) -> None:
        """Take the requests to the account, and Vercel's id of the team."""
        self.reading, self.team = reading, team

    async def custom_environments(self, document: Document) -> list[LiveObject]:
        """The project's custom environments."""
        name, identity, type_ = document["name"], document["id"], kinds.CUSTOM_ENVIRONMENT
        at, what = f"/v9/projects/{identity}/custom-environments", f"the custom environments of {name}"
        answer = await self.reading.get(at, what, (type_,), (name,))
        return [
            live_object(
                type_,
                str(row["id"]),
                f"{self.team}/{identity}/{row['slug']}",
                {"projectId": identity, "name": row["slug"]},
                project=name,
                written_at=written(row),
            )
            for row in rows(answer, "environments")
        ]

    async def rolling_release(self, document: Document) -> list[LiveObject]:
        """The project's rolling release, if one is configured."""
        name, type_, identity = document["name"], kinds.ROLLING_RELEASE, document["id"]
        what = f"the rolling release of {name}"
        answer = await self.reading.get(f"{path(identity)}/config", what, (type_,), (name,), may_lack=True)
        if not answer or not configured(answer):
            return []
        found = part(answer, "rollingRelease")
        stages = rows(found, "stages")
        # As the provider: Vercel need not say how it advances, and stages that last advance by themselves.
        lasts = any(each.get("duration") for each in stages)
        properties = {
            "projectId": identity,
            "advancementType": found.get("advancementType") or ("automatic" if lasts else "manual-approval"),
            "stages": [{field: each.get(field) for field in ("targetPercentage", "duration")} for each in stages],
        }
        beyond = {field: each for field, each in found.items() if field not in _CONFIGURED and each}
        return [live_object(type_, identity, f"{self.team}/{identity}", properties, project=name, beyond=beyond)]

    async def roll(self, document: Document) -> Roll | None:
        """The project's rolling release under way; not asked for where none is configured."""
        if not configured(document):
            return None
        name = document["name"]
        answer = await self.reading.get(
            path(document["id"]), f"what of {name} rolls", (kinds.LIVE,), (name,), query={"state": "ACTIVE"}
        )
        return roll_of(answer) if answer else None

    async def webhooks(self, document: Document) -> list[LiveObject]:
        """The webhooks that are about the project."""
        name, identity = document["name"], document["id"]
        what, key, query = f"the webhooks of {name}", (name,), {"projectId": identity}
        listed = await self.reading.rows("/v1/webhooks", "", what, (kinds.WEBHOOK,), key, paged=False, query=query)
        return [
            live_object(
                kinds.WEBHOOK,
                str(row["id"]),
                "",
                {"id": row["id"], "endpoint": row.get("url"), "events": texts(row.get("events"))},
                project=name,
                written_at=written(row),
            )
            for row in listed or []
            if identity in texts(row.get("projectIds"))
        ]

    async def aliases(self, document: Document) -> list[LiveObject]:
        """The aliases that a person set: neither a deployment's own hosts nor the project's domains."""
        name, identity = document["name"], document["id"]
        what, query = f"the aliases of {name}", {"projectId": identity}
        listed = await self.reading.rows("/v4/aliases", "aliases", what, (kinds.ALIAS,), (name,), query=query)
        return [
            live_object(
                kinds.ALIAS,
                str(row.get("uid", "")),
                f"{self.team}/{row.get('uid', '')}",
                {"alias": row["alias"], "deploymentId": row.get("deploymentId")},
                project=name,
                written_at=written(row),
            )
            for row in listed or []
            if not str(row["alias"]).endswith(".vercel.app")
        ]

    async def elsewhere(
        self, document: Document, domains: Iterable[LiveObject], serving: Mapping[str, str]
    ) -> dict[str, str]:
        """What the project's domains serve that none of its own aliases is for, by domain."""
        given = [each.properties for each in domains]
        names = [
            str(each["domain"])
            for each in given
            if not (each["redirect"] or each["gitBranch"] or each["customEnvironmentId"])
        ]
        lost = [name for name in names if name not in serving]
        found = await asyncio.gather(*(self._alias(document, name) for name in lost))
        return {name: text for name, text in zip(lost, found, strict=True) if text}

    async def _alias(self, document: Document, name: str) -> str:
        """The deployment and project that an alias leads to; empty where that is not known or is the project's own."""
        at, what = f"/v4/aliases/{quote(name, safe='')}", f"the alias {name}"
        row = await self.reading.get(at, what, (kinds.LIVE,), (document["name"],), may_lack=True)
        if row is None or row.get("projectId") == document["id"]:
            return ""  # Vercel makes a domain's alias when it is first served.
        project = row.get("projectId")
        try:
            other = await self.reading.client.get(f"/v9/projects/{quote(str(project), safe='')}")
        except VendorError:
            return f"{row.get('deploymentId')} of the project {project}"
        return f"{row.get('deploymentId')} of the project {other.get('name')}"

    async def members(self) -> dict[str, str]:
        """The names of the team's members by their ids; empty where the token may not see them: then ids are shown."""
        found: dict[str, str] = {}
        try:
            async for page in self.reading.client.pages(f"/v3/teams/{self.team}/members", limit=100):
                found |= {str(row["uid"]): str(row.get("username") or row["uid"]) for row in rows(page, "members")}
        except VendorError:
            return {}
        return found
