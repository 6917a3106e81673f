"""vercel.AlertRule: a built-in rule of alerts. Changes are sent alone; the team's default rule is refused."""

from __future__ import annotations

from typing import Any

from parity_sandbox.narrowing import part
from parity_sandbox.standin.checks import length, one_of, size
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import ResourceError
from parity_sandbox.standin.golang import items, known, text, without_null
from parity_sandbox.standin.planning import differing
from parity_sandbox.standin.resources.shared import ID, TEAM_ID, Resource, failing, split
from parity_sandbox.standin.schema import Call, Document, Failure, Field

CREATE = Call("POST", "/alerts/v3/alert-rules")
GET = Call("GET", "/alerts/v3/alert-rules/{id}")
UPDATE = Call("PATCH", "/alerts/v3/alert-rules/{id}")
DELETE = Call("DELETE", "/alerts/v3/alert-rules/{id}")

_SCOPE = Field(
    "object",
    required=True,
    fields={
        "type": Field("string", required=True, checks=(one_of("all", "include", "exclude"),)),
        "projectIds": Field("set", optional=True, checks=(size(1, 100),)),
    },
)
_TRIGGER = Field(
    "object",
    fields={
        "type": Field("string", required=True),
        "filter": Field("string", optional=True, checks=(length(1, 2048),)),
    },
)
_SETTINGS = Field(
    "object",
    optional=True,
    computed=True,
    keep=True,
    fields={
        "enableTeamOwnerNotifications": Field("boolean", optional=True, computed=True, keep=True),
        "incidentIoRoutingKey": Field("string", optional=True, secret=True, checks=(length(1, 256),)),
        "vercelNotificationsMinimumSeverityLevel": Field("string", optional=True, checks=(one_of("critical"),)),
    },
)
FIELDS: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "type": Field("string", required=True, replace="always", checks=(one_of("built-in"),)),
    "name": Field("string", required=True, checks=(length(1, 256),)),
    "ruleScope": _SCOPE,
    "triggers": Field("set", optional=True, computed=True, keep=True, element=_TRIGGER, checks=(size(1),)),
    "matchMinimumSeverityLevel": Field("string", required=True, checks=(one_of("low", "medium", "high"),)),
    "notificationSettings": _SETTINGS,
    "tags": Field("set", optional=True, checks=(size(0, 10),)),
    "triggerMode": Field("string", computed=True, keep=True),
    "isDefault": Field("boolean", computed=True, keep=True),
    "createdAt": Field("integer", computed=True, keep=True),
    "updatedAt": Field("integer", computed=True),
}
_SENT = ("type", "name", "ruleScope", "triggers", "matchMinimumSeverityLevel", "notificationSettings", "tags")


async def _validate(_client: Client, inputs: Document) -> list[Failure]:
    return [*_scope_faults(inputs["ruleScope"]), *_trigger_faults(inputs["triggers"])]


def _scope_faults(scope: Any) -> list[Failure]:
    if not known(scope) or not known(scope["type"]):
        return []
    entire, given = scope["type"] == "all", scope["projectIds"]
    if entire and given is not None:
        return [Failure("ruleScope", "An `all` scope cannot set `project_ids`.")]
    if not entire and given is None:
        return [Failure("ruleScope", "An `include` or `exclude` scope must set `project_ids`.")]
    return []


def _trigger_faults(triggers: Any) -> list[Failure]:
    kinds = [each["type"] for each in triggers] if known(triggers) else []
    found = [
        Failure("triggers", f"The trigger type {each!r} can be configured only once.")
        for each in sorted({each for each in kinds if isinstance(each, str) and kinds.count(each) > 1})
    ]
    for each in triggers if known(triggers) else ():
        if each["type"] == "error_anomaly" and each["filter"] is None:
            found.append(Failure("triggers", "The `error_anomaly` trigger requires a KQL `filter`."))
        if each["type"] not in {"error_anomaly", "usage_anomaly"} and each["filter"] is not None:
            found.append(Failure("triggers", f"The {each['type']!r} trigger does not support a filter."))
    return found


def _wire(plan: Document, name: str) -> Any:
    value = plan[name]
    if not known(value):
        return None
    if name == "triggers":
        return {"mode": "selected", "items": [without_null(each) for each in value]}
    if name == "ruleScope":
        return without_null({"type": value["type"], "projectIds": items(value["projectIds"]) or None})
    if name == "notificationSettings":
        owners = value["enableTeamOwnerNotifications"]
        return without_null({**value, "enableTeamOwnerNotifications": owners if known(owners) else True})
    return value


async def _create(client: Client, plan: Document) -> Document:
    body = without_null({name: _wire(plan, name) for name in _SENT})
    with failing("creating", "Alert Rule", "create Alert Rule"):
        answer = await client.send(CREATE, plan, body=body)
    return _state(client, answer["rule"], plan)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    """Send what differs; what is taken away is null, so that Vercel clears it."""
    changed = [name for name in _SENT if name in differing(FIELDS, state, plan)]
    body = {name: _wire(plan, name) for name in changed}
    if "notificationSettings" in body and body["notificationSettings"] is not None:
        keys = ("incidentIoRoutingKey", "vercelNotificationsMinimumSeverityLevel")
        body["notificationSettings"] = {**dict.fromkeys(keys), **body["notificationSettings"]}
    with failing("updating", "Alert Rule", f"update Alert Rule {text(plan['id'])}"):
        answer = await client.send(UPDATE, plan, body=body)
    return _state(client, answer["rule"], plan)


async def _read(client: Client, state: Document) -> Document:
    return await _get(client, state, "reading")


async def _find(client: Client, identifier: str) -> Document:
    team, rule = split(identifier, 1, "Error importing Alert Rule", "alert_rule_id")
    return await _get(client, {"id": rule, "teamId": team}, "importing")


async def _get(client: Client, at: Document, doing: str) -> Document:
    with failing(doing, "Alert Rule", f"get Alert Rule {text(at['id'])}", gone=True):
        found = part(await client.send(GET, at), "rule")
    if found.get("isDefault"):
        said = "The team default alert rule cannot be managed because the API only permits notification updates for it."
        raise ResourceError("Unsupported default Alert Rule", said)
    return _state(client, found, at)


async def _delete(client: Client, state: Document) -> None:
    with failing("deleting", "Alert Rule", f"delete Alert Rule {text(state['id'])}", gone=True):
        await client.send(DELETE, state)


def _state(client: Client, rule: Document, at: Document) -> Document:
    scope, triggers, settings = (part(rule, name) for name in ("ruleScope", "triggers", "notificationSettings"))
    selected: list[Document] | None = None if triggers.get("mode") == "all" else triggers.get("items", [])
    return {
        "id": rule["id"],
        "teamId": client.team_of(at) or None,
        "type": rule["type"],
        "name": rule["name"],
        "ruleScope": {"type": scope["type"], "projectIds": scope.get("projectIds") or None},
        "triggers": None
        if selected is None
        else [{"type": each["type"], "filter": each.get("filter")} for each in selected],
        "matchMinimumSeverityLevel": rule.get("matchMinimumSeverityLevel"),
        "notificationSettings": {name: settings.get(name) for name in _SETTINGS.fields},
        "tags": rule.get("tags") or None,
        "triggerMode": triggers.get("mode"),
        "isDefault": rule["isDefault"],
        "createdAt": rule.get("createdAt"),
        "updatedAt": rule.get("updatedAt"),
    }


RESOURCE = Resource(
    "vercel:index/alertRule:AlertRule", FIELDS, _create, _read, _delete,
    update=_update, find=_find, validate=_validate, named=True,
)  # fmt: skip
