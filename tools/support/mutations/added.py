"""Every kind of object, added next to what is declared; and what belongs to another stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support.mutations.github import seal
from support.mutations.postgres import sql
from support.mutations.world import DATABASE, ENVIRONMENT, ORGANIZATION, OWNER, REPO, REPOSITORY, Mutation, World

if TYPE_CHECKING:
    from collections.abc import Callable


def _new(type_: str, name: str, make: Callable[[World], Any], kind: str = "unmanaged") -> Mutation:
    return Mutation(kind, type_, name, "", make)


def _webhook(world: World) -> None:
    project = world.vercel("GET", "/v9/projects/shop-prod")["id"]
    world.vercel(
        "POST",
        "/v1/webhooks",
        {"url": "https://hook.example", "events": ["deployment.created"], "projectIds": [project]},
    )


def _another_drain(world: World) -> None:
    project = world.vercel("GET", "/v9/projects/shop-prod")["id"]
    world.vercel("POST", "/v1/drains", {
        "name": "by-hand", "projects": "some", "projectIds": [project], "schemas": {"log": {"version": "v1"}},
        "delivery": {"type": "http", "endpoint": "https://by-hand.example", "encoding": "json", "headers": {}},
    })  # fmt: skip


def _another_deployment(world: World) -> None:
    world.vercel("POST", "/v13/deployments", {
        "name": "shop-prod", "target": "production", "meta": {"release": "r99", "commit": "ab" * 20, "config": "0" * 32},
        "gitSource": {"type": "github", "org": "storefront-example", "repo": REPOSITORY, "ref": "ab" * 20},
    })  # fmt: skip


def _alias(world: World) -> None:
    deployment = world.deployment("shop-prod", "r1")
    world.vercel("POST", f"/v2/deployments/{deployment}/aliases", {"alias": "by-hand.storefront.example"})


def _twin(world: World) -> None:
    body = {"key": "SEARCH_RESULTS_LIMIT", "value": "7", "type": "plain", "target": ["preview"]}
    world.vercel("POST", "/v10/projects/shop-prod/env", body)


ADDED = (
    _new(kinds.VARIABLE, "shop-prod/BY_HAND", lambda world: world.vercel(
        "POST", "/v10/projects/shop-prod/env",
        {"key": "BY_HAND", "value": "1", "type": "plain", "target": ["production"]})),
    _new(kinds.VARIABLE, "shop-prod/SEARCH_RESULTS_LIMIT (preview", _twin),
    _new(kinds.DOMAIN, "shop-prod/by-hand.example", lambda world: world.vercel(
        "POST", "/v10/projects/shop-prod/domains", {"name": "by-hand.example"})),
    _new(kinds.BYPASS, "shop-prod", lambda world: world.vercel(
        "PATCH", "/v1/projects/shop-prod/protection-bypass", {"generate": {"secret": "b" * 32}})),
    _new(kinds.CUSTOM_ENVIRONMENT, "shop-prod/by-hand", lambda world: world.vercel(
        "POST", "/v9/projects/shop-prod/custom-environments", {"slug": "by-hand"})),
    _new(kinds.ROLLING_RELEASE, "shop-prod", lambda world: world.vercel(
        "PATCH", "/v1/projects/shop-prod/rolling-release/config",
        {"enabled": True, "advancementType": "manual-approval",
         "stages": [{"targetPercentage": 10, "requireApproval": True}, {"targetPercentage": 100}]})),
    _new(kinds.WEBHOOK, "shop-prod", _webhook),
    _new(kinds.DRAIN, "by-hand", _another_drain),
    _new(kinds.DEPLOYMENT, "shop-prod/r99", _another_deployment),
    _new(kinds.ALIAS, "shop-prod/by-hand.storefront.example", _alias),
    _new(kinds.ENVIRONMENT, "storefront/by-hand", lambda world: world.github("PUT", f"{REPO}/environments/by-hand", {})),
    _new(kinds.POLICY, "storefront/prod/branch:by-hand", lambda world: world.github(
        "POST", f"{ENVIRONMENT}/deployment-branch-policies", {"name": "by-hand"})),
    _new(kinds.POLICY, "storefront/prod/tag:v*", lambda world: world.github(
        "POST", f"{ENVIRONMENT}/deployment-branch-policies", {"name": "v*", "type": "tag"})),
    _new(kinds.SECRET, "storefront/prod/BY_HAND", lambda world: seal(world, "BY_HAND")),
    _new(kinds.GITHUB_VARIABLE, "storefront/prod/BY_HAND", lambda world: world.github(
        "POST", f"{ENVIRONMENT}/variables", {"name": "BY_HAND", "value": "1"})),
    _new(kinds.RULESET, "storefront/by-hand", lambda world: world.github(
        "POST", f"{REPO}/rulesets", {"name": "by-hand", "target": "branch", "enforcement": "active", "rules": []})),
    sql("unmanaged", kinds.ROLE, f"{DATABASE}_by_hand", "", f"create role {DATABASE}_by_hand"),
    sql("unmanaged", "postgresql:index/grantRole:GrantRole", "by_hand in storefront_prod_owner", "",
         "create role by_hand", f"grant {OWNER} to by_hand", superuser=True),
    sql("unmanaged", kinds.GRANT, "by_hand on table shop.items", "", "grant select on shop.items to by_hand", superuser=True),
    sql("unmanaged", kinds.GRANT, "by_hand on column shop.items.name", "", "grant update (name) on shop.items to by_hand", superuser=True),
    sql("unmanaged", kinds.GRANT, f"by_hand on database {DATABASE}", "", f"grant connect on database {DATABASE} to by_hand", superuser=True),
    sql("unmanaged", kinds.GRANT, "by_hand on schema shop", "", "grant usage on schema shop to by_hand", superuser=True),
    sql("unmanaged", kinds.GRANT, "public on routine shop.one()", "", "grant execute on function shop.one() to public", superuser=True),
    sql("unmanaged", kinds.GRANT, "by_hand on type shop.colour", "", "grant usage on type shop.colour to by_hand", superuser=True),
    sql("unmanaged", kinds.GRANT, "by_hand on language plpgsql", "", "grant usage on language plpgsql to by_hand", superuser=True),
    sql("unmanaged", kinds.DEFAULT, f"by_hand on tables that {OWNER} will create in shop", "",
         f"alter default privileges for role {OWNER} in schema shop grant select on tables to by_hand", superuser=True),
    sql("unmanaged", kinds.DEFAULT, "by_hand on tables that parity_admin will create", "",
         "alter default privileges for role parity_admin grant select on tables to by_hand", superuser=True),
    sql("unmanaged", kinds.SCHEMA, f"{DATABASE}/by_hand", "", "create schema by_hand", superuser=True),
    sql("unmanaged", "postgresql:table", f"{DATABASE}/table/public/by_hand", "", "create table public.by_hand (id int)", superuser=True),
    sql("unmanaged", "postgresql:routine", f"{DATABASE}/routine/extensions/by_hand()", "",
         "create function extensions.by_hand() returns int language sql as 'select 1'", superuser=True),
    sql("unmanaged", "postgresql:index/publication:Publication", f"{DATABASE}/by_hand", "", "create publication by_hand", superuser=True),
    sql("unmanaged", "postgresql:foreign data wrapper", f"{DATABASE}/by_hand", "", "create foreign data wrapper by_hand", superuser=True),
    sql("unmanaged", "postgresql:index/server:Server", f"{DATABASE}/by_hand_server", "",
         "create server by_hand_server foreign data wrapper by_hand", superuser=True),
    sql("unmanaged", "postgresql:index/userMapping:UserMapping", f"{DATABASE}/by_hand_server for by_hand", "",
         "create user mapping for by_hand server by_hand_server", superuser=True),
    sql("unmanaged", "postgresql:large object", DATABASE, "", "select lo_create(4242)", superuser=True),
    sql("unmanaged", "postgresql:event trigger", f"{DATABASE}/by_hand", "",
         "create function public.by_hand_event() returns event_trigger language plpgsql as 'begin end'",
         "create event trigger by_hand on sql_drop execute function public.by_hand_event()", superuser=True),
    sql("cross-stack", kinds.GRANT, "storefront_staging_readonly on table shop.items", "",
         "grant select on shop.items to storefront_staging_readonly", superuser=True),
    sql("cross-stack", "postgresql:index/grantRole:GrantRole", "storefront_staging_shop_g1 in storefront_prod_shop", "",
         "grant storefront_prod_shop to storefront_staging_shop_g1", superuser=True),
)  # fmt: skip


RIGHTS = (
    sql("unmanaged", "postgresql:row level security", f"{DATABASE}/row level security/shop/items", "",
        "alter table shop.items enable row level security", superuser=True),
    sql("unmanaged", "postgresql:forced row level security", f"{DATABASE}/forced row level security/shop/items", "",
        "alter table shop.items force row level security", superuser=True),
    sql("unmanaged", "postgresql:policy", f"{DATABASE}/policy/shop/items.by_hand", "",
        "create policy by_hand on shop.items using (false)", superuser=True),
    sql("unmanaged", "postgresql:security definer", f"{DATABASE}/security definer/shop/one()", "",
        "alter function shop.one() security definer", superuser=True),
    sql("unmanaged", "postgresql:trigger", f"{DATABASE}/trigger/shop/items.by_hand", "",
        "create function shop.by_hand_trigger() returns trigger language plpgsql as 'begin return null; end'",
        "alter function shop.by_hand_trigger() owner to storefront_prod_owner",
        "revoke all on function shop.by_hand_trigger() from public",
        "grant execute on function shop.by_hand_trigger() to storefront_prod_shop, storefront_prod_admin",
        "create trigger by_hand before insert on shop.items for each row execute function shop.by_hand_trigger()",
        superuser=True),
    sql("unmanaged", "postgresql:rule", f"{DATABASE}/rule/shop/more.by_hand", "",
        "create rule by_hand as on insert to shop.more do instead nothing", superuser=True),
    sql("unmanaged", "postgresql:administrator", "mallory", "", "create role mallory login superuser", superuser=True),
    sql("unmanaged", "postgresql:administrator", "creator", "", "create role creator login createrole bypassrls", superuser=True),
    sql("unmanaged", "postgresql:administrator", "member as power", "",
        "create role power superuser", "create role member login", "grant power to member", superuser=True),
    sql("unmanaged", "postgresql:index/grantRole:GrantRole", "keeper in storefront_prod_owner", "",
        "create role keeper login", f"grant {OWNER} to keeper with admin option, inherit false, set false", superuser=True),
    sql("unmanaged", "postgresql:predefined role", "mallory in pg_read_all_data", "", "grant pg_read_all_data to mallory", superuser=True),
    sql("unmanaged", "postgresql:parameter", "mallory on work_mem", "", "grant alter system on parameter work_mem to mallory", superuser=True),
    sql("unmanaged", "postgresql:setting of every role", "lock_timeout", "", "alter role all set lock_timeout = '7s'", superuser=True),
    sql("unmanaged", kinds.DATABASE, "by_hand_database", "",
        "create database by_hand_database", f"alter database by_hand_database owner to {OWNER}", superuser=True),
    sql("changed", "postgresql:operator", "===", "owner",
        "create operator shop.=== (leftarg = int, rightarg = int, function = int4eq)", superuser=True),
    sql("changed", "postgresql:collation", "by_hand", "owner", "create collation shop.by_hand (locale = 'C')", superuser=True),
    sql("unmanaged", "postgresql:collation", f"{DATABASE}/collation/public/by_hand", "",
        "create collation public.by_hand (locale = 'C')", superuser=True),
    sql("changed", "postgresql:type", "shop/colour", "everyone's privileges", "revoke usage on type shop.colour from public", superuser=True),
    sql("changed", "postgresql:language", "plpgsql", "everyone's privileges", "revoke usage on language plpgsql from public", superuser=True),
    sql("unmanaged", "postgresql:cast", f"{DATABASE}/(colour as int4)", "",
        "create function shop.by_hand_cast(shop.colour) returns int language sql as 'select 1'",
        "alter function shop.by_hand_cast(shop.colour) owner to storefront_prod_owner",
        "revoke all on function shop.by_hand_cast(shop.colour) from public",
        "grant execute on function shop.by_hand_cast(shop.colour) to storefront_prod_shop, storefront_prod_admin",
        "create cast (shop.colour as int) with function shop.by_hand_cast(shop.colour)", superuser=True),
    sql("unmanaged", kinds.GRANT, "mallory on routine pg_catalog.pg_read_file", "",
        "grant execute on function pg_read_file(text) to mallory", superuser=True),
    sql("unmanaged", "postgresql:routine", f"{DATABASE}/routine/pg_catalog/by_hand_system()", "",
        "create function pg_catalog.by_hand_system() returns int language sql as 'select 1'",
        "revoke all on function pg_catalog.by_hand_system() from public", superuser=True),
    sql("unmanaged", "postgresql:untrusted routine", f"{DATABASE}/untrusted routine/shop/by_hand_internal()", "",
        "create function shop.by_hand_internal() returns int language internal as 'pg_backend_pid'",
        "alter function shop.by_hand_internal() owner to storefront_prod_owner",
        "revoke all on function shop.by_hand_internal() from public",
        "grant execute on function shop.by_hand_internal() to storefront_prod_shop, storefront_prod_admin", superuser=True),
    sql("unmanaged", "postgresql:language", f"{DATABASE}/by_hand", "",
        "create language by_hand handler plpgsql_call_handler", superuser=True),
    sql("unmanaged", "postgresql:access method", f"{DATABASE}/by_hand", "",
        "create access method by_hand type table handler heap_tableam_handler", superuser=True),
    sql("unmanaged", "postgresql:index/subscription:Subscription", f"{DATABASE}/by_hand", "",
        "create subscription by_hand connection 'host=127.0.0.1' publication x with (connect = false, slot_name = none)", superuser=True),
)  # fmt: skip
"""What confers rights or runs code in PostgreSQL and no provider has a resource for."""

REPOSITORY_WIDE = (
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "defaultWorkflowPermissions", lambda world: world.github(
        "PUT", f"{REPO}/actions/permissions/workflow",
        {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True})),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "canApprovePullRequestReviews", lambda _: None),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "accessLevel", lambda world: (
        world.github("PATCH", REPO, {"visibility": "private"}),
        world.github("PUT", f"{REPO}/actions/permissions/access", {"access_level": "organization"}))),
    _new(kinds.COLLABORATOR, "storefront/parity-sandbox", lambda world: world.github(
        "PUT", f"{REPO}/collaborators/parity-sandbox", {"permission": "admin"})),
    _new(kinds.TEAM_ACCESS, "storefront/platform", lambda world: world.github(
        "PUT", "/orgs/storefront-example/teams/platform/repos/storefront-example/storefront", {"permission": "admin"})),
    _new(kinds.REPOSITORY_SECRET, "storefront/VERCEL_API_TOKEN", lambda world: seal(world, "VERCEL_API_TOKEN", f"{REPO}/actions")),
    _new(kinds.REPOSITORY_VARIABLE, "storefront/PGHOST", lambda world: world.github(
        "POST", f"{REPO}/actions/variables", {"name": "PGHOST", "value": "elsewhere.example"})),
    _new(kinds.ENVIRONMENT, "storefront/prod-by-hand", lambda world: world.github("PUT", f"{REPO}/environments/prod-by-hand", {})),
    Mutation("changed", kinds.GITHUB_VARIABLE, "storefront/prod/PGSSLMODE", "value", lambda world: world.github(
        "POST", f"{ENVIRONMENT}/variables", {"name": "PGSSLMODE", "value": "disable"})),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "forks.runWorkflows", lambda world: world.github(
        "PUT", f"{REPO}/actions/permissions/fork-pr-workflows-private-repos",
        {"run_workflows_from_fork_pull_requests": True, "send_write_tokens_to_workflows": True, "send_secrets_and_variables": True})),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "forks.sendWriteTokens", lambda _: None),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "forks.sendSecrets", lambda _: None),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "oidcSubject.useDefault", lambda world: world.github(
        "PUT", f"{REPO}/actions/oidc/customization/sub", {"use_default": False, "include_claim_keys": ["repo"]})),
    _new(kinds.RUNNER, "storefront/by-hand", lambda world: world.github(
        "POST", f"{REPO}/actions/runners/generate-jitconfig",
        {"name": "by-hand", "runner_group_id": 1, "labels": ["ubuntu-latest"]})),
    _new(kinds.DEFAULT_BRANCH, "storefront/by-hand", lambda world: (
        world.github("POST", f"{REPO}/git/refs", {"ref": "refs/heads/by-hand", "sha": world.github("GET", f"{REPO}/commits/main")["sha"]}),
        world.github("PATCH", REPO, {"default_branch": "by-hand"}))),
    _new(kinds.DEPLOY_KEY, "storefront/by hand", lambda world: world.github(
        "POST", f"{REPO}/keys", {"title": "by hand", "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIByHand"})),
    _new(kinds.REPOSITORY_WEBHOOK, "storefront/by-hand.example", lambda world: world.github(
        "POST", f"{REPO}/hooks", {"config": {"url": "https://by-hand.example/in?token=hush", "insecure_ssl": "1"}})),
    _new(kinds.ORGANIZATION_SECRET, "storefront/SHARED_BY_HAND", lambda world: seal(
        world, "SHARED_BY_HAND", f"{ORGANIZATION}/actions", visibility="all")),
    _new(kinds.ORGANIZATION_VARIABLE, "storefront/SHARED_BY_HAND", lambda world: world.github(
        "POST", f"{ORGANIZATION}/actions/variables", {"name": "SHARED_BY_HAND", "value": "1", "visibility": "all"})),
)  # fmt: skip
"""Ways to production through the repository itself."""

CROSS_STACK = (
    Mutation(
        "cross-stack", kinds.VARIABLE, "shop-variable-NEXT_PUBLIC_BASE_URL", "value",
        lambda world: world.vercel("PATCH", f"/v9/projects/shop-prod/env/{world.variable('shop-prod', 'NEXT_PUBLIC_BASE_URL')}",
                                   {"value": "https://shop.staging.storefront.example"}),
    ),
    Mutation(
        "cross-stack", kinds.VARIABLE, "shop-prod/BY_HAND", "value",
        lambda world: world.vercel("POST", "/v10/projects/shop-prod/env", {
            "key": "BY_HAND", "type": "encrypted", "target": ["production"],
            "value": "postgresql://storefront_staging_shop_g1:pw@db.staging.storefront.example/storefront_staging"}),
    ),
    Mutation(
        "cross-stack", kinds.GITHUB_VARIABLE, "delivery-variable-DATABASE_NAME_STOREFRONT", "value",
        lambda world: world.github("PATCH", f"{ENVIRONMENT}/variables/DATABASE_NAME_STOREFRONT", {"value": "storefront_staging"}),
    ),
)  # fmt: skip
