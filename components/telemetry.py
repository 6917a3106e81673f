"""The Telemetry component: what is logged, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumiverse_vercel as vercel
from pulumi import Input, Output, ResourceOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.config import parameters


@dataclass(frozen=True)
class TelemetryArgs:
    """What a Telemetry needs."""

    telemetry: parameters.Telemetry
    name: str
    """The drain's name, unique in the team."""
    endpoint: str
    secret: Input[str]
    """Signs each delivery; at least 32 characters."""
    project_ids: Sequence[Input[str]]


class Telemetry(pulumi.ComponentResource):
    """Where the applications' logs go.

    Owns: one log drain for all the stack's applications. Each deployment carries release, commit and environment as
    variables, so that a log line can name the change it came from.

    Does not own: the destination. Vercel verifies it when the drain is made: it must answer 200 with the team's own
    `x-vercel-verify` header (Vercel's team settings show its value), or the update fails with Vercel's reason.

    Every property of a drain is fixed at Vercel, so a change replaces it: the new one is made before the old one goes,
    and no line is lost, though some may come twice. Destroying stops the delivery.
    """

    drain_id: Output[str]

    def __init__(self, name: str, args: TelemetryArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the drain."""
        super().__init__("parity:components:Telemetry", name, None, opts)
        drain = vercel.LogDrain(
            f"{name}-drain",
            name=args.name,
            endpoint=args.endpoint,
            secret=Output.secret(args.secret),
            delivery_format=args.telemetry.delivery_format,
            sources=list(args.telemetry.sources),
            environments=list(args.telemetry.environments),
            sampling_rate=args.telemetry.sampling_rate,
            project_ids=list(args.project_ids),
            opts=ResourceOptions(parent=self),
        )
        self.drain_id = drain.id
        self.register_outputs({"drainId": self.drain_id})
