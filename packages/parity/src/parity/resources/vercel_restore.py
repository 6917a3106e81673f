"""The requests that write one property of an object at Vercel back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from parity.documents import mapping, texts
from parity.resources.commands import vercel

if TYPE_CHECKING:
    from parity.documents import Document
    from parity.resources.kind import Target

_AS_VERCEL = (
    "name", "framework", "rootDirectory", "buildCommand", "devCommand", "installCommand", "outputDirectory",
    "previewDeploymentSuffix", "nodeVersion", "publicSource", "enablePreviewFeedback", "enableProductionFeedback",
    "enableAffectedProjectsDeployments", "previewDeploymentsDisabled", "autoAssignCustomDomains", "gitForkProtection",
    "directoryListing", "protectedSourcemaps",
)  # fmt: skip
SAME = {name: name for name in _AS_VERCEL} | {
    "ignoreCommand": "commandForIgnoringBuildStep",
    "automaticallyExposeSystemEnvironmentVariables": "autoExposeSystemEnvs",
    "gitLfs": "gitLFS",
    "functionFailover": "serverlessFunctionZeroConfigFailover",
    "customerSuccessCodeVisibility": "customerSupportCodeVisibility",
    "prioritiseProductionBuilds": "productionDeploymentsFastLane",
}
"""Pulumi's name to Vercel's, for fields with the same value in both."""

SKEW = {1800: "30 minutes", 43200: "12 hours", 14400: "4 hours", 86400: "1 day", 604800: "7 days"}
"""Vercel's seconds of skew protection, and Pulumi's words for them."""

WATCHED: Document = {
    "deploymentPolicy": None,
    "enableExternalRewriteCaching": None,
    "passport": None,
    "paused": False,
    "protectionConfig": None,
    "skewProtectionAllowedDomains": None,
    "skipGitConnectDuringLink": False,
    "sourceFilesOutsideRootDirectory": True,
    "staticIps": None,
    "tracing": None,
}
"""Fields that a person may set and the provider has no name for, with the value of an untouched project."""

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
"""What Vercel's builder pushes."""
_SECONDS = {word: seconds for seconds, word in SKEW.items()}
_INNER = {
    "buildMachineType": ("resourceConfig", "buildMachineType"),
    "onDemandConcurrentBuilds": ("resourceConfig", "elasticConcurrencyEnabled"),
}
"""Pulumi's names of what Vercel has inside of another field."""
_FLAGS = {"fluid", "elasticConcurrencyEnabled", "onCommit", "onPullRequest"}
"""Inner fields that are false where they are not set; Vercel takes no null for them."""


def project(target: Target, path: str, wanted: Any) -> str:
    """Write one of a project's properties back; empty where that takes what was in it before."""
    at = f"/v9/projects/{target.project}"
    if path == "crons.disabledAt":
        return vercel(target.team, "PATCH", f"/v1/projects/{target.project}/crons", json.dumps({"enabled": True}))
    if path == "link.deployHooks":
        hooks = [re.findall(r"\((\S*)\)$", each)[0] for each in texts(target.facts.get("now"))]
        each = (vercel(target.team, "DELETE", f"/v2/projects/{target.project}/deploy-hooks/{one}") for one in hooks)
        return " && ".join(each)
    if path == "resourceConfig.functionDefaultCpuType":
        body = json.dumps({"defaultMemoryType": wanted or "standard"})
        return vercel(target.team, "PATCH", f"/v1/projects/{target.project}/resource-config", body)
    body = _body(path, wanted)
    return vercel(target.team, "PATCH", at, json.dumps(body)) if body else ""


def _body(path: str, wanted: Any) -> Document:
    top, _, inner = path.partition(".")
    if top in WATCHED:
        return {top: WATCHED[top] if wanted is None else wanted}
    if path in _INNER:
        top, inner = _INNER[path]
    match top:
        case "resourceConfig" if wanted is None and inner not in _FLAGS and inner != "buildMachineType":
            return {}  # Vercel takes no null, and its own value depends on the team's plan.
        case "skewProtection":
            return {"skewProtectionMaxAge": _SECONDS.get(str(wanted), 0)}
        case "gitProviderOptions" if inner == "createDeployments":
            return {top: {inner: "enabled" if wanted in (None, True) else "disabled"}}
        case "resourceConfig" | "gitComments" | "oidcTokenConfig" if inner:
            return {top: {inner: False if wanted is None and inner in _FLAGS else wanted}}
        case "optionsAllowlist" | "passwordProtection" | "trustedIps" | "trustedSources" if wanted is None:
            return {top: None}
        case _:
            return {SAME[top]: wanted} if top in SAME else {}


def variable(target: Target, path: str, wanted: Any) -> str:
    """Write one of a variable's properties back."""
    empty: Any = [] if path == "customEnvironmentIds" else "" if path == "comment" else None
    body = json.dumps({path: empty if wanted is None else wanted})
    return vercel(target.team, "PATCH", f"/v9/projects/{target.project}/env/{target.id}", body)


def drain(target: Target, path: str, _: Any) -> str:
    """Switch a drain on again; what else it has beyond the provider is written in Vercel's dashboard."""
    if path != "status":
        return ""
    return vercel(target.team, "PATCH", f"/v1/drains/{target.id}", json.dumps({"status": "enabled"}))


def unshare(target: Target) -> str:
    """Take a team's right to pull away."""
    path = f"/v1/vcr/repository/{target.key[1]}/permissions?projectId={target.project}"
    return vercel(target.team, "DELETE", path, json.dumps({"teamSlug": target.key[2]}))


def image(target: Target, path: str, wanted: Any) -> str:
    """Give a release's image its tag again: its manifest, put under the tag."""
    if path != "digest":
        return ""
    inputs = mapping(target.facts.get("inputs"))
    host, _, name = str(inputs.get("address")).partition("/")
    at = f"https://{host}/v2/{name}/manifests"
    asked = f'curl -fsS -u "{target.team}:$VERCEL_API_TOKEN"'
    read = f"{asked} -H 'accept: {_MANIFEST}' {at}/{wanted}"
    return f"{read} | {asked} -X PUT -H 'content-type: {_MANIFEST}' --data-binary @- {at}/{inputs.get('tag')}"


def live(target: Target, path: str, _: Any) -> str:
    """Point a domain at the live deployment again."""
    domain = path.removeprefix("serves.")
    if domain == path:
        return ""
    body = json.dumps({"alias": domain})
    return vercel(target.team, "POST", f"/v2/deployments/{target.facts.get('deploymentId')}/aliases", body)
