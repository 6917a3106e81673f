"""The fields of a project, as the real provider's schema has them."""

from __future__ import annotations

from parity_sandbox.standin.checks import between, length, matches, one_of, size
from parity_sandbox.standin.resources.shared import ID, TEAM_ID
from parity_sandbox.standin.schema import Field

_PLAIN = Field("string", optional=True)
_KEPT_FLAG = Field("boolean", optional=True, computed=True, keep=True)
_FLAG = Field("boolean", optional=True, computed=True)
_ON = Field("boolean", optional=True, computed=True, default=True)
_STANDARD = ("standard_protection_new", "standard_protection", "all_deployments")

FIELDS: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "name": Field(
        "string",
        required=True,
        checks=(
            length(1, 52),
            matches(
                r"[a-z0-9\-]{0,100}",
                "The name of a Project can only contain up to 100 alphanumeric lowercase characters and hyphens",
            ),
        ),
    ),
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
    "nodeVersion": Field(
        "string", optional=True, computed=True, keep=True, checks=(one_of("18.x", "20.x", "22.x", "24.x"),)
    ),
    "gitRepository": Field(
        "object",
        optional=True,
        keep=True,
        fields={
            "type": Field("string", required=True, checks=(one_of("github", "gitlab", "bitbucket"),)),
            "repo": Field("string", required=True),
            "productionBranch": Field("string", optional=True, computed=True, keep=True),
        },
    ),
    "vercelAuthentication": Field(
        "object",
        optional=True,
        computed=True,
        keep=True,
        fields={
            "deploymentType": Field(
                "string",
                optional=True,
                computed=True,
                keep=True,
                checks=(one_of(*_STANDARD, "only_preview_deployments", "none"),),
            )
        },
    ),
    "passwordProtection": Field(
        "object",
        optional=True,
        fields={
            "password": Field("string", required=True, secret=True, checks=(length(1, 72),)),
            "deploymentType": Field(
                "string", required=True, keep=True, checks=(one_of(*_STANDARD, "only_preview_deployments"),)
            ),
        },
    ),
    "trustedIps": Field(
        "object",
        optional=True,
        fields={
            "addresses": Field(
                "set",
                required=True,
                keep=True,
                checks=(size(1),),
                element=Field(
                    "object",
                    fields={"value": Field("string", required=True, secret=True), "note": _PLAIN},
                ),
            ),
            "deploymentType": Field(
                "string",
                required=True,
                keep=True,
                checks=(one_of(*_STANDARD, "only_production_deployments", "only_preview_deployments"),),
            ),
            "protectionMode": Field(
                "string",
                optional=True,
                computed=True,
                keep=True,
                default="trusted_ip_required",
                checks=(one_of("trusted_ip_required", "trusted_ip_optional"),),
            ),
        },
    ),
    "oidcTokenConfig": Field(
        "object",
        optional=True,
        computed=True,
        default={"issuerMode": "team"},
        fields={
            "issuerMode": Field(
                "string", optional=True, computed=True, keep=True, default="team", checks=(one_of("team", "global"),)
            )
        },
    ),
    "optionsAllowlist": Field(
        "object",
        optional=True,
        fields={
            "paths": Field(
                "set",
                required=True,
                keep=True,
                checks=(size(1),),
                element=Field("object", fields={"value": Field("string", required=True)}),
            )
        },
    ),
    "automaticallyExposeSystemEnvironmentVariables": _KEPT_FLAG,
    "enableAffectedProjectsDeployments": _KEPT_FLAG,
    "gitComments": Field(
        "object",
        optional=True,
        fields={"onPullRequest": Field("boolean", required=True), "onCommit": Field("boolean", required=True)},
    ),
    "gitProviderOptions": Field(
        "object",
        optional=True,
        computed=True,
        fields={
            "requireVerifiedCommits": _FLAG,
            "createDeployments": _FLAG,
            "repositoryDispatchEvents": _FLAG,
            "gitCommitStatus": _FLAG,
            "consolidatedGitCommitStatus": Field(
                "object",
                optional=True,
                computed=True,
                fields={
                    "enabled": Field("boolean", required=True),
                    "propagateFailures": Field("boolean", required=True),
                },
            ),
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
    "resourceConfig": Field(
        "object",
        optional=True,
        computed=True,
        fields={
            "functionDefaultCpuType": Field(
                "string",
                optional=True,
                computed=True,
                keep=True,
                checks=(one_of("standard_legacy", "standard", "performance"),),
            ),
            "functionDefaultTimeout": Field(
                "integer", optional=True, computed=True, keep=True, checks=(between(1, 900),)
            ),
            "functionDefaultRegions": Field("set", optional=True, computed=True),
            "fluid": _KEPT_FLAG,
        },
    ),
    "onDemandConcurrentBuilds": _KEPT_FLAG,
    "buildMachineType": Field(
        "string", optional=True, computed=True, checks=(one_of("standard", "enhanced", "turbo", "elastic"),)
    ),
}
