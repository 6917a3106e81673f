"""Declares what one stack logs, traces and alerts on, from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.telemetry import Destination, Project, Telemetry, TelemetryArgs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi import Input, Output, ResourceOptions

    from parity.config.secret import Secret
    from parity.config.settings import Settings
    from parity.config.stack_models import LogSettings, TraceSettings

    Opened = Callable[[Secret], Output[str]]


def declare(settings: Settings, projects: Mapping[str, Input[str]], opened: Opened, options: ResourceOptions) -> None:
    """Logs, traces and alerts, as far as the stack has any; `projects` has each application's project's id."""
    declared, names = settings.catalog.telemetry, settings.names
    logs = settings.logs if "drain" in settings.steps else None
    args = TelemetryArgs(
        telemetry=declared,
        stack=settings.environment,
        projects={each.name: Project(projects[each.name], each.first_name) for each in settings.catalog.applications},
        logs=_destination(names.log_drain, logs, opened),
        traces=_destination(names.trace_drain, settings.traces, opened, _headers(settings, opened)),
        alert_names={each.name: names.alert(each.name) for each in declared.alerts},
        routing_key=opened(settings.alerts.incident_io_routing_key) if settings.alerts is not None else None,
    )
    if args.logs is not None or args.traces is not None or declared.tracing is not None or declared.alerts:
        Telemetry("logs", args, options)


def _destination(
    name: str,
    own: LogSettings | TraceSettings | None,
    opened: Opened,
    headers: Mapping[str, Input[str]] | None = None,
) -> Destination | None:
    return None if own is None else Destination(name, own.endpoint, opened(own.secret), headers or {})


def _headers(settings: Settings, opened: Opened) -> dict[str, Input[str]]:
    """What each delivery of traces carries: the headers that the catalog names, with the stack's own values."""
    declared, own = settings.catalog.telemetry.trace_drain, settings.traces
    return {each: opened(own.headers[each]) for each in declared.headers} if declared and own else {}
