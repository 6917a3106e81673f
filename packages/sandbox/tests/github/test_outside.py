"""Deploy keys, webhooks, runners, and what an organization shares with its repositories."""

from __future__ import annotations

from base64 import b64encode

import pytest
from nacl.encoding import Base64Encoder
from nacl.public import PublicKey, SealedBox

from support.github_api import ORGANIZATION, REPO

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIByHand"
ORG = f"/orgs/{ORGANIZATION}/actions"
HOOK = {"config": {"url": "https://hook.example/in", "content_type": "json", "secret": "hush"}}


def test_a_deploy_key_writes_unless_it_says_otherwise_and_is_used_once(api):
    made = api("POST", f"{REPO}/keys", {"title": "by hand", "key": f"{KEY} ann@laptop"}, expect=201).json()
    assert (made["read_only"], made["key"], made["added_by"]) == (False, KEY, "parity-sandbox")
    again = api("POST", f"{REPO}/keys", {"key": KEY}, expect=422).json()
    assert again["errors"][0]["message"] == "key is already in use"
    api("POST", f"{REPO}/keys", {"key": "no key"}, expect=422)
    assert [each["id"] for each in api("GET", f"{REPO}/keys").json()] == [made["id"]]
    api("DELETE", f"{REPO}/keys/{made['id']}", expect=204)
    api("GET", f"{REPO}/keys/{made['id']}", expect=404)


def test_a_webhook_keeps_its_secret_to_itself(api):
    made = api("POST", f"{REPO}/hooks", HOOK, expect=201).json()
    assert made["config"] == {**HOOK["config"], "insecure_ssl": "0", "secret": "********"}
    assert made["events"] == ["push"]
    api("POST", f"{REPO}/hooks", HOOK, expect=422)
    changed = api("PATCH", f"{REPO}/hooks/{made['id']}", {"add_events": ["release"], "active": False}).json()
    assert (changed["events"], changed["active"]) == (["push", "release"], False)
    api("DELETE", f"{REPO}/hooks/{made['id']}", expect=204)
    assert api("GET", f"{REPO}/hooks").json() == []


def _sealed(api) -> dict[str, str]:
    key = api("GET", f"{ORG}/secrets/public-key").json()
    box = SealedBox(PublicKey(key["key"].encode(), Base64Encoder))
    return {"encrypted_value": b64encode(box.encrypt(b"shared")).decode(), "key_id": key["key_id"]}


def test_a_repository_lists_what_the_organization_shares_with_it(api):
    number = api("GET", REPO).json()["id"]
    private = api("POST", f"/orgs/{ORGANIZATION}/repos", {"name": "p", "private": True}, expect=201).json()
    body = _sealed(api)
    for name, how in (("ALL", {"visibility": "all"}), ("PRIVATE", {"visibility": "private"})):
        api("PUT", f"{ORG}/secrets/{name}", {**body, **how}, expect=201)
    chosen = {"visibility": "selected", "selected_repository_ids": [number]}
    api("PUT", f"{ORG}/secrets/CHOSEN", {**body, **chosen}, expect=201)
    api("POST", f"{ORG}/variables", {"name": "PLAIN", "value": "1", **chosen}, expect=201)

    def names(repository: str, kind: str) -> set[str]:
        return {each["name"] for each in api("GET", f"{repository}/actions/organization-{kind}").json()[kind]}

    assert names(REPO, "secrets") == {"ALL", "CHOSEN"}
    assert names(f"/repos/{private['full_name']}", "secrets") == {"ALL", "PRIVATE"}
    assert names(REPO, "variables") == {"PLAIN"}
    api("PATCH", f"{ORG}/variables/PLAIN", {"value": "2", "visibility": "private"}, expect=204)
    assert names(REPO, "variables") == set()
    api("PATCH", f"{ORG}/variables/PLAIN", chosen, expect=204)
    for kind, name in (("secrets", "CHOSEN"), ("variables", "PLAIN")):
        shared = api("GET", f"{ORG}/{kind}/{name}/repositories").json()["repositories"]
        assert [each["id"] for each in shared] == [number]
        api("DELETE", f"{ORG}/{kind}/{name}/repositories/{number}", expect=204)
        assert name not in names(REPO, kind)
        api("DELETE", f"{ORG}/{kind}/{name}", expect=204)
        api("GET", f"{ORG}/{kind}/{name}", expect=404)
    assert api("GET", f"{ORG}/variables").json()["total_count"] == 0
    assert api("GET", f"{REPO}/actions/secrets").json()["secrets"] == []


@pytest.mark.parametrize("path", ["secrets/X", "variables"])
def test_whom_it_is_shared_with_must_be_said(api, path):
    body = _sealed(api) if path == "secrets/X" else {"name": "X", "value": "1"}
    api("PUT" if path == "secrets/X" else "POST", f"{ORG}/{path}", body, expect=422)


def test_a_runner_is_registered_once_and_removed(api):
    body = {"name": "by-hand", "runner_group_id": 1, "labels": ["ubuntu-latest"]}
    made = api("POST", f"{REPO}/actions/runners/generate-jitconfig", body, expect=201).json()["runner"]
    api("POST", f"{REPO}/actions/runners/generate-jitconfig", body, expect=409)
    listed = api("GET", f"{REPO}/actions/runners").json()["runners"]
    assert [(each["id"], each["labels"][0]["name"]) for each in listed] == [(made["id"], "ubuntu-latest")]
    api("DELETE", f"{REPO}/actions/runners/{made['id']}", expect=204)
    api("DELETE", f"{REPO}/actions/runners/{made['id']}", expect=404)


def test_what_forks_may_run_is_asked_of_a_private_repository_only(api):
    path = f"{REPO}/actions/permissions/fork-pr-workflows-private-repos"
    api("GET", path, expect=404)
    api("PATCH", REPO, {"private": True})
    assert not any(api("GET", path).json().values())
    api("PUT", path, {"run_workflows_from_fork_pull_requests": True, "send_secrets_and_variables": True}, expect=204)
    assert api("GET", path).json()["send_secrets_and_variables"] is True


def test_the_claims_of_a_subject_are_kept(api):
    path = f"{REPO}/actions/oidc/customization/sub"
    assert api("GET", path).json() == {"use_default": True}
    api("PUT", path, {"use_default": False, "include_claim_keys": ["repo"]}, expect=201)
    assert api("GET", path).json() == {"use_default": False, "include_claim_keys": ["repo"]}
