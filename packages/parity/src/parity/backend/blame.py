"""Which operation gave a property its value: when, why, from which commit and pull request, and who approved it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.backend.ledger import DRIFT
from parity.documents import Document, mapping, rows
from parity.masked import MASK
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from parity.backend.ledger import Ledger, Record

MERGED = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$")
"""How GitHub ends the subject of a squashed or rebased pull request's commit, or begins that of a merge."""
_SHORT, _LONG = 9, 100
_GONE = frozenset({"delete", "forget"})
_COMPLETE = _GONE | {"create", "import"}
"""Operations before which nothing says more of the resource that there is now."""


@dataclass(frozen=True)
class What:
    """What is asked about: names of resources, and of each the property; empty for all of it."""

    places: Mapping[str, str]
    """By URN, or by name where the text is no URN."""

    def touches(self, urn: str) -> bool:
        """Whether it is about a resource."""
        return urn in self.places or Urn.parse(urn).name in self.places

    def path(self, urn: str) -> str:
        """The property that is asked about."""
        return self.places.get(urn) or self.places.get(Urn.parse(urn).name, "")


def what(text: str, formerly: Mapping[str, str] | None = None) -> What:
    """What a person names: a URN, `URN#property`, `application.VARIABLE`, a domain, a name, or `name.property`.

    Args:
        text: as it is typed.
        formerly: by an application's name the one that its resources have.
    """
    if text.startswith("urn:"):
        urn, _, path = text.partition("#")
        return What({urn: path})
    places = {text: "", f"domain-{text}": ""}
    for dot in (match.start() for match in re.finditer(r"\.", text)):
        places[text[:dot]] = text[dot + 1 :]
    application, _, variable = text.partition(".")
    places[f"{(formerly or {}).get(application, application)}-variable-{variable}"] = "value"
    return What(places)


@dataclass(frozen=True)
class Line:
    """One operation's change of one property."""

    record: Record = field(repr=False)
    urn: str
    path: str
    operation: str
    after: Document
    """As the record has a value (updates/record.py); empty where it is gone."""
    certain: bool
    """Whether the change is known to have been made."""
    before: Document = field(default_factory=Document)
    """The value that it had, where that was asked for."""

    @property
    def origins(self) -> list[Document]:
        """The keys and commits that it follows; nothing where it was not traced."""
        found = rows(mapping(self.record.end).get("causes"))
        mine = [each for each in found if each["urn"] == self.urn and each["property"] in (None, self.path)]
        return [origin for each in mine for origin in rows(each["origins"])]

    @property
    def key(self) -> str:
        """The key of the stack's file; empty where it follows none."""
        return next((str(each["key"]) for each in self.origins if each.get("key")), "")

    @property
    def line(self) -> int | None:
        """The key's line in the stack's file, as it was then."""
        return next((each.get("line") for each in self.origins if each.get("key")), None)

    @property
    def values(self) -> str:
        """Both values of the key, `20 -> 25`; empty where it follows none, or it holds a secret."""
        found = next((each for each in self.origins if each.get("key")), Document())
        one, other = found.get("before"), found.get("after")
        return f"{one or 'nothing'} -> {other or 'nothing'}" if one != other and len(f"{one}{other}") < _LONG else ""

    @property
    def commit(self) -> str:
        """The commit that wrote the key, empty where none did yet; else the one that was applied; 40 hex digits."""
        written = [str(commit["sha"]) for each in self.origins for commit in rows(each.get("commits"))]
        if written:
            return next(filter(None, written), "")
        return str(self.record.begin.get("commit") or "").partition("+")[0]

    @property
    def pull_request(self) -> int | None:
        """The pull request that brought it in, as the commit's subject or the operation's record names it."""
        subjects = [str(commit["subject"]) for each in self.origins for commit in rows(each.get("commits"))]
        found = next((match for each in subjects if (match := MERGED.search(each))), None)
        return int(found[1] or found[2]) if found else self.record.begin.get("pull_request")

    def document(self) -> Document:
        """As JSON."""
        begin = self.record.begin
        return {
            "urn": self.urn,
            "property": self.path,
            "value": self.after or None,
            "since": self.record.started.isoformat(),
            "operation": self.record.id,
            "command": begin.get("command"),
            "change": self.operation,
            "certain": self.certain,
            "key": self.key or None,
            "line": self.line,
            "commit": self.commit or None,
            "pull_request": self.pull_request,
            "actor": begin.get("actor"),
            "approver": begin.get("approver"),
        }

    @property
    def sentence(self) -> str:
        """Since when, and by what, for one line of a report."""
        begin = self.record.begin
        parts = [f"since {self.record.started:%Y-%m-%d %H:%M} UTC by {begin.get('command')} {self.record.id}"]
        if self.key:
            parts.append(f"{self.key}{f' (line {self.line})' if self.line else ''}")
        parts += [f"commit {self.commit[:_SHORT]}"] if self.commit else []
        parts += [f"pull request #{self.pull_request}"] if self.pull_request else []
        who = begin.get("approver") or begin.get("actor")
        parts += [f"approved by {who}" if begin.get("approval") else f"by {who}"] if who else []
        parts += [] if self.certain else ["in doubt: that operation did not end"]
        return ", ".join(parts)


def history(ledger: Ledger, wanted: What) -> Iterator[Line]:
    """Each change of what is asked about, newest first; what was refused or not done changed nothing."""
    for record in ledger.newest(wanted.touches):
        yield from _lines(record, wanted)


def current(ledger: Ledger, wanted: What) -> list[Line]:
    """For each property the change that gave it its value, and those in doubt after that; newest first."""
    found: list[Line] = []
    known: set[tuple[str, str]] = set()
    complete: set[str] = set()
    for record in ledger.newest(wanted.touches):
        lines = [each for each in _lines(record, wanted) if each.urn not in complete]
        found += [each for each in lines if (each.urn, each.path) not in known]
        certain = [each for each in lines if each.certain]
        known |= {(each.urn, each.path) for each in certain}
        complete |= {each.urn for each in certain if each.operation in _COMPLETE or each.path == wanted.path(each.urn)}
        if complete.issuperset(wanted.places):
            break
    return found


def latest(ledger: Ledger, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], Line]:
    """Of each of these properties, by URN and path, the newest change that was declared and is known to have been made.

    What drift found is none: it is what differs from that.
    """
    left = set(places)
    urns = {urn for urn, _ in left}
    found: dict[tuple[str, str], Line] = {}
    declared = (each for each in ledger.newest(urns.__contains__) if each.begin.get("command") != DRIFT)
    for record in declared if left else ():
        for urn, path in sorted(left):
            line = next((each for each in _lines(record, What({urn: path})) if each.certain), None)
            if line is not None:
                found[urn, path] = line
                left.discard((urn, path))
        if not left:
            break
    return found


def _lines(record: Record, wanted: What) -> Iterator[Line]:
    done = record.done
    for row in record.differences:
        urn, operation = str(row["urn"]), str(row["operation"])
        if not wanted.touches(urn) or (done is not None and urn not in done):
            continue
        path, properties = wanted.path(urn), rows(row["properties"])
        chosen = [each for each in properties if not path or _related(str(each["path"]), path)]
        if operation in _GONE or (not chosen and operation in _COMPLETE and urn in wanted.places):
            yield Line(record, urn, path, operation, {}, certain=done is not None)
            continue
        for each in chosen:
            yield Line(record, urn, str(each["path"]), operation, mapping(each.get("after")), certain=done is not None)


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{one}.", f"{one}["))


def changes(record: Record) -> Iterator[Line]:
    """Each property that an operation changed, or of which it is not known, with both values."""
    done = record.done
    for row in record.differences:
        urn, operation = str(row["urn"]), str(row["operation"])
        for each in rows(row["properties"]) if done is None or urn in done else ():
            before, after = mapping(each.get("before")), mapping(each.get("after"))
            yield Line(record, urn, str(each["path"]), operation, after, done is not None, before)


def spelled(value: Mapping[str, Any]) -> str:
    """A recorded value for people: text bare, everything else as JSON, a secret by its fingerprint."""
    if not value:
        return "nothing"
    if "value" in value:
        found = value["value"]
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    if "sha256" in value:
        return f"[{value['length']} characters, SHA-256 {str(value['sha256'])[:12]}]"
    if value.get("unknown"):
        return "[known after the update]"
    return f"{MASK[:-1]} {value['secret']}]" if value.get("secret") else MASK


def between(records: Iterator[Record]) -> dict[tuple[str, str], tuple[Document, Document]]:
    """What a run of operations did in the end: both values of each property, by URN and path; given oldest first.

    Of one whose end is not known everything that it was to do is taken.
    """
    found: dict[tuple[str, str], tuple[Document, Document]] = {}
    for record in records:
        for each in changes(record):
            place = each.urn, each.path
            found[place] = (found[place][0] if place in found else each.before), each.after
    return {place: (one, other) for place, (one, other) in found.items() if one != other or one == {"secret": None}}
