"""The catalog's models of what is logged, traced and alerted on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from parity.config.parameter_types import Parameters, ReleaseTargets, Slug, Text

LogSource = Literal["build", "edge", "external", "firewall", "lambda", "redirect", "static"]


HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
"""An HTTP header's name: letters, digits and hyphens."""


class Sampling(Parameters):
    """One rule of how many traces are taken; the first that fits a request decides."""

    rate: float = Field(ge=0, le=1, description="Share of the traces that is taken.")
    environment: Literal["production", "preview"] | None = Field(
        default=None, description="The one of Vercel's environments that it is for; both where it is not given."
    )
    request_path: Text | None = Field(
        default=None, description="The beginning of the request's path that it is for; every path where not given."
    )


SamplingRules = Annotated[tuple[Sampling, ...], Field(max_length=10)]
"""In the order in which Vercel tries them; none: every trace is taken."""


class Tracing(Parameters):
    """Traces that Vercel collects of each application and shows itself."""

    sampling: SamplingRules = Field(default=(), description="Which traces are kept; all where there is no rule.")


class TraceDrain(Parameters):
    """Traces that Vercel sends to a collector, by OTLP over HTTP; where to is each stack's `parity:traces`."""

    delivery_format: Literal["json", "proto"] = Field(default="proto", description="Form of the drain's requests.")
    sampling: SamplingRules = Field(default=(), description="Which traces are sent; all where there is no rule.")
    headers: tuple[HeaderName, ...] = Field(
        default=(),
        max_length=5,
        description="Names of the headers that each request carries; their values are secrets.",
    )


class AlertTrigger(Parameters):
    """What an alert is raised for: Vercel's own detection of an anomaly."""

    type: Literal["error_anomaly", "usage_anomaly"] = Field(description="What is unusual; Vercel's own names.")
    filter: Text | None = Field(
        default=None,
        max_length=2048,
        description="Which of it counts, in Vercel's query language: `statusGroup:5xx AND route:/api/*` of errors, "
        "`metrics:edge_requests` of usage. Errors need one with a `statusGroup`.",
    )

    @model_validator(mode="after")
    def _errors_name_a_status(self) -> Self:
        if self.type == "error_anomaly" and "statusGroup" not in (self.filter or ""):
            raise PydanticCustomError("no_status", "needs a filter with a statusGroup, as statusGroup:5xx")
        return self


class Alert(Parameters):
    """A rule by which Vercel tells people that an application is unwell."""

    name: Slug = Field(description="The alert's name; at Vercel it begins with the repository's and the stack's.")
    triggers: tuple[AlertTrigger, ...] = Field(min_length=1, description="What it is raised for, each type once.")
    minimum_severity: Literal["low", "medium", "high"] = Field(
        default="high", description="The lowest severity that raises it, as Vercel ranks an anomaly."
    )
    applications: tuple[Slug, ...] = Field(
        default=(), description="The applications that it watches; all of the stack's where none is named."
    )
    owners: bool = Field(default=True, description="Whether Vercel notifies the team's owners.")


class Telemetry(Parameters):
    """What is logged, traced and alerted on, and how; the destinations themselves are each stack's."""

    sources: tuple[LogSource, ...] = Field(min_length=1, description="What is logged; Vercel's own names.")
    environments: ReleaseTargets = Field(
        default=("production",), min_length=1, description="Vercel's environments whose logs are kept."
    )
    delivery_format: Literal["json", "ndjson"] = Field(default="ndjson", description="Form of the drain's requests.")
    sampling_rate: float = Field(default=1.0, gt=0, le=1, description="Share of the log lines that is kept.")
    tracing: Tracing | None = Field(default=None, description="Traces at Vercel itself; none where it is not given.")
    trace_drain: TraceDrain | None = Field(
        default=None, description="Traces to the team's own collector; each stack's file then has `parity:traces`."
    )
    alerts: tuple[Alert, ...] = Field(default=(), description="What people are alerted of.")
