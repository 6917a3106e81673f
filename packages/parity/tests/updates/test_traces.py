"""The operations as a collector gets them: each once, with what is known of it, after deaths and refusals too."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from parity.backend.ledger import Ledger, identity_of
from parity.engine.store import FolderStore
from parity.errors import StoreError
from parity.redact import Redactor
from parity.updates import traces
from parity.updates.traces import Sent, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIVE = "urn:pulumi:prod::storefront::parity:components:WebApp$parity:index:LiveRelease::shop-live"
BEGIN = {
    "command": "up", "project": "storefront", "stack": "prod", "actor": "octocat", "commit": "ab" * 20,
    "pull_request": 7, "plan": "cd" * 8, "approval": "--plan", "why": "the sale",
    "run": {"url": "https://github.com/storefront-example/storefront/actions/runs/3"},
    "before": {"shop": {"live": "r1", "commit": "12" * 20}}, "intent": {"shop": {"live": "r2", "commit": "34" * 20}},
}  # fmt: skip
END = {
    "result": "succeeded",
    "changes": {"update": 2},
    "operations": [{"operation": "update", "urn": LIVE, "done": True}],
}


def notes(ledger: Ledger) -> list[str]:
    return ledger.store.names(f".parity/traces/{ledger.project}/{ledger.stack}")


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP, as a collector does."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.spans: list[Any] = []
        self.metrics: list[dict[str, Any]] = []
        """What was posted, in order: by metric's name its points."""
        self.measures = 200

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.spans]


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path in {"/v1/traces", "/v1/metrics"}
        if self.path == "/v1/metrics":
            self._measured(body)
            return
        if self.server.status == 200:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                known = attributes(resource.resource)
                for scope in resource.scope_spans:
                    self.server.spans += [Spanned(each, known) for each in scope.spans]
        self.send_response(self.server.status)
        self.end_headers()

    def _measured(self, body: bytes) -> None:
        if self.server.measures == 200:
            [resource] = ExportMetricsServiceRequest.FromString(body).resource_metrics
            [scope] = resource.scope_metrics
            points = {each.name: getattr(each, each.WhichOneof("data")).data_points for each in scope.metrics}
            self.server.metrics.append({**points, "resource": attributes(resource.resource)})
        self.send_response(self.server.measures)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def attributes(of: Any) -> dict[str, Any]:
    kinds = {each.key: each.value.WhichOneof("value") for each in of.attributes}
    return {each.key: getattr(each.value, kinds[each.key]) for each in of.attributes}


class Spanned:
    def __init__(self, span: Any, resource: dict[str, Any]) -> None:
        self.name, self.id, self.trace, self.parent = span.name, span.span_id, span.trace_id, span.parent_span_id
        self.attributes, self.resource, self.status = attributes(span), resource, span.status
        self.seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield server
        server.shutdown()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(FolderStore(tmp_path), "storefront", "prod", Redactor(["canary-of-the-error"]))


def recorded(ledger: Ledger, end: dict[str, Any] | None = None, **begin: Any) -> str:
    identity = ledger.begin({**BEGIN, **begin})
    ledger.end(identity, end or END)
    return identity


def test_an_operation_is_a_span_with_what_is_known_of_it_and_one_for_each_switch(ledger, collector):
    identity = recorded(ledger)
    assert send(ledger) == Sent(1)
    operation, switch = collector.spans
    assert operation.name == "RUN parity up"
    assert operation.resource["service.name"] == "parity"
    assert operation.resource["cicd.pipeline.run.id"] == identity
    assert operation.resource["cicd.pipeline.run.url.full"] == BEGIN["run"]["url"]
    assert operation.resource["deployment.environment.name"] == "prod"
    assert operation.resource["vcs.ref.head.revision"] == BEGIN["commit"]
    assert operation.resource["vcs.change.id"] == "7"
    assert operation.attributes["cicd.pipeline.result"] == "success"
    assert operation.attributes["parity.changes.update"] == 2
    assert operation.attributes["parity.why"] == "the sale"
    record = ledger.records()[0]
    assert operation.seconds == pytest.approx(record.seconds, abs=0.002)
    assert (switch.name, switch.parent, switch.trace) == ("deployment shop", operation.id, operation.trace)
    assert switch.attributes == {
        "deployment.id": "prod/shop r2", "deployment.name": "shop r2", "deployment.status": "succeeded",
        "service.name": "shop", "service.version": "34" * 20, "parity.release.before": "r1",
    }  # fmt: skip


def test_what_others_made_is_named_by_their_program(ledger, collector):
    now = datetime.now(UTC)
    ledger.found(identity_of(now, "0" * 8), now, now, {"command": "pulumi up", "stack": "prod", "result": "succeeded"})
    assert send(ledger) == Sent(1)
    assert collector.names == ["RUN pulumi up"]


def test_each_result_has_its_word_and_a_fault_its_status_without_a_secret(ledger, collector):
    for result in ("failed", "interrupted", "killed", "refused"):
        recorded(ledger, {"result": result, "errors": ["it said canary-of-the-error\nand more"], "operations": []})
    assert send(ledger) == Sent(4)
    words = {each.attributes["cicd.pipeline.result"] for each in collector.spans}
    assert words == {"failure", "cancellation", "error", "skip"}
    assert {each.status.message for each in collector.spans} == {"it said [secret]"}
    assert {each.status.code for each in collector.spans} == {2}


def test_what_was_sent_is_not_sent_again_and_what_had_not_ended_is_sent_once_it_has(ledger, collector):
    recorded(ledger)
    running = ledger.begin(BEGIN)
    recorded(ledger)
    assert send(ledger) == Sent(2)
    assert send(ledger) == Sent()
    ledger.end(running, {"result": "killed"})
    assert send(ledger) == Sent(1)
    assert collector.spans[-1].resource["cicd.pipeline.run.id"] == running
    assert send(ledger) == Sent()
    assert len(notes(ledger)) == 1, "one note, however often"


def test_what_a_collector_does_not_take_stays_and_is_sent_with_the_next(ledger, collector, capfd):
    recorded(ledger)
    collector.status = 400
    refused = send(ledger)
    assert refused.operations == 0
    assert refused.fault.startswith("127.0.0.1 did not take them: ")
    assert "400" in refused.fault
    collector.status = 200
    recorded(ledger)
    assert send(ledger) == Sent(2)
    assert capfd.readouterr() == ("", "")


def test_a_collector_that_is_away_holds_nothing_up_for_long(ledger, monkeypatch):
    recorded(ledger)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    assert "did not take them" in send(ledger).fault
    assert notes(ledger) == []


def test_after_a_death_before_the_note_the_same_spans_come_again(ledger, collector, monkeypatch):
    recorded(ledger)

    def dies(*_: object) -> bool:
        raise StoreError("the bucket is gone")

    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "create", dies)
        assert send(ledger).fault == "the bucket is gone"
    assert send(ledger) == Sent(1)
    first, _, again, _ = collector.spans
    assert (first.trace, first.id) == (again.trace, again.id)


def test_a_death_between_the_new_note_and_the_old_one_sends_nothing_twice(ledger, collector, monkeypatch):
    recorded(ledger)
    send(ledger)
    recorded(ledger)
    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "delete", lambda *_: None)
        assert send(ledger) == Sent(1)
    assert len(notes(ledger)) == 2
    assert send(ledger) == Sent()


def test_after_a_long_absence_all_are_sent_and_then_a_few_are_read(ledger, collector, monkeypatch):
    made = {recorded(ledger) for _ in range(45)}
    assert send(ledger) == Sent(45)
    assert {each.resource["cicd.pipeline.run.id"] for each in collector.spans} == made
    asked = list[int | None]()
    read = Ledger.records
    monkeypatch.setattr(Ledger, "records", lambda self, last: asked.append(last) or read(self, last=last))
    recorded(ledger)
    assert send(ledger) == Sent(1)
    assert asked == [10]


def test_without_a_collector_nothing_is_read(monkeypatch):
    for name in traces.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert send(object()) == Sent()  # pyright: ignore[reportArgumentType]


# --- Metrics ----------------------------------------------------------------------------------------------------------


def counted(points: Any, name: str) -> dict[str, float]:
    """By the value of an attribute, the count of each point."""
    return {attributes(each)[name]: getattr(each, "count", 0) or getattr(each, "as_int", 0) for each in points}


def test_metrics_hold_all_of_the_month_so_that_sending_twice_is_the_same_value(ledger, collector):
    recorded(ledger)
    recorded(ledger, {"result": "failed", "errors": ["no"], "operations": []})
    assert send(ledger) == Sent(2)
    for note in notes(ledger):
        ledger.store.delete(f".parity/traces/storefront/prod/{note}")  # A death between the sending and the note.
    assert send(ledger) == Sent(2)
    one, again = collector.metrics
    assert one == again
    assert counted(one["cicd.pipeline.run.duration"], "cicd.pipeline.result") == {"success": 1, "failure": 1}
    assert counted(one["cicd.pipeline.run.errors"], "error.type") == {"failed": 1}
    recorded(ledger)
    assert send(ledger) == Sent(1)
    last = collector.metrics[-1]
    assert counted(last["cicd.pipeline.run.duration"], "cicd.pipeline.result") == {"success": 2, "failure": 1}
    assert last["resource"]["deployment.environment.name"] == "prod"
    starts = {each.start_time_unix_nano for each in last["cicd.pipeline.run.duration"]}
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert starts == {int(month.timestamp()) * 1_000_000_000}


def test_the_turn_of_a_month_starts_again_and_the_month_before_gets_its_last_value(ledger, collector):
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for number, time in enumerate((month - timedelta(days=40), month - timedelta(minutes=5), month)):
        facts = {"command": "pulumi up", "stack": "prod", "result": "succeeded"}
        ledger.found(identity_of(time, f"{number:08}"), time, time + timedelta(minutes=1), facts)
    send(ledger)
    [posted] = collector.metrics
    points = posted["cicd.pipeline.run.duration"]
    assert [each.count for each in points] == [1, 1, 1]
    assert len({each.start_time_unix_nano for each in points}) == 3
    assert all(each.start_time_unix_nano < each.time_unix_nano for each in points)
    assert [each.sum for each in points] == [60.0] * 3
    assert [list(each.bucket_counts).index(1) for each in points] == [5] * 3, "up to and with 60 seconds"


def test_a_collector_without_metrics_has_the_spans_and_may_be_spared(ledger, collector, monkeypatch):
    collector.measures = 404
    recorded(ledger)
    done = send(ledger)
    assert (done.operations, done.fault) == (1, "")
    assert "OTEL_METRICS_EXPORTER=none sends none" in done.unmeasured
    assert send(ledger) == Sent(), "the spans are not sent for the metrics' sake"
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    recorded(ledger)
    assert send(ledger) == Sent(1)
