"""A project's wire documents: what is sent when it is made and changed, and what an answer says of it."""

from __future__ import annotations

from typing import Any

from parity_sandbox.standin.golang import flag, flag_pointer, items, known, text, text_pointer, without_null
from parity_sandbox.standin.resources import project_trusted
from parity_sandbox.standin.schema import UNKNOWN, Document

_PROTECTION = {
    "standard_protection": "prod_deployment_urls_and_all_previews",
    "standard_protection_new": "all_except_custom_domains",
    "all_deployments": "all",
    "only_preview_deployments": "preview",
    "only_production_deployments": "production",
}
_PROTECTION_BACK = {wire: name for name, wire in _PROTECTION.items()}
_MODE = {"trusted_ip_required": "additional", "trusted_ip_optional": "exclusive"}
_MODE_BACK = {wire: name for name, wire in _MODE.items()}
_SKEW = {"30 minutes": 1800, "4 hours": 14400, "12 hours": 43200, "1 day": 86400, "7 days": 604800}
_SKEW_BACK = {seconds: name for name, seconds in _SKEW.items()}

_TEXTS = {
    "buildCommand": "buildCommand",
    "ignoreCommand": "commandForIgnoringBuildStep",
    "devCommand": "devCommand",
    "framework": "framework",
    "installCommand": "installCommand",
    "outputDirectory": "outputDirectory",
    "previewDeploymentSuffix": "previewDeploymentSuffix",
    "rootDirectory": "rootDirectory",
}
"""Sent as they are, null included; but for the ignore command, left out of a creation where it is null."""
FLAGS = {
    "previewDeploymentsDisabled": "previewDeploymentsDisabled",
    "autoAssignCustomDomains": "autoAssignCustomDomains",
    "gitLfs": "gitLFS",
    "functionFailover": "serverlessFunctionZeroConfigFailover",
    "customerSuccessCodeVisibility": "customerSupportCodeVisibility",
    "gitForkProtection": "gitForkProtection",
    "prioritiseProductionBuilds": "productionDeploymentsFastLane",
    "directoryListing": "directoryListing",
    "protectedSourcemaps": "protectedSourcemaps",
}
"""Never null: false where Vercel or the plan says nothing."""
_NULLABLE_FLAGS = {
    "automaticallyExposeSystemEnvironmentVariables": "autoExposeSystemEnvs",
    "previewComments": "enablePreviewFeedback",
    "enablePreviewFeedback": "enablePreviewFeedback",
    "enableProductionFeedback": "enableProductionFeedback",
    "enableAffectedProjectsDeployments": "enableAffectedProjectsDeployments",
}
_COERCED_TEXTS = ("buildCommand", "devCommand", "installCommand", "outputDirectory")
"""Vercel turns an empty one into null; the plan's empty text is kept then."""
_SET_AFTER_CREATION = (
    "passwordProtection",
    "trustedIps",
    "trustedSources",
    "oidcTokenConfig",
    "optionsAllowlist",
    "gitProviderOptions",
    "automaticallyExposeSystemEnvironmentVariables",
    "gitComments",
    "gitLfs",
    "functionFailover",
    "customerSuccessCodeVisibility",
    "protectedSourcemaps",
    "prioritiseProductionBuilds",
    "directoryListing",
    "skewProtection",
    "nodeVersion",
)


def needs_update_after_creation(plan: Document) -> bool:
    """Whether the plan sets what a creation cannot; true for every plan, by the default of `oidcTokenConfig`."""
    return any(known(plan[name]) for name in _SET_AFTER_CREATION) or any(
        plan[name] is False for name in ("autoAssignCustomDomains", "gitForkProtection")
    )


def creation(plan: Document) -> Document:
    """The body of the call that makes a project."""
    repository = plan["gitRepository"]
    optional = {
        "commandForIgnoringBuildStep": text_pointer(plan["ignoreCommand"]),
        "enableAffectedProjectsDeployments": flag_pointer(plan["enableAffectedProjectsDeployments"]),
        "gitRepository": {"type": text(repository["type"]), "repo": text(repository["repo"])}
        if known(repository)
        else None,
        "oidcTokenConfig": _issuer(plan),
        "resourceConfig": _resource_config(plan),
        "enablePreviewFeedback": _preview_feedback(plan),
        "enableProductionFeedback": flag_pointer(plan["enableProductionFeedback"]),
        "previewDeploymentsDisabled": flag_pointer(plan["previewDeploymentsDisabled"]),
    }
    texts = {wire: text_pointer(plan[name]) for name, wire in _TEXTS.items() if name != "ignoreCommand"}
    return {"name": text(plan["name"]), **texts, **without_null(optional), "ssoProtection": _authentication(plan)}


def change(plan: Document, old_name: str) -> Document:
    """The body of the call that changes a project; it always says everything."""
    optional = {
        "name": plan["name"] if plan["name"] != old_name else None,
        "enableAffectedProjectsDeployments": flag_pointer(plan["enableAffectedProjectsDeployments"]),
        "gitProviderOptions": _git_provider_options(plan),
        "resourceConfig": _resource_config(plan),
        "nodeVersion": text(plan["nodeVersion"]) or None,
    }
    return {
        **{wire: text_pointer(plan[name]) for name, wire in _TEXTS.items()},
        **{wire: flag(plan[name]) for name, wire in FLAGS.items()},
        "ssoProtection": _authentication(plan),
        "passwordProtection": _password(plan),
        "trustedIps": _trusted_ips(plan),
        "trustedSources": project_trusted.wire(plan["trustedSources"]),
        "oidcTokenConfig": _issuer(plan),
        "optionsAllowlist": _allowlist(plan),
        "autoExposeSystemEnvs": flag(plan["automaticallyExposeSystemEnvironmentVariables"]),
        "enablePreviewFeedback": _preview_feedback(plan),
        "enableProductionFeedback": flag_pointer(plan["enableProductionFeedback"]),
        "skewProtectionMaxAge": _SKEW.get(text(plan["skewProtection"]), 0),
        "gitComments": _git_comments(plan),
        **without_null(optional),
    }


def _issuer(plan: Document) -> Document | None:
    config = plan["oidcTokenConfig"]
    return without_null({"issuerMode": text(config["issuerMode"]) or None}) if known(config) else None


def _authentication(plan: Document) -> Document | None:
    """The protection; the real provider writes `none` as null, also at creation (client/must_marshal.go)."""
    value = plan["vercelAuthentication"]
    name = text(value["deploymentType"]) if known(value) else "standard_protection_new"
    return None if name == "none" else {"deploymentType": _PROTECTION.get(name, name)}


def _preview_feedback(plan: Document) -> bool | None:
    return next((plan[name] for name in ("enablePreviewFeedback", "previewComments") if known(plan[name])), None)


def _password(plan: Document) -> Document | None:
    value = plan["passwordProtection"]
    if not known(value):
        return None
    name = text(value["deploymentType"])
    return {"deploymentType": _PROTECTION.get(name, name), "password": text(value["password"])}


def _trusted_ips(plan: Document) -> Document | None:
    value = plan["trustedIps"]
    if not known(value):
        return None
    name, mode = text(value["deploymentType"]), text(value["protectionMode"])
    addresses = [
        {"value": text(each["value"]), **without_null({"note": text_pointer(each["note"])})}
        for each in value["addresses"]
    ]
    return {
        "deploymentType": _PROTECTION.get(name, name),
        "addresses": addresses,
        "protectionMode": _MODE.get(mode, mode),
    }


def _allowlist(plan: Document) -> Document | None:
    value = plan["optionsAllowlist"]
    return {"paths": [{"value": text(each["value"])} for each in value["paths"]]} if known(value) else None


def _git_comments(plan: Document) -> Document | None:
    value = plan["gitComments"]
    if not known(value):
        return None
    return {"onCommit": flag(value["onCommit"]), "onPullRequest": flag(value["onPullRequest"])}


def _git_provider_options(plan: Document) -> Document | None:
    value = plan["gitProviderOptions"]
    if not known(value):
        return None
    create, dispatch = value["createDeployments"], value["repositoryDispatchEvents"]
    both = value["consolidatedGitCommitStatus"]
    return without_null(
        {
            "requireVerifiedCommits": flag_pointer(value["requireVerifiedCommits"]),
            "createDeployments": ("enabled" if create else "disabled") if known(create) else None,
            "disableRepositoryDispatchEvents": (not dispatch) if known(dispatch) else None,
            "gitCommitStatus": flag_pointer(value["gitCommitStatus"]),
            "consolidatedGitCommitStatus": {
                "enabled": flag(both["enabled"]),
                "propagateFailures": flag(both["propagateFailures"]),
            }
            if known(both)
            else None,
        }
    )


def _resource_config(plan: Document) -> Document | None:
    value = plan["resourceConfig"] if known(plan["resourceConfig"]) else None
    own = value or dict.fromkeys(
        ("functionDefaultCpuType", "functionDefaultTimeout", "functionDefaultRegions", "fluid")
    )
    regions: Any = None
    if known(own["functionDefaultRegions"]):
        regions = items(own["functionDefaultRegions"]) or None
    elif known(plan["serverlessFunctionRegion"]):
        regions = [plan["serverlessFunctionRegion"]]
    parts = {
        "functionDefaultMemoryType": own["functionDefaultCpuType"],
        "functionDefaultTimeout": own["functionDefaultTimeout"],
        "functionDefaultRegions": regions,
        "fluid": own["fluid"],
        "elasticConcurrencyEnabled": plan["onDemandConcurrentBuilds"],
        "buildMachineType": plan["buildMachineType"] or None,
    }
    found = {name: each for name, each in parts.items() if known(each)}
    return found if found or value is not None else None


def project(answer: Document, plan: Document, team: str | None) -> Document:
    """A project's state from Vercel's answer; what Vercel never gives back comes from `plan`, or the state before."""
    config: Document | None = answer.get("resourceConfig")
    seconds = int(answer.get("skewProtectionMaxAge") or 0)
    region = plan["serverlessFunctionRegion"]
    result: Document = {
        "id": answer.get("id", ""),
        "teamId": team,
        "name": answer.get("name", ""),
        "publicSource": plan["publicSource"],
        "nodeVersion": answer.get("nodeVersion") or "",
        "serverlessFunctionRegion": answer.get("serverlessFunctionRegion") if known(region) else None,
        "gitRepository": _repository(answer.get("link")),
        "vercelAuthentication": {"deploymentType": _protection(answer.get("ssoProtection")) or "none"},
        "passwordProtection": _password_state(answer, plan),
        "trustedIps": _trusted_ips_state(answer.get("trustedIps")),
        "trustedSources": project_trusted.state(answer.get("trustedSources")),
        "oidcTokenConfig": {"issuerMode": (answer.get("oidcTokenConfig") or {"issuerMode": "team"})["issuerMode"]},
        "optionsAllowlist": _allowlist_state(answer.get("optionsAllowlist")),
        "gitComments": _git_comments_state(answer.get("gitComments"), plan),
        "gitProviderOptions": _git_provider_options_state(answer.get("gitProviderOptions"), plan),
        "skewProtection": _SKEW_BACK.get(seconds, f"unknown - {seconds} seconds") if seconds else None,
        "resourceConfig": _resource_config_state(answer),
        "onDemandConcurrentBuilds": None if config is None else bool(config.get("elasticConcurrencyEnabled")),
        "buildMachineType": None if config is None else _build_machine(config),
    }
    for name, wire in _TEXTS.items():
        result[name] = answer.get(wire)
    for name in _COERCED_TEXTS:
        if result[name] is None and plan[name] == "":
            result[name] = ""
    for name, wire in FLAGS.items():
        result[name] = bool(answer.get(wire))
    for name, wire in _NULLABLE_FLAGS.items():
        result[name] = answer.get(wire)
    affected = "enableAffectedProjectsDeployments"
    if result[affected] is None and (plan[affected] is False or plan[affected] is UNKNOWN):
        result[affected] = plan[affected]
    return result


def _protection(value: Any) -> str | None:
    return _PROTECTION_BACK.get(value["deploymentType"], value["deploymentType"]) if value else None


def _repository(link: Any) -> Document | None:
    kind = link.get("type") if link else None
    if kind == "github":
        repo = f"{link.get('org', '')}/{link.get('repo', '')}"
    elif kind == "gitlab":
        name = str(link.get("projectUrl", "")).removesuffix(".git").rpartition("/")[2]
        repo = f"{link.get('projectNamespace', '')}/{name}"
    elif kind == "bitbucket":
        repo = f"{link.get('owner', '')}/{link.get('slug', '')}"
    else:
        return None
    return {"type": kind, "repo": repo, "productionBranch": link.get("productionBranch")}


def _password_state(answer: Document, plan: Document) -> Document | None:
    value = answer.get("passwordProtection")
    if not value:
        return None
    planned = plan["passwordProtection"]
    return {"password": planned["password"] if known(planned) else "", "deploymentType": _protection(value)}


def _trusted_ips_state(value: Any) -> Document | None:
    if not value:
        return None
    return {
        "deploymentType": _protection(value),
        "protectionMode": _MODE_BACK.get(value["protectionMode"], value["protectionMode"]),
        "addresses": [{"value": each["value"], "note": each.get("note")} for each in value["addresses"]],
    }


def _allowlist_state(value: Any) -> Document | None:
    return {"paths": [{"value": each["value"]} for each in value["paths"]]} if value else None


def _git_comments_state(value: Any, plan: Document) -> Document | None:
    if not value or plan["gitComments"] is None:
        return None
    return {"onPullRequest": bool(value.get("onPullRequest")), "onCommit": bool(value.get("onCommit"))}


def _git_provider_options_state(value: Any, plan: Document) -> Document | None:
    if value is None or not known(plan["gitProviderOptions"]):
        return None
    create, disabled, both = (
        value.get("createDeployments"),
        value.get("disableRepositoryDispatchEvents"),
        value.get("consolidatedGitCommitStatus"),
    )
    return {
        "requireVerifiedCommits": value.get("requireVerifiedCommits"),
        "createDeployments": None if create is None else create == "enabled",
        "repositoryDispatchEvents": None if disabled is None else not disabled,
        "gitCommitStatus": value.get("gitCommitStatus"),
        "consolidatedGitCommitStatus": {
            "enabled": bool(both.get("enabled")),
            "propagateFailures": bool(both.get("propagateFailures")),
        }
        if both
        else None,
    }


def _resource_config_state(answer: Document) -> Document | None:
    config: Document | None = answer.get("resourceConfig")
    own: list[str] = list((config or {}).get("functionDefaultRegions") or [])
    region = answer.get("serverlessFunctionRegion")
    regions = own or ([region] if region else [])
    if config is None and not regions:
        return None
    parts = config or {}
    return {
        "functionDefaultCpuType": parts.get("functionDefaultMemoryType"),
        "functionDefaultTimeout": parts.get("functionDefaultTimeout"),
        "functionDefaultRegions": regions,
        "fluid": None if config is None else bool(parts.get("fluid")),
    }


def _build_machine(config: Document) -> str:
    if config.get("buildMachineSelection") == "elastic":
        return "elastic"
    return config.get("buildMachineType") or ""
