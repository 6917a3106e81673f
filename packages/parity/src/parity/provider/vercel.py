"""A small client of Vercel's API: four calls, retried within a limit, errors that say what was asked."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING, Any, cast

import httpx

from parity.provider.errors import BadInput, NotFound, VercelError

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE_URL = "https://api.vercel.com"
TOKEN_VARIABLE = "VERCEL_API_TOKEN"  # noqa: S105 - the variable's name
_RETRY_SECONDS = 60.0
_REQUEST_SECONDS = 30.0
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
_RATE_LIMITED = 429
_SERVER_ERROR = 500
_BAD_REQUEST = 400
_NOT_FOUND = 404


class Vercel:
    """Vercel's API as one team sees it.

    The proxy (`HTTPS_PROXY`) and the certificate authorities (`SSL_CERT_FILE`) are the environment's, as for any HTTP
    client.
    """

    def __init__(
        self,
        token: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        """Take the token; `transport` replaces the network in tests, `retry_seconds` limits one call's retries."""
        self._client = httpx.AsyncClient(
            base_url=BASE_URL,
            headers={"Authorization": f"Bearer {token}", "User-Agent": "pulumi-resource-parity"},
            timeout=_REQUEST_SECONDS,
            transport=transport,
        )
        self._retry_seconds = retry_seconds

    @classmethod
    def from_environment(cls) -> Vercel:
        """A client with the environment's token.

        Raises:
            BadInput: the variable is not set.
        """
        token = os.environ.get(TOKEN_VARIABLE, "")
        if not token:
            raise BadInput(f"{TOKEN_VARIABLE} is not set: export a Vercel token that may read and promote deployments.")
        return cls(token)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def project(self, team: str, project: str) -> dict[str, Any]:
        """The project's document (`GET /v9/projects/{idOrName}`).

        Raises:
            NotFound: there is none of that name or id in the team.
            VercelError: the call failed otherwise.
        """
        return await self._call("GET", f"/v9/projects/{project}", team)

    async def deployment(self, team: str, deployment: str) -> dict[str, Any]:
        """The deployment's document (`GET /v13/deployments/{idOrUrl}`), with its `meta`."""
        return await self._call("GET", f"/v13/deployments/{deployment}", team)

    async def promote(self, team: str, project: str, deployment: str) -> None:
        """Ask for the switch (`POST /v10/projects/{id}/promote/{deploymentId}`); it is done some time later."""
        await self._call("POST", f"/v10/projects/{project}/promote/{deployment}", team, body={})

    async def change_bypass(self, team: str, project: str, change: Mapping[str, Any]) -> None:
        """Add or revoke an automation bypass (`PATCH /v1/projects/{idOrName}/protection-bypass`)."""
        await self._call("PATCH", f"/v1/projects/{project}/protection-bypass", team, body=dict(change))

    async def _call(self, method: str, path: str, team: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        deadline = time.monotonic() + self._retry_seconds
        pause = _FIRST_PAUSE
        while True:
            response, failure = await self._once(method, path, team, body)
            if response is not None and response.status_code < _BAD_REQUEST:
                return _document(response, f"{method} {path}")
            wait = _asked_pause(response) or pause * random.uniform(0.5, 1)  # noqa: S311 - spreads retries
            if not _is_worth_again(response) or time.monotonic() + wait > deadline:
                raise _error(method, path, response, failure)
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _once(
        self, method: str, path: str, team: str, body: dict[str, Any] | None
    ) -> tuple[httpx.Response | None, httpx.HTTPError | None]:
        try:
            return await self._client.request(method, path, params=_team(team), json=body), None
        except httpx.HTTPError as failure:
            return None, failure


def _team(team: str) -> dict[str, str]:
    """Vercel takes an id and a slug in two different parameters."""
    return {"teamId": team} if team.startswith("team_") else {"slug": team}


def _is_worth_again(response: httpx.Response | None) -> bool:
    """No answer, a rate limit or the server's own fault: each of these calls may be repeated."""
    return response is None or response.status_code == _RATE_LIMITED or response.status_code >= _SERVER_ERROR


def _asked_pause(response: httpx.Response | None) -> float | None:
    """Seconds that `Retry-After` asks for."""
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return float(asked) if asked.isdigit() else None


def _document(response: httpx.Response, asked: str) -> dict[str, Any]:
    """The answer's JSON object; an empty one where the answer has no body, as after a promotion."""
    if not response.content:
        return {}
    document = _json(response)
    if document is None:
        raise VercelError(
            f"The answer to {asked} is no JSON object: something between here and Vercel answered. Check HTTPS_PROXY.",
            status=response.status_code,
        )
    return document


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        document = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def _error(method: str, path: str, response: httpx.Response | None, failure: httpx.HTTPError | None) -> VercelError:
    asked = f"{method} {path}"
    if response is None:
        kind = type(failure).__name__
        return VercelError(
            f"Vercel did not answer {asked} ({kind}: {failure}). Check the network, HTTPS_PROXY and SSL_CERT_FILE, "
            "then run `pulumi up` again."
        )
    said = (_json(response) or {}).get("error")
    told = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    text = f"Vercel refused {asked}: {response.status_code} {told.get('code', '')} {told.get('message', '')}".strip()
    remedies = {
        401: f"{TOKEN_VARIABLE} is wrong or has expired.",
        403: f"{TOKEN_VARIABLE} lacks the right for it, or belongs to another team.",
        404: "It does not exist in this team, or the token may not see it.",
        429: "The rate limit did not end in time; run `pulumi up` again later.",
    }
    remedy = remedies.get(response.status_code, "Run `pulumi up` again; see Vercel's status page if it goes on.")
    kind = NotFound if response.status_code == _NOT_FOUND else VercelError
    return kind(f"{text} {remedy}", status=response.status_code)
