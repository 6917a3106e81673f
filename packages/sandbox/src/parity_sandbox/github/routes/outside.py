"""Routes of what else reaches a repository from outside: deploy keys, webhooks and its own runners."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import accounts, outside
from parity_sandbox.github.wire.repositories import url
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _key_shown(repository: Document, found: Document) -> Document:
    names = ("id", "title", "created_at", "read_only", "added_by")
    return {name: found[name] for name in names} | {
        "key": found["material"], "url": f"{url(repository)}/keys/{found['id']}", "verified": True, "last_used": None,
        "enabled": True,
    }  # fmt: skip


def _keys(call: Call) -> Answer:
    repository = named.repository(call)
    rows = outside.deploy_keys(call.context, repository["id"])
    page = paged(call, [_key_shown(repository, each) for each in rows])
    return Answer(200, page.items, page.headers)


def _add_key(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    author = accounts.viewer(call.context)["login"]
    return Answer(
        201, _key_shown(repository, outside.add_deploy_key(call.context, repository["id"], author, call.body))
    )


def _key(call: Call, repository: Document) -> Document:
    return outside.deploy_key(call.context, repository["id"], call.number("key_id"))


def _get_key(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _key_shown(repository, _key(call, repository)))


def _delete_key(call: Call) -> Answer:
    outside.delete(call.context, "deploy_keys", _key(call, named.repository(call, write=True)))
    return NO_CONTENT


def _hook_shown(repository: Document, found: Document) -> Document:
    at = f"{url(repository)}/hooks/{found['id']}"
    names = ("id", "active", "events", "created_at", "updated_at")
    return {name: found[name] for name in names} | {
        "type": "Repository", "name": "web", "config": outside.shown_config(found), "url": at, "test_url": f"{at}/test",
        "ping_url": f"{at}/pings", "deliveries_url": f"{at}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }  # fmt: skip


def _hooks(call: Call) -> Answer:
    repository = named.repository(call)
    page = paged(call, [_hook_shown(repository, each) for each in outside.webhooks(call.context, repository["id"])])
    return Answer(200, page.items, page.headers)


def _add_hook(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    return Answer(201, _hook_shown(repository, outside.add_webhook(call.context, repository["id"], call.body)))


def _hook(call: Call, repository: Document) -> Document:
    return outside.webhook(call.context, repository["id"], call.number("hook_id"))


def _get_hook(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _hook_shown(repository, _hook(call, repository)))


def _edit_hook(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    changed = outside.edit_webhook(call.context, _hook(call, repository), call.body)
    return Answer(200, _hook_shown(repository, changed))


def _delete_hook(call: Call) -> Answer:
    outside.delete(call.context, "webhooks", _hook(call, named.repository(call, write=True)))
    return NO_CONTENT


def _runner_shown(found: Document) -> Document:
    names = ("id", "name", "runner_group_id")
    labels = [{"id": number, "name": each, "type": "custom"} for number, each in enumerate(found["labels"], start=1)]
    return {name: found[name] for name in names} | {
        "os": "unknown", "status": "offline", "busy": False, "labels": labels, "ephemeral": True, "version": None,
    }  # fmt: skip


def _runners(call: Call) -> Answer:
    found = outside.runners(call.context, named.repository(call)["id"])
    page = paged(call, [_runner_shown(each) for each in found])
    return Answer(200, {"total_count": page.total, "runners": page.items}, page.headers)


def _add_runner(call: Call) -> Answer:
    made = outside.add_runner(call.context, named.repository(call, write=True)["id"], call.body)
    config = b64encode(json.dumps({"name": made["name"]}).encode()).decode()
    return Answer(201, {"runner": _runner_shown(made), "encoded_jit_config": config})


def _delete_runner(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    outside.delete(call.context, "runners", outside.runner(call.context, repository["id"], call.number("runner_id")))
    return NO_CONTENT


_RUNNERS = "/repos/{owner}/{repo}/actions/runners"
_KEYS, _HOOKS = "/repos/{owner}/{repo}/keys", "/repos/{owner}/{repo}/hooks"
_KEY, _HOOK = f"{_KEYS}/{{key_id}}", f"{_HOOKS}/{{hook_id}}"
_SILENT = ("Nothing is ever delivered.",)

ROUTES = (
    Route("GET", _KEYS, endpoint(_keys), "repos/list-deploy-keys"),
    Route("POST", _KEYS, endpoint(_add_key), "repos/create-deploy-key", ("Nothing is ever pushed with a key.",)),
    Route("GET", _KEY, endpoint(_get_key), "repos/get-deploy-key"),
    Route("DELETE", _KEY, endpoint(_delete_key), "repos/delete-deploy-key"),
    Route("GET", _HOOKS, endpoint(_hooks), "repos/list-webhooks"),
    Route("POST", _HOOKS, endpoint(_add_hook), "repos/create-webhook", _SILENT),
    Route("GET", _HOOK, endpoint(_get_hook), "repos/get-webhook"),
    Route("PATCH", _HOOK, endpoint(_edit_hook), "repos/update-webhook"),
    Route("DELETE", _HOOK, endpoint(_delete_hook), "repos/delete-webhook"),
    Route("GET", _RUNNERS, endpoint(_runners), "actions/list-self-hosted-runners-for-repo"),
    Route(
        "POST", f"{_RUNNERS}/generate-jitconfig", endpoint(_add_runner),
        "actions/generate-runner-jitconfig-for-repo", ("The configuration starts no runner.",),
    ),
    Route(
        "DELETE", f"{_RUNNERS}/{{runner_id}}", endpoint(_delete_runner),
        "actions/delete-self-hosted-runner-from-repo",
    ),
)  # fmt: skip
