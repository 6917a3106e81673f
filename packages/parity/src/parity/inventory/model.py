"""The inventory's results: the live objects, and the reads that failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.resources.kind import Key


@dataclass(frozen=True)
class LiveObject:
    """One live object."""

    type: str
    """The resource type that stands for it."""
    key: Key
    id: str
    """As the provider records it."""
    import_id: str
    """The id that `pulumi import` takes; empty if the provider cannot import such an object."""
    properties: Mapping[str, Any] = field(repr=False)
    """By Pulumi's input names; lists that are sets are sorted. Properties that the API does not show are left out."""
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])
    """Properties that the API never shows, each with the reason."""
    secret: frozenset[str] = frozenset()
    """Properties whose value must not be shown."""
    beyond: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Properties that the vendor shows and the provider has no name for, by the vendor's names."""
    written_at: datetime | None = None
    """When the vendor says that it was last written."""
    by: str = ""
    """Who wrote it last according to the vendor; empty if the vendor does not say."""
    vacuous: bool = False
    """Whether it is a grant on all objects of a kind and no such object exists, so that nothing can be missing."""
    server: str = ""
    """The database server that it is on, where that has a name."""


def live_object(
    type_: str,
    id_: str,
    import_id: str,
    properties: Mapping[str, Any],
    *,
    project: str = "",
    beyond: Mapping[str, Any] | None = None,
    written_at: datetime | None = None,
    by: str = "",
    vacuous: bool = False,
) -> LiveObject:
    """Make an object with the key and the hidden and secret properties that its kind's descriptor gives.

    `project` is the name of the Vercel project that it is in.
    """
    kind = kinds.of(type_)
    key, hidden = kind.key_of(properties, project), kind.hidden_in(properties)
    return LiveObject(
        type_, key, id_, import_id, properties, hidden, kind.secret, beyond or {}, written_at, by, vacuous
    )


@dataclass(frozen=True)
class ReadFailure:
    """A request that failed, and the objects that are unknown because of it."""

    vendor: str
    what: str
    """What was to be read, in words."""
    request: str
    """The method and path, or the SQL's purpose."""
    status: int | str | None
    """The HTTP status, or the SQLSTATE; None if no answer came."""
    message: str
    types: frozenset[str]
    """Resource types whose objects are unknown."""
    prefix: Key
    """The first parts of the unknown objects' keys; `()` for all objects of the types."""
    within: frozenset[str] = frozenset()
    """The first parts of the keys, where they are several; empty for every one."""

    def covers(self, type_: str, key: Key) -> bool:
        """Whether an object of this type and key is unknown because of this failure."""
        of_it = not self.within or key[:1] in {(each,) for each in self.within}
        return of_it and type_ in self.types and key[: len(self.prefix)] == self.prefix

    def __str__(self) -> str:
        answered = "no answer" if self.status is None else f"status {self.status}"
        return f"{self.what} could not be read: {self.vendor}: {self.request}: {answered}: {self.message}"


@dataclass(frozen=True)
class Privilege:
    """One privilege in an access list, or in a default access list."""

    database: str
    kind: str
    """`database`, `schema`, `table`, `sequence`, `routine`, `type`, `language`, `foreign data wrapper`,
    `foreign server`, `column` or `large object`; for a default one the kind of what will be created."""
    schema: str
    """Empty for what is in no schema, and for a default of every schema."""
    name: str
    """The object's name; a routine's with its argument types, a column's with its table. Empty for a default one."""
    owner: str
    """The object's owner; for a default one the role whose future objects it is for."""
    grantee: str
    """`public` for everyone."""
    privilege: str
    grantable: bool
    default: bool = False
    """Whether it is about future objects, not existing ones."""
    builtin: bool = False
    """Whether PostgreSQL gives it to every such object by itself."""
    identity: str = ""
    """The object as a statement names it; empty for a default one."""
    grantor: str = ""
    """Who gave it, and so may take it away; empty where that is the owner."""


@dataclass(frozen=True)
class DatabaseObject:
    """One object in a database that privileges are about, with its owner."""

    database: str
    kind: str
    schema: str
    name: str
    owner: str
    extension: str = ""
    """The extension that creates and drops it; empty if none does."""
    owner_lacks: tuple[str, ...] = ()
    """The owner's own privileges that were revoked."""
    public_lacks: tuple[str, ...] = ()
    """What PostgreSQL gives to everyone and was revoked."""
    type: str = ""
    """The kind as a statement names it: `materialized view`."""
    identity: str = ""
    """The object as a statement names it: `shop.one(integer)`."""
    builtin: bool = False
    """Whether it came with the server."""
    note: str = ""
    """What matters of it, where its kind does not say that already."""
    undo: str = ""
    """The statement that takes it away, where its kind does not give that."""
    undone_by: str = ""
    """The role that may; empty: its owner."""
    server: str = ""
    """The server that it is on, where that has a name."""


@dataclass(frozen=True)
class Membership:
    """One role in another."""

    role: str
    member: str
    grantor: str
    may_set: bool
    """Whether the member may become the role."""
    admin: bool
    """Whether the member may give the role on."""


@dataclass(frozen=True)
class Server:
    """What is known of all of a server's roles: who may run a remedy."""

    administrator: str = ""
    """Who makes the stack's roles: the reader itself where it may, or the owner of the stack's database."""
    superusers: tuple[str, ...] = ()
    """Those that log in, PostgreSQL's own first."""
    logins: frozenset[str] = frozenset()
    memberships: tuple[Membership, ...] = ()

    def may_become(self, member: str, role: str) -> bool:
        """Whether one role may `set role` to another, itself or through others."""
        if member == role or member in self.superusers:
            return True
        inside = [each.role for each in self.memberships if each.member == member and each.may_set]
        return any(self.may_become(each, role) for each in inside)

    def may_give(self, member: str, role: str) -> bool:
        """Whether one role may make itself a member of another."""
        return any(each.admin and (each.role, each.member) == (role, member) for each in self.memberships)

    def grantors(self, role: str, member: str) -> tuple[str, ...]:
        """Who made a role a member of another."""
        return tuple(each.grantor for each in self.memberships if (each.role, each.member) == (role, member))


@dataclass(frozen=True)
class Login:
    """Whether a role's password logs in."""

    role: str
    database: str
    works: bool | None
    """None if it is not known."""
    message: str


@dataclass(frozen=True)
class VendorState:
    """What was read at vendors."""

    found: tuple[LiveObject, ...] = field(default=(), repr=False)
    read_failures: tuple[ReadFailure, ...] = ()
    privileges: tuple[Privilege, ...] = field(default=(), repr=False)
    things: tuple[DatabaseObject, ...] = field(default=(), repr=False)
    logins: tuple[Login, ...] = ()
    servers: Mapping[str, Server] = field(default_factory=dict[str, Server])
    """PostgreSQL's, by name; the name of the one without is empty."""
    calls: Mapping[str, int] = field(default_factory=dict[str, int])
    """Requests by vendor, or statements and logins."""
    account: Mapping[str, str] = field(default_factory=dict[str, str])
    """Facts that ids are made of: `team` (Vercel's id), `team:<slug>` (GitHub's id of a team). And what the accounts
    are known by: `repository` (GitHub's id), `repository name` (`owner/name` as it is now), `server` (PostgreSQL's
    system identifier; `server:<name>` of a server with a name)."""


@dataclass(frozen=True, kw_only=True)
class LiveState(VendorState):
    """The live state of everything that a stack declares or owns, in what was read at the vendors."""

    keys: Mapping[str, Key] = field(default_factory=dict[str, "Key"])
    """The natural key of every declared resource, by URN."""
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"], repr=False)
    """Declared inputs by URN; ids that only a vendor knows are filled in as far as the inventory found them."""
    under: Mapping[str, tuple[LiveObject, ...]] = field(default_factory=dict[str, tuple[LiveObject, ...]], repr=False)
    """The live objects under each declared resource's key, by URN; several if it was created twice."""
    unmanaged: tuple[LiveObject, ...] = field(default=(), repr=False)
    """The live objects in the stack's containers that the program does not declare."""

    def was_read(self, urn: str, type_: str) -> bool:
        """Whether every read that could show the resource succeeded."""
        return not any(each.covers(type_, self.keys[urn]) for each in self.read_failures)


def milliseconds(value: Any) -> datetime | None:
    """Parse a time of Vercel's: milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int | float) and value else None


def written(row: Mapping[str, Any]) -> datetime | None:
    """When a document of Vercel's was last written."""
    return milliseconds(row.get("updatedAt") or row.get("createdAt"))


def moment(value: Any) -> datetime | None:
    """Parse a time of GitHub's, `2026-11-24T21:12:09Z`, or of Go's, `2026-11-24 21:12:09 +0000 UTC`."""
    text = str(value or "").removesuffix(" UTC").replace(" +0000", "+00:00").replace(" ", "T", 1)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def merged(parts: Sequence[VendorState]) -> VendorState:
    """Join several vendors' states; `calls` are summed up."""
    total = VendorState()
    for part in parts:
        total = VendorState(
            total.found + part.found,
            total.read_failures + part.read_failures,
            total.privileges + part.privileges,
            total.things + part.things,
            total.logins + part.logins,
            {**total.servers, **part.servers},
            Counter(total.calls) + Counter(part.calls),
            {**total.account, **part.account},
        )
    return total


def by_key(found: Sequence[LiveObject]) -> dict[tuple[str, Key], tuple[LiveObject, ...]]:
    """Index objects by type and key."""
    table: dict[tuple[str, Key], tuple[LiveObject, ...]] = {}
    for each in found:
        table[each.type, each.key] = (*table.get((each.type, each.key), ()), each)
    return table
