"""Routes of what else reaches a repository from outside: deploy keys, webhooks and its own runners."""

from __future__ import annotations

import json
from base64 import b64encode

from parity_sandbox.github.calls import Answer, Call, paged
from parity_sandbox.github.routes.table import Kind, inside
from parity_sandbox.github.state import accounts, outside
from parity_sandbox.github.wire.repositories import url
from parity_sandbox.store import Document


def _key_shown(_call: Call, repository: Document, found: Document) -> Document:
    names = ("id", "title", "created_at", "read_only", "added_by")
    return {name: found[name] for name in names} | {
        "key": found["material"], "url": f"{url(repository)}/keys/{found['id']}", "verified": True, "last_used": None,
        "enabled": True,
    }  # fmt: skip


def _hook_shown(_call: Call, repository: Document, found: Document) -> Document:
    at = f"{url(repository)}/hooks/{found['id']}"
    names = ("id", "active", "events", "created_at", "updated_at")
    return {name: found[name] for name in names} | {
        "type": "Repository", "name": "web", "config": outside.shown_config(found), "url": at, "test_url": f"{at}/test",
        "ping_url": f"{at}/pings", "deliveries_url": f"{at}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }  # fmt: skip


def _add_key(call: Call, repository: Document) -> Document:
    author = accounts.viewer(call.context)["login"]
    return _key_shown(call, repository, outside.add_deploy_key(call.context, repository["id"], author, call.body))


def _runner_shown(_call: Call, _repository: Document, found: Document) -> Document:
    names = ("id", "name", "runner_group_id")
    labels = [{"id": number, "name": each, "type": "custom"} for number, each in enumerate(found["labels"], start=1)]
    return {name: found[name] for name in names} | {
        "os": "unknown", "status": "offline", "busy": False, "labels": labels, "ephemeral": True, "version": None,
    }  # fmt: skip


def _runners(call: Call, repository: Document) -> Answer:
    return paged(call, _RUNNER.every(call, repository), "runners")


def _add_runner(call: Call, repository: Document) -> Document:
    made = outside.add_runner(call.context, repository, call.body)
    config = b64encode(json.dumps({"name": made["name"]}).encode()).decode()
    return {"runner": _runner_shown(call, repository, made), "encoded_jit_config": config}


_RUNNERS, _KEY, _HOOK = "/actions/runners", "/keys/{key_id}", "/hooks/{hook_id}"
_KEYS, _HOOKS = Kind.by_id("deploy_keys", "key_id", _key_shown), Kind.by_id("webhooks", "hook_id", _hook_shown)
_RUNNER = Kind.by_id("runners", "runner_id", _runner_shown)

ROUTES = (
    inside("GET", "/keys", _KEYS.every, "repos/list-deploy-keys"),
    inside("POST", "/keys", _add_key, "repos/create-deploy-key", "Nothing is ever pushed with a key."),
    inside("GET", _KEY, _KEYS.get, "repos/get-deploy-key"),
    inside("DELETE", _KEY, _KEYS.delete, "repos/delete-deploy-key"),
    inside("GET", "/hooks", _HOOKS.every, "repos/list-webhooks"),
    inside("POST", "/hooks", _HOOKS.made(outside.add_webhook), "repos/create-webhook", "Nothing is ever delivered."),
    inside("GET", _HOOK, _HOOKS.get, "repos/get-webhook"),
    inside("PATCH", _HOOK, _HOOKS.changed(outside.edit_webhook), "repos/update-webhook"),
    inside("DELETE", _HOOK, _HOOKS.delete, "repos/delete-webhook"),
    inside("GET", _RUNNERS, _runners, "actions/list-self-hosted-runners-for-repo"),
    inside(
        "POST", f"{_RUNNERS}/generate-jitconfig", _add_runner, "actions/generate-runner-jitconfig-for-repo",
        "The configuration starts no runner.",
    ),
    inside("DELETE", f"{_RUNNERS}/{{runner_id}}", _RUNNER.delete, "actions/delete-self-hosted-runner-from-repo"),
)  # fmt: skip
