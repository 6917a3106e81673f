"""Secrets are planted and searched for: in every output, the state, the logs, also of failed runs."""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from parity.config import digest, settings
from support import telemetry
from support.program import with_shop_alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

STACK = "staging"
NEXT_LOG_SECRET = "canary-next-log-secret-8e44-0123456789"
PLANTED = {
    "parity:secret": "canary-stack-secret-0123456789abcdef",
    "parity:applications.shop.variables.PAYMENT_SECRET_KEY": "canary-payment-key/+7f3a",
    "parity:logs.secret": "canary-log-drain-secret-5d20-0123456789",
    "parity:traces.secret": "canary-trace-drain-secret-77c1-0123456789",
    "parity:traces.headers.authorization": "canary-trace-header-40aa",
    "parity:alerts.incidentIoRoutingKey": "canary-routing-key-c3f8",
}


def plant(instance: Instance) -> None:
    """Put the canaries into the stack's file, as a user would, and record what releases are then built with."""
    with_shop_alone(instance.project.root)
    telemetry.declare(instance, STACK)
    instance.init(STACK)
    given = [word for key, value in PLANTED.items() for word in ("--secret", f"{key}={value}")]
    instance.pulumi("config", "set-all", "--path", *given, "--stack", STACK).ok()
    instance.run("parity", "secret", "fingerprint", STACK).ok()
    del sys.modules["infra.catalog"]  # the sandbox was seeded from it before it was edited
    found = settings.load(STACK, instance.project.root, decrypted(instance))
    for application, releases in found.releases.items():
        newest = list(releases.kept.values())[-1]
        instance.replace(STACK, newest.config, digest.config_digest(found, application, newest.credentials))


def decrypted(instance: Instance) -> dict[str, str]:
    rows = json.loads(instance.pulumi("config", "--json", "--show-secrets", "--stack", STACK).ok().stdout)
    return {key: row["value"] for key, row in rows.items()}


def secrets_of(instance: Instance) -> set[str]:
    """The planted values, the sandbox's own tokens, and everything that the vendors were given as a secret."""
    environment = instance.environment()
    found = {*PLANTED.values(), *(environment[name] for name in ("VERCEL_API_TOKEN", "GITHUB_TOKEN", "PGPASSWORD"))}
    for value in texts(instance.local.client().secrets()):
        if value.startswith(("postgres://", "postgresql://")):
            found.add(str(urlsplit(value).password))
    return found


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def leaks(places: Mapping[str, str], secrets: Iterable[str]) -> list[str]:
    """The places that hold a secret, as it is or as URLs and headers would carry it."""
    found: list[str] = []
    for secret in secrets:
        forms = {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")}
        found += [f"{place}: {secret[:12]}..." for place, text in places.items() if any(form in text for form in forms)]
    return sorted(found)


def kept(instance: Instance) -> dict[str, str]:
    """Everything that the engine and the sandbox keep or show, but for the vendors' own storage."""
    client, layout = instance.local.client(), instance.local.layout
    places = {str(path): path.read_text(errors="replace") for path in layout.backend.rglob("*") if path.is_file()}
    assert any("/stacks/" in place for place in places), "no state file was found"
    places["request log"] = json.dumps(client.requests())
    places["state of the vendors"] = json.dumps(client.state())
    places["status page"] = instance.run("parity", "status", "--json").stdout
    places["server.log"] = layout.log.read_text()
    places["PostgreSQL's log"] = "".join(path.read_text(errors="replace") for path in layout.postgres.glob("*.log"))
    return places


def test_secrets_are_found_nowhere(empty_instance):
    instance = empty_instance
    plant(instance)
    said: dict[str, str] = {}

    def run(name: str, code: int | None, *arguments: str, **extra: str) -> None:
        done = instance.pulumi(*arguments, "--stack", STACK, extra=extra)
        assert (done.code == 0) == (code == 0), f"{name} ended with {done.code}:\n{done.said}"
        said[name] = done.said

    wrong = "canary-wrong-password-3c11"
    run("wrong password", 1, "up", "--yes", "--skip-preview", PGPASSWORD=wrong)
    instance.local.client().add_build_rule(match={"project": f"shop-{STACK}"}, state="ERROR")
    run("failed build", 1, "up", "--yes", "--skip-preview", "--diff")
    instance.local.client().clear_build_rules()
    run("up", 0, "up", "--yes", "--skip-preview", "--diff")
    run("outputs", 0, "stack", "output", "--json")
    run("export", 0, "stack", "export")
    instance.pulumi("config", "set", "--path", "parity:logs.secret", NEXT_LOG_SECRET, "--secret", "--stack", STACK).ok()
    run("preview of a changed secret", 0, "preview", "--diff", "--json")
    run("preview of a changed secret, as text", 0, "preview", "--diff")
    blank = "canary with a blank end "
    key = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
    instance.pulumi("config", "set", "--path", key, blank, "--secret", "--stack", STACK).ok()
    run("faults in config", 1, "preview")

    secrets = {*secrets_of(instance), wrong, NEXT_LOG_SECRET, blank.strip()}
    assert len(secrets) > len(PLANTED) + 5, "the databases' passwords were not found"
    assert leaks({**said, **kept(instance)}, secrets) == []
    # What was searched for is what is in use: asked for by name, the engine shows it.
    shown = instance.pulumi("stack", "output", "--json", "--show-secrets", "--stack", STACK).ok().stdout
    assert leaks({"shown": shown}, secrets) != []
    assert re.search(r"\[secret\]", said["outputs"])


@pytest.mark.parametrize("form", ["a/b+c d", quote("a/b+c d", safe=""), base64.b64encode(b"a/b+c d").decode()])
def test_a_leak_is_found_in_each_form(form):
    assert leaks({"log": f"before {form} after"}, ["a/b+c d"]) == ["log: a/b+c d..."]
    assert leaks({"log": "nothing"}, ["a/b+c d"]) == []
