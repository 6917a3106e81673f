"""The fields of a project, as the real provider's schema has them."""

from __future__ import annotations

from parity_sandbox.standin.checks import between, length, matches, one_of, size
from parity_sandbox.standin.resources import project_trusted
from parity_sandbox.standin.resources.shared import ID, TEAM_ID
from parity_sandbox.standin.schema import Field

_PLAIN = Field("string", optional=True)
_KEPT_FLAG = Field("boolean", optional=True, computed=True, keep=True)
_FLAG = Field("boolean", optional=True, computed=True)
_ON = Field("boolean", optional=True, computed=True, default=True)
_NEEDED_FLAG = Field("boolean", required=True)
_NEEDED_TEXT = Field("string", required=True)
_STANDARD = ("standard_protection_new", "standard_protection", "all_deployments")
_PREVIEWS = "only_preview_deployments"


def _choice(*allowed: str, default: str | None = None) -> Field:
    """One of a few words, which the provider fills in and keeps."""
    checks = (one_of(*allowed),)
    return Field("string", optional=True, computed=True, keep=True, default=default, checks=checks)


def _needed_choice(*allowed: str) -> Field:
    return Field("string", required=True, keep=True, checks=(one_of(*allowed),))


def _needed_set(fields: dict[str, Field]) -> Field:
    """At least one object of these fields."""
    return Field("set", required=True, keep=True, checks=(size(1),), element=Field("object", fields=fields))


_NAME = matches(
    r"[a-z0-9\-]{0,100}",
    "The name of a Project can only contain up to 100 alphanumeric lowercase characters and hyphens",
)
_REPOSITORY = {
    "type": Field("string", required=True, checks=(one_of("github", "gitlab", "bitbucket"),)),
    "repo": _NEEDED_TEXT,
    "productionBranch": Field("string", optional=True, computed=True, keep=True),
}
_PASSWORD = {
    "password": Field("string", required=True, secret=True, checks=(length(1, 72),)),
    "deploymentType": _needed_choice(*_STANDARD, _PREVIEWS),
}
_TRUSTED_IPS = {
    "addresses": _needed_set({"value": Field("string", required=True, secret=True), "note": _PLAIN}),
    "deploymentType": _needed_choice(*_STANDARD, "only_production_deployments", _PREVIEWS),
    "protectionMode": _choice("trusted_ip_required", "trusted_ip_optional", default="trusted_ip_required"),
}
_STATUS = Field(
    "object", optional=True, computed=True, fields={"enabled": _NEEDED_FLAG, "propagateFailures": _NEEDED_FLAG}
)
_RESOURCES = {
    "functionDefaultCpuType": _choice("standard_legacy", "standard", "performance"),
    "functionDefaultTimeout": Field("integer", optional=True, computed=True, keep=True, checks=(between(1, 900),)),
    "functionDefaultRegions": Field("set", optional=True, computed=True),
    "fluid": _KEPT_FLAG,
}

FIELDS: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "name": Field("string", required=True, checks=(length(1, 52), _NAME)),
    "buildCommand": _PLAIN,
    "devCommand": _PLAIN,
    "ignoreCommand": _PLAIN,
    "installCommand": _PLAIN,
    "outputDirectory": _PLAIN,
    "previewDeploymentSuffix": _PLAIN,
    "rootDirectory": _PLAIN,
    "framework": _PLAIN,
    "publicSource": Field("boolean", optional=True),
    "serverlessFunctionRegion": Field("string", optional=True, computed=True),
    "nodeVersion": _choice("18.x", "20.x", "22.x", "24.x"),
    "gitRepository": Field("object", optional=True, keep=True, fields=_REPOSITORY),
    "vercelAuthentication": Field(
        "object", optional=True, computed=True, keep=True,
        fields={"deploymentType": _choice(*_STANDARD, _PREVIEWS, "none")},
    ),
    "passwordProtection": Field("object", optional=True, fields=_PASSWORD),
    "trustedIps": Field("object", optional=True, fields=_TRUSTED_IPS),
    "trustedSources": Field("object", optional=True, fields=project_trusted.FIELDS),
    "oidcTokenConfig": Field(
        "object", optional=True, computed=True, default={"issuerMode": "team"},
        fields={"issuerMode": _choice("team", "global", default="team")},
    ),
    "optionsAllowlist": Field("object", optional=True, fields={"paths": _needed_set({"value": _NEEDED_TEXT})}),
    "automaticallyExposeSystemEnvironmentVariables": _KEPT_FLAG,
    "enableAffectedProjectsDeployments": _KEPT_FLAG,
    "gitComments": Field("object", optional=True, fields={"onPullRequest": _NEEDED_FLAG, "onCommit": _NEEDED_FLAG}),
    "gitProviderOptions": Field(
        "object", optional=True, computed=True,
        fields={
            "requireVerifiedCommits": _FLAG,
            "createDeployments": _FLAG,
            "repositoryDispatchEvents": _FLAG,
            "gitCommitStatus": _FLAG,
            "consolidatedGitCommitStatus": _STATUS,
        },
    ),
    "previewComments": _FLAG,
    "enablePreviewFeedback": _FLAG,
    "enableProductionFeedback": _KEPT_FLAG,
    "previewDeploymentsDisabled": _KEPT_FLAG,
    "autoAssignCustomDomains": _ON,
    "gitLfs": _KEPT_FLAG,
    "functionFailover": _KEPT_FLAG,
    "customerSuccessCodeVisibility": _KEPT_FLAG,
    "protectedSourcemaps": _KEPT_FLAG,
    "gitForkProtection": _ON,
    "prioritiseProductionBuilds": _KEPT_FLAG,
    "directoryListing": _KEPT_FLAG,
    "skewProtection": Field(
        "string", optional=True, checks=(one_of("30 minutes", "4 hours", "12 hours", "1 day", "7 days"),)
    ),
    "resourceConfig": Field("object", optional=True, computed=True, fields=_RESOURCES),
    "onDemandConcurrentBuilds": _KEPT_FLAG,
    "buildMachineType": Field(
        "string", optional=True, computed=True, checks=(one_of("standard", "enhanced", "turbo", "elastic"),)
    ),
}  # fmt: skip
