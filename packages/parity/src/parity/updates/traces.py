"""What the ledger holds as OpenTelemetry spans and metrics, for the collector that OTEL_EXPORTER_OTLP_ENDPOINT names.

An operation is a span of OpenTelemetry's conventions for CI/CD (https://opentelemetry.io/docs/specs/semconv/cicd/), and
each application that it switched a span below it. The ids of both follow from the operation's, so that one which is
sent twice is the same span. The ledger is the outbox: what was sent is noted next to it once the collector has it, and
what a death or a collector that was away left is sent with the next.
"""

from __future__ import annotations

import json
import logging
import os
from bisect import bisect_left
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from parity import extras
from parity.documents import mapping, parse, rows, texts
from parity.errors import ParityError
from parity.recover.history import REFUSED
from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from parity.backend.ledger import Ledger, Record
    from parity.console import Screen

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_METRICS = "OTEL_METRICS_EXPORTER"
_LIMIT, _SECONDS = "OTEL_EXPORTER_OTLP_TIMEOUT", 3
"""How long a collector may take, repetitions included, where the variable does not say."""
_FEW, MOST = 10, 200
"""Operations that are read where nothing was left, and at the most; older ones stay in the ledger alone."""

_RESULTS = {"succeeded": "success", "failed": "failure", "interrupted": "cancellation", REFUSED: "skip"}
"""The ledger's results as `cicd.pipeline.result` has them; any other, `killed` above all, is an `error`."""


@dataclass(frozen=True)
class Sent:
    """What became of what was to be sent."""

    operations: int = 0
    """How many the collector has now that it had not."""
    fault: str = ""
    """Why the rest is not sent, one line; empty where nothing is left."""
    unmeasured: str = ""
    """Why the metrics are not sent, one line; the next update's values hold what these would have said."""


def collector() -> str:
    """The address that OpenTelemetry's own variables name, which name its headers and certificate too; or empty."""
    return next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), "")


def send(ledger: Ledger | None) -> Sent:
    """Send what ended and was not sent; where no collector is named, nothing.

    Nothing is raised for a collector that does not take it: an update is not failed by who watches it.
    """
    endpoint = collector()
    if not endpoint or ledger is None:
        return Sent()
    try:
        outbox = _Outbox.of(ledger)
        new = outbox.waiting
        if not new:
            return Sent()
        fault = _export("trace_exporter", "OTLPSpanExporter", lambda: [span for each in new for span in spans(each)])
        if fault:
            return Sent(fault=f"{urlsplit(endpoint).hostname or 'the collector'} did not take them: {fault}")
        outbox.note()
        why = _export("metric_exporter", "OTLPMetricExporter", lambda: _of_months(ledger, new)) if _measured() else ""
    except ParityError as error:
        return Sent(fault=error.what)
    return Sent(len(new), unmeasured=why and f"{why} ({_METRICS}=none sends none)")


def _measured() -> bool:
    """Whether metrics have an address: OpenTelemetry's own variables say so, and may say no."""
    named = any(os.environ.get(name) for name in (ENDPOINTS[-1], "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"))
    return named and os.environ.get(_METRICS) != "none"


def _measured_by(record: Record) -> dict[str, str]:
    """What the metrics of an operation are distinguished by: few values, unlike a span's attributes."""
    result = _RESULTS.get(record.result, "error")
    fault = {"error.type": record.result} if result in {"failure", "error"} else {}
    return {"cicd.pipeline.name": _pipeline(record.begin), "cicd.pipeline.result": result, **fault}


@contextmanager
def sent_after(ledger: Ledger | None, screen: Screen) -> Generator[None]:
    """Send at the end of the body, however it ends; says in one line why a collector did not take it."""
    try:
        yield
    finally:
        done = send(ledger)
        for what, fault in (("traces", done.fault), ("metrics", done.unmeasured)):
            if fault:
                screen.say(f"The {what} are sent with the next update's: {fault}")


@dataclass(frozen=True)
class _Outbox:
    """A note next to the ledger names the operations that were sent, or had no end, when something was sent last."""

    ledger: Ledger
    notes: Sequence[str]
    """Their keys, oldest first; several where two senders were at it at once."""
    sent: frozenset[str]
    records: Sequence[Record]
    """The newest, as far back as some are not sent."""

    @classmethod
    def of(cls, ledger: Ledger) -> _Outbox:
        notes = [f"{_folder(ledger)}/{each}" for each in ledger.store.names(_folder(ledger))]
        known = [parse(ledger.store.read(key) or b"{}") for key in notes]
        sent = frozenset(name for each in known for name in texts(each.get("sent")))
        seen = sent.union(*(texts(each.get("open")) for each in known))
        count = _FEW
        while (records := ledger.records(last=count))[count - 1 :] and records[0].id not in seen and count < MOST:
            count = min(count * 4, MOST)
        return cls(ledger, notes, sent, records)

    @property
    def waiting(self) -> list[Record]:
        return [each for each in self.records if each.ended and each.id not in self.sent]

    def note(self) -> None:
        """Write the new note, then let the older ones go: a death between the two leaves what both name."""
        sent = sorted(self.sent | {each.id for each in self.waiting})[-MOST:]
        left = [each.id for each in self.records if not each.ended]
        data = json.dumps({"sent": sent, "open": left}).encode()
        own = f"{_folder(self.ledger)}/{sent[-1]}.{sha256(data).hexdigest()[:8]}.json"
        self.ledger.store.create(own, data)
        for key in self.notes:
            if key != own:
                self.ledger.store.delete(key)


def _folder(ledger: Ledger) -> str:
    return f".parity/traces/{ledger.project}/{ledger.stack}"


def _export(module: str, exporter_class: str, made: Callable[[], Any]) -> str:
    """Make what is to be sent and give it to the collector; says why it did not take it."""
    try:
        exporting = import_module(f"opentelemetry.exporter.otlp.proto.http.{module}")
    except ModuleNotFoundError:
        return f"the exporter is not installed ({extras.remedy('otlp')})"
    said = _Said()
    log = logging.getLogger("opentelemetry.exporter.otlp.proto.http")
    log.addHandler(said)
    log.propagate = False
    exporter = getattr(exporting, exporter_class)(timeout=None if os.environ.get(_LIMIT) else _SECONDS)
    try:
        result = exporter.export(made())
    finally:
        exporter.shutdown()
        log.removeHandler(said)
    return "" if result.name == "SUCCESS" else said.last or "no reason was given"


class _Said(logging.Handler):
    """Keeps the last line that the exporter logs."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self.last = record.getMessage().splitlines()[0]


# --- An operation as spans --------------------------------------------------------------------------------------------


def spans(record: Record) -> Iterator[Any]:
    """The span of an operation that ended, and one for each application that it switched."""
    begin, end = record.begin, record.end or {}
    result = _RESULTS.get(record.result, "error")
    fault = next(iter("\n".join(texts(end.get("errors"))).splitlines()), "")
    attributes = {
        "cicd.pipeline.action.name": "RUN",
        "cicd.pipeline.result": result,
        "error.type": record.result if result in {"failure", "error"} else None,
        "parity.approval": begin.get("approval"),
        "parity.approver": begin.get("approver"),
        "parity.actor": begin.get("actor"),
        "parity.plan": begin.get("plan"),
        "parity.why": begin.get("why"),
        **{f"parity.changes.{kind}": count for kind, count in mapping(end.get("changes")).items()},
    }
    yield _span(record, f"RUN {_pipeline(begin)}", "", attributes, fault)
    for application, done in _switched(end):
        was, now = (mapping(mapping(begin.get(side)).get(application)) for side in ("before", "intent"))
        name = f"{application} {now.get('live')}"
        yield _span(
            record,
            f"deployment {application}",
            application,
            {
                "deployment.id": f"{begin.get('stack')}/{name}",
                "deployment.name": name,
                "deployment.status": "succeeded" if done else "failed",
                "service.name": application,
                "service.version": now.get("commit"),
                "parity.release.before": was.get("live"),
            },
            "" if done else "the switch did not end",
        )


def _switched(end: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each application that the operation switched, and whether it did to the end."""
    for each in rows(end.get("operations")):
        urn = Urn.parse(str(each["urn"]))
        if urn.type == kinds.LIVE and each["operation"] in {"create", "update"}:
            yield kinds.application_of(urn.name), bool(each["done"])


def _pipeline(begin: Mapping[str, Any]) -> str:
    """`parity up`; what others made is recorded with its program, `pulumi up`."""
    command = str(begin.get("command"))
    return command if command.startswith("pulumi ") else f"parity {command}"


def _service() -> dict[str, str]:
    return {"service.name": "parity", "service.version": version("pulumi-parity")}


def _resource(begin: Mapping[str, Any], identity: str) -> dict[str, Any]:
    return {
        **_service(),
        "cicd.pipeline.name": _pipeline(begin),
        "cicd.pipeline.run.id": identity,
        "cicd.pipeline.run.url.full": mapping(begin.get("run")).get("url"),
        "deployment.environment.name": begin.get("stack"),
        "vcs.ref.head.revision": begin.get("commit"),
        "vcs.change.id": begin.get("pull_request"),
    }


def _span(record: Record, name: str, of: str, attributes: Mapping[str, Any], fault: str) -> Any:
    """A span; `of` is empty for the operation's own, of which the others are children."""
    sdk, api = import_module("opentelemetry.sdk.trace"), import_module("opentelemetry.trace")
    root = _context(api, record, "")
    return sdk.ReadableSpan(
        name,
        _context(api, record, of) if of else root,
        parent=root if of else None,
        resource=import_module("opentelemetry.sdk.resources").Resource(_set(_resource(record.begin, record.id))),
        attributes=_set(attributes),
        kind=api.SpanKind.INTERNAL if of else api.SpanKind.SERVER,
        status=api.Status(api.StatusCode.ERROR, fault) if fault else api.Status(api.StatusCode.OK),
        start_time=_nanoseconds(record.started),
        end_time=_nanoseconds(record.ended or record.started),
    )


def _context(api: Any, record: Record, of: str) -> Any:
    trace, own = (sha256(each.encode()).hexdigest() for each in (record.id, f"{record.id} {of}"))
    return api.SpanContext(int(trace[:32], 16), int(own[:16], 16), is_remote=False, trace_flags=api.TraceFlags(1))


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is known; numbers that stand for names as texts."""
    known = {name: value for name, value in given.items() if value not in {None, ""}}
    return {name: str(value) if name == "vcs.change.id" else value for name, value in known.items()}


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * 1000


# --- Metrics ----------------------------------------------------------------------------------------------------------


_BOUNDS = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
"""Of the histogram's buckets, seconds."""
_DURATION, _ERRORS = "cicd.pipeline.run.duration", "cicd.pipeline.run.errors"


def _of_months(ledger: Ledger, sent: Iterable[Record]) -> Any:
    """The values of each month in which one of the operations ended, as the SDK's MetricsData.

    A count that is sent twice must not count twice, and an update may be sent twice. So each value is cumulative: what
    the ledger holds since the first moment of the month (UTC), which is its start time. Its own time is the last
    update's end. At the turn of a month the values start again, as a collector expects of another start time.
    """
    known = {**_service(), "deployment.environment.name": ledger.stack}
    resource = import_module("opentelemetry.sdk.resources").Resource(known)
    months = {_month(each.ended) for each in sent if each.ended}
    export = import_module("opentelemetry.sdk.metrics.export")
    scope = import_module("opentelemetry.sdk.util.instrumentation").InstrumentationScope("parity")
    by_month = _ended_in(ledger, months)
    points = [_points(export, month, by_month[month]) for month in sorted(by_month)]
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


def _points(export: Any, month: datetime, records: list[Record]) -> tuple[list[Any], list[Any]]:
    last = max(each.ended for each in records if each.ended)
    start, now = (int(each.timestamp() * 1_000_000) * 1000 for each in (month, last))
    groups: dict[tuple[tuple[str, str], ...], list[float]] = defaultdict(list)
    for record in records:
        groups[tuple(sorted(_measured_by(record).items()))].append(record.seconds or 0.0)
    durations: list[Any] = []
    errors: list[Any] = []
    for key, seconds in sorted(groups.items()):
        buckets = Counter(bisect_left(_BOUNDS, each) for each in seconds)
        attributes = {**dict(key), "cicd.pipeline.run.state": "executing"}
        point = export.HistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=start,
            time_unix_nano=now,
            count=len(seconds),
            sum=sum(seconds),
            bucket_counts=[buckets[index] for index in range(len(_BOUNDS) + 1)],
            explicit_bounds=_BOUNDS,
            min=min(seconds),
            max=max(seconds),
        )
        durations.append(point)
        if "error.type" in attributes:
            kept = {name: attributes[name] for name in ("cicd.pipeline.name", "error.type")}
            errors.append(export.NumberDataPoint(kept, start, now, len(seconds)))
    return durations, errors
