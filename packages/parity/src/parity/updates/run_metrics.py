"""Updates as OpenTelemetry metrics: how long they took and how many failed, as cumulative values of a month.

A count that is sent twice must not count twice, and an update may be sent twice. So each value is what the ledger holds
since the first moment of the month (UTC): that is its start time, its own time is the last update's end, and sending it
again sends the same. At the turn of a month the values start again, as a collector expects of another start time.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from parity.backend.ledger import Ledger, Record

    Attributes = Mapping[str, str]
    Described = Callable[[Record], Attributes]

BOUNDS = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
"""Of the histogram's buckets, seconds."""
_DURATION, _ERRORS = "cicd.pipeline.run.duration", "cicd.pipeline.run.errors"


def of_months(ledger: Ledger, sent: Iterable[Record], described: Described, resource: Any) -> Any:
    """The values of each month in which one of the operations ended.

    `described` gives an operation's attributes, which begin with `cicd.pipeline.` or are `error.type`.

    Returns:
        The SDK's MetricsData.
    """
    months = {_month(each.ended) for each in sent if each.ended}
    export = import_module("opentelemetry.sdk.metrics.export")
    scope = import_module("opentelemetry.sdk.util.instrumentation").InstrumentationScope("parity")
    by_month = _ended_in(ledger, months)
    points = [_points(export, month, by_month[month], described) for month in sorted(by_month)]
    durations, errors = ([each for found in points for each in found[index]] for index in (0, 1))
    total = export.AggregationTemporality.CUMULATIVE
    metrics = [export.Metric(_DURATION, "How long an update took.", "s", export.Histogram(durations, total))]
    if errors:
        metrics.append(export.Metric(_ERRORS, "How many updates failed.", "{error}", export.Sum(errors, total, True)))
    return export.MetricsData([export.ResourceMetrics(resource, [export.ScopeMetrics(scope, metrics, "")], "")])


def _month(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _ended_in(ledger: Ledger, months: set[datetime]) -> dict[datetime, list[Record]]:
    """The operations of these months; an id begins with its time, so that what began long before is not read."""
    found: dict[datetime, list[Record]] = {each: [] for each in months}
    for record in ledger.newest():
        if months and record.started < min(months) and (record.ended is None or record.ended < min(months)):
            break
        if record.ended and _month(record.ended) in found:
            found[_month(record.ended)].append(record)
    return found


def _points(export: Any, month: datetime, records: list[Record], described: Described) -> tuple[list[Any], list[Any]]:
    last = max(each.ended for each in records if each.ended)
    start, now = (int(each.timestamp() * 1_000_000) * 1000 for each in (month, last))
    groups: dict[tuple[tuple[str, str], ...], list[float]] = defaultdict(list)
    for record in records:
        groups[tuple(sorted(described(record).items()))].append(record.seconds or 0.0)
    durations: list[Any] = []
    errors: list[Any] = []
    for key, seconds in sorted(groups.items()):
        counts = [sum(_bucket(each) == index for each in seconds) for index in range(len(BOUNDS) + 1)]
        attributes = {**dict(key), "cicd.pipeline.run.state": "executing"}
        point = export.HistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=start,
            time_unix_nano=now,
            count=len(seconds),
            sum=sum(seconds),
            bucket_counts=counts,
            explicit_bounds=BOUNDS,
            min=min(seconds),
            max=max(seconds),
        )
        durations.append(point)
        if "error.type" in attributes:
            kept = {name: attributes[name] for name in ("cicd.pipeline.name", "error.type")}
            errors.append(export.NumberDataPoint(kept, start, now, len(seconds)))
    return durations, errors


def _bucket(seconds: float) -> int:
    return sum(seconds > bound for bound in BOUNDS)
