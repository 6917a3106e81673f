"""What else reaches a repository from outside: deploy keys, webhooks and its own runners."""

from __future__ import annotations

import re

from parity_sandbox.context import Context
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, ValidationFailed, custom
from parity_sandbox.github.state.collections import add, change, collection, held
from parity_sandbox.narrowing import items, part
from parity_sandbox.store import Document

_KEY = re.compile(
    r"(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-\S+@openssh\.com) [A-Za-z0-9+/]+=*(?: .*)?"
)
_NEW_KEY = {"title": Field(str), "key": Field(str, required=True), "read_only": Field(bool)}
_HOOK = {
    "name": Field(str, choices=("web",)),
    "config": Field(dict),
    "events": Field(list, elements=(str,)),
    "active": Field(bool),
}
_RUNNER = {
    "name": Field(str, required=True),
    "runner_group_id": Field(int, required=True),
    "labels": Field(list, required=True, elements=(str,)),
}
_CONFIG = ("content_type", "insecure_ssl", "url", "secret")
_MASK = "********"
"""GitHub's answer in place of a webhook's secret."""


def add_deploy_key(context: Context, repository_id: int, added_by: str, body: Document) -> Document:
    """A new key, which may write unless `read_only` says otherwise. Raises ValidationFailed: no key, or one in use."""
    check(body, _NEW_KEY)
    words = str(body["key"]).split(" ")
    if not _KEY.fullmatch(body["key"]):
        raise ValidationFailed(
            custom("PublicKey", "key", "key is invalid. You must supply a key in OpenSSH public key format")
        )
    key = " ".join(words[:2])
    if any(each["material"] == key for each in collection(context, "deploy_keys").all()):
        raise ValidationFailed(custom("PublicKey", "key", "key is already in use"))
    made = {
        "repository_id": repository_id, "material": key, "title": body.get("title") or "",
        "read_only": bool(body.get("read_only")), "added_by": added_by,
    }  # fmt: skip
    return add(context, "deploy_keys", made)


def add_webhook(context: Context, repository: Document, body: Document) -> Document:
    """A new webhook, for pushes unless `events` says otherwise. Raises ValidationFailed: no address, or it exists."""
    check(body, _HOOK)
    config = _config(part(body, "config"))
    events = items(body, "events") or ["push"]
    if not config.get("url"):
        raise ValidationFailed(custom("Hook", "url", "url cannot be blank"))
    present = held(context, "webhooks", repository["id"])
    if any(each["config"]["url"] == config["url"] for each in present):
        raise ValidationFailed(custom("Hook", "base", "Hook already exists on this repository"))
    made = {
        "repository_id": repository["id"], "active": body.get("active", True), "events": sorted(set(events)),
        "config": config,
    }  # fmt: skip
    return add(context, "webhooks", made)


def edit_webhook(context: Context, found: Document, body: Document) -> Document:
    """The webhook with what `body` changes; a config is replaced."""
    check(body, {**_HOOK, "add_events": _HOOK["events"], "remove_events": _HOOK["events"]})
    config = _config(part(body, "config")) if "config" in body else found["config"]
    events = (set(items(body, "events") or found["events"]) | set(items(body, "add_events"))) - set(
        items(body, "remove_events")
    )
    changed = {"config": config, "events": sorted(events), "active": body.get("active", found["active"])}
    return change(context, "webhooks", found, changed)


def add_runner(context: Context, repository: Document, body: Document) -> Document:
    """A new runner, never online. Raises Conflict: there is one of this name."""
    check(body, _RUNNER)
    if collection(context, "runners").first(repository_id=repository["id"], name=body["name"]) is not None:
        raise Conflict(f"Already exists - A runner with the name {body['name']} already exists.")
    return add(context, "runners", {"repository_id": repository["id"], **{name: body[name] for name in _RUNNER}})


def shown_config(found: Document) -> Document:
    """A webhook's config; its secret is masked."""
    config = found["config"]
    return {**config, "secret": _MASK} if config.get("secret") else config


def _config(given: Document) -> Document:
    named = {name: str(given[name]) for name in _CONFIG if given.get(name) is not None}
    return {"content_type": "form", "insecure_ssl": "0", **named}
