"""The kinds of resource at Vercel, its provider's and those of the project's own plugin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.resources import commands, vercel_restore
from parity.resources.kind import PROJECT_ID, Hidden, Kind, Part, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = "vercel:index/project:Project"
VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
DOMAIN = "parity:index:ProjectDomain"
RETENTION = "vercel:index/projectDeploymentRetention:ProjectDeploymentRetention"
DEPLOYMENT = "vercel:index/deployment:Deployment"
DRAIN = "vercel:index/logDrain:LogDrain"
TRACE_DRAIN = "vercel:index/traceDrain:TraceDrain"
TRACING = "vercel:index/projectTracing:ProjectTracing"
ALERT = "vercel:index/alertRule:AlertRule"
CUSTOM_ENVIRONMENT = "vercel:index/customEnvironment:CustomEnvironment"
WEBHOOK = "vercel:index/webhook:Webhook"
REGISTRY = "vercel:index/vcrRepository:VcrRepository"
REGISTRY_SHARE = "vercel:index/vcrRepositoryPermission:VcrRepositoryPermission"
ALIAS = "vercel:index/alias:Alias"
ROLLING_RELEASE = "vercel:index/projectRollingRelease:ProjectRollingRelease"
LIVE = "parity:index:LiveRelease"
BYPASS = "parity:index:ProtectionBypass"
IMAGE = "parity:index:ReleaseImage"
COMPARED = "compared"
"""Output of LiveRelease: by sensitive variable `id`, `value` (a mark of the declared one) and `updatedAt` (Vercel's
time in milliseconds), as of the last release that was compared and passed."""

_SAMPLING = frozenset({"samplingRules"})
"""Vercel's provider calls these rules ordered."""


def variable_name(key: str, targets: Sequence[str], branch: str | None) -> str:
    """An undeclared variable as reports and exceptions name it: `shop-prod/NAME (production, preview)`."""
    on = f", branch {branch}" if branch else ""
    return f"{key} ({', '.join(targets) or 'custom environments'}{on})"


def _delete(path: str, version: int | str = 9) -> Any:
    """The request that deletes; `path` may name `{project}`, `{id}` and `{name}` (the key's last part).

    `version` is that of the API, or what the path begins with where that is another form.
    """
    start = version if isinstance(version, str) else f"/v{version}"

    def remove(target: Target) -> str:
        filled = path.format(project=target.project, id=target.id, name=target.key[-1])
        return commands.vercel(target.team, "DELETE", f"{start}{filled}")

    return remove


def _drain(type_: str) -> Kind:
    """A drain, whatever it delivers: each is made, shown, replaced and removed alike."""
    return Kind(
        type_,
        concern="secrets",
        key=("name",),
        duplicated=True,
        distinct_by=("secret",),
        hidden={"secret": Hidden("Vercel does not show the secret of a drain", unless_shown=True)},
        secret=frozenset({"secret", "headers"}),
        values=("secret", "endpoint"),
        ordered=_SAMPLING,
        remove=_delete("/drains/{id}", 1),
        restore=vercel_restore.drain,
    )


def _release(meta: Any) -> str:
    return str(mapping(meta).get("release") or "")


def set_secret(type_: str, target: Target) -> str:
    """The command that gives a stack a secret of its own where a resource's secret input comes from its file."""
    path = {DRAIN: "parity:logs.secret", TRACE_DRAIN: "parity:traces.secret"}.get(type_, "parity:secret")
    if type_ == VARIABLE:
        path = f"parity:applications.{target.application}.variables.{target.key[1]}"
    return f"parity secret set {target.stack} '{path}'"


def _declare_variable(target: Target) -> str:
    application, name = target.application, target.key[1]
    if target.facts.get("sensitive"):
        line = f'SensitiveVariable(name="{name}")'
        more = f"; its value with `{set_secret(VARIABLE, target)}`"
    else:
        line, more = f'PlainVariable(name="{name}", value=...)', ""
    return f"infra/catalog.py: the application `{application}` gets {line} among its variables{more}"


KINDS = (
    Kind(
        PROJECT, key=("name",), holds_data=True, absorbed=True,
        concerns={
            "autoAssignCustomDomains": "served",
            "gitRepository": "served",
            "crons": "served",
            **dict.fromkeys(
                (
                    "vercelAuthentication",
                    "passwordProtection",
                    "trustedIps",
                    "trustedSources",
                    "gitForkProtection",
                    "optionsAllowlist",
                    "oidcTokenConfig",
                    "link",
                    "publicSource",
                    "customerSuccessCodeVisibility",
                ),
                "rights",
            ),
        },
        loss="the project goes with its deployments, and its domains serve nothing",
        usual={
            "gitComments.onPullRequest": True,
            "gitProviderOptions.createDeployments": True,
            "oidcTokenConfig.issuerMode": "team",
            "vercelAuthentication.deploymentType": "standard_protection_new",
        },
        hidden={
            "passwordProtection.password": Hidden(
                "Vercel never shows the password of a protection", where="passwordProtection"
            )
        },
        outputs=("teamId",),
        restore=vercel_restore.project,
    ),
    Kind(
        VARIABLE, concern="secrets", key=(PROJECT_ID, "key"), container=PROJECT, absorbed=True,
        distinct_by=("targets", "gitBranch"),
        hidden={
            "value": Hidden("Vercel never shows a sensitive variable's value", where="sensitive", written_again=True)
        },
        secret=frozenset({"value"}),
        values=("value",),
        declare=_declare_variable,
        remove=_delete("/projects/{project}/env/{id}"),
        restore=vercel_restore.variable,
    ),
    Kind(
        DOMAIN, concern="served", key=(PROJECT_ID, "domain"), container=PROJECT,
        loss="the domain serves nothing from then on",
        declare=lambda target: (
            f"the stack's file: parity:applications.{target.application}.domains gets `- name: {target.key[1]}`"
        ),
        remove=_delete("/projects/{project}/domains/{name}"),
    ),
    Kind(RETENTION, key=(PROJECT_ID,), container=PROJECT, single=True, repeatable=True),
    Kind(
        DEPLOYMENT, concern="served", key=(PROJECT_ID, Part(("meta",), _release)), container=PROJECT, duplicated=True,
        distinct_by=("ref", "meta"),
        named=False,  # the release is only noted in it: two of one release exist together
        hidden={"environment": Hidden("Vercel shows the names of a deployment's own variables, not their values")},
        not_real={"deleteOnDestroy": "says what the provider does when the resource goes"},
        outputs=("url",),
        computed={r"(url|domains\[\d+\])": "Vercel names a deployment's own host at random"},
        remove=_delete("/deployments/{id}", 13),
    ),
    _drain(DRAIN),
    _drain(TRACE_DRAIN),
    Kind(
        TRACING, key=(PROJECT_ID,), container=PROJECT, repeatable=True,
        ordered=_SAMPLING,
        remove=lambda target: commands.vercel(
            target.team,
            "PUT",
            f"/v1/drains/tracing/config?projectId={target.project}",
            json.dumps({"enabled": False, "sampling": []}),
        ),
    ),
    Kind(
        ALERT, key=("name",), duplicated=True,
        secret=frozenset({"notificationSettings.incidentIoRoutingKey"}),
        remove=_delete("/alert-rules/{id}", "/alerts/v3"),
    ),
    Kind(
        LIVE, concern="served", key=(PROJECT_ID,), container=PROJECT, single=True,
        not_real={
            "domains": "what a switch waits for; which deployment each serves is read",
            "health": "how a switch asks; nothing at Vercel",
            "promoteDeadlineSeconds": "how long a switch waits; nothing at Vercel",
            "protectionBypass": "what a switch asks with; the bypass itself is a resource of its own",
            "trustedAudience": "what a switch asks with; the rule that takes it is the project's",
            "newest": "whether a switch compares what the release was built with; nothing at Vercel",
            "variables": "what a switch compares with; the variables are resources of their own",
            "sensitiveVariables": "what a switch compares with; the variables are resources of their own",
            "sensitiveWrites": "what a switch compares with; the variables are resources of their own",
            "settings": "what a switch compares with; the project is a resource of its own",
            "acceptedVariables": "what a switch lets through; nothing at Vercel",
            "acceptedSettings": "what a switch lets through; nothing at Vercel",
            "imported": "how a switch asks; nothing at Vercel",
            "rolling": "how a switch is made; the stages are a resource of their own",
            "application": "what messages call it; nothing at Vercel",
            "image": "what a switch asks for; the image is a resource of its own",
            "repository": "as image",
        },
        secret=frozenset({"protectionBypass"}),
        repeats=frozenset({"settings", "sensitiveWrites"}),
        set_once={"previous": ""},
        restore=vercel_restore.live,
        computed={
            "deploymentUrl": "the host that Vercel named at random",
            "previous": "the deployment that was live before, while an attempt goes on",
            r"compared\b.*": "Vercel's ids and times of the variables as they were compared last",
        },
    ),
    Kind(
        BYPASS, concern="rights", key=(PROJECT_ID,), container=PROJECT,
        distinct_by=("secret",),
        secret=frozenset({"secret"}),
        values=("secret",),
    ),
    Kind(
        REGISTRY, key=(PROJECT_ID, "name"), container=PROJECT, holds_data=True,
        concerns={"public": "rights"},
        loss="the images of every release go with it, and what runs from them may not start again",
        not_real={"url": "made by the provider of the names of team and project"},
        outputs=("url",),
        remove=_delete("/vcr/repository/{id}?projectId={project}", 1),
    ),
    Kind(
        REGISTRY_SHARE, concern="rights", key=(PROJECT_ID, "repository", "grantedTeamSlug"), container=PROJECT,
        declare=lambda target: (
            f"infra/catalog.py: the container of `{target.application}` gets `{target.key[-1]}` in `shared_with`"
        ),
        remove=vercel_restore.unshare,
    ),
    Kind(
        IMAGE, concern="served", key=(PROJECT_ID, "release"), container=PROJECT, named=False, repeatable=True,
        written_together=True,
        concerns={"digest": "rest"},  # a deployment has its image by digest, whatever the tag names
        hidden={"digest": Hidden("a newer release of the same commit has the tag", unless_shown=True)},
        not_real={"stored": "every image in the repository; whether this release's is among them"},
        outputs=("digest",),
        restore=vercel_restore.image,
        computed={
            "digest": "each stack's project has an image of its own",
            "address": "the project's own repository",
        },
    ),
    Kind(
        CUSTOM_ENVIRONMENT, key=(PROJECT_ID, "name"), container=PROJECT, managed=False,
        remove=_delete("/projects/{project}/custom-environments/{id}"),
    ),
    Kind(
        WEBHOOK, concern="secrets", key=(PROJECT_ID, "id"), container=PROJECT, managed=False,
        remove=_delete("/webhooks/{id}", 1),
    ),
    Kind(
        ALIAS, concern="served", key=(PROJECT_ID, "alias"), container=PROJECT, managed=False,
        remove=_delete("/aliases/{id}", 2),
    ),
    Kind(
        ROLLING_RELEASE, concern="served", key=(PROJECT_ID,), container=PROJECT,
        remove=_delete("/projects/{project}/rolling-release/config", 1),
    ),
)  # fmt: skip
