"""The OIDC token of a job of GitHub Actions, with which protected deployments are asked as by a trusted source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from parity import redact
from parity.config.catalog_checks import FILE
from parity.errors import AccessError
from parity.problems import ConfigProblem
from parity.vendors.http import Client, Limits, Service, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.settings import Settings

URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""What GitHub gives a job with `id-token: write`."""
_LIMITS = Limits(request_seconds=5, deadline_seconds=15)


def is_here(environ: Mapping[str, str]) -> bool:
    """Whether the environment is that of a job which may ask for a token."""
    return bool(environ.get(URL) and environ.get(TOKEN))


async def token(audience: str, environ: Mapping[str, str]) -> str:
    """A new token of the job for an audience, which lives for minutes; raises VendorError where GitHub gives none."""
    address = httpx.URL(environ[URL])
    base = f"{address.scheme}://{address.netloc.decode()}"
    service = Service("GitHub", base, {"Authorization": f"Bearer {environ[TOKEN]}"}, dict(address.params))
    async with Client(service, limits=_LIMITS, environment=environ) as client:
        value = (await client.get(address.path, audience=audience)).get("value")
    if not isinstance(value, str):
        raise Unreadable("GitHub", "GET", address.path, None, "no token in the answer")
    redact.current().learn({value})
    return value


def require(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise AccessError where a job alone can ask a protected deployment of the stack, and this is none."""
    what = f"lets a job alone ask the protected deployments of {settings.stack}, and this is none: {URL} is not set."
    remedy = (
        "Run it in a job, by .github/workflows/deliver.yml or rollback.yml; or take `trusted_source` out, so that the "
        "bypass secret asks (docs/delivery.md)."
    )
    found = [
        ConfigProblem(FILE, None, None, f"applications.{each.name}.trusted_source", what, remedy)
        for each in settings.catalog.applications
        if each.trusted_source and settings.releases[each.name].live
        if settings.applications[each.name].protection != "none"
    ]
    if found and not is_here(environ):
        raise AccessError(found)
