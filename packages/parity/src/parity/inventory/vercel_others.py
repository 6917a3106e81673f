"""Reads what a Vercel project may have and the program never declares: custom environments, webhooks, aliases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from parity.inventory.documents import objects, rows, texts
from parity.inventory.model import live_object, milliseconds
from parity.resources import kinds
from parity.vendors.http import NotFound, Unreadable, VendorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from parity.documents import Document
    from parity.inventory.model import LiveObject, ReadFailures
    from parity.vendors.http import Client

    Rows = Callable[..., Awaitable[list[Document] | None]]


class Others:
    """Reads them for one team."""

    def __init__(self, client: Client, failures: ReadFailures, team: str, rows_of: Rows) -> None:
        """Take the client, the collector of failures, Vercel's id of the team, and the reader of paged lists."""
        self.client, self.failures, self.team, self._rows = client, failures, team, rows_of

    async def custom_environments(self, document: Document) -> list[LiveObject]:
        """The project's custom environments."""
        try:
            answer = await self.client.get(f"/v9/projects/{document['id']}/custom-environments")
        except VendorError as error:
            self.failures.add(
                error,
                f"the custom environments of {document['name']}",
                (kinds.CUSTOM_ENVIRONMENT,),
                (document["name"],),
            )
            return []
        return [
            live_object(
                kinds.CUSTOM_ENVIRONMENT,
                str(row["id"]),
                f"{self.team}/{document['id']}/{row['slug']}",
                {"projectId": document["id"], "name": row["slug"]},
                project=document["name"],
                written_at=milliseconds(row.get("updatedAt") or row.get("createdAt")),
            )
            for row in rows(answer, "environments")
        ]

    async def rolling_release(self, document: Document) -> list[LiveObject]:
        """The project's rolling release, if one is configured."""
        try:
            answer = await self.client.get(f"/v1/projects/{document['id']}/rolling-release/config")
        except NotFound:
            return []
        except VendorError as error:
            self.failures.add(
                error, f"the rolling release of {document['name']}", (kinds.ROLLING_RELEASE,), (document["name"],)
            )
            return []
        if not answer.get("rollingRelease"):
            return []
        identity = f"{self.team}/{document['id']}"
        return [
            live_object(
                kinds.ROLLING_RELEASE, identity, identity, {"projectId": document["id"]}, project=document["name"]
            )
        ]

    async def webhooks(self, document: Document) -> list[LiveObject]:
        """The webhooks that are about the project."""
        try:
            answer = await self.client.request("GET", "/v1/webhooks", parameters={"projectId": document["id"]})
            listed = objects(answer.json())
        except VendorError as error:
            self.failures.add(error, f"the webhooks of {document['name']}", (kinds.WEBHOOK,), (document["name"],))
            return []
        except ValueError as error:
            cut = Unreadable("Vercel", "GET", "/v1/webhooks", None, str(error))
            self.failures.add(cut, f"the webhooks of {document['name']}", (kinds.WEBHOOK,), (document["name"],))
            return []
        return [
            live_object(
                kinds.WEBHOOK,
                str(row["id"]),
                "",
                {"id": row["id"], "endpoint": row.get("url"), "events": texts(row.get("events"))},
                project=document["name"],
                written_at=milliseconds(row.get("updatedAt") or row.get("createdAt")),
            )
            for row in listed
            if document["id"] in texts(row.get("projectIds"))
        ]

    async def aliases(self, document: Document) -> list[LiveObject]:
        """The aliases that a person set: neither a deployment's own hosts nor the project's domains."""
        listed = await self._rows(
            "/v4/aliases", "aliases", f"the aliases of {document['name']}", (kinds.ALIAS,), (document["name"],),
            projectId=document["id"],
        )  # fmt: skip
        return [
            live_object(
                kinds.ALIAS,
                str(row.get("uid", "")),
                f"{self.team}/{row.get('uid', '')}",
                {"alias": row["alias"], "deploymentId": row.get("deploymentId")},
                project=document["name"],
                written_at=milliseconds(row.get("updatedAt") or row.get("createdAt")),
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
        try:
            row = await self.client.get(f"/v4/aliases/{quote(name, safe='')}")
        except NotFound:
            return ""  # Vercel makes a domain's alias when it is first served.
        except VendorError as error:
            self.failures.add(error, f"the alias {name}", (kinds.LIVE,), (document["name"],))
            return ""
        if row.get("projectId") == document["id"]:
            return ""
        project = row.get("projectId")
        try:
            other = await self.client.get(f"/v9/projects/{quote(str(project), safe='')}")
        except VendorError:
            return f"{row.get('deploymentId')} of the project {project}"
        return f"{row.get('deploymentId')} of the project {other.get('name')}"

    async def members(self) -> dict[str, str]:
        """The names of the team's members by their ids; empty where the token may not see them: then ids are shown."""
        found: dict[str, str] = {}
        try:
            async for page in self.client.pages(f"/v3/teams/{self.team}/members", limit=100):
                found |= {str(row["uid"]): str(row.get("username") or row["uid"]) for row in rows(page, "members")}
        except VendorError:
            return {}
        return found
