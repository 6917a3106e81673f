"""Faults that tests put in a request's way: which request, before or after its effect, and what happens to it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Annotated, Literal

from pydantic import Field

from parity_sandbox.context import random_id
from parity_sandbox.forms import LONGEST_SECONDS, Expression, Form, keep
from parity_sandbox.store import Document, Store

_HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
_HeaderValue = Annotated[str, Field(pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")]
_Seconds = Annotated[float, Field(ge=0, le=LONGEST_SECONDS)]
_Count = Annotated[int, Field(ge=1)]


class Fault(Form):
    """What a test asks for. The `nth` request that matches, and the next ones up to `times` in all, are struck."""

    id: str = Field(default_factory=lambda: random_id("flt_", 12))
    service: Literal["vercel", "github", "edge"] | None = None
    """None: any."""
    method: Annotated[str, Field(pattern="^[A-Z]+$")] | None = None
    """Upper case; None: any."""
    path: Expression | None = None
    """Searched for in path and query (for the edge: in host, path and query); None: any."""
    nth: _Count = 1
    times: _Count | None = 1
    """How many requests are struck; None: all from the nth on."""
    when: Literal["before", "after"] = "before"
    """`before`: the handler has not run; `after`: its effect is committed, the client does not know."""
    action: Literal["status", "delay", "drop", "hang", "truncate"] = "status"
    """`status`: answer with `status` and `body`. `delay`: wait `delay_seconds`, then go on. `drop`: cut the connection,
    after `delay_seconds`. `hang`: hold the request until the fault is removed, then go on, or cut the connection where
    the removal says so. `truncate`: cut the connection in mid answer."""
    status: Annotated[int, Field(ge=200, le=599)] = 500
    retry_after: _Seconds | None = None
    """The answer's Retry-After header, seconds."""
    headers: dict[_HeaderName, _HeaderValue] = Field(default_factory=dict[str, str])
    """Further headers of the answer, for example `x-ratelimit-remaining`."""
    body: Document | None = None
    """The answer's JSON; None: the vendor's own form of error."""
    delay_seconds: _Seconds = 0.0


class FaultRule(Fault):
    """A fault that is set."""

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
        self._faults = store.collection("sandbox", "faults")
        self._removed = asyncio.Event()
        self._fired = asyncio.Event()
        self._cut: set[str] = set()

    def add(self, document: Document) -> FaultRule:
        """Set a fault; raises BadDocument where the document is wrong."""
        fault = FaultRule(**Fault.read(document, "fault").model_dump())
        keep(self._faults, fault.model_dump(), "fault")
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
        while self.get(identifier) is not None:
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

    def strike(self, service: str, method: str, target: str) -> FaultRule | None:
        """Count a request in every fault that matches it; gives the oldest fault that strikes it."""
        struck: FaultRule | None = None
        for fault in self.all():
            if not fault.matches(service, method, target):
                continue
            counted = fault.model_copy(update={"seen": fault.seen + 1})
            if struck is None and counted.strikes:
                counted = struck = counted.model_copy(update={"fired": counted.fired + 1})
            self._faults.put(fault.id, counted.model_dump())
        if struck is not None:
            self._fired.set()
            self._fired = asyncio.Event()
        return struck
