"""What Vercel's API refuses: each error owns its status, code and message.

The tree::

    VercelError
    ├── BadRequest     400  bad_request, or a code of its own (missing_files, ENV_CONFLICT, ...)
    ├── Forbidden      403  forbidden: no token, a wrong token, a scope that is not the token's
    ├── NotFound       404  not_found
    ├── Conflict       409  conflict, or a code of its own (domain_already_in_use)
    └── Unsupported    501  sandbox_unknown_route: the sandbox, not Vercel, does not know the route

Status codes and documents: https://vercel.com/docs/rest-api/errors and the API's description.
"""

from __future__ import annotations

from typing import Any

from parity_sandbox.store import Document


class VercelError(Exception):
    """A request was refused; carries the status and the `error` document that Vercel would answer with."""

    status = 500
    code = "internal_server_error"

    def __init__(self, message: str, *, code: str | None = None, **extra: Any) -> None:
        """Take the sentence for the caller, a more special code, and further fields of the `error` object."""
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.extra = extra
        self.siblings: Document = {}
        """Fields next to `error` in the answer, such as `failed` of a refused list of variables."""

    def document(self) -> Document:
        """The body of the answer."""
        return {"error": {"code": self.code, "message": self.message, **self.extra}, **self.siblings}


class BadRequest(VercelError):
    """The body or the query does not fit; the message says which property and how."""

    status = 400
    code = "bad_request"


class Forbidden(VercelError):
    """The token is missing, unknown, or has no access to the scope that was asked for."""

    status = 403
    code = "forbidden"


class NotFound(VercelError):
    """There is no such object in the scope of the request."""

    status = 404
    code = "not_found"


class Conflict(VercelError):
    """The name is taken, or something else is under way."""

    status = 409
    code = "conflict"


class Unsupported(VercelError):
    """The sandbox has no such route; loud, because a 404 would read as "deleted"."""

    status = 501
    code = "sandbox_unknown_route"
