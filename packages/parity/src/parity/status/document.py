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
    return {**_plain(asdict(status)), "needs": [asdict(each) for each in needs(status)]}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if is_mapping(value):
        return {name: _plain(each) for name, each in value.items()}
    if is_list(value) or isinstance(value, tuple):
        return [_plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType] - a tuple of a dataclass
    return value
