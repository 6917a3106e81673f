"""A project's trusted sources: what Vercel takes for a rule, and whom a rule lets through deployment protection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity_sandbox.narrowing import as_list, items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest

GITHUB = "https://token.actions.githubusercontent.com"
"""The issuer of the tokens of GitHub's jobs."""
_OF_GITHUB = ("repository", "repository_id", "repository_owner", "repository_owner_id", "sub")
"""Of these claims one is needed where the issuer is GitHub; of another it is `sub` (Vercel's "Trusted Sources")."""
_ALL_CUSTOM = "all-custom"
_RULE: wire.Shape = {"label": "string", "to": "object", "claims": "object"}


def checked(given: Document | None) -> Document | None:
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
