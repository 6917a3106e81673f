"""Reads what is logged, traced and alerted on: a team's drains and alert rules, and the tracing of its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.inventory.documents import part, rows, texts
from parity.inventory.model import live_object, written
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Collection

    from parity.documents import Document
    from parity.inventory.model import LiveObject
    from parity.inventory.reading import OfProject, Reading

_DRAINS = frozenset({kinds.DRAIN, kinds.TRACE_DRAIN})


async def of_team(reading: Reading, team: str, asked: Collection[str]) -> list[LiveObject]:
    """All of the team's drains of logs and traces, and its alert rules where one is `asked` for.

    Vercel's own default rule belongs to every stack and cannot be changed.
    """
    listed = await reading.rows("/v1/drains", "drains", "the team's drains", _DRAINS)
    drains = [_drain(row, team) for row in listed or []]
    if kinds.ALERT not in asked:
        return drains
    path, what = "/alerts/v3/alert-rules", "the team's alert rules"
    listed = await reading.rows(path, "rules", what, (kinds.ALERT,), mark="cursor")
    own = (each for each in listed or [] if each.get("type") == "built-in" and not each.get("isDefault"))
    return [*drains, *(_alert(each, team) for each in own)]


async def tracing(project: OfProject, asked: Collection[str]) -> list[LiveObject]:
    """The project's tracing where it is on; read only where it is `asked` for."""
    if kinds.TRACING not in asked:
        return []
    path = "/v1/drains/tracing/config"
    found = await project.get(path, "the tracing", kinds.TRACING, projectId=project.id)
    if not found.get("enabled"):
        return []
    properties = {"projectId": project.id, "samplingRules": _rules(found)}
    return [project.object(kinds.TRACING, project.id, project.at, properties)]


def _drain(row: Document, team: str) -> LiveObject:
    """A drain; one that delivers traces by OTLP has the address of these alone."""
    delivery, sampling = part(row, "delivery"), rows(row, "sampling")
    schemas = set(part(row, "schemas"))
    traces = schemas == {"trace"}
    properties: Document = {
        "name": row.get("name", ""),
        "deliveryFormat": delivery.get("encoding"),
        "headers": delivery.get("headers") or {},
        "projectIds": texts(row.get("projectIds")),
        **(_of_traces(row) if traces else _of_logs(row)),
    }
    beyond: Document = {}
    if row.get("status") not in (None, "enabled"):
        beyond["status"] = row["status"]
    if len(sampling) > 1 and not traces:
        beyond["sampling"] = sampling[1:]
    if row.get("transforms"):
        beyond["transforms"] = row["transforms"]
    if not traces and schemas - {"log"}:
        beyond["schemas"] = sorted(schemas)
    return live_object(
        kinds.TRACE_DRAIN if traces else kinds.DRAIN,
        str(row["id"]),
        f"{team}/{row['id']}",
        {**properties, "secret": delivery["secret"]} if "secret" in delivery else properties,
        beyond=beyond,
        written_at=written(row),
    )


def _of_logs(row: Document) -> Document:
    filters, sampling = part(part(row, "filterV2"), "filter"), rows(row, "sampling")
    return {
        "endpoint": part(row, "delivery").get("endpoint"),
        "environments": texts(part(filters, "deployment").get("environments")),
        "sources": texts(part(filters, "log").get("sources")),
        "samplingRate": sampling[0].get("rate") if sampling else None,
    }


def _of_traces(row: Document) -> Document:
    return {"endpoint": part(part(row, "delivery"), "endpoint").get("traces"), "samplingRules": _rules(row)}


def _rules(document: Document) -> list[Document]:
    return [
        {"rate": each.get("rate"), "environment": each.get("env"), "requestPath": each.get("requestPath")}
        for each in rows(document, "sampling")
    ]


def _alert(row: Document, team: str) -> LiveObject:
    scope, settings, triggers = (part(row, name) for name in ("ruleScope", "notificationSettings", "triggers"))
    properties: Document = {
        "name": row.get("name", ""),
        "type": row.get("type"),
        "ruleScope": {"type": scope.get("type"), "projectIds": texts(scope.get("projectIds"))},
        "triggers": [{"type": each.get("type"), "filter": each.get("filter")} for each in rows(triggers, "items")],
        "matchMinimumSeverityLevel": row.get("matchMinimumSeverityLevel"),
        "tags": texts(row.get("tags")),
        "notificationSettings": dict(settings),
    }
    beyond = {"triggers.mode": triggers["mode"]} if triggers.get("mode") not in (None, "selected") else {}
    return live_object(
        kinds.ALERT,
        str(row["id"]),
        f"{team}/{row['id']}",
        properties,
        beyond=beyond,
        written_at=written(row),
    )
