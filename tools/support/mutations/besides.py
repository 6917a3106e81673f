"""What the example does not declare and a catalog may: traces, alerts, stages, and the registry of a container.

`declared` declares them in the stack of the mutations and brings them up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support import telemetry
from support.mutations.world import STACK, Mutation, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.program import Instance

COMMIT = "7" * 40
"""What the container's release is built from."""
FRIENDS, OTHERS = "friends", "others"
SECRETS = {
    "parity:traces.secret": "canary-of-the-traces-0123456789-0123456789",
    "parity:traces.headers.authorization": "Bearer canary",
    "parity:alerts.incidentIoRoutingKey": "canary-incident-io-routing-key",
}
_OWNER = "storefront-example"
_TRACING = "/v1/drains/tracing/config"
_ALERTS = "/alerts/v3/alert-rules"
_REGISTRY = "/v1/vcr/repository"


def contain(instance: Instance, stack: str, application: str = "admin") -> None:
    """Declare one as a container that a friend's team may pull, and build its next release, which is live."""
    repository = {"owner": _OWNER, "name": "storefront", "default_branch": "main", "commits": [COMMIT]}
    github = {"organization": _OWNER, "repositories": [repository]}
    teams = [{"slug": each} for each in (FRIENDS, OTHERS)]
    instance.local.client().seed({"vercel": {"teams": teams}, "github": github})
    catalog = instance.project.root / "infra" / "catalog.py"
    before, name, after = catalog.read_text().partition(f'name="{application}",\n')
    how = f'framework="container",\n            container=Container(shared_with=("{FRIENDS}",)),'
    text = before.replace("    Catalog,\n", "    Catalog,\n    Container,\n") + name
    catalog.write_text(text + after.replace('framework="nextjs",', how, 1))
    instance.run("parity", "release", stack, application, "--commit", COMMIT, "--live", "--up", "--yes").ok()


def declared(instance: Instance) -> None:
    """Declare and build all of it."""
    telemetry.declare(instance, STACK)
    for key, value in SECRETS.items():
        instance.run("parity", "secret", "set", STACK, key, stdin=f"{value}\n").ok()
    catalog, stages = instance.project.root / "infra" / "catalog.py", "watch=Watch(stages=(Stage(percent=5),)),"
    text = catalog.read_text().replace("    Telemetry,\n", "    Stage,\n    Telemetry,\n    Watch,\n")
    catalog.write_text(text.replace('name="shop",\n', f'name="shop",\n            {stages}\n', 1))
    contain(instance, STACK)


def _project(world: World, name: str) -> str:
    return world.vercel("GET", f"/v9/projects/{name}-{STACK}")["id"]


def _trace_drain(world: World) -> dict[str, Any]:
    rows = world.vercel("GET", "/v1/drains")["drains"]
    return next(row for row in rows if row["name"] == f"storefront-{STACK}-traces")


def _alert(world: World) -> dict[str, Any]:
    rows = world.vercel("GET", _ALERTS)["rules"]
    return next(row for row in rows if row["name"] == f"storefront-{STACK}-errors")


def _traces(path: str, change: Callable[[dict[str, Any]], dict[str, Any]], of: str = "") -> Mutation:
    def make(world: World) -> Any:
        found = _trace_drain(world)
        return world.vercel("PATCH", f"/v1/drains/{found['id']}", change(found))

    return Mutation("changed", kinds.TRACE_DRAIN, "logs-traces", path, make, of)


def _delivery(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: {"delivery": {**found["delivery"], **more}}


def _rule(path: str, change: Callable[[dict[str, Any]], dict[str, Any]], of: str = "") -> Mutation:
    def make(world: World) -> Any:
        found = _alert(world)
        return world.vercel("PATCH", f"{_ALERTS}/{found['id']}", change(found))

    return Mutation("changed", kinds.ALERT, "logs-alert-errors", path, make, of)


def _settings(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: {"notificationSettings": {**found["notificationSettings"], **more}}


def _scope(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: {"ruleScope": {**found["ruleScope"], **more}}


def _alert_about_another(world: World) -> None:
    found = _alert(world)
    scope = {**found["ruleScope"], "projectIds": [_project(world, "admin")]}
    world.vercel("PATCH", f"{_ALERTS}/{found['id']}", {"ruleScope": scope})


def _registry(world: World, method: str, path: str, body: Any = None) -> Any:
    return world.vercel(method, f"{_REGISTRY}{path}", body, projectId=_project(world, "admin"))


def _build_again(world: World) -> None:
    """Build the commit as a preview, as a push to a branch does, which moves its tag; and wait for it."""
    source = {"type": "github", "org": _OWNER, "repo": "storefront", "sha": COMMIT, "ref": "main"}
    made = world.vercel("POST", "/v13/deployments", {
        "name": f"admin-{STACK}", "project": _project(world, "admin"), "gitSource": source,
    })  # fmt: skip
    while made["readyState"] != "READY":
        made = world.vercel("GET", f"/v13/deployments/{made['id']}")


def _trace(project: str, *, enabled: bool) -> Callable[[World], Any]:
    body = {"enabled": enabled, "sampling": []}
    return lambda world: world.vercel("PUT", _TRACING, body, projectId=_project(world, project))


def _turned(world: World) -> None:
    """Give the rules of sampling another order, by which another one decides."""
    project = _project(world, "admin")
    found = world.vercel("GET", _TRACING, projectId=project)
    world.vercel("PUT", _TRACING, {**found, "sampling": found["sampling"][::-1]}, projectId=project)


def _stages(path: str, **change: Any) -> Mutation:
    def make(world: World) -> Any:
        at = f"/v1/projects/{_project(world, 'shop')}/rolling-release/config"
        return world.vercel("PATCH", at, {**world.vercel("GET", at)["rollingRelease"], **change})

    return Mutation("changed", kinds.ROLLING_RELEASE, "shop-rolling", path, make)


def _another_trace_drain(world: World) -> None:
    world.vercel("POST", "/v1/drains", {
        "name": "by-hand", "projects": "some", "projectIds": [_project(world, "shop")],
        "schemas": {"trace": {"version": "v1"}},
        "delivery": {"type": "otlphttp", "endpoint": {"traces": "https://by-hand.example"}, "encoding": "json", "headers": {}},
    })  # fmt: skip


def _another_alert(world: World) -> None:
    known = {name: each for name, each in _alert(world).items() if name in {"type", "ruleScope", "triggers"}}
    world.vercel("POST", _ALERTS, {**known, "name": "by-hand", "matchMinimumSeverityLevel": "low"})


BESIDES = (
    _traces("endpoint", _delivery(endpoint={"traces": "https://elsewhere.example"})),
    _traces("deliveryFormat", _delivery(encoding="json")),
    _traces("headers", _delivery(headers={"authorization": "canary-of-another"})),
    _traces("secret", _delivery(secret="canary-another-of-at-least-32-characters")),
    _traces("samplingRules", lambda _: {"sampling": []}),
    _traces("projectIds", lambda found: {"projectIds": found["projectIds"][:1]}),
    _traces("status", lambda _: {"status": "disabled"}, "status"),
    Mutation("changed", kinds.TRACING, "logs-tracing-shop", "samplingRules", _trace("shop", enabled=True)),
    Mutation("changed", kinds.TRACING, "logs-tracing-admin", "samplingRules", _turned),
    _stages("stages", stages=[{"targetPercentage": 50}, {"targetPercentage": 100}]),
    _stages("advancementType", advancementType="automatic"),
    _rule("ruleScope.type", _scope(type="exclude")),
    Mutation("changed", kinds.ALERT, "logs-alert-errors", "ruleScope.projectIds", _alert_about_another),
    _rule("triggers", lambda _: {"triggers": {"mode": "selected", "items": [{"type": "usage_anomaly"}]}}),
    _rule("matchMinimumSeverityLevel", lambda _: {"matchMinimumSeverityLevel": "low"}),
    _rule("tags", lambda _: {"tags": ["by-hand"]}),
    _rule("notificationSettings.enableTeamOwnerNotifications", _settings(enableTeamOwnerNotifications=False)),
    _rule("notificationSettings.incidentIoRoutingKey", _settings(incidentIoRoutingKey="canary-elsewhere")),
    Mutation("changed", kinds.REGISTRY, "admin-registry", "public", lambda world: _registry(
        world, "PATCH", "/dockerfile", {"public": True})),
    Mutation("changed", kinds.IMAGE, "admin-image-r2", "digest", _build_again),
)  # fmt: skip
"""Every property, changed."""


def _gone(type_: str, name: str, make: Callable[[World], Any]) -> Mutation:
    return Mutation("missing", type_, name, "", make)


BESIDES_REMOVED = (
    _gone(kinds.TRACE_DRAIN, "logs-traces", lambda world: world.vercel("DELETE", f"/v1/drains/{_trace_drain(world)['id']}")),
    _gone(kinds.TRACING, "logs-tracing-shop", _trace("shop", enabled=False)),
    _gone(kinds.TRACING, "logs-tracing-admin", _trace("admin", enabled=False)),
    _gone(kinds.ROLLING_RELEASE, "shop-rolling", lambda world: world.vercel(
        "DELETE", f"/v1/projects/{_project(world, 'shop')}/rolling-release/config")),
    _gone(kinds.ALERT, "logs-alert-errors", lambda world: world.vercel("DELETE", f"{_ALERTS}/{_alert(world)['id']}")),
    _gone(kinds.REGISTRY_SHARE, f"admin-registry-{FRIENDS}", lambda _: None),
    _gone(kinds.IMAGE, "admin-image-r2", lambda _: None),
    _gone(kinds.REGISTRY, "admin-registry", lambda world: _registry(world, "DELETE", "/dockerfile")),
)  # fmt: skip
"""Every object, removed; a repository goes with its images and with who may pull them."""


def _new(type_: str, name: str, make: Callable[[World], Any]) -> Mutation:
    return Mutation("unmanaged", type_, name, "", make)


BESIDES_ADDED = (
    _new(kinds.TRACE_DRAIN, "by-hand", _another_trace_drain),
    _new(kinds.ALERT, "by-hand", _another_alert),
    _new(kinds.REGISTRY, f"admin-{STACK}/by-hand", lambda world: _registry(
        world, "POST", "", {"projectId": _project(world, "admin"), "name": "by-hand"})),
    _new(kinds.REGISTRY_SHARE, OTHERS, lambda world: _registry(
        world, "POST", "/dockerfile/permissions", {"teamSlug": OTHERS})),
)  # fmt: skip
