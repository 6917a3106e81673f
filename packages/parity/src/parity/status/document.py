"""The status as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping
from parity.status.attention import needs

if TYPE_CHECKING:
    from parity.status.model import Status


def document(status: Status) -> dict[str, Any]:
    """For `--json`; times are ISO 8601, UTC."""
    return {**plain(asdict(status)), "needs": [asdict(each) for each in needs(status)]}


def plain(value: Any) -> Any:
    """Plain data as JSON takes it: times as ISO 8601, UTC, tuples as lists."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if is_mapping(value):
        return {name: plain(each) for name, each in value.items()}
    if is_list(value) or isinstance(value, tuple):
        return [plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType] - a tuple of a dataclass
    return value
