"""Translates a Vercel project to Pulumi's input names, as Vercel's provider does (client/project.go, v5.10.0)."""

from __future__ import annotations

from typing import Any

from parity.documents import Document, is_list, is_mapping, mapping
from parity.inventory.documents import part, rows, texts
from parity.resources.vercel_restore import SAME, SKEW, WATCHED
from parity.resources.vercel_settings import regions, repository

_PROTECTION = {
    "prod_deployment_urls_and_all_previews": "standard_protection",
    "all_except_custom_domains": "standard_protection_new",
    "all": "all_deployments",
    "preview": "only_preview_deployments",
    "production": "only_production_deployments",
}
_MODE = {"additional": "trusted_ip_required", "exclusive": "trusted_ip_optional"}


def properties(document: Document) -> Document:
    """Give the project by Pulumi's input names, without what is not set."""
    return {name: value for name, value in _all(document).items() if value is not None}


def _all(document: Document) -> Document:
    found: Document = {name: document.get(wire) for name, wire in SAME.items()}
    found["gitRepository"] = repository(document.get("link"))
    found["vercelAuthentication"] = {"deploymentType": _protection(document.get("ssoProtection")) or "none"}
    password = document.get("passwordProtection")
    found["passwordProtection"] = {"deploymentType": _protection(password)} if password else None
    found["trustedIps"] = _trusted(document.get("trustedIps"))
    found["trustedSources"] = _sources(document.get("trustedSources"))
    found["oidcTokenConfig"] = {"issuerMode": part(document, "oidcTokenConfig").get("issuerMode", "team")}
    found["optionsAllowlist"] = _allowlist(document.get("optionsAllowlist"))
    found["gitComments"] = document.get("gitComments")
    found["gitProviderOptions"] = _provider_options(document.get("gitProviderOptions"))
    seconds = int(document.get("skewProtectionMaxAge") or 0)
    found["skewProtection"] = SKEW.get(seconds, f"{seconds} seconds") if seconds else None
    return found | _resources(document)


def beyond(document: Document) -> Document:
    """The fields that a person may have set at Vercel and the provider has no name for."""
    link = part(document, "link")
    hooks = rows(link, "deployHooks")
    found = {
        name: document[name]
        for name, usual in WATCHED.items()
        if name in document and not _is_unset(document[name]) and document[name] != usual
    }
    # A field that is off and usually on is a difference too.
    found |= {name: False for name, usual in WATCHED.items() if usual is True and document.get(name) is False}
    if part(document, "crons").get("disabledAt"):
        found["crons.disabledAt"] = part(document, "crons")["disabledAt"]
    if hooks:
        found["link.deployHooks"] = sorted(f"{hook.get('name', '')} ({hook.get('id', '')})" for hook in hooks)
    return found


def _is_unset(value: Any) -> bool:
    """Whether a value is unset at every depth."""
    if is_mapping(value):
        return all(_is_unset(each) for each in value.values())
    return value in (None, False, "", 0) or value == []


def _protection(value: Any) -> str | None:
    if not value:
        return None
    kind = str(value.get("deploymentType", ""))
    return _PROTECTION.get(kind, kind)


def _trusted(value: Any) -> Document | None:
    if not value:
        return None
    document = mapping(value)
    mode = str(document.get("protectionMode", ""))
    addresses = rows(document, "addresses")
    return {
        "deploymentType": _protection(document),
        "protectionMode": _MODE.get(mode, mode),
        "addresses": [
            {name: each[name] for name in ("value", "note") if each.get(name)}
            for each in sorted(addresses, key=lambda row: str(row.get("value")))
        ],
    }


def _sources(value: Any) -> Document | None:
    """Who passes a protection by a token: in Vercel's form, but for lists of what it has by project and by issuer."""
    projects = [{"projectId": name, **_in_order(each)} for name, each in sorted(part(value, "projects").items())]
    issuers = sorted(part(value, "oidcProviders").items())
    external = [{"issuer": issuer, **_in_order(each)} for issuer, rules in issuers for each in rules]
    return _in_order({"projects": projects, "externalSources": external}) or None


def _in_order(value: Any) -> Any:
    """The value with each list of texts, which is a set, in order, and without what is not set."""
    if is_mapping(value):
        return {name: _in_order(each) for name, each in value.items() if each}
    if is_list(value):
        return texts(value) if all(isinstance(each, str) for each in value) else [_in_order(each) for each in value]
    return value


def _allowlist(value: Any) -> Document | None:
    if not value:
        return None
    return {"paths": [{"value": path} for path in sorted(str(each["value"]) for each in rows(value, "paths"))]}


def _provider_options(value: Any) -> Document | None:
    if not value:
        return None
    document = mapping(value)
    create, disabled = document.get("createDeployments"), document.get("disableRepositoryDispatchEvents")
    found = {
        "requireVerifiedCommits": document.get("requireVerifiedCommits"),
        "createDeployments": None if create is None else create == "enabled",
        "repositoryDispatchEvents": None if disabled is None else not disabled,
        "gitCommitStatus": document.get("gitCommitStatus"),
        "consolidatedGitCommitStatus": document.get("consolidatedGitCommitStatus"),
    }
    return {name: each for name, each in found.items() if each is not None} or None


def _resources(document: Document) -> Document:
    config = part(document, "resourceConfig")
    inner = {
        "functionDefaultCpuType": config.get("functionDefaultMemoryType"),
        "functionDefaultTimeout": config.get("functionDefaultTimeout"),
        "functionDefaultRegions": regions(document) or None,
        "fluid": config.get("fluid"),
    }
    return {
        "resourceConfig": {name: each for name, each in inner.items() if each is not None} or None,
        "onDemandConcurrentBuilds": config.get("elasticConcurrencyEnabled"),
        "buildMachineType": config.get("buildMachineType"),
    }


NAMES = frozenset(_all({}))
"""Every name that `properties` may give; a name that it leaves out is not set."""
