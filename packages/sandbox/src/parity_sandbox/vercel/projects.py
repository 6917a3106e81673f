"""Projects: what may be set, its defaults, and what goes with a project when it is deleted."""

from __future__ import annotations

import re
from typing import Any

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel import domains, links, protection, rolling, timeline, variables, wire
from parity_sandbox.vercel.errors import BadRequest, Conflict
from parity_sandbox.vercel.world import SERVICE, World

FRAMEWORKS = (
    "nextjs", "blitzjs", "gatsby", "remix", "react-router", "astro", "hexo", "eleventy", "docusaurus-2", "docusaurus",
    "preact", "solidstart-1", "solidstart", "dojo", "ember", "vue", "scully", "ionic-angular", "angular", "polymer",
    "svelte", "sveltekit", "sveltekit-1", "ionic-react", "create-react-app", "gridsome", "umijs", "sapper", "saber",
    "stencil", "nuxtjs", "redwoodjs", "hugo", "jekyll", "brunch", "middleman", "zola", "hydrogen", "vite", "vitepress",
    "vuepress", "parcel", "fastapi", "flask", "fasthtml", "sanity-v3", "sanity", "storybook", "nitro", "hono",
    "express", "h3", "nestjs", "fastify", "xmcp", "container",
)  # fmt: skip
"""`framework` of updateProject in the API's description, October 2025."""

REGIONS = (
    "arn1", "bom1", "cdg1", "cle1", "cpt1", "dub1", "dxb1", "fra1", "gru1", "hkg1", "hnd1", "iad1", "icn1", "kix1",
    "lhr1", "pdx1", "sfo1", "sin1", "syd1", "yul1",
)  # fmt: skip
"""Where functions can run: https://vercel.com/docs/edge-network/regions."""

LISTED_FRAMEWORKS = [{"name": slug, "slug": slug} for slug in FRAMEWORKS]
"""As api-frameworks.zeit.sh gives them."""

LISTED_REGIONS = {region: {"caps": ["V2_DEPLOYMENT_CREATE"]} for region in REGIONS}
"""The regions with what they can do, as dcs.vercel-infra.com gives them."""

NODE_VERSIONS = ("24.x", "22.x", "20.x", "18.x", "16.x", "14.x", "12.x", "10.x")
"""`nodeVersion` of updateProject; the first is a new project's."""

PROTECTED = ("all", "preview", "production", "prod_deployment_urls_and_all_previews", "all_except_custom_domains")
"""Values of `deploymentType` of a protection, as in the API's description of updateProject."""

SETTINGS: wire.Shape = {
    "autoAssignCustomDomains": "boolean",
    "autoAssignCustomDomainsUpdatedBy": "string",
    "autoExposeSystemEnvs": "boolean",
    "buildCommand": "string?",
    "commandForIgnoringBuildStep": "string?",
    "customerSupportCodeVisibility": "boolean",
    "devCommand": "string?",
    "directoryListing": "boolean",
    "enableAffectedProjectsDeployments": "boolean?",
    "enablePreviewFeedback": "boolean?",
    "enableProductionFeedback": "boolean?",
    "framework": "string?",
    "gitComments": "object?",
    "gitForkProtection": "boolean",
    "gitLFS": "boolean",
    "gitProviderOptions": "object?",
    "installCommand": "string?",
    "name": "string",
    "nodeVersion": "string",
    "oidcTokenConfig": "object?",
    "optionsAllowlist": "object?",
    "outputDirectory": "string?",
    "passwordProtection": "object?",
    "previewDeploymentSuffix": "string?",
    "previewDeploymentsDisabled": "boolean?",
    "productionDeploymentsFastLane": "boolean",
    "protectedSourcemaps": "boolean",
    "publicSource": "boolean?",
    "resourceConfig": "object?",
    "rootDirectory": "string?",
    "serverlessFunctionRegion": "string?",
    "serverlessFunctionZeroConfigFailover": "boolean",
    "skewProtectionBoundaryAt": "integer",
    "skewProtectionMaxAge": "integer",
    "skipGitConnectDuringLink": "boolean",
    "sourceFilesOutsideRootDirectory": "boolean",
    "ssoProtection": "object?",
    "trustedIps": "object?",
    "trustedSources": "object?",
}

CREATE: wire.Shape = {**SETTINGS, "environmentVariables": "array", "gitRepository": "object?"}

_BLANK_MEANS_NONE = (
    "buildCommand", "commandForIgnoringBuildStep", "devCommand", "framework", "installCommand", "outputDirectory",
    "previewDeploymentSuffix", "rootDirectory", "serverlessFunctionRegion",
)  # fmt: skip
_KEPT_WHEN_NULL = ("gitComments", "oidcTokenConfig", "gitProviderOptions", "resourceConfig")
_RESOURCE_CONFIG: wire.Shape = {
    "fluid": "boolean",
    "functionDefaultRegions": "array",
    "functionDefaultTimeout": "number",
    "functionDefaultMemoryType": "string",
    "functionZeroConfigFailover": "boolean",
    "elasticConcurrencyEnabled": "boolean",
    "buildMachineType": "string?",
    "buildMachineSelection": "string?",
    "isNSNBDisabled": "boolean",
}
_NAME = re.compile(r"[a-z0-9._-]{1,100}")


def create(world: World, given: Document) -> Document:
    """Make a project in the request's scope; raises BadRequest, and Conflict where the name is taken."""
    wire.check(given, CREATE, required=("name",))
    _check_name(world, given["name"], None)
    now = world.now
    project: Document = {
        **_defaults(),
        "id": random_id("prj_", 28),
        "accountId": world.owner,
        "name": given["name"],
        "createdAt": now,
        "updatedAt": now,
    }
    settings = {name: value for name, value in given.items() if name in SETTINGS and name != "name"}
    _apply(project, settings, creating=True)
    if given.get("gitRepository") is not None:
        links.link(world, project, given["gitRepository"])
    world.projects.insert(project["id"], project)
    domains.add_generated(world, project)
    for variable in items(given, "environmentVariables"):
        variables.create(world, project, {name: value for name, value in variable.items() if value is not None})
    return project


def update(world: World, project: Document, given: Document) -> Document:
    """Change settings; what is absent stays. Raises BadRequest, Conflict."""
    wire.check(given, SETTINGS)
    if "name" in given and given["name"] != project["name"]:
        _check_name(world, given["name"], project["id"])
        project["name"] = given["name"]
    _apply(project, {name: value for name, value in given.items() if name != "name"}, creating=False)
    return world.save(project)


def delete(world: World, project: Document) -> None:
    """Delete a project with its variables, domains, deployments and all else that belongs to it."""
    world.context.store.remove(SERVICE, projectId=project["id"])
    world.projects.delete(project["id"])


def _check_name(world: World, name: str, itself: str | None) -> None:
    if not _NAME.fullmatch(name) or "---" in name:
        raise BadRequest(
            "Project names can be up to 100 characters long and must be lowercase. They can include letters, digits, "
            "and the following characters: '.', '_', '-'. However, they cannot contain the sequence '---'.",
            code="invalid_project_name" if itself else "bad_request",
        )
    other = world.projects.first(name=name, accountId=world.owner)
    if other is not None and other["id"] != itself:
        raise Conflict(f"Project `{name}` already exists, please use a new name.", projectId=other["id"])


def _defaults() -> Document:
    return {
        "autoAssignCustomDomains": True,
        "autoExposeSystemEnvs": True,
        "buildCommand": None,
        "commandForIgnoringBuildStep": None,
        "customerSupportCodeVisibility": False,
        "customEnvironments": [],
        "defaultResourceConfig": {"functionDefaultRegions": ["iad1"]},
        "devCommand": None,
        "directoryListing": False,
        "enableAffectedProjectsDeployments": None,
        "enablePreviewFeedback": None,
        "enableProductionFeedback": None,
        "framework": None,
        "gitComments": {"onPullRequest": True, "onCommit": False},
        "gitForkProtection": True,
        "gitLFS": False,
        "gitProviderOptions": {"createDeployments": "enabled"},
        "installCommand": None,
        "live": False,
        "nodeVersion": NODE_VERSIONS[0],
        "oidcTokenConfig": {"enabled": True, "issuerMode": "team"},
        "outputDirectory": None,
        "previewDeploymentSuffix": None,
        "previewDeploymentsDisabled": False,
        "productionDeploymentsFastLane": True,
        "protectedSourcemaps": False,
        "protectionBypass": {},
        "publicSource": None,
        "resourceConfig": {"fluid": False, "functionDefaultRegions": ["iad1"], "elasticConcurrencyEnabled": False,
                           "buildMachineType": "standard"},
        "rootDirectory": None,
        "serverlessFunctionRegion": "iad1",
        "serverlessFunctionZeroConfigFailover": False,
        "skewProtectionMaxAge": 0,
        "sourceFilesOutsideRootDirectory": True,
        "ssoProtection": {"deploymentType": "all_except_custom_domains"},
        "targets": {},
        "lastAliasRequest": None,
        "lastRollbackTarget": None,
    }  # fmt: skip


def _apply(project: Document, settings: Document, *, creating: bool) -> None:
    for name, value in settings.items():
        if name in _BLANK_MEANS_NONE:
            project[name] = _text(name, value)
        elif name == "resourceConfig":
            _apply_resources(project, value)
        elif name in {"passwordProtection", "ssoProtection", "trustedIps"}:
            project[name] = _protection(name, value)
        elif name == "trustedSources":
            project[name] = protection.checked_sources(value)
        elif value is None and name in _KEPT_WHEN_NULL:
            continue
        elif name == "nodeVersion":
            wire.one_of(name, value, NODE_VERSIONS)
            project[name] = value
        elif name == "previewDeploymentsDisabled":
            project[name] = bool(value)
        elif isinstance(value, dict) and isinstance(project.get(name), dict):
            project[name] = {**project[name], **value}
        else:
            project[name] = value
    if settings.get("serverlessFunctionRegion") and "functionDefaultRegions" not in (part(settings, "resourceConfig")):
        project["resourceConfig"]["functionDefaultRegions"] = [project["serverlessFunctionRegion"]]
    if creating and project["enableAffectedProjectsDeployments"] is False:
        project["enableAffectedProjectsDeployments"] = None  # Vercel gives null for what was false at creation


def _text(name: str, value: str | None) -> str | None:
    if not value:
        return None if name != "serverlessFunctionRegion" else "iad1"
    if len(value) > 256:  # noqa: PLR2004 - the description's own maxLength
        raise BadRequest(f"Invalid request: `{name}` should NOT be longer than 256 characters.")
    if name == "framework":
        wire.one_of(name, value, FRAMEWORKS)
    if name == "serverlessFunctionRegion":
        wire.one_of(name, value, REGIONS)
    return value


def _apply_resources(project: Document, given: Document | None) -> None:
    if given is None:
        return
    wire.check(given, _RESOURCE_CONFIG, where="`resourceConfig` ")
    for region in given.get("functionDefaultRegions", []):
        wire.one_of("functionDefaultRegions", region, REGIONS)
    fluid = given.get("fluid", project["resourceConfig"].get("fluid", False))
    if fluid and given.get("functionDefaultMemoryType") == "standard_legacy":
        raise BadRequest("Fluid compute is only supported with the standard or performance memory types.")
    project["resourceConfig"] = {**project["resourceConfig"], **given}
    regions: list[str] = items(project["resourceConfig"], "functionDefaultRegions")
    if regions:
        project["serverlessFunctionRegion"] = regions[0]


def _protection(name: str, value: Document | None) -> Document | None:
    if value is None:
        return None
    kind: Any = value.get("deploymentType")
    wire.one_of(f"{name}.deploymentType", kind, PROTECTED)
    return {key: each for key, each in value.items() if key != "password"}


def view(world: World, project: Document) -> Document:
    """The project as Vercel's API gives it: the stored document, its variables without values, nothing internal."""
    shown = {name: value for name, value in project.items() if value is not None or name in _SHOWN_NULL}
    for internal in ("autoAssignBeforeRollback", rolling.DOCUMENT):
        shown.pop(internal, None)
    made = sorted(world.deployments.find(projectId=project["id"]), key=lambda each: each["createdAt"], reverse=True)
    shown["latestDeployments"] = [_summary(world, each) for each in made[:5]]
    live = project["targets"].get("production")
    current = None if live is None else world.deployments.get(live["id"])
    shown["targets"] = {} if current is None else {"production": _summary(world, current)}
    shown["env"] = [
        {name: value for name, value in variables.view(each, decrypt=False).items() if name != "decrypted"}
        for each in variables.of_project(world, project)
    ]
    return shown


def _summary(world: World, deployment: Document) -> Document:
    return {**timeline.summary(deployment), "alias": timeline.hosts_of(world, deployment)}


_SHOWN_NULL = {
    "buildCommand", "commandForIgnoringBuildStep", "devCommand", "framework", "installCommand", "lastAliasRequest",
    "lastRollbackTarget", "outputDirectory", "publicSource", "rootDirectory", "enablePreviewFeedback",
    "enableProductionFeedback",
}  # fmt: skip


# --- How deployments are kept and run: retention, crons, function resources ---

DAYS = {"1d": 1, "1w": 7, "1m": 30, "2m": 60, "3m": 90, "6m": 180, "1y": 365, "unlimited": 36500}
"""Vercel's words for how long a deployment is kept, and the days that a project's document gives."""

RETENTION: wire.Shape = {
    "expiration": "string",
    "expirationProduction": "string",
    "expirationCanceled": "string",
    "expirationErrored": "string",
}
_RETAINED = {
    "expiration": "expirationDays",
    "expirationProduction": "expirationDaysProduction",
    "expirationCanceled": "expirationDaysCanceled",
    "expirationErrored": "expirationDaysErrored",
}


def set_retention(world: World, project: Document, given: Document) -> Document:
    """Set how long deployments are kept; what is absent stays. Returns Vercel's words. Raises BadRequest."""
    wire.check(given, RETENTION)
    kept: Document = project.get("deploymentExpiration") or dict.fromkeys(_RETAINED.values(), DAYS["unlimited"])
    for name, value in given.items():
        wire.one_of(name, value, DAYS)
        kept[_RETAINED[name]] = DAYS[value]
    project["deploymentExpiration"] = {"deploymentsToKeep": 10, **kept}
    world.save(project)
    words = {days: word for word, days in DAYS.items()}
    return {"deploymentExpiration": {name: words[kept[field]] for name, field in _RETAINED.items()}}


def set_crons(world: World, project: Document, *, enabled: bool) -> None:
    """Switch all of a project's crons on or off."""
    now = world.now
    crons: Document = project.get("crons") or {"definitions": [], "deploymentId": None, "enabledAt": now}
    project["crons"] = {**crons, "updatedAt": now, "disabledAt": None if enabled else now}
    if enabled:
        project["crons"]["enabledAt"] = now
    world.save(project)


def set_function_cpu(world: World, project: Document, memory: str) -> Document:
    """Set the default memory type of a project's functions; raises BadRequest."""
    wire.one_of("defaultMemoryType", memory, ("standard_legacy", "standard", "performance"))
    project["resourceConfig"]["functionDefaultMemoryType"] = memory
    world.save(project)
    return function_cpu(project)


def function_cpu(project: Document) -> Document:
    """The default memory type of a project's functions."""
    return {"defaultMemoryType": project["resourceConfig"].get("functionDefaultMemoryType")}
