"""A client of the sandbox's control API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from parity.errors import SandboxDownError, SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "/_sandbox"


class Control:
    """Requests to `/_sandbox/...`; answers are plain data."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        """Take the control API's address, `http://127.0.0.1:<port>`, and the limit of one request in seconds."""
        self.url = url
        # The environment's proxy leads to the vendors, not to loopback.
        self._client = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    def get(self, path: str, **query: str | int) -> Any:
        """The answer to GET `/_sandbox/<path>`."""
        return self._send("GET", path, params=query)

    def post(self, path: str, document: Any = None) -> Any:
        """The answer to POST `/_sandbox/<path>` with a JSON body."""
        return self._send("POST", path, json={} if document is None else document)

    def put(self, path: str, document: Any) -> Any:
        """The answer to PUT `/_sandbox/<path>` with a JSON body."""
        return self._send("PUT", path, json=document)

    def delete(self, path: str) -> Any:
        """The answer to DELETE `/_sandbox/<path>`."""
        return self._send("DELETE", path)

    def requests_since(self, number: int) -> Iterator[dict[str, Any]]:
        """The rows of the request log after the one with id `number`, oldest first."""
        yield from self.get("requests", after=number)["requests"]

    def _send(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._client.request(method, f"{_PREFIX}/{path}", **arguments)
        except httpx.TransportError as error:
            raise SandboxDownError(
                f"the sandbox does not answer: {error}",
                where=f"{self.url}{_PREFIX}/{path}",
                remedy="parity sandbox status; parity sandbox up",
            ) from error
        if response.is_error:
            raise SandboxError(
                f"the sandbox refused {method} {_PREFIX}/{path}: {response.status_code} {response.text[:500]}",
                where=self.url,
            )
        return response.json() if response.content else None
