"""A catalog's telemetry with all that it may declare, and what a stack's file then holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.config.secret import Secret
from parity.config.telemetry import Alert, AlertTrigger, Sampling, TraceDrain, Tracing

if TYPE_CHECKING:
    from parity.config.parameters import Catalog
    from parity.documents import Document
    from support.program import Instance


def everything(catalog: Catalog) -> Catalog:
    """The catalog with tracing, a trace drain and an alert."""
    checkout = Sampling(rate=1, environment="production", request_path="/checkout")
    more = {
        "tracing": Tracing(sampling=(checkout, Sampling(rate=0.1))),
        "trace_drain": TraceDrain(sampling=(Sampling(rate=0.5, environment="production"),), headers=("authorization",)),
        "alerts": (
            Alert(
                name="errors",
                triggers=(
                    AlertTrigger(type="error_anomaly", filter="statusGroup:5xx"),
                    AlertTrigger(type="usage_anomaly"),
                ),
                applications=(catalog.applications[0].name,),
            ),
        ),
    }
    return catalog.model_copy(update={"telemetry": catalog.telemetry.model_copy(update=more)})


def values(stack: str) -> Document:
    """The keys that a stack's file needs for it, secrets sealed."""
    return {
        "parity:traces": {
            "endpoint": f"https://otlp.{stack}.storefront.example/v1/traces",
            "secret": Secret(None, "parity:traces.secret"),
            "headers": {"authorization": Secret(None, "parity:traces.headers.authorization")},
        },
        "parity:alerts": {"incidentIoRoutingKey": Secret(None, "parity:alerts.incidentIoRoutingKey")},
    }


WITHOUT_SECRETS = """
        tracing=Tracing(sampling=(Sampling(rate=0.5, request_path="/api"), Sampling(rate=0.1, environment="preview"))),
        alerts=(
            Alert(
                name="errors",
                triggers=(AlertTrigger(type="error_anomaly", filter="statusGroup:5xx"),),
                applications=("shop",),
            ),
        ),
        """
"""As text of infra/catalog.py, after `telemetry=Telemetry(`."""

DRAIN = """trace_drain=TraceDrain(
            headers=("authorization",), sampling=(Sampling(rate=0.25, environment="production"),)
        ),
        """
"""The same of a trace drain, for which each stack's file has a destination."""

IMPORTS = "from parity.config.telemetry import Alert, AlertTrigger, Sampling, TraceDrain, Tracing\n"


def declare(instance: Instance, stack: str) -> None:
    """All of it, as a team would write it into the catalog and a stack's file; its secrets are not set yet."""
    catalog = instance.project.root / "infra" / "catalog.py"
    text = catalog.read_text().replace("telemetry=Telemetry(", f"telemetry=Telemetry({WITHOUT_SECRETS}{DRAIN}")
    imports = "from parity.config.parameters import ("
    catalog.write_text(text.replace(imports, f"{IMPORTS}{imports}"))
    endpoint = f"endpoint: https://otlp.{stack}.storefront.example/v1/traces"
    more = f"  parity:traces:\n    {endpoint}\n    headers: {{}}\n\n  parity:alerts: {{}}\n\n"
    instance.replace(stack, "  parity:logs:\n", f"{more}  parity:logs:\n")
