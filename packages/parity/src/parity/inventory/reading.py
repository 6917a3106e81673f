"""Reads one account of a vendor: a read that fails is recorded, and the others go on."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from parity.documents import Document, mapping
from parity.inventory.documents import objects
from parity.inventory.model import ReadFailure, VendorState, live_object
from parity.vendors.http import Client, Unreadable, VendorError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from parity.inventory.model import LiveObject
    from parity.resources.kind import Key

    Query = Mapping[str, str | int]


_NOTHING: Query = MappingProxyType({})


class Reading:
    """The requests to one account, and those that failed."""

    def __init__(self, vendor: str, client: Client, **page: int) -> None:
        """Take the vendor's name, its client, and the parameter that says how many rows a page has."""
        self.vendor, self.client, self._page = vendor, client, page
        self.failures: list[ReadFailure] = []

    def failed(self, error: VendorError, what: str, types: Collection[str], prefix: Key = ()) -> None:
        """Record a request that failed, and the objects that are unknown because of it."""
        request = f"{error.method} {error.path}"
        self.failures.append(
            ReadFailure(self.vendor, what, request, error.status, error.message, frozenset(types), prefix)
        )

    async def get(
        self,
        path: str,
        what: str,
        types: Collection[str],
        prefix: Key = (),
        *,
        may_lack: bool = False,
        query: Query = _NOTHING,
    ) -> Document | None:
        """One document; None where it could not be read, and with `may_lack` where there is none."""
        try:
            return await (self.client.get_or_none if may_lack else self.client.get)(path, **query)
        except VendorError as error:
            self.failed(error, what, types, prefix)
            return None

    async def rows(
        self,
        path: str,
        field: str,
        what: str,
        types: Collection[str],
        prefix: Key = (),
        *,
        mark: str = "until",
        paged: bool = True,
        query: Query = _NOTHING,
    ) -> list[Document] | None:
        """All pages of a list, as many rows as the vendor counts; None if it could not be read.

        `field` is empty where the answer itself is the list; `mark` is as `Client.pages` takes it; not `paged` is what
        takes no number of rows.
        """
        found: list[Document] = []
        total: Any = 0
        try:
            async for page in self.client.pages(path, mark=mark, **{**(self._page if paged else {}), **query}):
                found += objects(mapping(page).get(field) if field else page)
                total = mapping(page).get("total_count", 0)
            if isinstance(total, int) and len(found) < total:
                raise Unreadable(self.vendor, "GET", path, None, f"{len(found)} of {total} were given")
        except VendorError as error:
            self.failed(error, what, types, prefix)
            return None
        except ValueError as error:
            why = f"the answer has no `{field}`" if field else str(error)
            self.failed(Unreadable(self.vendor, "GET", path, None, why), what, types, prefix)
            return None
        return found

    def seen(self, found: Iterable[LiveObject] = (), account: Mapping[str, str] | None = None) -> VendorState:
        """What was read, and what could not be."""
        calls = {self.vendor.lower(): self.client.calls}
        return VendorState(tuple(found), tuple(self.failures), calls=calls, account=account or {})


class OfProject:
    """One Vercel project: its name begins the key of each object in it, and of what a failed read leaves unknown."""

    def __init__(self, reading: Reading, team: str, document: Document) -> None:
        """Take the requests to the account, Vercel's id of the team, and the project's document."""
        self.reading, self.team, self.document = reading, team, document
        self.id, self.name = str(document["id"]), str(document["name"])
        self.at = f"{team}/{self.id}"

    async def rows(
        self, path: str, field: str, what: str, *types: str, paged: bool = True, **query: str | int
    ) -> list[Document]:
        """A list as `Reading.rows`; empty where it could not be read. `what` is said to be of the project."""
        what = f"{what} of {self.name}"
        return await self.reading.rows(path, field, what, types, (self.name,), paged=paged, query=query) or []

    async def get(self, path: str, what: str, type_: str, **query: str | int) -> Document:
        """A document as `Reading.get`; empty where there is none, or where it could not be read."""
        what = f"{what} of {self.name}"
        return await self.reading.get(path, what, (type_,), (self.name,), may_lack=True, query=query) or {}

    def object(self, type_: str, id_: str, import_id: str, properties: Mapping[str, Any], **more: Any) -> LiveObject:
        """An object in the project; arguments as of `live_object`."""
        return live_object(type_, id_, import_id, properties, project=self.name, **more)
