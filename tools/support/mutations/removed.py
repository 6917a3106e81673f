"""Every declared object, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support.mutations.world import DATABASE, ENVIRONMENT, OWNER, REPO, STACK, Mutation, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _gone(type_: str, name: str, make: Callable[[World], Any]) -> Mutation:
    return Mutation("missing", type_, name, "", make)


def _each(graph: Any, type_: str) -> Iterable[Any]:
    return (each for each in graph.resources.values() if each.type == type_)


def removals(graph: Any) -> list[Mutation]:
    """Every declared object that is in another one, removed."""
    found: list[Mutation] = []
    for each in _each(graph, kinds.VARIABLE):
        project, key = _project_of(each), each.inputs["key"]
        found.append(_gone(kinds.VARIABLE, each.name, lambda world, project=project, key=key: world.vercel(
            "DELETE", f"/v9/projects/{project}/env/{world.variable(project, key)}")))  # fmt: skip
    domains = sorted(_each(graph, kinds.DOMAIN), key=lambda each: not each.inputs.get("redirect"))
    for each in domains:
        project, domain = _project_of(each), each.inputs["domain"]
        found.append(_gone(kinds.DOMAIN, each.name, lambda world, project=project, domain=domain: world.vercel(
            "DELETE", f"/v9/projects/{project}/domains/{domain}")))  # fmt: skip
    for each in _each(graph, kinds.BYPASS):
        project, secret = _project_of(each), each.inputs["secret"].value
        found.append(_gone(kinds.BYPASS, each.name, lambda world, project=project, secret=secret: world.vercel(
            "PATCH", f"/v1/projects/{project}/protection-bypass", {"revoke": {"secret": secret, "regenerate": False}})))  # fmt: skip
    for each in _each(graph, kinds.DEPLOYMENT):
        project, release = _project_of(each), str(each.inputs["meta"]["release"])
        found.append(_gone(kinds.DEPLOYMENT, each.name, lambda world, project=project, release=release: world.vercel(
            "DELETE", f"/v13/deployments/{world.deployment(project, release)}")))  # fmt: skip
    found += [_gone(kinds.LIVE, each.name, lambda _: None) for each in _each(graph, kinds.LIVE)]
    found += [_gone(kinds.DRAIN, each.name, lambda world: world.vercel("DELETE", f"/v1/drains/{world.drain()['id']}"))
              for each in _each(graph, kinds.DRAIN)]  # fmt: skip
    for type_, path, field_ in (
        (kinds.SECRET, "secrets", "secretName"),
        (kinds.GITHUB_VARIABLE, "variables", "variableName"),
    ):
        for each in _each(graph, type_):
            name = each.inputs[field_]
            found.append(_gone(type_, each.name, lambda world, path=path, name=name: world.github(
                "DELETE", f"{ENVIRONMENT}/{path}/{name}")))  # fmt: skip
    for each in _each(graph, kinds.POLICY):
        found.append(_gone(kinds.POLICY, each.name, _remove_policies))
    for each in _each(graph, kinds.RULESET):
        found.append(_gone(kinds.RULESET, each.name, lambda world: world.github(
            "DELETE", f"{REPO}/rulesets/{world.ruleset()['id']}")))  # fmt: skip
    for each in _each(graph, kinds.GRANT):
        if each.inputs["privileges"]:
            found.append(
                _gone(
                    kinds.GRANT,
                    each.name,
                    lambda world, given=dict(each.inputs): world.sql(_revoke(given), superuser=True),
                )
            )
    for each in _each(graph, kinds.DEFAULT):
        if each.inputs["privileges"]:
            found.append(
                _gone(
                    kinds.DEFAULT,
                    each.name,
                    lambda world, given=dict(each.inputs): world.sql(_revoke_default(given), superuser=True),
                )
            )
    for each in _each(graph, kinds.EXTENSION):
        found.append(
            _gone(
                kinds.EXTENSION,
                each.name,
                lambda world, name=each.inputs["name"]: world.sql(f"drop extension {name} cascade", superuser=True),
            )
        )
    return found


def _project_of(each: Any) -> str:
    return each.inputs["projectId"].partition("::")[2].rpartition("::")[2].partition("-project")[0] + f"-{STACK}"


def _remove_policies(world: World) -> None:
    for row in world.github("GET", f"{ENVIRONMENT}/deployment-branch-policies")["branch_policies"]:
        world.github("DELETE", f"{ENVIRONMENT}/deployment-branch-policies/{row['id']}")


def _revoke(given: dict[str, Any]) -> str:
    kind, schema = given["objectType"], given.get("schema")
    what = (
        f"all {kind}s in schema {schema}"
        if kind in {"table", "sequence", "routine"}
        else f"{kind} {schema or given['database']}"
    )
    return f"revoke all on {what} from {given['role']}"


def _revoke_default(given: dict[str, Any]) -> str:
    where = f" in schema {given['schema']}" if given.get("schema") else ""
    return f"alter default privileges for role {given['owner']}{where} revoke all on {given['objectType']}s from {given['role']}"


def _drop_schema(name: str) -> Callable[[World], None]:
    return lambda world: world.sql(f"drop schema {name} cascade", superuser=True)


CONTAINERS = (
    _gone(kinds.PROJECT, "shop-project", lambda world: world.vercel("DELETE", "/v9/projects/shop-prod")),
    _gone(kinds.PROJECT, "admin-project", lambda world: world.vercel("DELETE", "/v9/projects/admin-prod")),
    _gone(kinds.ENVIRONMENT, "delivery-environment", lambda world: world.github("DELETE", ENVIRONMENT)),
    _gone(kinds.SCHEMA, "storefront-schema-shop", _drop_schema("shop")),
    _gone(kinds.SCHEMA, "storefront-schema-backoffice", _drop_schema("backoffice")),
    _gone(kinds.SCHEMA, "storefront-schema-extensions", _drop_schema("extensions")),
    Mutation(
        "changed", kinds.PERMISSIONS, "delivery-actions", "allowedActions",
        lambda world: world.github("PUT", f"{REPO}/actions/permissions", {"enabled": True, "allowed_actions": "all"}),
    ),
)  # fmt: skip

LAST = (
    _gone(kinds.DATABASE, "storefront-database", lambda world: world.sql(
        f"drop database {DATABASE} with (force)", database="postgres", superuser=True)),
    *(
        _gone(kinds.ROLE, f"storefront-{suffix}", lambda world, role=role: world.sql(
            f"drop role {role}", database="postgres", superuser=True))
        for suffix, role in (
            ("shop-g1", f"{DATABASE}_shop_g1"), ("admin-g1", f"{DATABASE}_admin_g1"), ("readonly", f"{DATABASE}_readonly"),
            ("migrator", f"{DATABASE}_migrator"), ("shop-access", f"{DATABASE}_shop"), ("admin-access", f"{DATABASE}_admin"),
            ("owner", OWNER),
        )
    ),
    Mutation(
        "changed", kinds.PERMISSIONS, "delivery-actions", "enabled",
        lambda world: world.github("PUT", f"{REPO}/actions/permissions", {"enabled": False}),
    ),
)  # fmt: skip
