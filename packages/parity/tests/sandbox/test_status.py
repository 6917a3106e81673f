"""`parity status` and `parity serve` against running stacks: what is live, what a vendor hides, what a hand broke."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parity.vendors import postgres
from support.browser import LIMIT_SECONDS

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]
KEYLESS = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": ""}


def read(instance: Instance, *arguments: str) -> dict[str, Any]:
    return json.loads(instance.run("parity", "status", *arguments, "--json", extra=KEYLESS).ok().stdout)


def test_it_says_what_is_live_without_a_passphrase_and_what_a_vendor_hides(finished_instance: Instance):
    instance = finished_instance
    found = read(instance)
    assert [each["name"] for each in found["stacks"]] == ["staging", "prod"]
    for stack in found["stacks"]:
        for row in stack["applications"]:
            assert (row["live"], row["health"], row["faults"]) == ("r1", "healthy", [])
            assert [each["state"] for each in row["kept"]] == ["READY"]
            assert row["subject"]
            assert row["built"]
        assert stack["running"] == "none"
    assert found["stacks"][1]["parity"]["clean"]
    assert found["needs"] == []

    ends = datetime.now(UTC) + timedelta(hours=1)
    with postgres.connect(instance.environment(), "postgres") as connection:
        connection.execute(f"create role parity_job_0123 login valid until '{ends.isoformat()}'")
        connection.execute("create role ended login valid until '2020-01-01'")
        connection.execute("create role lasting login valid until 'infinity'")
    (said,) = read(instance)["ending"]
    assert said == f"the login parity_job_0123 at 127.0.0.1 ends {ends:%Y-%m-%d %H:%M} UTC, a job's"

    client = instance.local.client()
    client.add_fault(service="github", method="GET", path="/repos/storefront-example/storefront/pulls", status=403)
    client.add_fault(service="edge", path="/api/health", status=500, times=None)
    found = read(instance)
    assert {each["what"] for each in found["unknown"]} == {"pull requests"}
    assert {each["command"] for each in found["needs"]} == {"parity releases staging", "parity releases prod"}
    assert len(found["needs"]) == 4
    client.clear_faults()

    client.add_fault(service="vercel", method="GET", path="/v9/projects/shop-prod", status=403)
    found = read(instance, "prod")
    (stack,) = found["stacks"]
    assert [row["health"] for row in stack["applications"]] == ["unknown", "healthy"]
    (said,) = [each for each in stack["unknown"] if each["what"] == "all of shop"]
    assert "403" in said["why"]
    assert said["command"] == "parity releases prod shop"
    assert "parity check --to prod" in {each["command"] for each in stack["unknown"]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_served_until_it_is_interrupted(small_instance: Instance, number: int):
    instance = small_instance.cold()
    served = subprocess.Popen(
        ["parity", "serve", "--port", "0"],
        cwd=instance.project.root,
        env={**instance.environment(), **KEYLESS, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout
        address = served.stdout.readline().split()[1]
        with httpx.Client(trust_env=False, timeout=LIMIT_SECONDS, base_url=address) as http:
            page = http.get("/").text
            assert "shop.staging.storefront.example" in page
            assert page.count("✓ healthy") == 2
            taken = small_instance.run("parity", "serve", "--port", str(http.base_url.port))
        assert taken.code == 2
        assert "parity serve --port 0" in taken.said
        os.kill(served.pid, number)
        assert served.wait(LIMIT_SECONDS) == 0
        assert served.stdout.read() == "Ended.\n"
    finally:
        served.kill()
        served.wait()
