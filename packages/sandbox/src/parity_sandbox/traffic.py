"""What deployments answered, counted by second, as a collector counts the lines of a log drain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from parity_sandbox.errors import BadDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity_sandbox.store import Document

_ERROR = 500


@dataclass
class Traffic:
    """Requests and errors of each deployment since the sandbox was started."""

    _requests: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    _errors: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    _numbers: Counter[str] = field(default_factory=Counter[str])

    def count(self, deployment: str, now: float, status: int) -> None:
        """Count an answer; `now` is in seconds since 1970."""
        self._requests[deployment, int(now)] += 1
        self._errors[deployment, int(now)] += status >= _ERROR

    def strikes(self, deployment: str, share: float) -> bool:
        """Whether this request of the deployment is one of the share that fails, evenly spread."""
        self._numbers[deployment] += 1
        number = self._numbers[deployment]
        return int(number * share) > int((number - 1) * share)

    def window(self, query: Mapping[str, str]) -> Document:
        """The counts by deployment between `from` and `to`, ISO 8601 with a zone.

        Raises:
            BadDocument: one of them is missing, or is no such time.
        """
        try:
            since, until = (datetime.fromisoformat(query[name]).timestamp() for name in ("from", "to"))
        except (KeyError, ValueError) as error:
            raise BadDocument("The query has `from` and `to`, ISO 8601 with a zone.") from error
        found: Document = {}
        for (deployment, second), requests in self._requests.items():
            if int(since) <= second < until:
                row = found.setdefault(deployment, {"requests": 0, "errors": 0})
                row["requests"] += requests
                row["errors"] += self._errors[deployment, second]
        return {"deployments": found}
