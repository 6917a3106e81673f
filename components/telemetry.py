"""The Telemetry component: what is logged, traced and alerted on, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi
import pulumiverse_vercel as vercel
from pulumi import Input, Output, ResourceOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config import telemetry


@dataclass(frozen=True)
class Destination:
    """Where a drain delivers."""

    name: str
    """The drain's name, unique in the team."""
    endpoint: str
    secret: Input[str]
    """Signs each delivery; at least 32 characters."""
    headers: Mapping[str, Input[str]] = field(default_factory=dict[str, Input[str]])
    """What each delivery carries; the values are secrets."""


@dataclass(frozen=True)
class Project:
    """One application's project."""

    id: Input[str]
    first_name: str
    """The application's first name: what exists keeps it when the application is renamed."""


@dataclass(frozen=True)
class TelemetryArgs:
    """What a Telemetry needs."""

    telemetry: telemetry.Telemetry
    stack: str
    """Marks each alert."""
    projects: Mapping[str, Project]
    """The stack's applications, by name."""
    logs: Destination | None = None
    """None: no log drain."""
    traces: Destination | None = None
    """Where the trace drain delivers; there is one where the catalog declares it."""
    alert_names: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each alert's rule is called at Vercel, by the alert's name."""
    routing_key: Input[str] | None = None
    """The key of incident.io that every alert is sent with; None: no alert is sent there."""


class Telemetry(pulumi.ComponentResource):
    """Where the applications' logs and traces go, and what people are alerted of.

    Owns: one log drain and at most one trace drain for all the stack's applications, the tracing of each application's
    project, and the rules of alerts. Each deployment carries release, commit and environment as variables, so that a
    log line can name the change it came from.

    Does not own: the destinations. Vercel verifies a drain's endpoint when the drain is made: it must answer 200 with
    the team's own `x-vercel-verify` header (Vercel's team settings show its value), or the update fails with Vercel's
    reason. Nor Vercel's own default alert rule, which no provider can change, and links to Slack.

    Every property of a drain is fixed at Vercel, so a change replaces it: the new one is made before the old one goes,
    and no line is lost, though some may come twice. Tracing and alerts are changed in place. Destroying stops the
    deliveries, the collection of traces and the alerts.
    """

    drain_id: Output[str] | None = None

    def __init__(self, name: str, args: TelemetryArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the drains, the tracing and the alerts."""
        super().__init__("parity:components:Telemetry", name, None, opts)
        self.name, self.args, self.child = name, args, ResourceOptions(parent=self)
        self.every = [each.id for each in args.projects.values()]
        if args.logs is not None:
            self.drain_id = self._log_drain(args.logs).id
        if args.traces is not None and args.telemetry.trace_drain is not None:
            self._trace_drain(args.traces, args.telemetry.trace_drain)
        if args.telemetry.tracing is not None:
            for each in args.projects.values():
                self._tracing(each, args.telemetry.tracing)
        for alert in args.telemetry.alerts:
            self._alert(alert)
        self.register_outputs({"drainId": self.drain_id} if self.drain_id is not None else {})

    def _log_drain(self, to: Destination) -> vercel.LogDrain:
        declared = self.args.telemetry
        return vercel.LogDrain(
            f"{self.name}-drain",
            name=to.name,
            endpoint=to.endpoint,
            secret=Output.secret(to.secret),
            delivery_format=declared.delivery_format,
            sources=list(declared.sources),
            environments=list(declared.environments),
            sampling_rate=declared.sampling_rate,
            project_ids=self.every,
            opts=self.child,
        )

    def _trace_drain(self, to: Destination, declared: telemetry.TraceDrain) -> None:
        vercel.TraceDrain(
            f"{self.name}-traces",
            name=to.name,
            endpoint=to.endpoint,
            secret=Output.secret(to.secret),
            headers=Output.secret(dict(to.headers)) if to.headers else None,
            delivery_format=declared.delivery_format,
            sampling_rules=[vercel.TraceDrainSamplingRuleArgs(**dict(each)) for each in declared.sampling] or None,
            project_ids=self.every,
            opts=self.child,
        )

    def _tracing(self, project: Project, declared: telemetry.Tracing) -> None:
        rules = [vercel.ProjectTracingSamplingRuleArgs(**dict(each)) for each in declared.sampling]
        vercel.ProjectTracing(
            f"{self.name}-tracing-{project.first_name}",
            project_id=project.id,
            sampling_rules=rules or None,
            opts=self.child,
        )

    def _alert(self, declared: telemetry.Alert) -> None:
        watched = [self.args.projects[each].id for each in declared.applications] or self.every
        key = self.args.routing_key
        vercel.AlertRule(
            f"{self.name}-alert-{declared.name}",
            name=self.args.alert_names[declared.name],
            type="built-in",
            rule_scope=vercel.AlertRuleRuleScopeArgs(type="include", project_ids=watched),
            triggers=[vercel.AlertRuleTriggerArgs(type=each.type, filter=each.filter) for each in declared.triggers],
            match_minimum_severity_level=declared.minimum_severity,
            notification_settings=vercel.AlertRuleNotificationSettingsArgs(
                enable_team_owner_notifications=declared.owners,
                incident_io_routing_key=None if key is None else Output.secret(key),
            ),
            tags=[self.args.stack],
            opts=self.child,
        )
