"""Two stacks with two kinds of secrets provider: staging's is a passphrase, prod's is a key in Vault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from support import vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(900)]

FIRST, SECOND = "4" * 40, "5" * 40
KEY = "PAYMENT_SECRET_KEY"
PATH = f"parity:applications.shop.variables.{KEY}"
SECRET = "n" * 40
PROVIDER = "hashivault://parity-prod"
NO_PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": ""}


@pytest.fixture
def key(small_instance: Instance) -> Iterator[dict[str, str]]:
    """The variables with which the engine opens prod, whose file and state the engine sealed with Vault's key."""
    repository = {
        "owner": "storefront-example",
        "name": "storefront",
        "commits": [FIRST, SECOND],
        "default_branch": "main",
    }
    seed = {"github": {"organization": "storefront-example", "repositories": [repository]}}
    small_instance.local.client().seed(seed)
    with vault.served() as variables:
        small_instance.pulumi("stack", "change-secrets-provider", PROVIDER, "--stack", "prod", extra=variables).ok()
        yield variables


def live(instance: Instance, stack: str) -> dict[str, Any]:
    """What the deployment that shop's domains serve was built with."""
    state = instance.state()["vercel"]
    project = next(row for row in state["projects"] if row["name"] == f"shop-{stack}")
    row = next(row for row in state["deployments"] if row["id"] == project["targets"]["production"]["id"])
    return {"release": row["meta"]["release"], **row["snapshot"]["variables"]}


def test_each_stack_is_changed_with_its_own_key_alone_and_both_together(small_instance: Instance, key: dict[str, str]):
    instance = small_instance

    def prod(*command: str, stdin: str | None = None) -> Run:
        return instance.run("parity", *command, extra={**key, **NO_PASSPHRASE}, stdin=stdin)

    file = instance.project.root / "Pulumi.prod.yaml"
    assert f"secretsprovider: {PROVIDER}" in file.read_text()
    assert "encryptionsalt" not in file.read_text()

    # Sealed again: one command, and no release is asked for.
    stale = instance.run("parity", "check")
    assert set(re.findall(r"`(parity [^`]*)`", " ".join(stale.said.split()))) == {"parity secret fingerprint prod"}
    prod("secret", "fingerprint", "prod").ok()
    instance.run("parity", "check").ok()
    instance.run("parity", "check", "--secrets", extra=key).ok()

    before = live(instance, "prod")[KEY]

    # A new value, released with prod's key; staging is released and promoted from with its own.
    prod("secret", "set", "prod", PATH, stdin=SECRET).ok()
    prod("release", "prod", "shop", "--commit", FIRST, "--live").ok()
    prod("promote", "shop").ok()
    instance.run("parity", "release", "staging", "shop", "--commit", SECOND, "--live").ok()
    prod("preview", "prod", "--save", "plan.json").ok()
    assert SECRET not in (instance.project.root / "plan.json").read_text()
    prod("up", "prod", "--plan", "plan.json").ok()
    assert live(instance, "prod")["release"] == "r3"
    rows = instance.local.client().secrets()["vercel"]
    assert SECRET in [row["value"] for row in rows if (row.get("key"), row.get("project")) == (KEY, "shop-prod")]
    assert live(instance, "prod")[KEY] != before, "each stands for a value"


def test_a_new_stack_has_a_key_of_its_own_at_the_same_place(small_instance: Instance, key: dict[str, str]):
    made = small_instance.run("parity", "stack", "new", "qa", "--from", "prod", extra={**key, **NO_PASSPHRASE})
    assert "Pulumi.qa.yaml is written" in made.stdout, made.said
    texts = [(small_instance.project.root / f"Pulumi.{stack}.yaml").read_text() for stack in ("prod", "qa")]
    assert all(f"secretsprovider: {PROVIDER}" in text and "encryptionsalt" not in text for text in texts)
    keys = {re.findall(r"^encryptedkey: (.+)$", text, re.MULTILINE)[0] for text in texts}
    assert len(keys) == 2, "each stack's secrets are sealed with a key of their own"
    opened = small_instance.run("parity", "secret", "fingerprint", "qa", extra={**key, **NO_PASSPHRASE})
    assert "Pulumi.qa.yaml stays as it is" in opened.stdout, opened.said


WRONG = ({"VAULT_TOKEN": "wrong"}, {"VAULT_ADDR": "", "VAULT_TOKEN": ""}, {"VAULT_ADDR": "http://127.0.0.1:1"})
"""No right, not named, not there."""


def test_a_key_that_does_not_open_is_named_with_its_stack_and_what_to_do(small_instance: Instance, key: dict[str, str]):
    def refused(*command: str, stdin: str | None = None, **wrong: str) -> None:
        done = small_instance.run("parity", *command, extra={**key, **wrong}, stdin=stdin)
        assert done.code == 6, done.said
        said = " ".join(done.said.split())
        assert "the secrets of prod could not be opened" in said
        assert f"its key is at {PROVIDER}: export VAULT_ADDR and VAULT_TOKEN" in said

    for wrong in WRONG:
        refused("up", "prod", "--yes", **wrong)
    refused("preview", "prod", **WRONG[0])
    refused("check", "--secrets", **WRONG[0])
    refused("secret", "set", "prod", PATH, stdin=SECRET, **WRONG[0])
    small_instance.run("parity", "drift", "staging", extra={**key, **WRONG[0]}).ok()
