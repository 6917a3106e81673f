"""Everything that telemetry may declare, on a real engine; and a failing request, followed to its cause."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from parity.backend.ledger import Ledger
from parity.engine.store import FolderStore
from parity.resources import kinds
from support import instances, telemetry
from support.mutations.besides import SECRETS
from support.tampers import git
from support.watched import NEW, SHOP

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

LINES = "https://logs.staging.storefront.example/lines?level=error"
LIMIT = "SEARCH_RESULTS_LIMIT"


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


def drifted(instance: Instance) -> list[dict[str, Any]]:
    """What drift finds of telemetry, but for what no API shows."""
    found = json.loads(instance.run("parity", "drift", "staging", "--json").stdout)["findings"]
    own = {kinds.TRACE_DRAIN, kinds.TRACING, kinds.ALERT, kinds.DRAIN}
    return [each for each in found if each["type"] in own and each["kind"] != "unknowable"]


@pytest.mark.timeout(300)
def test_telemetry_is_declared_read_and_followed_to_its_cause(small_instance: Instance):
    instance = small_instance
    telemetry.declare(instance, "staging")
    for key, value in SECRETS.items():
        instance.run("parity", "secret", "set", "staging", key, stdin=f"{value}\n").ok()
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

    instance.local.client().load_snapshot(instances.START)
    assert instance.run("curl", "-fsS", LINES).ok().stdout == "", "lines of another world were kept"
