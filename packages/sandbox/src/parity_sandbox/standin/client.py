"""Vercel's API as the real provider's client calls it: same hosts, headers, retries and error texts."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity_sandbox.narrowing import as_object
from parity_sandbox.standin.errors import ApiError, ConfigurationError, ConnectionFailedError, StandInError, not_found
from parity_sandbox.standin.golang import text
from parity_sandbox.standin.schema import Call, Document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx


BASE_URL = "https://api.vercel.com"
GET_TEAM = Call("GET", "/v2/teams/{teamId}")
TIMEOUT_SECONDS = 300.0
_RATE_LIMITED = 429
_FIRST_ERROR = 300
_RETRIES = 3
_LONGEST_WAIT_SECONDS = 300
_NO_BODY = object()


@dataclass
class Client:
    """One configured provider: its token, its default team, its connections."""

    token: str
    http: httpx.AsyncClient
    poll_seconds: float = 5.0
    """How long to wait between two reads of a deployment or domain; the real provider waits 5 s."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    team: Document = field(default_factory=Document)
    """The team that the provider's settings name, as Vercel gives it; empty for none."""
    _answered: bool = False
    _regions: list[str] | None = None

    def team_of(self, at: Document) -> str:
        """The resource's own team, or the provider's; empty where there is none."""
        return text(at.get("teamId")) or str(self.team.get("id", ""))

    async def use_team(self, slug_or_id: str) -> None:
        """Read the provider's team; raises ConfigurationError where there is none."""
        try:
            self.team = await self.send(GET_TEAM, {"teamId": slug_or_id}, scoped=False)
        except StandInError as error:
            if not_found(error):
                raise ConfigurationError(
                    "Vercel Team not found: You provided a `team` field on the Vercel provider, but the team could "
                    "not be found. Please check the team slug or ID is correct and that your api_token has access to "
                    "the team."
                ) from error
            raise ConfigurationError(
                f"Unexpected error reading Vercel Team: Could not read Vercel Team {slug_or_id}, "
                f"unexpected error: {error}"
            ) from error

    async def find_team(self, at: Document) -> Document:
        """The resource's own team, looked up, or the provider's as it was when it was configured."""
        return await self.send(GET_TEAM, at, scoped=False) if text(at["teamId"]) else self.team

    async def send(
        self,
        call: Call,
        at: Document,
        *,
        body: object = _NO_BODY,
        query: Mapping[str, str] | None = None,
        scoped: bool = True,
    ) -> Any:
        """Send a call and give the answer's JSON, None where it is empty.

        Args:
            call: Method and path.
            at: A plan, a state or some properties of one: those that the path names, and `teamId`, the resource's own
                team, where it is not the provider's.
            body: Sent as JSON where given.
            query: Parameters before `teamId`.
            scoped: Whether the team is named at all.

        Raises:
            ApiError: an answer of 300 or more.
            ConnectionFailedError: no answer.
        """
        url = BASE_URL + call.path.format(**{name: text(value) for name, value in at.items()})
        parameters, team = dict(query or {}), self.team_of(at)
        if scoped and team:
            parameters["teamId"] = team
        if parameters:
            url += "?" + "&".join(f"{name}={value}" for name, value in parameters.items())
        content = None if body is _NO_BODY else json.dumps(body, separators=(",", ":"))
        for _ in range(_RETRIES):
            try:
                return await self._once(call.method, url, content)
            except ApiError as error:
                if error.status != _RATE_LIMITED or error.retry_after >= _LONGEST_WAIT_SECONDS:
                    raise
                await self.sleep(error.retry_after)
        return await self._once(call.method, url, content)

    async def fetch(self, url: str) -> Any:
        """The JSON at another host, asked without the token; raises ConnectionFailedError or ApiError."""
        answer = await self._request("GET", url, None, {})
        if answer.status_code != 200:  # noqa: PLR2004 - the HTTP status
            raise ApiError(answer.status_code, "unexpected status code", str(answer.status_code))
        return answer.json()

    async def regions(self) -> list[str]:
        """The regions that take deployments, asked once."""
        if self._regions is None:
            answer = await self.fetch("https://dcs.vercel-infra.com")
            self._regions = [name for name, each in answer.items() if "V2_DEPLOYMENT_CREATE" in each.get("caps", [])]
        return self._regions

    async def _once(self, method: str, url: str, content: str | None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "parity-standin"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        answer = await self._request(method, url, content, headers)
        if answer.status_code >= _FIRST_ERROR:
            raise _error(answer)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise StandInError(f"error unmarshaling response {answer.text}: {error}") from error

    async def _request(self, method: str, url: str, content: str | None, headers: dict[str, str]) -> httpx.Response:
        import httpx  # noqa: PLC0415 - a fifth of a second that only a configured provider needs

        try:
            answer = await self.http.request(method, url, content=content, headers=headers)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            # Go's client silently repeats a GET once on a connection that was used before and broke.
            if method != "GET" or not self._answered:
                raise _no_answer(method, url, error) from error
            self._answered = False
            return await self._request(method, url, content, headers)
        except httpx.HTTPError as error:
            raise _no_answer(method, url, error) from error
        self._answered = True
        return answer


def _no_answer(method: str, url: str, error: Exception) -> ConnectionFailedError:
    address = url.partition("?")[0]
    return ConnectionFailedError(f"error doing http request: {method} {address}: {type(error).__name__}: {error}")


def _error(answer: httpx.Response) -> StandInError:
    if not answer.content:
        return ApiError(answer.status_code, "", "")
    document: Any
    try:
        document = answer.json()
    except ValueError:
        document = None
    details = as_object(as_object(document).get("error"))
    code, message = str(details.get("code") or ""), str(details.get("message") or "")
    if not code and not message:
        return StandInError(f"error performing API request: {answer.status_code} {answer.text}")
    return ApiError(answer.status_code, code, message, document, _retry_after(answer))


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("Retry-After", "")
    return int(text) if answer.status_code == _RATE_LIMITED and text.isdigit() and int(text) > 0 else 1
