"""Rules for Vercel's resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from parity_policy.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROJECT = "vercel:index/project:Project"
_VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:SECRET|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_KEY|SECRET_KEY|API_KEY|CREDENTIALS)(?:_|$)"
)
_PUBLIC = re.compile(r"^(?:NEXT_PUBLIC|NUXT_PUBLIC|VITE|PUBLIC|REACT_APP|GATSBY|EXPO_PUBLIC)_")
"""Prefixes with which frameworks put a variable into what browsers load."""

_URL_WITH_PASSWORD = re.compile(r"\w+://[^/\s:@]*:[^/\s@]+@")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SECRET_LENGTH = 32


def _switch_is_ours(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("autoAssignCustomDomains") is not False:
        yield "a deployment would go live when its build ends: set auto_assign_custom_domains to False"


def _forks(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("gitForkProtection") is False:
        yield "a pull request from a fork would be built with the project's variables: leave git_fork_protection on"


def _inline(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("environments"):
        yield "has variables of its own: declare each as a ProjectEnvironmentVariable, or two owners fight over them"


def _sensitive(props: Mapping[str, Any]) -> Iterator[str]:
    key = str(props.get("key") or "")
    if props.get("sensitive") is True:
        return
    if _SECRET_NAME.search(key) and not _PUBLIC.match(key):
        yield f"{key} is named like a secret and is not sensitive: anyone in the Vercel team could read it"
    if _URL_WITH_PASSWORD.search(str(props.get("value") or "")):
        yield f"{key} holds a URL with a password and is not sensitive: anyone in the Vercel team could read it"


def _public(props: Mapping[str, Any]) -> Iterator[str]:
    key = str(props.get("key") or "")
    if _PUBLIC.match(key) and props.get("sensitive") is True:
        yield f"{key} is sensitive, and its prefix puts it into what browsers load: one of the two is wrong"


def _development(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("sensitive") is True and "development" in cast("list[Any]", props.get("targets") or []):
        yield "Vercel has no sensitive variables for development: take the target out"


def _plural(_props: Mapping[str, Any]) -> Iterator[str]:
    yield "deletes changed variables, waits, and creates them again: use ProjectEnvironmentVariable, one each"


def _alias(_props: Mapping[str, Any]) -> Iterator[str]:
    yield "moves one domain at a time and leaves crons behind: what is live is LiveRelease's alone"


def _release(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("production") is not True:
        yield "is not for production: a release that is staged as a preview can never be promoted as it is"
    ref = props.get("ref")
    if isinstance(ref, str) and not _COMMIT.fullmatch(ref):
        yield f"is built from {ref}, which may move: give the commit, 40 hex digits"
    meta = props.get("meta")
    if isinstance(meta, dict) and not cast("dict[str, Any]", meta).get("release"):
        yield "does not carry its release in `meta`: a deployment that a crash left behind could not be identified"


def _kept(props: Mapping[str, Any]) -> Iterator[str]:
    period = props.get("expirationProduction")
    if period != "unlimited":
        yield f"Vercel would delete kept releases after {period}: set expiration_production to unlimited"


def _drain(props: Mapping[str, Any]) -> Iterator[str]:
    if not str(props.get("endpoint") or "").startswith("https://"):
        yield "delivers unencrypted: its endpoint must begin with https://"
    secret = props.get("secret")
    if secret is None:
        yield "is not signed: give `secret`, or anyone can post to the endpoint"
    elif isinstance(secret, str) and len(secret) < _SECRET_LENGTH:
        yield f"its secret is shorter than {_SECRET_LENGTH} characters"


def _private(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("public") is True:
        yield "any Vercel team could pull its images, and read what was built into them: name teams one by one"


RULES = (
    Rule(
        "vercel-live-by-promotion-only",
        "No deployment takes the domains by itself: one promote call, after the health check, does.",
        (_PROJECT,),
        _switch_is_ours,
        about="autoAssignCustomDomains",
    ),
    Rule(
        "vercel-fork-protection",
        "Builds of forks see no variables.",
        (_PROJECT,),
        _forks,
        about="gitForkProtection",
    ),
    Rule("vercel-variables-apart", "A variable has one owner.", (_PROJECT,), _inline),
    Rule(
        "vercel-secrets-are-sensitive",
        "What is secret cannot be read back at Vercel.",
        (_VARIABLE,),
        _sensitive,
        about="sensitive",
    ),
    Rule("vercel-public-is-not-sensitive", "What browsers load is no secret.", (_VARIABLE,), _public),
    Rule(
        "vercel-sensitive-targets", "Vercel has sensitive variables for some targets only.", (_VARIABLE,), _development
    ),
    Rule(
        "vercel-one-variable-one-resource",
        "The plural resource leaves moments without variables.",
        ("vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables",),
        _plural,
    ),
    Rule("vercel-no-alias", "Only LiveRelease moves domains.", ("vercel:index/alias:Alias",), _alias),
    Rule(
        "vercel-release-is-fixed",
        "A release is one commit, built for production, and says which it is.",
        ("vercel:index/deployment:Deployment",),
        _release,
        about="ref",
    ),
    Rule(
        "vercel-releases-are-kept",
        "Going back is a switch: kept releases stay deployed.",
        ("vercel:index/projectDeploymentRetention:ProjectDeploymentRetention",),
        _kept,
        about="expirationProduction",
    ),
    Rule(
        "vercel-images-are-private",
        "Images are pulled by teams that are named.",
        ("vercel:index/vcrRepository:VcrRepository",),
        _private,
        about="public",
    ),
    Rule(
        "vercel-drain-signed",
        "Log lines and traces go encrypted and signed.",
        ("vercel:index/logDrain:LogDrain", "vercel:index/traceDrain:TraceDrain"),
        _drain,
    ),
)
