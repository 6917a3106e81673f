"""What the stand-in plugin raises; the text goes to the engine as it is.

StandInError
+-- ConfigurationError    the provider's own settings are wrong or missing
+-- UnknownToStandInError a resource or property that only the released plugin has
+-- ResourceError         an operation failed: what was tried, then why
+-- ApiError              Vercel answered with an error; `status` 404 means that the object is gone
+-- ConnectionFailedError no answer came
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


class StandInError(Exception):
    """Anything the stand-in reports to the engine."""


class ConfigurationError(StandInError):
    """The provider's token, team or the stand-in's own environment variable cannot be used."""


class UnknownToStandInError(StandInError):
    """The program uses a resource or property that the stand-in does not imitate; the message names it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The stand-in for pulumi-resource-vercel does not know {what}. "
            "Install the released plugin, which always wins over the stand-in, or do without it in the sandbox."
        )


class ResourceError(StandInError):
    """An operation on a resource failed."""

    def __init__(self, summary: str, detail: str) -> None:
        super().__init__(f"{summary}: {detail}")


class ApiError(StandInError):
    """Vercel's answer with a status of 300 or more."""

    def __init__(self, status: int, code: str, message: str, document: object = None, retry_after: int = 1) -> None:
        super().__init__(f"{code} - {message}")
        self.status = status
        self.code = code
        self.message = message
        self.document = document
        self.retry_after = retry_after
        """Seconds, from `Retry-After`, 1 where that is missing or no integer above zero."""


class ConnectionFailedError(StandInError):
    """No answer came: the proxy refused the host, the connection broke, or the limit of five minutes passed."""


def not_found(error: BaseException) -> bool:
    """Whether `error` says that the object does not exist."""
    return isinstance(error, ApiError) and error.status == 404  # noqa: PLR2004 - the HTTP status


@contextmanager
def explained(summary: str, what: str, *, gone: bool = False) -> Generator[None]:
    """Raise what fails inside as a ResourceError: `summary`, then `what`, then the reason.

    With `gone` an object that does not exist is no failure of its own: the ApiError is left as it is.
    """
    try:
        yield
    except ResourceError:
        raise
    except StandInError as error:
        if gone and not_found(error):
            raise
        raise ResourceError(summary, f"{what}: {error}") from error
