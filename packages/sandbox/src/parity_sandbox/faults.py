"""Faults that tests put in a request's way: which request, before or after its effect, and what happens to it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from parity_sandbox.context import random_id
from parity_sandbox.errors import BadDocument
from parity_sandbox.store import Document  # noqa: TC001 - the form of a fault is read from its annotations

if TYPE_CHECKING:
    from parity_sandbox.store import Store

SERVICES = ("vercel", "github", "edge")
ACTIONS = ("status", "delay", "drop", "hang", "truncate")
LONGEST_SECONDS = 86_400
_TIMINGS = ("before", "after")
_STATUSES = range(200, 600)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True)
class FaultRule:
    """One fault. The `nth` request that matches, and the next ones up to `times` in all, are struck."""

    id: str = field(default_factory=lambda: random_id("flt_", 12))
    service: str | None = None
    """`vercel`, `github`, `edge`; None: any."""
    method: str | None = None
    """Upper case; None: any."""
    path: str | None = None
    """A regular expression, searched for in path and query (for the edge: in host, path and query); None: any."""
    nth: int = 1
    """From 1."""
    times: int | None = 1
    """How many requests are struck; None: all from the nth on."""
    when: str = "before"
    """`before`: the handler has not run; `after`: its effect is committed, the client does not know."""
    action: str = "status"
    """`status`: answer with `status` and `body`. `delay`: wait `delay_seconds`, then go on. `drop`: cut the connection,
    after `delay_seconds`. `hang`: hold the request until the fault is removed, then go on, or cut the connection where
    the removal says so. `truncate`: cut the connection in mid answer."""
    status: int = 500
    retry_after: float | None = None
    """The answer's Retry-After header, seconds."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Further headers of the answer, for example `x-ratelimit-remaining`."""
    body: Document | None = None
    """The answer's JSON; None: the vendor's own form of error."""
    delay_seconds: float = 0.0
    seen: int = 0
    """How many requests matched so far."""
    fired: int = 0
    """How many of them were struck."""

    def matches(self, service: str, method: str, target: str) -> bool:
        """Whether a request is one that this fault counts."""
        return (
            self.service in {None, service}
            and self.method in {None, method}
            and (self.path is None or re.search(self.path, target) is not None)
        )

    @property
    def strikes(self) -> bool:
        """Whether the request that was counted last is struck."""
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


class FaultBook:
    """The faults that are set, kept with their counts, so that a restart forgets none."""

    def __init__(self, store: Store) -> None:
        """Keep the faults in `store`."""
        self._store = store
        self._faults = store.collection("sandbox", "faults")
        self._removed = asyncio.Event()
        self._fired = asyncio.Event()
        self._cut: set[str] = set()

    def add(self, document: Document) -> FaultRule:
        """Set a fault; raises BadDocument where the document is wrong."""
        fault = parse_fault(document)
        if self.is_set(fault.id):
            raise BadDocument(f"There is already a fault {fault.id!r}: remove it, or choose another id.")
        self._faults.insert(fault.id, asdict(fault))
        return fault

    def all(self) -> list[FaultRule]:
        """Every fault, oldest first."""
        return [FaultRule(**document) for document in self._faults.all()]

    def get(self, identifier: str) -> FaultRule | None:
        """One fault, or None."""
        document = self._faults.get(identifier)
        return None if document is None else FaultRule(**document)

    def remove(self, identifier: str, *, cut: bool = False) -> bool:
        """Remove one fault; says whether there was one. Requests that it holds go on, or with `cut` are cut."""
        if cut:
            self._cut.add(identifier)
        was_set = self._faults.delete(identifier)
        self.wake()
        return was_set

    def wake(self) -> None:
        """Let held requests check again whether their fault is still set."""
        self._removed.set()
        self._removed = asyncio.Event()

    async def until_removed(self, identifier: str) -> bool:
        """Wait until the fault is no longer set; says whether the request goes on, or is to be cut."""
        while self.is_set(identifier):
            await self._removed.wait()
        return identifier not in self._cut

    async def until_fired(self, identifier: str, times: int, seconds: float) -> FaultRule | None:
        """The fault, once it has struck so many requests or when the time is over; None where there is none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (fault := self.get(identifier)) is not None and fault.fired < times:
                    await self._fired.wait()
        return self.get(identifier)

    def clear(self) -> None:
        """Remove every fault."""
        for fault in self.all():
            self.remove(fault.id)

    def is_set(self, identifier: str) -> bool:
        """Whether the fault is still there."""
        return self._faults.get(identifier) is not None

    def strike(self, service: str, method: str, target: str) -> FaultRule | None:
        """Count a request in every fault that matches it; gives the oldest fault that strikes it."""
        struck: FaultRule | None = None
        for fault in self.all():
            if not fault.matches(service, method, target):
                continue
            counted = replace(fault, seen=fault.seen + 1)
            if struck is None and counted.strikes:
                counted = struck = replace(counted, fired=counted.fired + 1)
            self._faults.put(fault.id, asdict(counted))
        if struck is not None:
            self._fired.set()
            self._fired = asyncio.Event()
        return struck


def parse_fault(document: Document) -> FaultRule:
    """A fault from the control API's document; raises BadDocument that names the field."""
    hints = get_type_hints(FaultRule)
    settable = [each.name for each in fields(FaultRule) if each.name not in {"seen", "fired"}]
    for name, value in document.items():
        if name not in settable:
            raise BadDocument(f"A fault has no field {name!r}; it knows {', '.join(settable)}.")
        _check_type(name, value, hints[name])
    fault = FaultRule(**document)
    if fault.service is not None and fault.service not in SERVICES:
        raise BadDocument(f"A fault's service is one of {', '.join(SERVICES)}, not {fault.service!r}.")
    if fault.method is not None and not (fault.method.isalpha() and fault.method.isupper()):
        raise BadDocument(f"A fault's method is in capitals, as POST, not {fault.method!r}.")
    if fault.action not in ACTIONS:
        raise BadDocument(f"A fault's action is one of {', '.join(ACTIONS)}, not {fault.action!r}.")
    if fault.when not in _TIMINGS:
        raise BadDocument(f"A fault's when is before or after, not {fault.when!r}.")
    if fault.nth < 1 or (fault.times is not None and fault.times < 1):
        raise BadDocument("A fault's nth and times count from 1.")
    try:
        re.compile(fault.path or "")
    except (re.error, OverflowError, RecursionError) as error:
        raise BadDocument(f"A fault's path is a regular expression: {fault.path!r} is none ({error}).") from error
    _check_answer(fault)
    return fault


def _check_answer(fault: FaultRule) -> None:
    """Check what goes into an HTTP answer; raises BadDocument."""
    if fault.status not in _STATUSES:
        raise BadDocument(f"A fault's status is from 200 to 599, not {fault.status}.")
    if not 0 <= fault.delay_seconds <= LONGEST_SECONDS or not 0 <= (fault.retry_after or 0) <= LONGEST_SECONDS:
        raise BadDocument(f"A fault's delay_seconds and retry_after are from 0 to {LONGEST_SECONDS} seconds.")
    for name, value in fault.headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(str(value)):
            raise BadDocument(f"A fault's headers are names and texts of HTTP, not {name!r}: {value!r}.")


def _check_type(name: str, value: object, hint: Any) -> None:
    allowed = tuple(
        getattr(each, "__origin__", each) for each in (get_args(hint) if type(None) in get_args(hint) else (hint,))
    )
    if isinstance(value, bool) or not isinstance(value, (*allowed, int) if float in allowed else allowed):
        kinds = " or ".join("null" if each is type(None) else each.__name__ for each in allowed)
        raise BadDocument(f"A fault's {name} is of type {kinds}, not {type(value).__name__}.")
