"""Telemetry: drains, tracing and alerts, each declared only where the catalog and the stack have it."""

from __future__ import annotations

from typing import Any

from components.telemetry import Destination, Project, Telemetry, TelemetryArgs
from parity.config.telemetry import Alert, AlertTrigger, Sampling, TraceDrain, Tracing
from parity.config.telemetry import Telemetry as Declared
from parity.testing import Recorded, record, reveal

PROJECTS = {"shop": Project("prj_1", "web"), "admin": Project("prj_2", "admin")}
LOGS = Destination("shop-prod", "https://logs.example.com/drain", "canary-drain")
TRACES = Destination(
    "shop-prod-traces", "https://otlp.example.com/v1/traces", "canary-traces", {"authorization": "canary-header"}
)
ERRORS = Alert(name="errors", triggers=(AlertTrigger(type="error_anomaly", filter="statusGroup:5xx"),))


def declared(telemetry: Declared, **more: Any) -> Recorded:
    names = {each.name: f"shop-prod-{each.name}" for each in telemetry.alerts}
    args = TelemetryArgs(telemetry, "prod", PROJECTS, alert_names=names, **more)
    return record(lambda: Telemetry("logs", args) and None)


def logged(**more: Any) -> Declared:
    return Declared(sources=("build", "lambda"), environments=("production",), sampling_rate=0.5, **more)


def test_a_drain_takes_the_stacks_projects_and_keeps_its_secret():
    recorded = declared(logged(), logs=LOGS)
    drain = recorded.one("logs-drain").inputs
    assert reveal(drain.pop("secret")) == "canary-drain"
    assert drain == {
        "name": "shop-prod",
        "endpoint": "https://logs.example.com/drain",
        "deliveryFormat": "ndjson",
        "sources": ["build", "lambda"],
        "environments": ["production"],
        "samplingRate": 0.5,
        "projectIds": ["prj_1", "prj_2"],
    }


def test_nothing_but_the_log_drain_is_declared_by_default():
    recorded = declared(logged(), logs=LOGS)
    for kind in ("TraceDrain", "ProjectTracing", "AlertRule"):
        assert recorded.of_type(kind) == {}


def test_traces_go_to_the_stacks_own_collector_with_secret_headers():
    drain = TraceDrain(sampling=(Sampling(rate=0.25, environment="production"),), headers=("authorization",))
    inputs = declared(logged(trace_drain=drain), traces=TRACES).one("logs-traces").inputs
    assert reveal(inputs.pop("secret")) == "canary-traces"
    assert reveal(inputs.pop("headers")) == {"authorization": "canary-header"}
    assert inputs == {
        "name": "shop-prod-traces",
        "endpoint": "https://otlp.example.com/v1/traces",
        "deliveryFormat": "proto",
        "samplingRules": [{"rate": 0.25, "environment": "production"}],
        "projectIds": ["prj_1", "prj_2"],
    }


def test_each_project_is_traced_under_its_applications_first_name():
    tracing = Tracing(sampling=(Sampling(rate=1, request_path="/checkout"), Sampling(rate=0.1)))
    recorded = declared(logged(tracing=tracing))
    assert recorded.one("logs-tracing-web").inputs == {
        "projectId": "prj_1",
        "samplingRules": [{"rate": 1.0, "requestPath": "/checkout"}, {"rate": 0.1}],
    }
    assert recorded.one("logs-tracing-admin").inputs["projectId"] == "prj_2"


def test_an_alert_watches_the_stacks_own_projects_and_is_marked_with_the_stack():
    one = ERRORS.model_copy(update={"name": "shop-errors", "applications": ("shop",), "owners": False})
    recorded = declared(logged(alerts=(ERRORS, one)), routing_key="canary-routing")
    every, own = (recorded.one(f"logs-alert-{name}").inputs for name in ("errors", "shop-errors"))
    assert every["ruleScope"] == {"type": "include", "projectIds": ["prj_1", "prj_2"]}
    assert own["ruleScope"] == {"type": "include", "projectIds": ["prj_1"]}
    assert reveal(own["notificationSettings"].pop("incidentIoRoutingKey")) == "canary-routing"
    assert own["notificationSettings"] == {"enableTeamOwnerNotifications": False}
    assert every["tags"] == ["prod"]
    assert every["name"] == "shop-prod-errors"
    assert every["triggers"] == [{"type": "error_anomaly", "filter": "statusGroup:5xx"}]
