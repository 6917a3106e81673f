"""Reads the changes between two operations from the record: for each operation what was served after it.

What a release is built with (commit, variables, the project's settings, credentials) is what was declared when it was
built, and counts from the operation that makes it live: going back gives it all back. Migrations and what the database
has are in the world at once. A place that was changed twice is one change, of its first value and its last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.backend.blame import Line
from parity.bisect.changes import Change, Place, Timeline
from parity.documents import Document, mapping, rows
from parity.resources import kinds
from parity.resources.kind import VENDORS
from parity.resources.urn import Urn, short_urn
from parity.updates.conditions import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from parity.backend.ledger import Record
    from parity.bisect.search import State
    from parity.config.parameters import Catalog

_VARIABLE, _DEPLOYMENT, _PROJECT = "-variable-", "-deployment-", "-project"
_LOGIN, _OF_LOGIN = re.compile(r"(.+)-g(\d+)"), re.compile(r"-g\d+(?:-|$)")
"""The name of a login in the program, and what the names of all that comes and goes with it have."""
_NO_PART = frozenset({kinds.BYPASS, kinds.RETENTION, kinds.ROLLING_RELEASE, kinds.DRAIN, kinds.IMAGE})
"""Nothing that answers a request reads it, or it follows a deployment."""
_MADE: Document = {"value": "there"}
_GONE = frozenset({"delete", "forget"})


def timeline(records: Iterable[Record], good: str, bad: str, catalog: Catalog) -> Timeline:
    """What was changed between two operations.

    Args:
        records: all of the stack's, oldest first: what a release was built with may be older than the good one.
        good: an operation's id; what was changed after it counts.
        bad: the id of a later one, up to and with which it counts.
        catalog: names the applications and their variables.
    """
    reader = _Reader(catalog)
    for record in records:
        if record.id <= bad:
            reader.read(record, counts=record.id > good)
        if record.id == good:
            reader.good = record
    return reader.timeline()


@dataclass(frozen=True)
class _Row:
    """One property that an operation changed."""

    place: Place
    before: Document
    after: Document


class _Reader:
    """Follows the world through the record."""

    def __init__(self, catalog: Catalog) -> None:
        self._names = {each.first_name: each.name for each in catalog.applications}
        self._urls = {(each.name, variable.name) for each in catalog.applications for variable in each.database_urls}
        self._logins = {
            f"{database.first_name}-{each.first_name}": each.name
            for database in catalog.databases
            for each in catalog.applications
        }
        self.good: Record | None = None
        self._first: dict[str, str] = {}
        """The value of each place before the first operation that changed it."""
        self._now: dict[str, str] = {}
        self._values: dict[tuple[str, str], tuple[Place, Document, Line | None]] = {}
        """By place and value, what gave it the place first since the good operation."""
        self._built: dict[tuple[str, str], dict[str, str]] = {}
        self._live: dict[str, str] = {}
        self._served: list[tuple[Record, dict[str, str], dict[str, str]]] = []

    def read(self, record: Record, *, counts: bool) -> None:
        """Take an operation's changes in; with `counts` it is one to search among."""
        if not counts:
            self._served.clear()
        self._before(record)
        done = record.done
        made: list[tuple[str, str, str, Document]] = []
        rotated = {name for name, generation in map(self._rotated, record.differences) if generation}
        for row in record.differences:
            urn = Urn.parse(str(row["urn"]))
            if done is not None and str(urn) not in done:
                continue
            if urn.type == kinds.DEPLOYMENT:
                made += self._deployment(urn, row)
            elif urn.type == kinds.LIVE:
                self._switch(urn, row)
            else:
                for each in self._rows(urn, row, rotated):
                    self._take(record, str(row["urn"]), str(row["operation"]), each)
        for application, release, urn, commit in made:
            self._build(record, application, release, urn, commit)
        self._served.append((record, self._state(), dict(self._live)))

    def timeline(self) -> Timeline:
        """What was read."""
        assert self.good is not None  # noqa: S101 - the caller names an operation of the record
        (_, last, live), *later = self._served
        numbers: dict[str, dict[str, int]] = {name: {value: 0} for name, value in last.items()}
        operations: list[Record] = []
        made: list[Mapping[str, Change]] = []
        lives: list[Mapping[str, str]] = [live]
        for record, state, served in later:
            changed: dict[str, Change] = {}
            for name, value in state.items():
                first = self._first.get(name, _NOTHING)
                known = numbers.setdefault(name, {first: 0})
                if value != last.get(name, first):
                    number = known.setdefault(value, len(known))
                    changed[name] = self._change(record, name, number, (next(iter(known)), value))
            last = {**last, **state}
            if changed:
                operations.append(record)
                made.append(changed)
                lives.append(served)
        return Timeline(self.good, tuple(operations), tuple(made), tuple(lives), self._contents(numbers))

    def _contents(self, numbers: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], State]:
        found: dict[tuple[str, str], State] = {}
        for of, content in self._built.items():
            state = [(name, numbers[name].get(value)) for name, value in content.items() if name in numbers]
            if all(number is not None for _, number in state):
                found[of] = frozenset((name, number) for name, number in state if number)
        return found

    def _change(self, record: Record, name: str, number: int, values: tuple[str, str]) -> Change:
        before, after = values
        place, value, line = self._values[name, after]
        old = self._values.get((name, before))
        line = line or Line(record, place.urn, place.path, "update", value, certain=record.done is not None)
        return Change(place, number, old[1] if old else {}, value, line)

    def _state(self) -> dict[str, str]:
        """What is served now: the world's own, and of each application what its live release was built with."""
        found = {name: value for name, value in self._now.items() if not self._place(name).application}
        for application, release in self._live.items():
            found |= self._built.get((application, release), {})
        return found

    def _place(self, name: str) -> Place:
        return self._values[name, self._now[name]][0]

    def _take(self, record: Record, urn: str, operation: str, row: _Row) -> None:
        name = row.place.name
        line = Line(record, urn, row.place.path, operation, row.after, certain=record.done is not None)
        if name not in self._now:
            self._begin(row.place, row.before)
        value = _token(row.after, record.id)
        self._values[name, value] = (row.place, row.after, line)
        self._now[name] = value

    def _begin(self, place: Place, before: Document) -> None:
        """What a place was before the first operation that changed it: so all releases until then were built."""
        value = self._first[place.name] = self._now[place.name] = _token(before, "before")
        self._values[place.name, value] = (place, before, None)
        for (application, _), content in self._built.items():
            if application == place.application:
                content.setdefault(place.name, value)

    def _before(self, record: Record) -> None:
        """The releases that were live before the record begins, as its first operations name them."""
        for application, each in mapping(record.begin.get("before")).items():
            release, commit = mapping(each).get("live"), mapping(each).get("commit")
            if not release or application in self._live:
                continue
            for live in (self._live, *(served for _, _, served in self._served)):
                live.setdefault(application, str(release))
            self._build(record, application, str(release), "", {"value": commit})
            content = self._built[application, str(release)]
            for name, first in self._first.items():
                if self._values[name, first][0].application == application:
                    content[name] = first
            name = f"commit of {application}"
            self._first.setdefault(name, content[name])

    def _build(self, record: Record, application: str, release: str, urn: str, commit: Document) -> None:
        own = {name: value for name, value in self._now.items() if self._place(name).application == application}
        place = Place(f"commit of {application}", "code", application)
        value = _token(commit, release)
        line = Line(record, urn, "", "create", commit, certain=record.done is not None)
        self._values.setdefault((place.name, value), (place, commit, line))
        self._built[application, release] = {**own, place.name: value}

    def _deployment(self, urn: Urn, row: Document) -> Iterator[tuple[str, str, str, Document]]:
        first, _, release = urn.name.partition(_DEPLOYMENT)
        found = next((each for each in rows(row["properties"]) if each["path"] == "ref"), None)
        if row["operation"] not in _GONE and found is not None:
            yield self._names.get(first, first), release, str(urn), mapping(found.get("after"))

    def _switch(self, urn: Urn, row: Document) -> None:
        first = kinds.application_of(urn.name)
        found = next((each for each in rows(row["properties"]) if each["path"] == "release"), None)
        if found is not None and (release := mapping(found.get("after")).get("value")):
            self._live[self._names.get(first, first)] = str(release)

    def _rotated(self, row: Document) -> tuple[str, int]:
        """The application for which an operation makes a login, and its generation; 0 where it makes none."""
        urn = Urn.parse(str(row["urn"]))
        found = _LOGIN.fullmatch(urn.name) if urn.type == kinds.ROLE and row["operation"] == "create" else None
        application = self._logins.get(found[1], "") if found else ""
        return application, int(found[2]) if found and application else 0

    def _rows(self, urn: Urn, row: Document, rotated: set[str]) -> Iterator[_Row]:
        """The places that a resource's change is about."""
        application, generation = self._rotated(row)
        if generation:
            before: Document = {"value": generation - 1} if generation > 1 else {}
            place = Place(f"credentials of {application}", "credentials", application)
            yield _Row(place, before, {"value": generation})
        elif urn.type == kinds.VARIABLE:
            yield from self._variable(urn, row, rotated)
        elif urn.type == kinds.MIGRATION:
            gone = row["operation"] in _GONE
            place = Place(urn.name, "schema", urn=str(urn))
            yield _Row(place, _MADE if gone else {}, {} if gone else _MADE)
        elif not _is_aside(urn, str(row["operation"])):
            yield from self._properties(urn, row)

    def _variable(self, urn: Urn, row: Document, rotated: set[str]) -> Iterator[_Row]:
        first, _, variable = urn.name.partition(_VARIABLE)
        application = self._names.get(first, first)
        place = Place(f"{application}.{variable}", "config", application, variable, str(urn), "value")
        if (application, variable) in self._urls and application in rotated:
            return  # it follows the credentials
        if row["operation"] in _GONE:
            yield _Row(place, {"secret": None}, {})
        for each in rows(row["properties"]):
            if each["path"] == "value":
                yield _Row(place, mapping(each.get("before")), mapping(each.get("after")))

    def _properties(self, urn: Urn, row: Document) -> Iterator[_Row]:
        application = ""
        if urn.type == kinds.PROJECT:
            first = urn.name.removesuffix(_PROJECT)
            application = self._names.get(first, first)
        name = short_urn(str(urn))
        if row["operation"] != "update":
            gone = row["operation"] in _GONE
            yield _Row(Place(name, "config", application, "", str(urn)), _MADE if gone else {}, {} if gone else _MADE)
            return
        for each in rows(row["properties"]):
            before, after = mapping(each.get("before")), mapping(each.get("after"))
            if not after.get("unknown"):
                path = str(each["path"])
                yield _Row(Place(f"{name} {path}", "config", application, "", str(urn), path), before, after)


_NOTHING = "{}"


def _is_aside(urn: Urn, operation: str) -> bool:
    """Whether nothing that answers a request reads it, or it comes and goes with a login."""
    vendor = VENDORS.get(urn.type, VENDORS.get(urn.type.partition(":")[0], ""))
    of_login = operation != "update" and bool(_OF_LOGIN.search(urn.name))
    return vendor == "GitHub" or urn.type in _NO_PART or of_login


def _token(value: Document, where: str) -> str:
    """A text for a value; of a secret without a fingerprint, one that no other has."""
    return canonical([value, where] if value.get("secret", "") is None else value).decode()
