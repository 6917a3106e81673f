"""An application whose protected deployments a job alone can ask, delivered in a job and outside of one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from parity.resources import kinds
from parity_sandbox.credentials import of_a_job
from support.watched import NEW

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

NO_JOB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}


TRUST = "trusted_source=TrustedSource(), "


def trust(instance: Instance) -> None:
    """Have the shop's deployments, which ask for a login, be asked by the workflows' jobs."""
    catalog = instance.project.root / "infra" / "catalog.py"
    text = catalog.read_text().replace("    Telemetry,\n", "    Health,\n    Telemetry,\n    TrustedSource,\n")
    own = f"{TRUST}health=Health(deadline_seconds=5),"
    catalog.write_text(text.replace('            name="shop",\n', f'            name="shop",\n            {own}\n'))


def distrust(instance: Instance) -> None:
    catalog = instance.project.root / "infra" / "catalog.py"
    catalog.write_text(catalog.read_text().replace(TRUST, ""))


def release(instance: Instance) -> None:
    """Record the next one of staging's shop, to be the live one."""
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live").ok()


def served(instance: Instance, environment: str) -> str:
    said = instance.run("parity", "releases", "staging", "shop", "--json", extra=job(instance, environment))
    (status,) = json.loads(said.stdout)
    return status["served_release"]


def job(instance: Instance, environment: str) -> dict[str, str]:
    token = instance.environment()["GITHUB_TOKEN"]
    return of_a_job(token, repository="storefront-example/storefront", environment=environment)


def shop(instance: Instance) -> dict[str, Any]:
    return next(each for each in instance.state()["vercel"]["projects"] if each["name"] == "shop-staging")


def changing(instance: Instance, since: int) -> list[str]:
    return [row["path"] for row in instance.requests(since) if row["method"] != "GET"]


@pytest.mark.timeout(900)
def test_a_protected_application_is_delivered_by_its_job_and_by_no_other(small_instance: Instance):
    instance = small_instance
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW]}
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    trust(instance)
    assert served(instance, "staging") == "r1", "before the update that makes the jobs a trusted source, by its secret"
    release(instance)
    since = instance.last_request()

    refused = instance.run("parity", "deliver", "staging", "--yes", extra=NO_JOB)
    assert refused.code == 2, refused.said
    assert "applications.shop.trusted_source" in refused.said
    assert "a job alone" in refused.said
    assert changing(instance, since) == []

    # The engine alone: where a command of the project's runs it, the question is the same.
    words = ("up", "--yes", "--skip-preview", "--stack", "staging")
    other = instance.pulumi(*words, extra=job(instance, "prod"))
    assert other.code, other.said
    assert "401" in other.said
    assert not [path for path in changing(instance, since) if "/promote/" in path], "the release before is live"

    done = instance.run("parity", "deliver", "staging", "--yes", extra=job(instance, "staging"))
    assert done.code == 0, done.said
    found = shop(instance)
    (rule,) = found["trustedSources"]["oidcProviders"]["https://token.actions.githubusercontent.com"]
    assert rule["claims"]["environment"] == ["staging", "staging-preview"]
    assert found["protectionBypass"] == {}, "the secret of the release before is revoked"
    assert served(instance, "staging") == "r2"
    elsewhere = instance.run("parity", "releases", "staging", "shop", extra=job(instance, "prod"))
    assert "alone ask" in elsewhere.said, elsewhere.said
    assert "401" not in elsewhere.said
    promoted = instance.run("parity", "promote", "shop", extra=NO_JOB)
    assert (promoted.code, "a job of the environment staging or staging-preview" in promoted.said) == (7, True)
    (command,) = re.findall(r"`(parity release prod shop [^`]+)`", promoted.said)
    instance.run(*command.split(), extra=NO_JOB).ok()
    assert NEW in instance.project.stack_files()["prod"].read_text()

    recorded = json.dumps(json.loads(instance.pulumi("stack", "export", "--stack", "staging").ok().stdout))
    assert f"{kinds.BYPASS}::shop-bypass" not in recorded
    everything = (
        recorded
        + done.said
        + other.said
        + "".join(each.read_text(errors="replace") for each in instance.local.layout.directory.rglob("*.log"))
    )
    assert "eyJ" not in everything, "a token, which begins like this, is nowhere"

    since = instance.last_request()
    back = instance.run("parity", "rollback", "staging", "shop", "--up", extra=NO_JOB)
    assert (back.code, "a job alone" in back.said) == (2, True), back.said
    assert "take `trusted_source` out" in " ".join(back.said.split())
    assert changing(instance, since) == []
    distrust(instance)
    back = instance.run("parity", "rollback", "staging", "shop", "--to", "r1", "--up", extra=NO_JOB)
    assert "say --unchecked" in " ".join(back.said.split()), back.said
    assert changing(instance, since) == []
    instance.run("parity", "rollback", "staging", "shop", "--to", "r1", "--up", "--unchecked", extra=NO_JOB).ok()
    assert served(instance, "prod") == "r1"
    assert instance.run("parity", "drift", "staging", extra=NO_JOB).code == 0
