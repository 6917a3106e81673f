"""What a look at the vendors gives: what was found, and what could not be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from parity.resources.kind import Key
    from parity.vendors.http import VendorError


@dataclass(frozen=True)
class LiveObject:
    """One object that is really there."""

    type: str
    """The resource type that stands for it."""
    key: Key
    id: str
    """As the provider records it."""
    import_id: str
    """As `pulumi import` takes it; empty where the provider cannot import such an object."""
    properties: Mapping[str, Any] = field(repr=False)
    """In Pulumi's input names; lists that are sets are sorted. A property the interface does not show is not in."""
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])
    """Properties that the interface never shows, each with the reason."""
    secret: frozenset[str] = frozenset()
    """Properties whose value must not be shown."""
    beyond: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """What the vendor shows of it that the provider has no name for, in the vendor's names."""
    written_at: datetime | None = None
    """When it was last written, as the vendor tells."""
    by: str = ""
    """Who wrote it last, as the vendor tells; empty where it does not."""
    vacuous: bool = False
    """A grant on every object of a kind where there is no such object: nothing to see, and nothing missing."""


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
    """An object with the key, the hidden and the secret properties that its kind's descriptor gives it.

    `project` is the name of the Vercel project that it is in.
    """
    kind = kinds.of(type_)
    key, hidden = kind.key_of(properties, project), kind.hidden_in(properties)
    return LiveObject(
        type_, key, id_, import_id, properties, hidden, kind.secret, beyond or {}, written_at, by, vacuous
    )


@dataclass(frozen=True)
class ReadFailure:
    """A request that failed, and what is not known because of it."""

    vendor: str
    what: str
    """What was to be looked at, in words."""
    request: str
    """The method and path, or the SQL's purpose."""
    status: int | str | None
    """The HTTP status, or the SQLSTATE; None where no answer came."""
    message: str
    types: frozenset[str]
    """Resource types of which nothing can be said."""
    prefix: Key
    """How the keys begin of which nothing can be said; `()` for all of the types."""

    def covers(self, type_: str, key: Key) -> bool:
        """Whether nothing can be said of an object of this type and key."""
        return type_ in self.types and key[: len(self.prefix)] == self.prefix

    def __str__(self) -> str:
        answered = "no answer" if self.status is None else f"status {self.status}"
        return f"{self.what} could not be looked at: {self.vendor}: {self.request}: {answered}: {self.message}"


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
    """Of what will be created, not of what is there."""
    builtin: bool = False
    """PostgreSQL gives it to every such object by itself."""


@dataclass(frozen=True)
class DatabaseObject:
    """One object in a database that privileges are about, with its owner."""

    database: str
    kind: str
    schema: str
    name: str
    owner: str
    extension: str = ""
    """The extension that it belongs to; it comes and goes with it."""
    owner_lacks: tuple[str, ...] = ()
    """Privileges that every owner has and that were taken from this one."""


@dataclass(frozen=True)
class Login:
    """Whether a role's password logs in."""

    role: str
    database: str
    works: bool | None
    """None where it is not known."""
    message: str


@dataclass(frozen=True)
class VendorState:
    """What one vendor gave."""

    found: tuple[LiveObject, ...] = ()
    read_failures: tuple[ReadFailure, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    things: tuple[DatabaseObject, ...] = ()
    logins: tuple[Login, ...] = ()
    calls: int = 0
    """Requests to the vendor, or statements and logins."""
    account: Mapping[str, str] = field(default_factory=dict[str, str])
    """Facts that ids are made of: `team` (Vercel's id), `team:<slug>` (GitHub's id of a team). And what the accounts
    are known by: `repository` (GitHub's id), `repository name` (`owner/name` as it is now), `server` (PostgreSQL's
    system identifier)."""


@dataclass(frozen=True)
class LiveState:
    """Everything that was looked at, by declared resource."""

    keys: Mapping[str, Key]
    """The natural key of every declared resource, by URN."""
    inputs: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """Declared inputs by URN, with ids that only a vendor knows filled in as far as they were found."""
    under: Mapping[str, tuple[LiveObject, ...]] = field(repr=False)
    """What is there under each declared resource's key, by URN; several where it was made twice."""
    unmanaged: tuple[LiveObject, ...] = field(repr=False)
    """What is there in what the stack owns, and is not declared."""
    read_failures: tuple[ReadFailure, ...]
    privileges: tuple[Privilege, ...] = field(repr=False)
    things: tuple[DatabaseObject, ...] = field(repr=False)
    logins: tuple[Login, ...]
    calls: Mapping[str, int]
    """Requests by vendor."""
    account: Mapping[str, str]

    def looked(self, urn: str, type_: str) -> bool:
        """Whether the place where the resource would be was looked at whole."""
        return not any(each.covers(type_, self.keys[urn]) for each in self.read_failures)


class ReadFailures:
    """Collects what could not be looked at."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self.read_failures: list[ReadFailure] = []

    def add(self, error: VendorError, what: str, types: Collection[str], prefix: Key = ()) -> None:
        """Note a request that failed."""
        request = f"{error.method} {error.path}"
        self.read_failures.append(
            ReadFailure(self.vendor, what, request, error.status, error.message, frozenset(types), prefix)
        )


def milliseconds(value: Any) -> datetime | None:
    """Vercel's times: milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int | float) and value else None


def moment(value: Any) -> datetime | None:
    """GitHub's times, `2026-11-24T21:12:09Z`, and Go's, `2026-11-24 21:12:09 +0000 UTC`."""
    text = str(value or "").removesuffix(" UTC").replace(" +0000", "+00:00").replace(" ", "T", 1)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def merged(parts: Sequence[VendorState]) -> VendorState:
    """Several vendors' together; `calls` is their sum."""
    whole = VendorState()
    for part in parts:
        whole = replace(
            whole,
            found=whole.found + part.found,
            read_failures=whole.read_failures + part.read_failures,
            privileges=whole.privileges + part.privileges,
            things=whole.things + part.things,
            logins=whole.logins + part.logins,
            calls=whole.calls + part.calls,
            account={**whole.account, **part.account},
        )
    return whole


def by_key(
    found: Sequence[LiveObject], wanted: Callable[[LiveObject], bool]
) -> dict[tuple[str, Key], tuple[LiveObject, ...]]:
    """What was found, by type and key."""
    table: dict[tuple[str, Key], tuple[LiveObject, ...]] = {}
    for each in found:
        if wanted(each):
            table[each.type, each.key] = (*table.get((each.type, each.key), ()), each)
    return table
