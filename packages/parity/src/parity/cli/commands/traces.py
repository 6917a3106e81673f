"""`parity traces`: a stack's operations, given to the collector that OpenTelemetry's variables name."""

from __future__ import annotations

import json

import typer

from parity.cli import arguments
from parity.cli.commands.log import ledger_of, places_of
from parity.cli.commands.options import Json, Stack
from parity.errors import ApiError, UsageError


def traces(stack: Stack, as_json: Json = False) -> None:
    """Send the operations that no collector has yet.

    Each `parity up` does so at its end where OTEL_EXPORTER_OTLP_ENDPOINT is set; this sends what other commands
    recorded, and what a collector that was away did not take. docs/traces.md says what a span holds.
    """
    project = arguments.of_stack(stack)
    from parity.updates import traces as sending

    if not sending.collector():
        raise UsageError(
            "no collector is named",
            where=f"{sending.ENDPOINTS[-1]} is not set",
            remedy=f"name one, as http://127.0.0.1:4318 is a collector's on this machine; then `parity traces {stack}`",
        )
    done = sending.send(ledger_of(places_of(project, stack)[stack]))
    if done.fault:
        raise ApiError("the operations were not sent", where=done.fault, remedy=f"parity traces {stack}")
    if done.unmeasured:
        typer.echo(f"The metrics were not sent: {done.unmeasured}", err=True)
    said = f"{done.operations} operations sent." if done.operations else "Nothing is waiting to be sent."
    typer.echo(json.dumps({"operations": done.operations}) if as_json else said)
