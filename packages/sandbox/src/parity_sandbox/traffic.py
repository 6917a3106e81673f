"""What deployments answered: the lines of a log drain, and their counts by second, as a collector has them."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from parity_sandbox.errors import BadDocument

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from parity_sandbox.store import Document

_ERROR = 500
_MOST = 10_000
"""Lines that are kept; older ones go."""


@dataclass
class Traffic:
    """Requests and errors of each deployment since the sandbox was started."""

    _requests: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    _errors: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    _numbers: Counter[str] = field(default_factory=Counter[str])
    _lines: deque[Document] = field(default_factory=lambda: deque(maxlen=_MOST))

    def clear(self) -> None:
        """Forget all of it: a deployment of the same id is another world's from now on."""
        for each in (self._requests, self._errors, self._numbers, self._lines):
            each.clear()

    def count(self, deployment: Document, now: float, status: int, host: str, path: str) -> None:
        """Keep the line of an answer and count it; `now` is in seconds since 1970.

        The line has the names of Vercel's log drains (https://vercel.com/docs/drains/reference/logs).
        """
        identity, failed = deployment["id"], status >= _ERROR
        self._requests[identity, int(now)] += 1
        self._errors[identity, int(now)] += failed
        number, time = f"{len(self._lines)}-{int(now * 1000)}", int(now * 1000)
        self._lines.append(
            {
                "id": number,
                "requestId": number,
                "timestamp": time,
                "deploymentId": identity,
                "projectId": deployment["projectId"],
                "projectName": deployment["name"],
                "environment": deployment["target"] or "preview",
                "source": "lambda",
                "type": "stderr" if failed else "stdout",
                "level": "error" if failed else "info",
                "message": "FUNCTION_INVOCATION_FAILED" if failed else "",
                "host": host,
                "path": path,
                "statusCode": status,
                "proxy": {"timestamp": time, "method": "GET", "host": host, "path": path, "statusCode": status},
            }
        )

    def lines(self, projects: Collection[str] | None, level: str) -> list[Document]:
        """The kept lines of some projects, or of all, oldest first; of a level alone where one is named."""
        return [
            each
            for each in self._lines
            if (projects is None or each["projectId"] in projects) and level in ("", each["level"])
        ]

    def strikes(self, of: str, share: float) -> bool:
        """Whether this request of a deployment or project is one of the share that fails, or rolls; evenly spread."""
        self._numbers[of] += 1
        number = self._numbers[of]
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
