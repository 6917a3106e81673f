"""Removes variables that the program no longer declares, before the engine starts.

The engine deletes last of all, so a deployment of the same update would be built with them. Deployments that are there
keep their own. The engine's own deletion then finds nothing, which is no fault; an update that dies in between is
followed by one that does the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from parity.errors import UpdateError
from parity.resources.urn import short_urn
from parity.vendors import services
from parity.vendors.http import Client, NotFound, VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def remove(removed: Sequence[Sequence[str]], team: str, environment: Mapping[str, str]) -> None:
    """Delete each variable at Vercel; one that is not there is as it should be.

    `removed` has of each its URN, Vercel's id of the project and its own; `team` is an id or slug.

    Raises:
        UpdateError: Vercel could not be asked, or refused; no deployment was made.
    """
    if removed:
        asyncio.run(_remove(removed, Client(services.vercel(environment.get(services.VERCEL_TOKEN, ""), team))))


async def _remove(removed: Sequence[Sequence[str]], vercel: Client) -> None:
    async with vercel:
        for urn, project, variable in removed:
            try:
                await vercel.request("DELETE", f"/v9/projects/{project}/env/{variable}")
            except NotFound:
                continue
            except VendorError as error:
                raise UpdateError(
                    f"the variable is not declared any more and could not be removed, so nothing was built: {error}",
                    where=short_urn(urn),
                    remedy="run the update again once Vercel answers; the token must be allowed to delete variables",
                ) from error
