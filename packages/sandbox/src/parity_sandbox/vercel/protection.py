"""Protection bypasses and trusted sources of projects, and whom a protection keeps out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import as_list, items, part
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


# --- Trusted sources: what Vercel takes for a rule, and whom a rule lets through ---

GITHUB = "https://token.actions.githubusercontent.com"
"""The issuer of the tokens of GitHub's jobs."""
_OF_GITHUB = ("repository", "repository_id", "repository_owner", "repository_owner_id", "sub")
"""Of these claims one is needed where the issuer is GitHub; of another it is `sub` (Vercel's "Trusted Sources")."""
_ALL_CUSTOM = "all-custom"
_RULE: wire.Shape = {"label": "string", "to": "object", "claims": "object"}


def checked_sources(given: Document | None) -> Document | None:
    """The rules as they are kept; raises BadRequest where Vercel takes them for none."""
    if given is not None:
        wire.check(given, {"projects": "object", "oidcProviders": "object"}, where="`trustedSources` ")
        for issuer, rules in part(given, "oidcProviders").items():
            for rule in as_list(rules):
                wire.check(rule, _RULE, ("to", "claims"), "`trustedSources.oidcProviders` ")
                _claims(issuer, rule["claims"])
                if not items(rule["to"], "slugs") and rule["to"].get("preset") != _ALL_CUSTOM:
                    raise BadRequest("Invalid request: `to` needs `slugs`, or the `preset` all-custom.")
    return given


def _claims(issuer: str, claims: Mapping[str, Any]) -> None:
    needed = _OF_GITHUB if issuer == GITHUB else ("sub",)
    if "aud" not in claims or not any(name in claims for name in needed):
        raise BadRequest(f"Invalid request: `claims` of {issuer} need `aud` and one of {', '.join(needed)}.")


def let_in(project: Document, environment: str, claims: Document) -> bool:
    """Whether a rule of the project lets a token with these claims reach an environment.

    Every claim of the rule must be on the token, and one of the token's values among those that the rule takes.
    """
    rules = part(part(project, "trustedSources"), "oidcProviders").get(str(claims.get("iss")))
    custom = environment not in {"production", "preview", "development"}
    return any(
        _fits(rule["claims"], claims)
        for rule in as_list(rules)
        if environment in items(rule["to"], "slugs") or (custom and rule["to"].get("preset") == _ALL_CUSTOM)
    )


def _fits(wanted: Mapping[str, Any], claims: Document) -> bool:
    said = {name: as_list(value) or [value] for name, value in claims.items()}
    return all(set(said.get(name, ())) & set(as_list(values)) for name, values in wanted.items())
