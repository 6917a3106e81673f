"""Everything that telemetry may declare, on a real engine; and a failing request, followed to its cause."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from parity.backend.ledger import Ledger
from parity.backend.store import FolderStore
from parity.resources import kinds
from support import instances, telemetry
from support.mutations.world import World
from support.tampers import git
from support.watched import NEW, SHOP

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

LINES = "https://logs.staging.storefront.example/lines?level=error"
LIMIT = "SEARCH_RESULTS_LIMIT"
ROUTING = "canary-incident-io-routing-key"


def declare(instance: Instance) -> None:
    """All of it, as a team would write it: the catalog, the stack's file, and its secrets."""
    catalog = instance.project.root / "infra" / "catalog.py"
    text = catalog.read_text().replace(
        "telemetry=Telemetry(", f"telemetry=Telemetry({telemetry.WITHOUT_SECRETS}{telemetry.DRAIN}"
    )
    imports = "from parity.config.parameters import ("
    catalog.write_text(text.replace(imports, f"{telemetry.IMPORTS}{imports}"))
    endpoint = "endpoint: https://otlp.staging.storefront.example/v1/traces"
    more = f"  parity:traces:\n    {endpoint}\n    headers: {{}}\n\n  parity:alerts: {{}}\n\n"
    instance.replace("staging", "  parity:logs:\n", f"{more}  parity:logs:\n")
    instance.run("parity", "secret", "set", "staging", "parity:traces.secret", "--generate").ok()
    for key, value in (("traces.headers.authorization", "Bearer canary"), ("alerts.incidentIoRoutingKey", ROUTING)):
        instance.run("parity", "secret", "set", "staging", f"parity:{key}", stdin=f"{value}\n").ok()


def release(instance: Instance) -> None:
    """A new release of the shop, built with another limit, of which every request fails."""
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW]}
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    instance.local.client().add_build_rule(match={"project": "shop-staging", "release": "r2"}, errors=1.0)
    instance.replace("staging", f"{LIMIT}: 20", f"{LIMIT}: 0")
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live", "--up", "--yes").ok()


def committed(instance: Instance) -> None:
    """The program as it is as a commit, and an update that applied it: the next one's causes are counted from it."""
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "Before")):
        git(instance, *words)
    ledger = Ledger(FolderStore(instance.local.layout.backend), instance.project.name, "staging")
    applied = {"command": "up", "intent": {}, "commit": git(instance, "rev-parse", "HEAD").strip()}
    ledger.end(ledger.begin(applied), {"result": "succeeded"})


def changed_by_hand(world: World) -> set[tuple[str, str]]:
    """Each property changed at Vercel: the types and properties that drift must name."""
    [drain] = [each for each in world.vercel("GET", "/v1/drains")["drains"] if "trace" in each["schemas"]]
    delivery = {**drain["delivery"], "endpoint": {"traces": "https://elsewhere.example"}, "encoding": "json"}
    delivery |= {"headers": {"authorization": "another"}, "secret": "another-secret-of-at-least-32-characters"}
    world.vercel("PATCH", f"/v1/drains/{drain['id']}", {
        "delivery": delivery, "sampling": [], "projectIds": drain["projectIds"][:1], "status": "disabled",
    })  # fmt: skip
    shop, admin = (world.vercel("GET", f"/v9/projects/{name}-staging")["id"] for name in ("shop", "admin"))
    world.vercel("PUT", "/v1/drains/tracing/config", {"enabled": True, "sampling": []}, projectId=shop)
    world.vercel("PUT", "/v1/drains/tracing/config", {"enabled": False, "sampling": []}, projectId=admin)
    [rule] = [each for each in world.vercel("GET", "/alerts/v3/alert-rules")["rules"] if not each["isDefault"]]
    world.vercel("PATCH", f"/alerts/v3/alert-rules/{rule['id']}", {
        "ruleScope": {"type": "exclude", "projectIds": [admin]},
        "triggers": {"mode": "selected", "items": [{"type": "usage_anomaly"}]},
        "matchMinimumSeverityLevel": "low", "tags": ["by-hand"],
        "notificationSettings": {"enableTeamOwnerNotifications": False, "incidentIoRoutingKey": "canary-elsewhere"},
    })  # fmt: skip
    by_hand = {name: each for name, each in rule.items() if name in {"type", "ruleScope", "triggers"}}
    world.vercel("POST", "/alerts/v3/alert-rules", {**by_hand, "name": "by-hand", "matchMinimumSeverityLevel": "low"})
    alert = ("ruleScope.type", "ruleScope.projectIds", "triggers", "matchMinimumSeverityLevel", "tags")
    settings = ("enableTeamOwnerNotifications", "incidentIoRoutingKey")
    drained = ("endpoint", "deliveryFormat", "headers.authorization", "secret", "samplingRules", "projectIds", "status")
    return {
        *((kinds.TRACE_DRAIN, path) for path in drained),
        (kinds.TRACING, "samplingRules"),
        (kinds.TRACING, ""),
        *((kinds.ALERT, path) for path in alert),
        *((kinds.ALERT, f"notificationSettings.{path}") for path in settings),
        (kinds.ALERT, ""),
    }


def drifted(instance: Instance) -> list[dict[str, Any]]:
    """What drift finds of telemetry, but for what no API shows."""
    found = json.loads(instance.run("parity", "drift", "staging", "--json").stdout)["findings"]
    own = {kinds.TRACE_DRAIN, kinds.TRACING, kinds.ALERT, kinds.DRAIN}
    return [each for each in found if each["type"] in own and each["kind"] != "unknowable"]


@pytest.mark.timeout(300)
def test_telemetry_is_declared_read_and_followed_to_its_cause(finished_instance: Instance):
    instance = finished_instance
    declare(instance)
    committed(instance)
    release(instance)
    assert drifted(instance) == [], "what was declared is what is there"

    said = instance.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", f"{SHOP}search?q=boots").ok()
    assert said.stdout == "500"
    lines = [json.loads(each) for each in instance.run("curl", "-fsS", LINES).ok().stdout.splitlines()]
    assert [each["path"] for each in lines] == ["/search"], lines
    (line,) = lines
    assert (line["path"], line["level"], line["projectName"]) == ("/search", "error", "shop-staging")
    shown = instance.run("parity", "show", line["deploymentId"]).ok().stdout
    assert f"{line['deploymentId']} is shop-deployment-r2 of staging: release r2, commit {NEW}, built by:" in shown
    assert f"shop-variable-{LIMIT}" in shown
    found = json.loads(instance.run("parity", "show", line["deploymentId"], "--json").ok().stdout)
    [cause] = json.loads(instance.run("parity", "blame", "staging", f"shop.{LIMIT}", "--json").ok().stdout)
    assert (cause["operation"], cause["value"]["value"]) == (found["update"], "0")
    assert cause["key"] == f"parity:applications.shop.variables.{LIMIT}"

    expected = changed_by_hand(World(instance))
    findings = drifted(instance)
    assert {(each["type"], each["property"]) for each in findings} == expected
    assert "canary" not in json.dumps(findings)

    instance.local.client().load_snapshot(instances.START)
    assert instance.run("curl", "-fsS", LINES).ok().stdout == "", "lines of another world were kept"
