"""Reads what else leads to production through a repository: who administers it, and what every workflow is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from parity.inventory.documents import objects
from parity.inventory.model import live_object, moment
from parity.resources import kinds
from parity.vendors.http import Unreadable, VendorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parity.documents import Document
    from parity.inventory.model import LiveObject, ReadFailures
    from parity.vendors.http import Client

    Rows = Callable[..., Awaitable[list[Document] | None]]

_PAGE = 100
_VARIABLES_PAGE = 30
_HARMLESS = frozenset({"read", "triage", "write", "pull", "push"})
"""Permissions under which the ruleset and the environments' rules hold; any other may change these."""


class Access:
    """Reads them for one repository."""

    def __init__(self, client: Client, failures: ReadFailures, repository: str, path: str, rows_of: Rows) -> None:
        """Take the client, the collector of failures, the repository and its path, and the reader of paged lists."""
        self.client, self.failures, self.repository, self.path, self._rows = (
            client, failures, repository, path, rows_of,
        )  # fmt: skip

    async def everything(self) -> list[LiveObject]:
        """The repository's own secrets and variables, and everyone who administers it."""
        parts = await asyncio.gather(self._secrets(), self._variables(), self._collaborators(), self._teams())
        return [each for part in parts for each in part]

    async def _secrets(self) -> list[LiveObject]:
        what, types = f"the secrets of {self.repository} itself", (kinds.REPOSITORY_SECRET,)
        listed = await self._rows(f"{self.path}/actions/secrets", "secrets", what, types, (self.repository,))
        return [self._object(types[0], "secretName", row["name"], row) for row in listed or []]

    async def _variables(self) -> list[LiveObject]:
        what, types = f"the variables of {self.repository} itself", (kinds.REPOSITORY_VARIABLE,)
        listed = await self._rows(
            f"{self.path}/actions/variables", "variables", what, types, (self.repository,), size=_VARIABLES_PAGE
        )
        return [
            self._object(types[0], "variableName", row["name"], row, value=row.get("value")) for row in listed or []
        ]

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
        path = f"{self.path}/{name}"
        found: list[Document] = []
        what = f"the {name} of {self.repository}"
        try:
            async for page in self.client.pages(path, per_page=_PAGE, **query):
                found += objects(page)
        except VendorError as error:
            self.failures.add(error, what, (type_,), (self.repository,))
        except ValueError as error:
            cut = Unreadable("GitHub", "GET", path, None, str(error))
            self.failures.add(cut, what, (type_,), (self.repository,))
        return found
