"""How GitHub words a failure that strikes from outside: the rate limits, a right that is missing, an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import primary_limit_headers
from parity_sandbox.github.errors import DOCUMENTATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity_sandbox.store import Document

_LIMITS = f"{DOCUMENTATION}/using-the-rest-api/rate-limits-for-the-rest-api"
_SECONDARY = f"{_LIMITS}#about-secondary-rate-limits"
_FORBIDDEN, _TOO_MANY = 403, 429

_MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by personal access token",
    404: "Not Found",
    500: "Server Error",
    502: "Server Error",
    503: "Service Unavailable",
}


def failure(status: int, headers: Mapping[str, str], now: float) -> tuple[Document, dict[str, str]]:
    """The document and the headers of a failure that a fault asks for.

    Args:
        status: 403 and 429 are a rate limit where the headers say so: `x-ratelimit-remaining: 0` for the hourly
            (primary) one, `retry-after` for the secondary one; 429 is the secondary one by itself.
        headers: The fault's own, lower case.
        now: Seconds since 1970; the hourly limit ends with the hour unless `x-ratelimit-reset` says otherwise.
    """
    limited = status in {_FORBIDDEN, _TOO_MANY}
    if limited and headers.get("x-ratelimit-remaining") == "0":
        message = "API rate limit exceeded for user ID 1."
        return _document(status, message, f"{_LIMITS}#primary-rate-limit"), primary_limit_headers(now) | dict(headers)
    if status == _TOO_MANY or (limited and "retry-after" in headers):
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return _document(status, message, _SECONDARY), dict(headers)
    return _document(status, _MESSAGES.get(status, "The sandbox's fault struck this request."), DOCUMENTATION), dict(
        headers
    )


def _document(status: int, message: str, documentation: str) -> Document:
    return {"message": message, "documentation_url": documentation, "status": str(status)}
