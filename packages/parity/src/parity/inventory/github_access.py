"""Reads what else leads to production through a repository: who may change it, and what every workflow is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parity.inventory.documents import part, rows
from parity.inventory.model import live_object, moment
from parity.resources import kinds

if TYPE_CHECKING:
    from parity.documents import Document
    from parity.inventory.model import LiveObject
    from parity.inventory.reading import Reading

VARIABLES_PAGE = 30
"""GitHub gives at most 30 variables a page (its REST API, "List environment variables")."""
_HARMLESS = frozenset({"read", "triage", "write", "pull", "push"})
"""Permissions under which the ruleset and the environments' rules hold; any other may change these."""


class Access:
    """Reads them for one repository."""

    def __init__(self, reading: Reading, repository: str, path: str) -> None:
        """Take the requests to the account, the repository and its path."""
        self.reading, self.repository, self.path = reading, repository, path

    async def everything(self, *, of_organization: bool) -> list[LiveObject]:
        """Every secret and variable that all workflows read, everyone who administers it, its keys and webhooks."""
        reads = [
            self._secrets(kinds.REPOSITORY_SECRET, "secrets"),
            self._variables(kinds.REPOSITORY_VARIABLE, "variables"),
        ]
        if of_organization:
            reads.append(self._secrets(kinds.ORGANIZATION_SECRET, "organization-secrets"))
            reads.append(self._variables(kinds.ORGANIZATION_VARIABLE, "organization-variables"))
        reads += [self._collaborators(), self._teams(), self._deploy_keys(), self._webhooks(), self._runners()]
        parts = await asyncio.gather(*reads)
        return [each for part in parts for each in part]

    async def _secrets(self, type_: str, list_: str) -> list[LiveObject]:
        listed = await self._of_actions(list_, "secrets", type_)
        return [self._object(type_, "secretName", row["name"], row) for row in listed]

    async def _variables(self, type_: str, list_: str) -> list[LiveObject]:
        listed = await self._of_actions(list_, "variables", type_, per_page=VARIABLES_PAGE)
        return [self._object(type_, "variableName", row["name"], row, value=row.get("value")) for row in listed]

    async def _of_actions(self, list_: str, field: str, type_: str, **size: int) -> list[Document]:
        path, what = f"{self.path}/actions/{list_}", f"the {list_} of {self.repository} itself"
        return await self.reading.rows(path, field, what, (type_,), (self.repository,), query=size) or []

    async def _deploy_keys(self) -> list[LiveObject]:
        """Those that may write: GitHub gives them the rights of an administrator."""
        return [
            self._numbered(kinds.DEPLOY_KEY, row, str(row.get("title") or ""), str(row.get("added_by") or ""))
            for row in await self._list("keys", kinds.DEPLOY_KEY)
            if not row.get("read_only")
        ]

    async def _webhooks(self) -> list[LiveObject]:
        return [
            self._numbered(
                kinds.REPOSITORY_WEBHOOK, row, urlsplit(str(part(row, "config").get("url") or "")).hostname or "",
                events=row.get("events"), active=row.get("active"),
                insecure=str(part(row, "config").get("insecure_ssl", "0")) != "0",
            )
            for row in await self._list("hooks", kinds.REPOSITORY_WEBHOOK)
        ]  # fmt: skip

    async def _runners(self) -> list[LiveObject]:
        """Those of the repository's own: a job whose label one of them has may run there, with its secrets."""
        what, type_ = f"the runners of {self.repository}", kinds.RUNNER
        listed = await self.reading.rows(f"{self.path}/actions/runners", "runners", what, (type_,), (self.repository,))
        return [
            self._numbered(type_, row, str(row["name"]), labels=[each["name"] for each in rows(row, "labels")])
            for row in listed or []
        ]

    def _numbered(self, type_: str, row: Document, name: str, by: str = "", **more: object) -> LiveObject:
        """An object that GitHub knows by its number: a title may stand twice, and an address may hold a secret."""
        properties = {"repository": self.repository, "name": f"{name} ({row['id']})".strip(), **more}
        written = moment(row.get("updated_at") or row.get("created_at"))
        return live_object(type_, str(row["id"]), "", properties, written_at=written, by=by)

    async def _collaborators(self) -> list[LiveObject]:
        listed = await self._list("collaborators", kinds.COLLABORATOR, affiliation="direct")
        return [
            self._object(kinds.COLLABORATOR, "username", row["login"], row, permission=row.get("role_name"))
            for row in listed
            if row.get("role_name") not in _HARMLESS
        ]

    async def _teams(self) -> list[LiveObject]:
        listed = await self._list("teams", kinds.TEAM_ACCESS)
        return [
            self._object(kinds.TEAM_ACCESS, "team", row["slug"], row, permission=row.get("permission"))
            for row in listed
            if row.get("permission") not in _HARMLESS
        ]

    def _object(self, type_: str, field: str, name: str, row: Document, **more: object) -> LiveObject:
        properties = {"repository": self.repository, field: name, **more}
        written = moment(row.get("updated_at"))
        return live_object(type_, f"{self.repository}:{name}", "", properties, written_at=written)

    async def _list(self, name: str, type_: str, **query: str) -> list[Document]:
        """All pages of a list that is all of the answer."""
        path, what = f"{self.path}/{name}", f"the {name} of {self.repository}"
        return await self.reading.rows(path, "", what, (type_,), (self.repository,), query=query) or []
