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

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity_sandbox.store import Document

DOCUMENTATION = "https://docs.github.com/rest"


class GitHubError(Exception):
    """The request was refused; the answer is `status` with `document()` and `headers`."""

    status = 500
    headers: dict[str, str]

    def __init__(self, message: str, *, errors: list[Any] | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
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

    status = 401

    def __init__(self, message: str = "Bad credentials") -> None:
        super().__init__(message)


class MissingUserAgent(GitHubError):
    """The request has no `User-Agent`; GitHub refuses those."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
        )


class ReadOnly(GitHubError):
    """The repository is archived."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Repository was archived so is read-only.")


class NotAccessible(GitHubError):
    """The token of a GitHub App has not the permission."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Resource not accessible by integration")


class NotFound(GitHubError):
    """What the path names does not exist."""

    status = 404

    def __init__(self, message: str = "Not Found") -> None:
        super().__init__(message)


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
