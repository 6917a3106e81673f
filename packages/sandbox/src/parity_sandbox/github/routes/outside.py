"""Routes of what else reaches a repository from outside: deploy keys, webhooks and its own runners."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING

from parity_sandbox.github.routes.table import Result, counted, inside
from parity_sandbox.github.state import accounts, outside
from parity_sandbox.github.state.collections import held, one, remove
from parity_sandbox.github.wire.repositories import url

if TYPE_CHECKING:
    from parity_sandbox.github.calls import Answer, Call
    from parity_sandbox.store import Document


def _key_shown(repository: Document, found: Document) -> Document:
    names = ("id", "title", "created_at", "read_only", "added_by")
    return {name: found[name] for name in names} | {
        "key": found["material"], "url": f"{url(repository)}/keys/{found['id']}", "verified": True, "last_used": None,
        "enabled": True,
    }  # fmt: skip


def _hook_shown(repository: Document, found: Document) -> Document:
    at = f"{url(repository)}/hooks/{found['id']}"
    names = ("id", "active", "events", "created_at", "updated_at")
    return {name: found[name] for name in names} | {
        "type": "Repository", "name": "web", "config": outside.shown_config(found), "url": at, "test_url": f"{at}/test",
        "ping_url": f"{at}/pings", "deliveries_url": f"{at}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }  # fmt: skip


_SHOWN = {"deploy_keys": _key_shown, "webhooks": _hook_shown}
_IDS = {"deploy_keys": "key_id", "webhooks": "hook_id", "runners": "runner_id"}
"""The path's parameter, as the description has it."""


def _one(kind: str, call: Call, repository: Document) -> Document:
    return one(call.context, kind, call.number(_IDS[kind]), repository_id=repository["id"])


def _list(kind: str, call: Call, repository: Document) -> Result:
    rows = held(call.context, kind, repository["id"])
    return [_SHOWN[kind](repository, each) for each in rows]


def _get(kind: str, call: Call, repository: Document) -> Document:
    return _SHOWN[kind](repository, _one(kind, call, repository))


def _delete(kind: str, call: Call, repository: Document) -> None:
    remove(call.context, kind, _one(kind, call, repository))


def _add_key(call: Call, repository: Document) -> Document:
    author = accounts.viewer(call.context)["login"]
    return _key_shown(repository, outside.add_deploy_key(call.context, repository["id"], author, call.body))


def _add_hook(call: Call, repository: Document) -> Document:
    return _hook_shown(repository, outside.add_webhook(call.context, repository["id"], call.body))


def _edit_hook(call: Call, repository: Document) -> Document:
    return _hook_shown(repository, outside.edit_webhook(call.context, _one("webhooks", call, repository), call.body))


def _runner_shown(found: Document) -> Document:
    names = ("id", "name", "runner_group_id")
    labels = [{"id": number, "name": each, "type": "custom"} for number, each in enumerate(found["labels"], start=1)]
    return {name: found[name] for name in names} | {
        "os": "unknown", "status": "offline", "busy": False, "labels": labels, "ephemeral": True, "version": None,
    }  # fmt: skip


def _runners(call: Call, repository: Document) -> Answer:
    rows = held(call.context, "runners", repository["id"])
    return counted(call, "runners", [_runner_shown(each) for each in rows])


def _add_runner(call: Call, repository: Document) -> Document:
    made = outside.add_runner(call.context, repository["id"], call.body)
    config = b64encode(json.dumps({"name": made["name"]}).encode()).decode()
    return {"runner": _runner_shown(made), "encoded_jit_config": config}


_RUNNERS, _KEY, _HOOK = "/actions/runners", "/keys/{key_id}", "/hooks/{hook_id}"

ROUTES = (
    inside("GET", "/keys", partial(_list, "deploy_keys"), "repos/list-deploy-keys"),
    inside("POST", "/keys", _add_key, "repos/create-deploy-key", "Nothing is ever pushed with a key."),
    inside("GET", _KEY, partial(_get, "deploy_keys"), "repos/get-deploy-key"),
    inside("DELETE", _KEY, partial(_delete, "deploy_keys"), "repos/delete-deploy-key"),
    inside("GET", "/hooks", partial(_list, "webhooks"), "repos/list-webhooks"),
    inside("POST", "/hooks", _add_hook, "repos/create-webhook", "Nothing is ever delivered."),
    inside("GET", _HOOK, partial(_get, "webhooks"), "repos/get-webhook"),
    inside("PATCH", _HOOK, _edit_hook, "repos/update-webhook"),
    inside("DELETE", _HOOK, partial(_delete, "webhooks"), "repos/delete-webhook"),
    inside("GET", _RUNNERS, _runners, "actions/list-self-hosted-runners-for-repo"),
    inside(
        "POST", f"{_RUNNERS}/generate-jitconfig", _add_runner, "actions/generate-runner-jitconfig-for-repo",
        "The configuration starts no runner.",
    ),
    inside(
        "DELETE", f"{_RUNNERS}/{{runner_id}}", partial(_delete, "runners"),
        "actions/delete-self-hosted-runner-from-repo",
    ),
)  # fmt: skip
