"""Every value of a project's choices, of a variable, a domain and what else Vercel's API lets one write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support.by_hand.model import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.mutations.world import World

_PROJECT = "/v9/projects/shop-prod"
_DOMAIN = "shop.storefront.example"


def _change(what: str, make: Callable[[World], Any], type_: str, name: str, path: str = "") -> Change:
    return Change("Vercel", what, make, type_, name, path)


_IPS = {"addresses": [{"value": "192.0.2.1"}], "protectionMode": "additional"}
_VALUES: dict[str, tuple[dict[str, Any], ...]] = {
    "vercelAuthentication": tuple(
        {"ssoProtection": {"deploymentType": each}} for each in ("preview", "prod_deployment_urls_and_all_previews")
    ),
    "passwordProtection": tuple(
        {"passwordProtection": {"deploymentType": each, "password": "x"}}
        for each in ("preview", "prod_deployment_urls_and_all_previews", "all_except_custom_domains")
    ),
    "trustedIps": tuple({"trustedIps": {**_IPS, "deploymentType": each}} for each in ("production", "preview")),
    "skewProtection": tuple({"skewProtectionMaxAge": each} for each in (1800, 14400, 86400, 604800)),
    "buildMachineType": ({"resourceConfig": {"buildMachineType": "enhanced"}},),
    "nodeVersion": ({"nodeVersion": "24.x"},),
    "framework": ({"framework": None}, {"framework": "remix"}),
    "gitComments": ({"gitComments": {"onPullRequest": False, "onCommit": False}},),
    "gitProviderOptions": (
        {"gitProviderOptions": {"createDeployments": "disabled", "requireVerifiedCommits": True}},
        {"gitProviderOptions": {"createDeployments": "disabled", "disableRepositoryDispatchEvents": True}},
    ),
    "resourceConfig": (
        {"resourceConfig": {"functionDefaultRegions": ["hnd1", "fra1"]}},
        {"resourceConfig": {"functionDefaultTimeout": 60}},
    ),
    "optionsAllowlist": ({"optionsAllowlist": {"paths": [{"value": "/"}]}},),
    "ignoreCommand": ({"commandForIgnoringBuildStep": "git diff --quiet"},),
}  # fmt: skip


def _project() -> Iterator[Change]:
    for path, bodies in _VALUES.items():
        for body in bodies:
            yield _change(
                f"{path}: {body}", lambda world, body=body: world.vercel("PATCH", _PROJECT, body),
                kinds.PROJECT, "shop-project", path,
            )  # fmt: skip
    yield _change("no repository", lambda world: world.vercel("DELETE", f"{_PROJECT}/link"),
                  kinds.PROJECT, "shop-project", "gitRepository")  # fmt: skip
    yield _change("renamed", lambda world: world.vercel("PATCH", _PROJECT, {"name": "by-hand"}), kinds.PROJECT, "shop")
    yield _change("a deploy hook", lambda world: world.vercel(
        "POST", "/v2/projects/shop-prod/deploy-hooks", {"name": "h", "ref": "next"}),
        kinds.PROJECT, "shop-project", "link.deployHooks")  # fmt: skip


_VARIABLES = (
    "NEXT_PUBLIC_BASE_URL",
    "SEARCH_RESULTS_LIMIT",
    "NEXT_TELEMETRY_DISABLED",
    "DATABASE_URL",
    "PAYMENT_SECRET_KEY",
)
_FIELDS: dict[str, dict[str, Any]] = {
    "targets": {"target": ["preview"]},
    "comment": {"comment": "by hand"},
    "value": {"value": "by hand"},
}
_SENSITIVE = {"DATABASE_URL", "PAYMENT_SECRET_KEY"}


def _edit(key: str, body: dict[str, Any]) -> Callable[[World], Any]:
    return lambda world: world.vercel("PATCH", f"{_PROJECT}/env/{world.variable('shop-prod', key)}", body)


def _variables() -> Iterator[Change]:
    for key in _VARIABLES:
        for path, body in _FIELDS.items():
            yield _change(f"{key}: {path}", _edit(key, body), kinds.VARIABLE, f"shop-variable-{key}", path)
        yield _change(
            f"{key}: another name", _edit(key, {"key": f"{key}_OLD"}), kinds.VARIABLE, key,
        )  # fmt: skip
        if key not in _SENSITIVE:
            yield _change(f"{key}: encrypted to sensitive", _edit(key, {"type": "sensitive", "value": "x"}),
                          kinds.VARIABLE, f"shop-variable-{key}")  # fmt: skip
    for type_ in ("plain", "encrypted", "sensitive"):
        for target in ("production", "preview"):
            body = {"key": "HAND", "value": "1", "type": type_, "target": [target]}
            yield _change(f"a {type_} variable for {target}",
                          lambda world, body=body: world.vercel("POST", "/v10/projects/shop-prod/env", body),
                          kinds.VARIABLE, "shop-prod/HAND")  # fmt: skip
    body = {"key": "HAND", "value": "1", "type": "encrypted", "target": ["development"]}
    yield _change("a variable for development", lambda world: world.vercel("POST", "/v10/projects/shop-prod/env", body),
                  kinds.VARIABLE, "shop-prod/HAND")  # fmt: skip
    preview = {"key": "HAND", "value": "1", "type": "plain", "target": ["preview"], "gitBranch": "next"}
    yield _change("a variable for a branch", lambda world: world.vercel("POST", "/v10/projects/shop-prod/env", preview),
                  kinds.VARIABLE, "shop-prod/HAND")  # fmt: skip


def _moved(world: World) -> None:
    world.vercel("DELETE", f"{_PROJECT}/domains/www.{_DOMAIN}")
    world.vercel("POST", "/v10/projects/admin-prod/domains", {"name": f"www.{_DOMAIN}"})


def _domains() -> Iterator[Change]:
    for code in (301, 302, 307):
        yield _change(
            f"redirect by {code}",
            lambda world, code=code: world.vercel(
                "PATCH", f"{_PROJECT}/domains/www.{_DOMAIN}", {"redirectStatusCode": code}),
            kinds.DOMAIN, f"domain-www.{_DOMAIN}", "redirectStatusCode",
        )  # fmt: skip
    yield _change("a live domain for a branch", lambda world: world.vercel(
        "PATCH", f"{_PROJECT}/domains/{_DOMAIN}", {"gitBranch": "next"}),
        kinds.DOMAIN, f"domain-{_DOMAIN}", "gitBranch")  # fmt: skip
    yield _change("a domain of another project", _moved, kinds.DOMAIN, f"domain-www.{_DOMAIN}")
    yield _change("one more domain that redirects", lambda world: world.vercel(
        "POST", "/v10/projects/shop-prod/domains",
        {"name": "hand.example", "redirect": _DOMAIN, "redirectStatusCode": 308}), kinds.DOMAIN, "hand.example")  # fmt: skip


_EVENTS = ("deployment.created", "deployment.error", "deployment.promoted", "project.removed")


def _hook(event: str) -> Callable[[World], Any]:
    def make(world: World) -> Any:
        project = world.vercel("GET", _PROJECT)["id"]
        body = {"url": "https://hook.example", "events": [event], "projectIds": [project]}
        return world.vercel("POST", "/v1/webhooks", body)

    return make


def _rest() -> Iterator[Change]:
    for event in _EVENTS:
        yield _change(f"a webhook on {event}", _hook(event), kinds.WEBHOOK, "shop-prod")
    for field in ("expiration", "expirationProduction", "expirationCanceled", "expirationErrored"):
        for value in ("1d", "2m"):
            yield _change(
                f"{field} {value}", lambda world, body={field: value}: world.vercel(
                    "PATCH", f"{_PROJECT}/deployment-expiration", body),
                kinds.RETENTION, "shop-retention",
            )  # fmt: skip
    for slug, matcher in (("hand", None), ("qa", {"type": "startsWith", "pattern": "qa/"})):
        body = {"slug": slug, **({"branchMatcher": matcher} if matcher else {})}
        yield _change(f"a custom environment {slug}", lambda world, body=body: world.vercel(
            "POST", f"{_PROJECT}/custom-environments", body), kinds.CUSTOM_ENVIRONMENT, f"shop-prod/{slug}")  # fmt: skip
    for sampling in ([{"type": "head_sampling", "rate": 0.5}],):
        yield _change("a drain's sampling", lambda world, sampling=sampling: world.vercel(
            "PATCH", f"/v1/drains/{world.drain()['id']}", {"sampling": sampling}), kinds.DRAIN, "logs-drain")  # fmt: skip


CHANGES = (*_project(), *_variables(), *_domains(), *_rest())
