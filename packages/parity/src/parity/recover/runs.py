"""Asks GitHub whether an Actions run is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from parity.vendors import services
from parity.vendors.http import Client, Limits, VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from parity.backend.this_host import Run


def state(run: Run, environment: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None) -> str:
    """`over`, `going`, or why it is not known.

    An attempt that was followed by another is over: GitHub starts the next only once the one before has ended
    (GitHub's REST API, "Get a workflow run").
    """
    token = environment.get(services.GITHUB_TOKEN, "")
    if not token:
        return f"{services.GITHUB_TOKEN} is not set"
    try:
        document = asyncio.run(_get(run, token, transport))
    except VendorError as error:
        return str(error)
    if int(document.get("run_attempt") or 1) > run.attempt or document.get("status") == "completed":
        return "over"
    return "going"


async def _get(run: Run, token: str, transport: httpx.AsyncBaseTransport | None) -> dict[str, Any]:
    limits = Limits(deadline_seconds=20)
    async with Client(services.github(token), limits=limits, transport=transport) as client:
        return await client.get(f"/repos/{run.repository}/actions/runs/{run.id}")
