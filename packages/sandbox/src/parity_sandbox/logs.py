"""The server's log: one JSON object a line, `time` (UTC), `level`, `event`, then the event's own fields.

No line carries a request's body, a header or a document's value.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime

_LOGGER = logging.getLogger("sandbox")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = type(error).__name__
            line["trace"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
            ]
        return json.dumps(line, default=str)


def log_to_stdout() -> None:
    """Send this program's log, and the libraries' warnings, to standard output as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter())
    handler.setStream(open(1, "w", encoding="utf-8", buffering=1, closefd=False))  # noqa: SIM115 - lives as long as the process
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _LOGGER.setLevel(logging.INFO)


def log(event: str, **fields: object) -> None:
    """Write an event that is as it should be."""
    _LOGGER.info(event, extra={"fields": fields})


def warn(event: str, **fields: object) -> None:
    """Write an event that needs attention."""
    _LOGGER.warning(event, extra={"fields": fields})


def failure(event: str, error: BaseException, **fields: object) -> None:
    """Write a fault of the sandbox's own with its type and places; never its message, which may quote a request."""
    _LOGGER.error(event, exc_info=error, extra={"fields": fields})
