"""Documents of two runs made comparable: random ids become what they stand for, times become `<time>`.

An object is known by what it says and by what refers to whom, as in the colour refinement of graphs: each id's name is
a digest of its object's content in which every id is already a name; repeated, so that names reach through references.
Two objects that say the same keep one name and are counted twice: a duplicate shows.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROUNDS = 4
_MILLISECONDS = range(1_500_000_000_000, 2_500_000_000_000)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d| \+0000 UTC)|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
)
"""ISO's form, Go's own, and that of HTTP's headers."""
_RANDOM = re.compile(
    r"[a-z]{3,4}_[A-Za-z0-9]{10,}|(?=.*\d)[A-Za-z0-9]{16}|\d{5,}|[a-z0-9-]+-[a-z0-9]{9}-[a-z0-9-]+\.vercel\.app"
)
_GONE = re.compile(r"\b(dpl|prj|drn)_[A-Za-z0-9]{20,}\b")
_HOSTS = ".vercel.app"
_LABEL = re.compile(r"<(\w+ \w+) [0-9a-f]{10}>")
_PREFIXED = re.compile(r"^[a-z]{3,4}_(\w+)$")

RANDOM_FIELDS = frozenset({"public_key", "private_key", "encrypted_value", "key_id", "keyId", "gates", "seq"})
"""Fields whose value is random, or follows from something random."""

WHO_FIELDS = frozenset({"updatedBy"})
"""Set by a second write: says when rather than what."""


@dataclass(frozen=True)
class Row:
    """One object of a vendor's."""

    kind: str
    """`service kind`, for example `vercel deployments`."""
    key: str
    document: Any


class Names:
    """What each random id of some rows stands for."""

    def __init__(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        owners: dict[str, Row] = {}
        for row in rows:
            for identifier in _identifiers(row):
                owners.setdefault(identifier, row)
        self._labels = {identifier: row.kind for identifier, row in owners.items()}
        self._pattern = _alternation(self._labels)
        for _ in range(_ROUNDS):
            digests = {id(row): _digest(self.text(row.document)) for row in owners.values()}
            self._labels = {identifier: f"<{row.kind} {digests[id(row)]}>" for identifier, row in owners.items()}

    def text(self, document: Any) -> str:
        """A document in which ids are names and times are `<time>`."""
        return json.dumps(self.document(document), sort_keys=True)

    def document(self, value: Any, field: str = "") -> Any:
        """The same as a document."""
        if field in RANDOM_FIELDS and value:
            return "<random>"
        if field in WHO_FIELDS:
            return None
        if isinstance(value, dict):
            mapping = cast("dict[str, Any]", value)
            return {self._named(name): self.document(each, name) for name, each in mapping.items()}
        if isinstance(value, list):
            return [self.document(each, field) for each in cast("list[Any]", value)]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return "<time>" if int(value) in _MILLISECONDS else self._labels.get(str(value), value)
        return self._named(value) if isinstance(value, str) else value

    def _named(self, text: str) -> str:
        text = _TIME.sub("<time>", text)
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self._labels[match.group()], text)
        return _GONE.sub(r"<\1 that is gone>", text)


def _identifiers(row: Row) -> Iterable[str]:
    given, own = [row.key], ""
    if isinstance(row.document, dict):
        document = cast("dict[str, Any]", row.document)
        own = str(document.get("id") or "")
        given += [own, *(str(document.get(name) or "") for name in ("host", "url"))]
    for each in dict.fromkeys(given):
        if _RANDOM.fullmatch(each) or (each and each == own == row.key):
            yield each
            if prefixed := _PREFIXED.match(each):
                yield prefixed[1]
            if each.endswith(_HOSTS):
                yield each.removesuffix(_HOSTS)


def _alternation(labels: Mapping[str, str]) -> re.Pattern[str] | None:
    if not labels:
        return None
    longest_first = sorted(labels, key=len, reverse=True)
    return re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(each)}(?![A-Za-z0-9])" for each in longest_first))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def counted(rows: Iterable[Row]) -> Counter[tuple[str, str]]:
    """The objects, each as kind and text, and how often each is there."""
    rows = list(rows)
    names = Names(rows)
    return Counter((row.kind, names.text({"key": row.key, "document": row.document})) for row in rows)


def differences(expected: Counter[tuple[str, str]], found: Counter[tuple[str, str]]) -> list[str]:
    """What is missing, too much, or other than expected: kind, the fields' paths, never a value."""
    missing, extra = list((expected - found).elements()), list((found - expected).elements())
    said: list[str] = []
    echoes: list[str] = []
    for kind in sorted({each[0] for each in missing + extra}):
        less = [json.loads(text) for name, text in missing if name == kind]
        more = [json.loads(text) for name, text in extra if name == kind]
        while less and more:
            wanted = less.pop(0)
            nearest = min(more, key=lambda each: len(_paths(wanted, each)))
            more.remove(nearest)
            if paths := sorted(_paths(wanted, nearest))[:6]:
                said.append(f"{kind}: {title(wanted)}: other {', '.join(paths)}")
            else:
                echoes.append(f"{kind}: {title(wanted)}: refers to something else")
        said += [f"{kind}: {title(each)}: missing" for each in less]
        said += [f"{kind}: {title(each)}: too much" for each in more]
    # An object that is the same but for what it refers to differs because of another that is reported already.
    return said or echoes


def title(document: Any) -> str:
    """What an object is called; never a secret."""
    inner = document.get("document")
    inner = inner if isinstance(inner, dict) else {}
    for name in ("name", "host", "key", "login", "sha"):
        if isinstance(inner.get(name), str):
            release = (inner.get("meta") or {}).get("release", "")
            return f"{inner[name]} {release}".strip()
    return str(document.get("key"))[:60]


def _paths(one: Any, other: Any, path: str = "") -> set[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        names = set(one) | set(other)
        return set().union(*(_paths(one.get(name), other.get(name), f"{path}.{name}") for name in names))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return set().union(*(_paths(a, b, f"{path}[{n}]") for n, (a, b) in enumerate(zip(one, other, strict=True))))
    return set() if _without_digests(one) == _without_digests(other) else {path.removeprefix(".document").lstrip(".")}


def _without_digests(value: Any) -> Any:
    """A reference to an object that itself differs is no difference of its own."""
    return _LABEL.sub(r"<\1>", value) if isinstance(value, str) else value
