"""Protection bypasses of projects, and whom a protection keeps out."""

from __future__ import annotations

from dataclasses import dataclass

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import part
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, Conflict, NotFound
from parity_sandbox.vercel.world import USER, World

SHAPE: wire.Shape = {"generate": "object", "revoke": "object", "update": "object"}
AUTOMATION = "automation-bypass"
_GENERATE: wire.Shape = {"secret": "string", "note": "string?"}
_REVOKE: wire.Shape = {"secret": "string", "regenerate": "boolean"}
_UPDATE: wire.Shape = {"secret": "string", "isEnvVar": "boolean", "note": "string?"}
_SECRET_LENGTH = 32


def change(world: World, project: Document, given: Document) -> Document:
    """Generate, revoke or update one bypass; returns all of the project's, by secret. Raises BadRequest, NotFound."""
    wire.check(given, SHAPE)
    if not given:
        raise BadRequest("Invalid request: should have `generate`, `revoke` or `update`.")
    bypasses: Document = project["protectionBypass"]
    if "revoke" in given:
        _revoke(world, bypasses, given["revoke"])
    if "generate" in given:
        _generate(world, bypasses, given["generate"])
    if "update" in given:
        _update(bypasses, given["update"])
    world.save(project)
    return {"protectionBypass": bypasses}


def _generate(world: World, bypasses: Document, given: Document) -> None:
    wire.check(given, _GENERATE, where="`generate` ")
    secret = given.get("secret") or random_id("", _SECRET_LENGTH)
    if len(secret) != _SECRET_LENGTH or not secret.isalnum():
        raise BadRequest("Invalid request: `generate.secret` should be 32 letters and digits.")
    if secret in bypasses:
        raise Conflict("A protection bypass with this secret already exists.")
    first = not any(each["scope"] == AUTOMATION for each in bypasses.values())
    bypasses[secret] = _bypass(world, is_env_var=first, note=given.get("note"))


def _bypass(world: World, *, is_env_var: bool, note: str | None) -> Document:
    made: Document = {
        "scope": AUTOMATION,
        "createdAt": world.now,
        "createdBy": USER["id"],
        "isEnvVar": is_env_var,
    }
    if note is not None:
        made["note"] = note
    return made


def _revoke(world: World, bypasses: Document, given: Document) -> None:
    wire.check(given, _REVOKE, ("secret", "regenerate"), "`revoke` ")
    old = _known(bypasses, given["secret"])
    others = [each for secret, each in bypasses.items() if secret != given["secret"]]
    if old["isEnvVar"] and others and not given["regenerate"]:
        raise BadRequest(
            "The default protection bypass cannot be revoked while others exist: choose another default first."
        )
    del bypasses[given["secret"]]
    if given["regenerate"]:
        bypasses[random_id("", _SECRET_LENGTH)] = _bypass(world, is_env_var=old["isEnvVar"], note=old.get("note"))


def _update(bypasses: Document, given: Document) -> None:
    wire.check(given, _UPDATE, ("secret",), "`update` ")
    chosen = _known(bypasses, given["secret"])
    if given.get("isEnvVar") is True:
        for each in bypasses.values():
            each["isEnvVar"] = False
        chosen["isEnvVar"] = True
    if given.get("isEnvVar") is False and chosen["isEnvVar"]:
        raise BadRequest("A project with protection bypasses needs one default: choose another one instead.")
    if "note" in given:
        chosen["note"] = given["note"] or ""


def _known(bypasses: Document, secret: str) -> Document:
    if secret not in bypasses:
        raise NotFound("Protection bypass not found.")
    return bypasses[secret]


@dataclass(frozen=True)
class Target:
    """What a host means now."""

    project: Document
    deployment: Document
    production_domain: bool
    """The host is one that serves the live deployment."""
    custom: bool
    """The host is a domain of the project's own, not under vercel.app."""


def keeps_out(target: Target, bypass: str | None, *, trusted: bool) -> bool:
    """Whether a request is refused by the project's protection.

    `bypass` is its `x-vercel-protection-bypass`; a `trusted` one comes from a trusted source.
    """
    project, production = target.project, target.deployment["target"] == "production"
    kinds = {
        part(project, name).get("deploymentType") for name in ("ssoProtection", "passwordProtection", "trustedIps")
    }
    if trusted or (bypass is not None and part(project["protectionBypass"], bypass).get("scope") == AUTOMATION):
        return False
    if "all" in kinds or ("production" in kinds and production):
        return True
    if "all_except_custom_domains" in kinds and not (target.production_domain and target.custom):
        return True
    if "prod_deployment_urls_and_all_previews" in kinds and not target.production_domain:
        return True
    return "preview" in kinds and not production
