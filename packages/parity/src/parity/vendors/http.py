"""The one HTTP client: pages, back-off on rate limits, errors that say what was asked, one TLS context a process.

The errors:

    VendorError
    ├── Unauthorized   the token is missing, wrong or expired (401)
    ├── Forbidden      the token lacks a permission (403 that is no rate limit)
    ├── NotFound       no such object, or none that the token may see (404)
    ├── RateLimited    still limited when the deadline passed (429, or 403 with GitHub's headers)
    ├── Refused        any other answer of 400 to 499
    ├── Unavailable    5xx, a dropped connection or a time-out, still so when the deadline passed
    └── Unreadable     the answer is not what the interface promises: a page cut short, no JSON
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import ssl
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from parity import redact
from parity.documents import Document, is_mapping, mapping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

_HTTP_ERRORS, _HTTP_FORBIDDEN, _HTTP_TOO_MANY, _HTTP_SERVER_ERRORS = 400, 403, 429, 500


class VendorError(Exception):
    """A vendor could not be asked, or refused; `str()` says what was asked and what came back, without any secret."""

    def __init__(
        self, vendor: str, method: str, path: str, status: int | None, message: str, *, code: str = ""
    ) -> None:
        """Keep what was asked (`vendor`, `method`, `path` without its query) and what came back, with its own code."""
        self.vendor, self.method, self.path, self.status, self.message = vendor, method, path, status, message
        self.code = code
        answered = "no answer" if status is None else f"status {status}"
        super().__init__(f"{vendor}: {method} {path}: {answered}: {message}")


class Unauthorized(VendorError):
    """The token is missing, wrong or expired."""


class Forbidden(VendorError):
    """The token is good but lacks the permission for this."""


class NotFound(VendorError):
    """There is no such object, or none that the token may see."""


class RateLimited(VendorError):
    """The vendor still limited us when the deadline passed."""


class Refused(VendorError):
    """The vendor refused the request as it is; repeating it cannot help."""


class Unavailable(VendorError):
    """The vendor failed, dropped the connection or did not answer in time, until the deadline passed."""


class Unreadable(VendorError):
    """The answer is not what the interface promises: a page cut short, or no JSON."""


_KINDS: dict[int, type[VendorError]] = {401: Unauthorized, _HTTP_FORBIDDEN: Forbidden, 404: NotFound}
_QUIET_SECONDS = 3
"""For so long a request is repeated without a word."""
_UNCONNECTED = httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""What may be one in JSON."""


@dataclass(frozen=True)
class Service:
    """How one vendor is spoken to."""

    name: str
    base_url: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    """Sent with every request, for example Vercel's `teamId`."""


def connection(
    environment: Mapping[str, str] | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    **options: Any,
) -> httpx.AsyncClient:
    """An HTTP client that goes through the environment's proxy and trusts its certificate authorities.

    The environment, the process's own by default, whose NO_PROXY counts too, has HTTPS_PROXY, SSL_CERT_FILE and
    SSL_CERT_DIR. `transport` replaces the network in tests; the options are httpx's.
    """
    own = environment is None or environment is os.environ
    given = os.environ if environment is None else environment
    return httpx.AsyncClient(
        verify=_trusted(given.get("SSL_CERT_FILE", ""), given.get("SSL_CERT_DIR", "")),
        trust_env=own,
        proxy=None if own else given.get("HTTPS_PROXY") or given.get("https_proxy"),
        transport=transport,
        **options,
    )


@cache
def _trusted(file: str, folder: str) -> ssl.SSLContext:
    """The TLS context for a PEM file or a folder of them; made once: to read 150 authorities takes 0.2 s."""
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True)
class Limits:
    """When to give up; seconds."""

    request_seconds: float = 20
    deadline_seconds: float = 60
    connect_seconds: float = 5
    """For as long as no connection was made yet: there is no network, a name does not resolve, a port is refused."""
    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 10
    connections: int = 8


class Client(AbstractAsyncContextManager["Client"]):
    """An asynchronous client of one vendor; use it as an async context manager.

    Proxy and CA come from the environment (HTTPS_PROXY, SSL_CERT_FILE), as for every other program of the project.
    """

    def __init__(
        self,
        service: Service,
        *,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak to `service`, through the process's own environment by default; `transport` is the tests' seam."""
        self.service = service
        self.calls = 0
        """How many requests were sent, repeated ones counted."""
        self._connected = False
        self._limits = limits or Limits()
        self._redactor = redact.current()
        self._clock = clock
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._http = connection(
            environment,
            transport=transport,
            base_url=service.base_url,
            headers={"User-Agent": "parity", **service.headers},
            timeout=httpx.Timeout(self._limits.request_seconds, connect=self._limits.connect_seconds),
        )

    async def __aexit__(self, *_error: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, **parameters: str | int) -> Document:
        """One object; raises VendorError, one of its kinds, after back-off within the limits."""
        answer = await self.request("GET", path, parameters=parameters)
        document: object = self._json(answer)
        if not is_mapping(document):
            raise self._unreadable(answer, f"an object expected, not {type(document).__name__}")
        return document

    async def get_or_none(self, path: str, **parameters: str | int) -> Document | None:
        """One object, or None where the vendor says that there is none."""
        try:
            return await self.get(path, **parameters)
        except NotFound:
            return None

    async def pages(self, path: str, *, mark: str = "until", **parameters: str | int) -> AsyncIterator[Any]:
        """Every page of a list, as its JSON: Vercel's `pagination.next` or `nextCursor`, GitHub's `Link` header.

        `mark` is the parameter that Vercel takes `pagination.next` back in.

        Raises:
            VendorError: as `get`; a page that was cut short is Unreadable, never a shorter list.
        """
        query: dict[str, str | int] | None = dict(parameters)
        where = path
        while query is not None:
            answer = await self.request("GET", where, parameters=query)
            page = self._json(answer)
            yield page
            where, query = self._after(where, query, answer, page, mark)

    async def request(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        body: Document | None = None,
        repeat: bool = True,
    ) -> httpx.Response:
        """Send a request; repeat it with growing pauses while the vendor limits or fails, until the deadline.

        The service's own parameters are added. Secrets of the running command are masked in the body, which may be an
        issue or a comment. Where sending it twice would do harm, `repeat` is False: only rate limits are waited out.
        """
        begun = self._clock()
        pause = self._limits.first_pause_seconds
        while True:
            error, wait, again = await self._once(method, path, {**self.service.parameters, **(parameters or {})}, body)
            if isinstance(error, httpx.Response):
                return error
            rest = pause * random.uniform(0.5, 1) if wait is None else wait  # noqa: S311 - spreads retries
            patience = self._limits.deadline_seconds if self._connected else self._limits.connect_seconds
            until = begun + min(patience, self._limits.deadline_seconds)
            if not again or not (repeat or isinstance(error, RateLimited)) or self._clock() + rest > until:
                raise error
            if self._clock() > begun + _QUIET_SECONDS:
                from parity import console  # noqa: PLC0415 - the plugins start without it

                console.again(str(error))
            await asyncio.sleep(rest)
            pause = min(pause * 2, self._limits.longest_pause_seconds)

    async def _once(
        self, method: str, path: str, parameters: Mapping[str, str | int], body: Document | None
    ) -> tuple[httpx.Response | VendorError, float | None, bool]:
        """One attempt: the answer, or the error with the pause that the vendor asks for and whether to try again."""
        self.calls += 1
        try:
            async with self._slots:
                answer = await self._http.request(
                    method,
                    path,
                    params=dict(parameters),
                    json=self._redactor.document(body),
                    follow_redirects=method == "GET",
                )
        except httpx.RequestError as error:
            self._connected |= not isinstance(error, _UNCONNECTED)
            text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            return Unavailable(self.service.name, method, path, None, text), None, True
        self._connected = True
        if answer.status_code < _HTTP_ERRORS and not answer.has_redirect_location:
            return answer, None, False
        return self._error(method, path, answer)

    def _error(self, method: str, path: str, answer: httpx.Response) -> tuple[VendorError, float | None, bool]:
        status, (code, message) = answer.status_code, _said(answer)
        kind = _KINDS.get(status, Refused)
        if status == _HTTP_TOO_MANY or (status == _HTTP_FORBIDDEN and _is_rate_limit(answer)):
            kind = RateLimited
        elif status >= _HTTP_SERVER_ERRORS:
            kind = Unavailable
        error = kind(self.service.name, method, path, status, message, code=code)
        return error, _retry_after(answer), kind in {RateLimited, Unavailable}

    def _after(
        self, path: str, query: dict[str, str | int], answer: httpx.Response, page: Any, mark: str
    ) -> tuple[str, dict[str, str | int] | None]:
        """Where the next page is, or a query of None after the last."""
        following = answer.links.get("next", {}).get("url")
        if following:
            url = httpx.URL(following)
            return url.path, dict(url.params.items())
        if cursor := mapping(page).get("nextCursor"):
            return path, {**query, "cursor": str(cursor)}
        at = mapping(mapping(page).get("pagination")).get("next")
        return path, None if at is None else {**query, mark: at}

    def _json(self, answer: httpx.Response) -> Any:
        try:
            document = answer.json()
            # Half of a surrogate pair is a text that no file, terminal or digest takes.
            lone = _SURROGATE.search(answer.content)
            return json.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace")) if lone else document
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise self._unreadable(answer, f"no complete JSON: {error}") from error

    def _unreadable(self, answer: httpx.Response, what: str) -> Unreadable:
        request = answer.request
        return Unreadable(self.service.name, request.method, request.url.path, answer.status_code, what)


def _is_rate_limit(answer: httpx.Response) -> bool:
    """GitHub's two forms of 403 for a rate limit (its REST API's page "Rate limits for the REST API")."""
    return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


def _retry_after(answer: httpx.Response) -> float | None:
    """The pause that the vendor asks for, seconds, or None where it names none."""
    named = answer.headers.get("retry-after", "")
    if named.isdigit():
        return float(named)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return None


def _said(answer: httpx.Response) -> tuple[str, str]:
    """The vendor's own code, where it has one, and words, in either vendor's shape; never more than a line."""
    try:
        document: object = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return "", answer.reason_phrase or "no message"
    if is_mapping(document):
        error: object = document.get("error")
        inner = error if is_mapping(error) else document
        code = str(inner.get("code") or "")
        return code, str(inner.get("message") or code or answer.reason_phrase)[:300]
    return "", answer.reason_phrase
