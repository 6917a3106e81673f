"""What GitHub's API refuses, each with its status and error document.

GitHubError
├── BadCredentials          401
├── MissingUserAgent        403
├── ReadOnly                403, an archived repository
├── NotAccessible           403, a token without the permission
├── NotFound                404
├── Conflict                409
├── BadRequest              400, a body that is no JSON object, a version that is not served
├── InvalidRequest          422, a body that does not fit the operation's schema
├── ValidationFailed        422, a body that fits and breaks a rule, with `errors`
└── Moved                   301 or 307, a repository that was renamed

The documents are GitHub's: `message`, `documentation_url`, `status`, and `errors` where there are any
(https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from parity_sandbox.store import Document

DOCUMENTATION = "https://docs.github.com/rest"
HOUR, LIMIT = 3600, 5000
"""Seconds, and calls in them."""


class GitHubError(Exception):
    """The request was refused; the answer is `status` with `document()` and `headers`."""

    status = 500
    said = ""
    """The message where none is given."""

    def __init__(
        self, message: str = "", *, errors: list[Any] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.message = message or self.said
        super().__init__(self.message)
        self.errors = errors
        self.headers = headers or {}

    def document(self) -> Document:
        """The answer's body."""
        document: Document = {"message": self.message}
        if self.errors is not None:
            document["errors"] = self.errors
        return document | {"documentation_url": DOCUMENTATION, "status": str(self.status)}


class BadCredentials(GitHubError):
    """The request carries no token, or not the sandbox's."""

    status, said = 401, "Bad credentials"


class MissingUserAgent(GitHubError):
    """The request has no `User-Agent`; GitHub refuses those."""

    status = 403
    said = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."


class ReadOnly(GitHubError):
    """The repository is archived."""

    status, said = 403, "Repository was archived so is read-only."


class NotAccessible(GitHubError):
    """The token of a GitHub App has not the permission."""

    status, said = 403, "Resource not accessible by integration"


class NotFound(GitHubError):
    """What the path names does not exist."""

    status, said = 404, "Not Found"


class Conflict(GitHubError):
    """What would be made exists already, or the present state does not allow it."""

    status = 409


class SeeOther(GitHubError):
    """A deployment branch policy of this name exists already: GitHub's description gives 303 for it."""

    status = 303


class BadRequest(GitHubError):
    """The body cannot be parsed."""

    status = 400


class InvalidRequest(GitHubError):
    """The body does not fit the operation's schema; the message lists every fault."""

    status = 422

    def __init__(self, faults: list[str]) -> None:
        super().__init__("Invalid request.\n\n" + "\n".join(faults))


class ValidationFailed(GitHubError):
    """The body breaks a rule."""

    status = 422

    def __init__(self, *errors: dict[str, str] | str, message: str = "Validation Failed") -> None:
        super().__init__(message, errors=list(errors) or None)


class Moved(GitHubError):
    """The repository has another name now; the answer names its lasting address."""

    def __init__(self, location: str, *, keeps_method: bool) -> None:
        super().__init__("Moved Permanently" if not keeps_method else "Temporary Redirect")
        self.status = 307 if keeps_method else 301
        self.location = location
        self.headers = {"location": location}

    def document(self) -> Document:
        """The answer's body, with the address."""
        return {"message": self.message, "url": self.location, "documentation_url": DOCUMENTATION}


def missing_field(resource: str, field: str) -> dict[str, str]:
    """An entry of `errors`: a required field is not there."""
    return {"resource": resource, "code": "missing_field", "field": field}


def invalid(resource: str, field: str, message: str) -> dict[str, str]:
    """An entry of `errors`: the field's value is not allowed."""
    return {"resource": resource, "code": "invalid", "field": field, "message": message}


def custom(resource: str, field: str, message: str) -> dict[str, str]:
    """An entry of `errors`: a rule of GitHub's own, in words."""
    return {"resource": resource, "code": "custom", "field": field, "message": message}


def already_exists(resource: str, field: str) -> dict[str, str]:
    """An entry of `errors`: another object has this value."""
    return {"resource": resource, "code": "already_exists", "field": field}


# --- Failures that strike from outside: the rate limits, a right that is missing, an outage ---

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
        return _document(status, message, f"{_LIMITS}#primary-rate-limit"), _primary_limit(now) | dict(headers)
    if status == _TOO_MANY or (limited and "retry-after" in headers):
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return _document(status, message, _SECONDARY), dict(headers)
    return _document(status, _MESSAGES.get(status, "The sandbox's fault struck this request."), DOCUMENTATION), dict(
        headers
    )


def _document(status: int, message: str, documentation: str) -> Document:
    return {"message": message, "documentation_url": documentation, "status": str(status)}


def _primary_limit(now: float) -> dict[str, str]:
    """The headers of a call past the hourly limit: nothing remains until the hour ends."""
    reset = (math.floor(now / HOUR) + 1) * HOUR
    return {"x-ratelimit-limit": str(LIMIT), "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
