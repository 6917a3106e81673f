"""Every property at Vercel, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support.mutations.world import Mutation, World

if TYPE_CHECKING:
    from collections.abc import Callable


def _project(path: str, body: dict[str, Any], of: str = "") -> Mutation:
    def make(world: World) -> Any:
        return world.vercel("PATCH", "/v9/projects/shop-prod", body)

    return Mutation("changed", kinds.PROJECT, "shop-project", path, make, of)


_IPS = {"deploymentType": "all", "addresses": [{"value": "192.0.2.1"}], "protectionMode": "additional"}

PROJECT = (
    _project("autoAssignCustomDomains", {"autoAssignCustomDomains": True}),
    _project("automaticallyExposeSystemEnvironmentVariables", {"autoExposeSystemEnvs": False}),
    _project("buildCommand", {"buildCommand": "make other"}),
    _project("buildMachineType", {"resourceConfig": {"buildMachineType": "turbo"}}),
    _project("customerSuccessCodeVisibility", {"customerSupportCodeVisibility": True}),
    _project("devCommand", {"devCommand": "make dev"}),
    _project("directoryListing", {"directoryListing": True}),
    _project("enableAffectedProjectsDeployments", {"enableAffectedProjectsDeployments": True}),
    _project("enablePreviewFeedback", {"enablePreviewFeedback": True}),
    _project("enableProductionFeedback", {"enableProductionFeedback": True}),
    _project("framework", {"framework": "vite"}),
    _project("functionFailover", {"serverlessFunctionZeroConfigFailover": True}),
    _project("gitComments.onCommit", {"gitComments": {"onCommit": True}}),
    _project("gitForkProtection", {"gitForkProtection": False}),
    _project("gitLfs", {"gitLFS": True}),
    _project("gitProviderOptions.createDeployments", {"gitProviderOptions": {"createDeployments": "disabled"}}),
    _project("ignoreCommand", {"commandForIgnoringBuildStep": "exit 0"}),
    _project("installCommand", {"installCommand": "make install"}),
    _project("nodeVersion", {"nodeVersion": "20.x"}),
    _project("oidcTokenConfig.issuerMode", {"oidcTokenConfig": {"issuerMode": "global"}}),
    _project("onDemandConcurrentBuilds", {"resourceConfig": {"elasticConcurrencyEnabled": True}}),
    _project("optionsAllowlist.paths", {"optionsAllowlist": {"paths": [{"value": "/api"}]}}),
    _project("outputDirectory", {"outputDirectory": "dist"}),
    _project("passwordProtection.deploymentType", {"passwordProtection": {"deploymentType": "all", "password": "x"}}),
    _project("previewDeploymentSuffix", {"previewDeploymentSuffix": "previews.example"}),
    _project("previewDeploymentsDisabled", {"previewDeploymentsDisabled": False}),
    _project("prioritiseProductionBuilds", {"productionDeploymentsFastLane": False}),
    _project("protectedSourcemaps", {"protectedSourcemaps": True}),
    _project("publicSource", {"publicSource": True}),
    _project("resourceConfig.functionDefaultRegions", {"resourceConfig": {"functionDefaultRegions": ["iad1"]}}),
    _project("resourceConfig.fluid", {"resourceConfig": {"fluid": True}}),
    _project("resourceConfig.functionDefaultTimeout", {"resourceConfig": {"functionDefaultTimeout": 17}}),
    _project("rootDirectory", {"rootDirectory": "apps/other"}),
    _project("skewProtection", {"skewProtectionMaxAge": 43200}),
    _project("trustedIps", {"trustedIps": _IPS}),
    _project("trustedSources", {"trustedSources": {"projects": {"prj_other": {}}}}),
    _project("vercelAuthentication.deploymentType", {"ssoProtection": None}),
    _project("sourceFilesOutsideRootDirectory", {"sourceFilesOutsideRootDirectory": False}),
    Mutation(
        "changed", kinds.PROJECT, "shop-project", "gitRepository.productionBranch",
        lambda world: world.vercel("PATCH", "/v9/projects/shop-prod/branch", {"branch": "release"}),
    ),
    Mutation(
        "changed", kinds.PROJECT, "shop-project", "link.deployHooks",
        lambda world: world.vercel("POST", "/v2/projects/shop-prod/deploy-hooks", {"name": "hook", "ref": "main"}),
    ),
    Mutation(
        "changed", kinds.PROJECT, "shop-project", "crons.disabledAt",
        lambda world: world.vercel("PATCH", "/v1/projects/shop-prod/crons", {"enabled": False}),
    ),
    Mutation(
        "changed", kinds.PROJECT, "shop-project", "resourceConfig.functionDefaultCpuType",
        lambda world: world.vercel("PATCH", "/v1/projects/shop-prod/resource-config", {"defaultMemoryType": "performance"}),
    ),
)  # fmt: skip


def _env(key: str, path: str, body: dict[str, Any], of: str = "") -> Mutation:
    def make(world: World) -> Any:
        return world.vercel("PATCH", f"/v9/projects/shop-prod/env/{world.variable('shop-prod', key)}", body)

    return Mutation("changed", kinds.VARIABLE, f"shop-variable-{key}", path, make, of)


_CUSTOM = "a custom environment"


def _custom(world: World) -> None:
    """A variable that a custom environment gets too."""
    made = world.vercel("POST", "/v9/projects/admin-prod/custom-environments", {"slug": "acceptance"})
    variable = world.variable("admin-prod", "NEXT_PUBLIC_BASE_URL")
    world.vercel("PATCH", f"/v9/projects/admin-prod/env/{variable}", {"customEnvironmentIds": [made["id"]]})


VARIABLES = (
    _env("NEXT_PUBLIC_BASE_URL", "value", {"value": "https://elsewhere.example"}),
    _env("PAYMENT_SECRET_KEY", "value", {"value": "another-secret-by-hand"}, "value_wo"),
    _env("SEARCH_RESULTS_LIMIT", "targets", {"target": ["production", "preview"]}),
    _env("SEARCH_RESULTS_LIMIT", "comment", {"comment": "by hand"}),
    _env("DATABASE_URL", "sensitive", {"type": "encrypted", "value": "postgresql://by-hand"}),
    _env("NEXT_TELEMETRY_DISABLED", "gitBranch", {"target": ["preview"], "gitBranch": "feature"}),
    Mutation("changed", kinds.VARIABLE, "admin-variable-NEXT_PUBLIC_BASE_URL", "customEnvironmentIds", _custom),
    Mutation(
        "unmanaged", kinds.CUSTOM_ENVIRONMENT, "admin-prod/acceptance", "", lambda _: None,
    ),
)  # fmt: skip


def _domain(path: str, body: dict[str, Any], name: str = "www.shop.storefront.example") -> Mutation:
    project = "shop-prod"

    def make(world: World) -> Any:
        return world.vercel("PATCH", f"/v9/projects/{project}/domains/{name}", body)

    return Mutation("changed", kinds.DOMAIN, f"domain-{name}", path, make)


def _retention(path: str, wire: str) -> Mutation:
    def make(world: World) -> Any:
        return world.vercel("PATCH", "/v9/projects/shop-prod/deployment-expiration", {wire: "2m"})

    return Mutation("changed", kinds.RETENTION, "shop-retention", path, make)


def _drain(path: str, change: Callable[[dict[str, Any]], dict[str, Any]], of: str = "") -> Mutation:
    def make(world: World) -> Any:
        found = world.drain()
        return world.vercel("PATCH", f"/v1/drains/{found['id']}", change(found))

    return Mutation("changed", kinds.DRAIN, "logs-drain", path, make, of)


def _delivery(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: {"delivery": {**found["delivery"], **more}}


def _filter(part: str, **more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(found: dict[str, Any]) -> dict[str, Any]:
        inner = found["filterV2"]["filter"]
        return {"filter": {"version": "v2", "filter": {**inner, part: {**inner[part], **more}}}}

    return change


REST = (
    _domain("redirectStatusCode", {"redirectStatusCode": 307}),
    _domain("redirect", {"redirect": None}, "www.shop.storefront.example"),
    _retention("expirationPreview", "expiration"),
    _retention("expirationProduction", "expirationProduction"),
    _retention("expirationCanceled", "expirationCanceled"),
    _retention("expirationErrored", "expirationErrored"),
    _drain("deliveryFormat", _delivery(encoding="json")),
    _drain("endpoint", _delivery(endpoint="https://elsewhere.example/drain")),
    _drain("headers", _delivery(headers={"x-by-hand": "1"})),
    _drain("secret", _delivery(secret="another-secret-of-at-least-32-characters")),
    _drain("environments", _filter("deployment", environments=["production", "preview"])),
    _drain("sources", _filter("log", sources=["build"])),
    _drain("projectIds", lambda found: {"projects": "some", "projectIds": found["projectIds"][:1]}),
    _drain("samplingRate", lambda _: {"sampling": [{"type": "head_sampling", "rate": 0.25}]}),
    _drain("status", lambda _: {"status": "disabled"}, "status"),
    Mutation(
        "changed", kinds.DOMAIN, "domain-admin.storefront.example", "gitBranch",
        lambda world: world.vercel("PATCH", "/v9/projects/admin-prod/domains/admin.storefront.example", {"gitBranch": "next"}),
    ),
)  # fmt: skip
