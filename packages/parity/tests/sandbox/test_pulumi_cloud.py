"""State and secrets with Pulumi Cloud, as a plain `pulumi login` has them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from support import pulumi_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.program import Instance, Run
    from support.pulumi_cloud import Cloud

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(900)]

COMMIT = "4" * 40
SECRET = "canary-of-a-payment-secret-that-is-long"
PATH = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
STACKS = ("staging", "prod")


@pytest.fixture
def cloud(small_instance: Instance) -> Iterator[Cloud]:
    """Both stacks moved there with their secrets, which no passphrase opens any more."""
    repository = {"owner": "storefront-example", "name": "storefront", "commits": [COMMIT], "default_branch": "main"}
    small_instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    export = ("stack", "export", "--show-secrets", "--stack")
    states = {stack: small_instance.pulumi(*export, stack).ok().stdout for stack in STACKS}
    with pulumi_cloud.served() as found:
        small_instance.extra |= found.variables
        for stack, state in states.items():
            small_instance.pulumi("stack", "init", stack, "--no-select").ok()
            small_instance.run("pulumi", "stack", "import", "--stack", stack, "--non-interactive", stdin=state).ok()
            small_instance.pulumi("stack", "change-secrets-provider", "default", "--stack", stack).ok()
        small_instance.extra |= {"PULUMI_CONFIG_PASSPHRASE": ""}
        for stack in STACKS:
            small_instance.run("parity", "secret", "fingerprint", stack).ok()
        yield found


def said(run: Run) -> str:
    return " ".join(run.said.split())


def test_a_release_goes_forward_and_back_and_what_stands_against_it_is_said(small_instance: Instance, cloud: Cloud):
    goes_forward_and_back(small_instance, cloud)
    says_what_stands_against_it(small_instance, cloud)


def goes_forward_and_back(small_instance: Instance, cloud: Cloud) -> None:
    """With no passphrase, and no secret in the clear."""

    def parity(*words: str, stdin: str | None = None, **extra: str) -> Run:
        return small_instance.run("parity", *words, stdin=stdin, extra=extra).ok()

    assert "encryptionsalt" not in (small_instance.project.root / "Pulumi.staging.yaml").read_text()
    parity("check", "--secrets")
    assert "staging: clean" in parity("drift", "staging").stdout
    parity("secret", "set", "staging", PATH, stdin=SECRET)
    parity("release", "staging", "shop", "--commit", COMMIT, "--live")
    parity("preview", "staging", "--save", "plan.json")
    up = parity("up", "staging", "--plan", "plan.json")
    assert "serves r2 of commit 444444444444" in up.stdout
    assert f"No ledger is kept: the state is at {cloud.url}. PARITY_LEDGER_URL names a place for it." in said(up)
    ledger = {"PARITY_LEDGER_URL": f"file://{small_instance.project.root}/record"}
    assert "r1 of shop in staging is live again" in parity("rollback", "staging", "shop", "--up", **ledger).stdout
    assert "shop: r2 (444444444444) -> r1" in parity("log", "staging", **ledger).stdout
    assert "staging: clean" in parity("drift", "staging").stdout

    rows = small_instance.local.client().secrets()["vercel"]
    assert SECRET in [row["value"] for row in rows], "nothing secret was written, so nothing is proved"
    found = cloud.stack("acme", "storefront", "staging")
    kept = json.dumps([found.states, [each.document for each in found.updates.values()]])
    assert SECRET not in kept + (small_instance.project.root / "plan.json").read_text()


def says_what_stands_against_it(small_instance: Instance, cloud: Cloud) -> None:
    """Each with the way on."""

    def ends(code: int, *words: str, **extra: str) -> str:
        done = small_instance.run("parity", *words, extra=extra)
        assert done.code == code, done.said
        return said(done)

    login = "`pulumi login`, or export a PULUMI_ACCESS_TOKEN that may use the stack"
    wrong = {"PULUMI_ACCESS_TOKEN": "pul-revoked"}
    for words in (
        ("drift", "staging"),
        ("preview", "staging"),
        ("up", "staging", "--yes"),
        ("releases", "staging", "shop"),
    ):
        shown = ends(6, *words, **wrong)
        assert "Unauthorized: No credentials provided or are invalid." in shown
        assert login in shown
        assert "Logging in using" not in shown
    assert "are invalid. pulumi login" in ends(0, "status", **wrong)
    assert "see that the backend can be reached: `pulumi whoami --verbose`" in ends(
        6, "drift", "staging", PULUMI_BACKEND_URL="http://127.0.0.1:1"
    )

    # Another update has the stack, and dies: Pulumi Cloud's lock is seen by its refusal alone.
    state = cloud.stack("acme", "storefront", "staging")
    state.active = "one-that-died"
    state.updates[state.active] = pulumi_cloud.Update("update", {"version": 0})
    small_instance.replace("staging", "waitMinutes: 0", "waitMinutes: 5")
    rows = json.loads(small_instance.pulumi("stack", "ls", "--json").ok().stdout)
    running = {each["name"].rpartition("/")[2]: each["updateInProgress"] for each in rows}
    assert running == {"staging": True, "prod": False}, "what `--wait` asks"
    for words in (("up", "staging", "--yes"), ("recover", "staging")):
        shown = ends(9, *words)
        assert "[409] Conflict: Another update is currently in progress." in shown
        [(cancel, recover)] = re.findall(r"where it is dead: `pulumi (.*?)`, then `parity (.*?)`", shown)
        recorded = state.states[-1]["deployment"]
        recorded["resources"] = [each for each in recorded["resources"] if "LIVE_URL_SHOP" not in each["urn"]]
    small_instance.pulumi(*cancel.split()).ok()
    assert "it exists and is not recorded: recover records it) ActionsEnvironmentVariable" in ends(0, *recover.split())
    ends(0, "up", "staging", "--yes")
