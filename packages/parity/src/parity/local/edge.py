"""What the edge of the running sandbox answered: of real accounts only the team's own logs have it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity_sandbox import lifecycle
from parity_sandbox.errors import NotRunning
from parity_sandbox.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE = 10_000
"""Rows of the request log that are asked for at once."""


@dataclass(frozen=True)
class Answered:
    """One answer."""

    time: float
    """Seconds since 1970."""
    host: str
    path: str
    """Without its query."""
    status: int | None
    """None where the connection was cut."""


def answers(environment: Mapping[str, str]) -> Iterator[Answered]:
    """Each answer in its request log, oldest first; none where the state is not that of a sandbox that runs."""
    backend = Path(environment.get("PULUMI_BACKEND_URL", "").removeprefix("file://"))
    if backend != Layout(backend.parent).backend:
        return
    try:
        client = lifecycle.require(backend.parent).client()
    except NotRunning:
        return
    last = 0
    while rows := client.requests(last, _PAGE, service="edge"):
        last = int(rows[-1]["id"])
        for row in rows:
            host, slash, path = str(row["path"]).partition("?")[0].partition("/")
            yield Answered(float(row["time"]), host, f"{slash}{path}", row["status"])
