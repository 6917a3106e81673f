"""Built-in rules of alerts: kept and shown; nothing is detected. Each team has a default rule that stays."""

from __future__ import annotations

import uuid

from parity_sandbox.narrowing import items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, Forbidden, NotFound
from parity_sandbox.vercel.world import World

REQUIRED = ("type", "name", "ruleScope", "triggers", "matchMinimumSeverityLevel")
SHAPE: wire.Shape = {
    "type": "string",
    "name": "string",
    "ruleScope": "object",
    "triggers": "object",
    "matchMinimumSeverityLevel": "string",
    "notificationSettings": "object",
    "tags": "array",
}
CHANGE: wire.Shape = {**SHAPE, "tags": "array?"}
_SETTINGS: wire.Shape = {
    "enableTeamOwnerNotifications": "boolean",
    "incidentIoRoutingKey": "string?",
    "vercelNotificationsMinimumSeverityLevel": "string?",
}
_DEFAULT = "ar_default"
_PAGE, _MOST = 20, 100


def create(world: World, given: Document) -> Document:
    """Make a rule; raises BadRequest, NotFound. Names need not be unique."""
    _check(world, given)
    rule: Document = {
        "id": f"ar_{uuid.uuid4()}",
        "ownerId": world.owner,
        **given,
        "notificationSettings": _settings({}, given),
        "isDefault": False,
        "createdAt": world.now,
        "updatedAt": world.now,
    }
    world.collection("alert rules").insert(rule["id"], rule)
    return _view(rule)


def update(world: World, rule: Document, given: Document) -> Document:
    """Change a rule; what is absent stays, null clears. Raises BadRequest, and Forbidden of the default rule."""
    _check(world, given)
    if rule["isDefault"]:
        raise Forbidden("The default alert rule cannot be changed.")
    merged = {**rule, **given, "notificationSettings": _settings(rule["notificationSettings"], given)}
    merged |= {"ownerId": world.owner, "updatedAt": world.now}
    kept = {name: value for name, value in merged.items() if value is not None}
    return _view(world.collection("alert rules").put(rule["id"], kept))


def find(world: World, rule_id: str) -> Document:
    """The scope's rule of that id; raises NotFound."""
    found = next((each for each in _of_owner(world) if each["id"] == rule_id), None)
    if found is None:
        raise NotFound("Alert rule not found.")
    return found


def page(world: World, cursor: str | None, limit: int | None, project: str | None) -> Document:
    """The scope's rules, oldest first; `cursor` is the id of the last that was given."""
    found = [each for each in _of_owner(world) if project is None or _watches(each, project)]
    ids = [each["id"] for each in found]
    start = ids.index(cursor) + 1 if cursor in ids else 0
    shown = found[start : start + min(limit or _PAGE, _MOST)]
    more = bool(shown) and shown[-1]["id"] != ids[-1]
    return {"rules": shown, "pagination": {"count": len(shown), "next": shown[-1]["id"] if more else None}}


def delete(world: World, rule_id: str) -> None:
    """Remove a rule; raises NotFound, and Forbidden of the default rule."""
    if find(world, rule_id)["isDefault"]:
        raise Forbidden("The default alert rule cannot be deleted.")
    world.collection("alert rules").delete(rule_id)


def _of_owner(world: World) -> list[Document]:
    default: Document = {
        "id": _DEFAULT,
        "type": "built-in",
        "name": "Default",
        "ruleScope": {"type": "all"},
        "triggers": {"mode": "all"},
        "matchMinimumSeverityLevel": "high",
        "notificationSettings": {"enableTeamOwnerNotifications": True},
        "isDefault": True,
    }
    return [default, *map(_view, world.collection("alert rules").find(ownerId=world.owner))]


def _view(rule: Document) -> Document:
    return {name: value for name, value in rule.items() if name != "ownerId"}


def _watches(rule: Document, project: str) -> bool:
    scope = rule["ruleScope"]
    return scope["type"] == "all" or (project in items(scope, "projectIds")) is (scope["type"] == "include")


def _settings(before: Document, given: Document) -> Document:
    """All settings: given ones replace every one; null is unset; owners are notified unless it says otherwise."""
    now = part(given, "notificationSettings") if "notificationSettings" in given else before
    kept = {name: value for name, value in now.items() if value is not None}
    return {"enableTeamOwnerNotifications": True, **kept}


def _check(world: World, given: Document) -> None:
    wire.one_of("type", given.get("type", "built-in"), ("built-in",))
    wire.one_of("matchMinimumSeverityLevel", given.get("matchMinimumSeverityLevel", "low"), ("low", "medium", "high"))
    wire.check(part(given, "notificationSettings"), _SETTINGS, (), "`notificationSettings` ")
    if "ruleScope" in given:
        scope = given["ruleScope"]
        wire.check(scope, {"type": "string", "projectIds": "array"}, ("type",), "`ruleScope` ")
        wire.one_of("ruleScope.type", scope["type"], ("all", "include", "exclude"))
        if (scope["type"] == "all") is bool(scope.get("projectIds")):
            raise BadRequest("Invalid request: `ruleScope.projectIds` does not fit `ruleScope.type`.")
        for project in items(scope, "projectIds"):
            world.project(project)
    if "triggers" in given:
        _check_triggers(given["triggers"])


def _check_triggers(triggers: Document) -> None:
    wire.check(triggers, {"mode": "string", "items": "array"}, ("mode", "items"), "`triggers` ")
    wire.one_of("triggers.mode", triggers["mode"], ("selected",))
    if not triggers["items"]:
        raise BadRequest("Invalid request: `triggers.items` should NOT have fewer than 1 items.")
    for each in items(triggers, "items"):
        wire.check(each, {"type": "string", "filter": "string"}, ("type",), "`triggers.items` ")
        if each["type"] == "error_anomaly" and "statusGroup" not in each.get("filter", ""):
            raise BadRequest("Invalid request: the filter of `error_anomaly` must contain `statusGroup`.")
