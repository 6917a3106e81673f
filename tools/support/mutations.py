"""Every way in which what is there may come to differ from what was declared, made through the vendors' own interfaces.

What there is to change is not the detector's list: it comes from the providers' own classes (each property of each
resource that the program declares), from GitHub's and Vercel's descriptions of what may be written, and from the
columns of PostgreSQL's catalogues. What none of these can change in place stands in a table with the reason, and a test
holds that nothing is in neither.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
from nacl.encoding import Base64Encoder
from nacl.public import PublicKey, SealedBox

from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from support.program import Instance

STACK = "prod"
DATABASE = "storefront_prod"
OWNER = "storefront_prod_owner"
REPOSITORY = "storefront"
REPO = "/repos/storefront-example/storefront"
ENVIRONMENT = f"{REPO}/environments/{STACK}"
RULESET_NAME = "parity-main"


@dataclass
class World:
    """The vendors of a running sandbox, as an administrator reaches them."""

    instance: Instance
    ids: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self._environment = self.instance.environment()
        common: dict[str, Any] = {
            "proxy": self._environment["HTTPS_PROXY"],
            "verify": self._environment["SSL_CERT_FILE"],
            "timeout": 60,
        }
        tokens = {name: self._environment[name] for name in ("VERCEL_API_TOKEN", "GITHUB_TOKEN")}
        self._vercel = httpx.Client(
            base_url="https://api.vercel.com",
            headers={"authorization": f"Bearer {tokens['VERCEL_API_TOKEN']}"},
            params={"slug": "storefront"},
            **common,
        )
        self._github = httpx.Client(
            base_url="https://api.github.com",
            headers={"authorization": f"Bearer {tokens['GITHUB_TOKEN']}"},
            **common,
        )

    def vercel(self, method: str, path: str, body: Any = None) -> Any:
        return self._send(self._vercel, method, path, body)

    def github(self, method: str, path: str, body: Any = None) -> Any:
        return self._send(self._github, method, path, body)

    @staticmethod
    def _send(client: httpx.Client, method: str, path: str, body: Any) -> Any:
        answer = client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sql(self, *statements: str, database: str = DATABASE, superuser: bool = False, role: str = "") -> None:
        credentials = json.loads((self.instance.local.directory / "credentials.json").read_text())
        user = "postgres" if superuser else self._environment["PGUSER"]
        password = credentials["postgres_superuser"] if superuser else self._environment["PGPASSWORD"]
        with psycopg.connect(
            host=self._environment["PGHOST"],
            port=self._environment["PGPORT"],
            user=user,
            password=password,
            dbname=database,
            autocommit=True,
        ) as connection:
            if role:
                connection.execute(f"set role {role}")  # pyright: ignore[reportArgumentType]
            for statement in statements:
                connection.execute(statement)  # pyright: ignore[reportArgumentType]

    def variable(self, project: str, key: str) -> str:
        """Vercel's id of a variable."""
        rows = self.vercel("GET", f"/v9/projects/{project}/env")["envs"]
        return next(row["id"] for row in rows if row["key"] == key)

    def deployment(self, project: str, release: str) -> str:
        """Vercel's id of a release's deployment."""
        own = self.vercel("GET", f"/v9/projects/{project}")["id"]
        rows = self.vercel("GET", "/v6/deployments")["deployments"]
        return next(row["uid"] for row in rows if row["projectId"] == own and row["meta"].get("release") == release)

    def drain(self) -> dict[str, Any]:
        """The stack's log drain."""
        rows = self.vercel("GET", "/v1/drains")["drains"]
        return next(row for row in rows if row["name"] == f"storefront-{STACK}")

    def ruleset(self) -> dict[str, Any]:
        """The repository's ruleset."""
        rows = self.github("GET", f"{REPO}/rulesets")
        number = next(row["id"] for row in rows if row["name"] == RULESET_NAME)
        return self.github("GET", f"{REPO}/rulesets/{number}")

    def with_rules(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the ruleset's rules, by type."""
        found = self.ruleset()
        rules = {rule["type"]: rule for rule in found["rules"]}
        change(rules)
        self.github("PUT", f"{REPO}/rulesets/{found['id']}", {"rules": list(rules.values())})


@dataclass(frozen=True)
class Mutation:
    """One difference, made by hand."""

    kind: str
    """The class of findings that must report it: `changed`, `missing`, `unmanaged`, `cross-stack`."""
    type: str
    """The type of the finding."""
    name: str
    """Held in the finding's name."""
    path: str
    """How the finding's property begins; empty for all of the object."""
    make: Callable[[World], Any] = field(repr=False)
    of: str = ""
    """The provider's property that is changed, where the denominator has it; by default the path's first part."""
    also: tuple[str, ...] = ()
    """Other kinds that report it as well."""

    @property
    def label(self) -> str:
        return f"{self.kind} {self.type.split(':')[-1]} {self.name} {self.path}".strip()

    @property
    def vendor(self) -> str:
        return {"vercel": "Vercel", "parity": "Vercel", "github": "GitHub"}.get(self.type.split(":")[0], "PostgreSQL")


# --- Vercel -----------------------------------------------------------------------------------------------------------


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
    _project("trustedSources", {"trustedSources": {"projects": ["other"]}}),
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

    return Mutation("changed", kinds.DOMAIN, f"shop-domain-{name}", path, make)


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
        "changed", kinds.DOMAIN, "admin-domain-admin.storefront.example", "gitBranch",
        lambda world: world.vercel("PATCH", "/v9/projects/admin-prod/domains/admin.storefront.example", {"gitBranch": "next"}),
    ),
)  # fmt: skip


# --- GitHub -----------------------------------------------------------------------------------------------------------


def _environment(path: str, body: dict[str, Any]) -> Mutation:
    def make(world: World) -> Any:
        found = world.github("GET", ENVIRONMENT)
        review = next((each for each in found["protection_rules"] if each["type"] == "required_reviewers"), {})
        wait = next((each for each in found["protection_rules"] if each["type"] == "wait_timer"), {})
        reviewers = [{"type": each["type"], "id": each["reviewer"]["id"]} for each in review.get("reviewers", [])]
        environment = {
            "wait_timer": wait.get("wait_timer", 0),
            "prevent_self_review": review.get("prevent_self_review", False),
            "can_admins_bypass": found["can_admins_bypass"],
            "reviewers": reviewers,
            "deployment_branch_policy": found["deployment_branch_policy"],
        }
        return world.github("PUT", ENVIRONMENT, {**environment, **body})

    return Mutation("changed", kinds.ENVIRONMENT, "delivery-environment", path, make)


def _rule(path: str, change: Callable[[dict[str, Any]], None]) -> Mutation:
    return Mutation("changed", kinds.RULESET, "delivery-ruleset", path, lambda world: world.with_rules(change))


def _set(kind: str, **parameters: Any) -> Callable[[dict[str, Any]], None]:
    def change(rules: dict[str, Any]) -> None:
        old = rules.get(kind, {}).get("parameters", {})
        rules[kind] = {"type": kind, "parameters": {**old, **parameters}} if parameters else {"type": kind}

    return change


_PATTERN = {"operator": "starts_with", "pattern": "x"}
_QUEUE = {
    "check_response_timeout_minutes": 10, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
    "max_entries_to_merge": 5, "merge_method": "MERGE", "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}  # fmt: skip
_TOOLS = [{"tool": "CodeQL", "alerts_threshold": "errors", "security_alerts_threshold": "all"}]


def _ruleset(path: str, body: dict[str, Any]) -> Mutation:
    def make(world: World) -> Any:
        return world.github("PUT", f"{REPO}/rulesets/{world.ruleset()['id']}", body)

    return Mutation("changed", kinds.RULESET, "delivery-ruleset", path, make)


def _seal(world: World, name: str) -> None:
    """Write a secret as `gh secret set` does."""
    key = world.github("GET", f"{ENVIRONMENT}/secrets/public-key")
    sealed = b64encode(SealedBox(PublicKey(key["key"].encode(), Base64Encoder)).encrypt(b"by hand")).decode()
    world.github("PUT", f"{ENVIRONMENT}/secrets/{name}", {"encrypted_value": sealed, "key_id": key["key_id"]})


def _reseal(world: World) -> None:
    """Write the declared secret again; GitHub's times have no fractions of a second, so it is written until the time is another."""
    name = "MIGRATOR_DATABASE_URL_STOREFRONT"
    before = world.github("GET", f"{ENVIRONMENT}/secrets/{name}")["updated_at"]
    while world.github("GET", f"{ENVIRONMENT}/secrets/{name}")["updated_at"] == before:
        _seal(world, name)


GITHUB = (
    _environment("canAdminsBypass", {"can_admins_bypass": True}),
    _environment("preventSelfReview", {"prevent_self_review": False}),
    _environment("waitTimer", {"wait_timer": 30}),
    _environment("deploymentBranchPolicy", {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}),
    _environment("reviewers", {"reviewers": []}),
    Mutation("changed", kinds.SECRET, "MIGRATOR_DATABASE_URL_STOREFRONT", "value", _reseal),
    Mutation(
        "changed", kinds.GITHUB_VARIABLE, "delivery-variable-LIVE_URL_SHOP", "value",
        lambda world: world.github("PATCH", f"{ENVIRONMENT}/variables/LIVE_URL_SHOP", {"value": "https://elsewhere.example"}),
    ),
    _ruleset("enforcement", {"enforcement": "disabled"}),
    _ruleset("conditions.refName.excludes", {"conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": ["refs/heads/x"]}}}),
    _ruleset("bypassActors", {"bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]}),
    _rule("rules.creation", _set("creation")),
    _rule("rules.deletion", lambda rules: rules.pop("deletion")),
    _rule("rules.nonFastForward", lambda rules: rules.pop("non_fast_forward")),
    _rule("rules.update", _set("update")),
    _rule("rules.requiredLinearHistory", _set("required_linear_history")),
    _rule("rules.requiredSignatures", _set("required_signatures")),
    _rule("rules.branchNamePattern", _set("branch_name_pattern", **_PATTERN)),
    _rule("rules.commitAuthorEmailPattern", _set("commit_author_email_pattern", **_PATTERN)),
    _rule("rules.commitMessagePattern", _set("commit_message_pattern", **_PATTERN)),
    _rule("rules.committerEmailPattern", _set("committer_email_pattern", **_PATTERN)),
    _rule("rules.copilotCodeReview", _set("copilot_code_review", review_on_push=True)),
    _rule("rules.mergeQueue", _set("merge_queue", **_QUEUE)),
    _rule("rules.requiredCodeScanning", _set("code_scanning", code_scanning_tools=_TOOLS)),
    _rule("rules.requiredDeployments", _set("required_deployments", required_deployment_environments=["prod"])),
    _rule("rules.pullRequest.requiredApprovingReviewCount", _set("pull_request", required_approving_review_count=0)),
    _rule("rules.pullRequest.dismissStaleReviewsOnPush", _set("pull_request", dismiss_stale_reviews_on_push=False)),
    _rule("rules.pullRequest.requireLastPushApproval", _set("pull_request", require_last_push_approval=False)),
    _rule("rules.pullRequest.requireCodeOwnerReview", _set("pull_request", require_code_owner_review=True)),
    _rule("rules.pullRequest.requiredReviewThreadResolution", _set("pull_request", required_review_thread_resolution=True)),
    _rule("rules.pullRequest.allowedMergeMethods", _set("pull_request", allowed_merge_methods=["squash"])),
    _rule("rules.requiredStatusChecks.requiredChecks", _set("required_status_checks", required_status_checks=[{"context": "test"}])),
    _rule("rules.requiredStatusChecks.strictRequiredStatusChecksPolicy", _set("required_status_checks", strict_required_status_checks_policy=False)),
    _rule("rules.requiredStatusChecks.doNotEnforceOnCreate", _set("required_status_checks", do_not_enforce_on_create=True)),
    _rule("rules.workflows", _set("workflows", workflows=[{"path": ".github/workflows/ci.yml", "repository_id": 1}])),
    Mutation(
        "changed", kinds.PERMISSIONS, "delivery-actions", "allowedActionsConfig.verifiedAllowed",
        lambda world: world.github("PUT", f"{REPO}/actions/permissions/selected-actions",
                                   {"verified_allowed": True, "github_owned_allowed": False, "patterns_allowed": ["*"]}),
    ),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "allowedActionsConfig.githubOwnedAllowed", lambda _: None),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "allowedActionsConfig.patternsAlloweds", lambda _: None),
)  # fmt: skip


# --- PostgreSQL -------------------------------------------------------------------------------------------------------

MIGRATION = (
    "create table if not exists shop.items (id serial primary key, name text)",
    "create table if not exists shop.more (id int)",
    "create or replace function shop.one() returns int language sql as 'select 1'",
    "create table if not exists backoffice.staff (id serial primary key)",
    "create or replace function backoffice.one() returns int language sql as 'select 1'",
    "do $$ begin create type shop.colour as enum ('red'); exception when duplicate_object then null; end $$",
)
"""What a migration made before anybody changed anything."""


def _sql(kind: str, type_: str, name: str, path: str, *statements: str, **how: Any) -> Mutation:
    of, also = str(how.pop("of", "")), tuple(how.pop("also", ()))
    return Mutation(kind, type_, name, path, lambda world: world.sql(*statements, **how), of, also)


_G1 = "storefront_prod_shop_g1"


def _role(path: str, clause: str, **how: Any) -> Mutation:
    how.setdefault("superuser", True)
    return _sql("changed", kinds.ROLE, "storefront-shop-g1", path, f"alter role {_G1} {clause}", **how)


POSTGRES = (
    _role("superuser", "superuser"),
    _role("createDatabase", "createdb"),
    _role("createRole", "createrole"),
    _role("replication", "replication"),
    _role("bypassRowLevelSecurity", "bypassrls"),
    _role("inherit", "noinherit"),
    _role("connectionLimit", "connection limit 3"),
    _role("validUntil", "valid until '2030-01-01'"),
    _role("searchPaths", "set search_path = elsewhere"),
    _role("statementTimeout", "set statement_timeout = '5s'"),
    _role("idleInTransactionSessionTimeout", "set idle_in_transaction_session_timeout = '1h'"),
    _role("assumeRole", f"set role = {OWNER}"),
    _role("setting.work_mem", "set work_mem = '1GB'"),
    _role("setting.lock_timeout in storefront_prod", f"in database {DATABASE} set lock_timeout = '1s'"),
    _sql("changed", kinds.ROLE, "storefront-admin-g1", "password", "alter role storefront_prod_admin_g1 password 'by hand'", superuser=True),
    _sql("changed", kinds.ROLE, "storefront-readonly", "login", "alter role storefront_prod_readonly nologin", superuser=True),
    _sql("changed", kinds.ROLE, "storefront-owner", "login", f"alter role {OWNER} login", superuser=True),
    _sql("changed", kinds.ROLE, "storefront-admin-g1", "roles", f"grant {OWNER} to storefront_prod_admin_g1", superuser=True),
    _sql("changed", kinds.ROLE, "storefront-migrator", "roles.storefront_prod_owner", f"grant {OWNER} to storefront_prod_migrator with admin option", superuser=True),
    _sql("changed", kinds.DATABASE, "storefront-database", "connectionLimit", f"alter database {DATABASE} connection limit 3", superuser=True),
    _sql("changed", kinds.DATABASE, "storefront-database", "isTemplate", f"alter database {DATABASE} is_template true", superuser=True),
    _sql("changed", kinds.DATABASE, "storefront-database", "owner", f"alter database {DATABASE} owner to postgres", superuser=True),
    _sql("changed", kinds.DATABASE, "storefront-database", "setting.work_mem", f"alter database {DATABASE} set work_mem = '1GB'", superuser=True),
    _sql("changed", kinds.SCHEMA, "storefront-schema-backoffice", "owner", "alter schema backoffice owner to parity_admin", superuser=True),
    _sql("changed", kinds.EXTENSION, "storefront-extension-vector", "schema", "alter extension vector set schema public", superuser=True),
    _sql("changed", kinds.EXTENSION, "storefront-extension-vector", "version", "update pg_extension set extversion = '0.0.1' where extname = 'vector'", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-shop-database", "privileges", f"grant temporary on database {DATABASE} to storefront_prod_shop", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-public-database", "privileges", f"grant connect on database {DATABASE} to public", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-public-schema", "privileges", "grant create on schema public to public", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-shop-shop", "privileges", "grant create on schema shop to storefront_prod_shop", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-shop-shop-table", "privileges", "revoke update on shop.items from storefront_prod_shop", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-readonly-shop-table", "privileges", "grant delete on shop.more to storefront_prod_readonly", superuser=True),
    _sql("changed", kinds.GRANT, "storefront-grant-shop-shop-sequence", "privileges", "revoke usage on sequence shop.items_id_seq from storefront_prod_shop", superuser=True),
    _sql("missing", kinds.GRANT, "storefront-grant-shop-shop-routine", "", "revoke execute on function shop.one() from storefront_prod_shop", superuser=True, of="privileges"),
    _sql("changed", kinds.GRANT, "storefront-grant-admin-shop-table", "withGrantOption", "grant select on shop.items to storefront_prod_admin with grant option", superuser=True),
    _sql("changed", kinds.DEFAULT, "storefront-grant-shop-shop-default-table", "privileges", f"alter default privileges for role {OWNER} in schema shop revoke update on tables from storefront_prod_shop", superuser=True),
    _sql("changed", kinds.DEFAULT, "storefront-grant-public-default-routine", "privileges", f"alter default privileges for role {OWNER} grant execute on routines to public", superuser=True),
    _sql("changed", kinds.DEFAULT, "storefront-grant-admin-shop-default-table", "withGrantOption", f"alter default privileges for role {OWNER} in schema shop grant select on tables to storefront_prod_admin with grant option", superuser=True),
    _sql("changed", "postgresql:table", "shop/more", "owner", "alter table shop.more owner to parity_admin", superuser=True),
    _sql("changed", "postgresql:table", "shop/items", "owner's privileges", f"revoke insert on shop.items from {OWNER}", superuser=True),
)  # fmt: skip

CHANGED = (*PROJECT, *VARIABLES, *REST, *GITHUB, *POSTGRES)

SWITCHED = (
    Mutation(
        "changed", kinds.LIVE, "shop-live", "deploymentId", lambda world: _promote_another(world),  # noqa: PLW0108 - below
    ),
    Mutation("changed", kinds.LIVE, "shop-live", "release", lambda _: None),
    Mutation("changed", kinds.LIVE, "shop-live", "commit", lambda _: None),
)  # fmt: skip
"""What another promotion changes."""


def _promote_another(world: World) -> None:
    """Deploy a commit by hand, wait for its build, and make it live."""
    body = {
        "name": "shop-prod", "target": "production",
        "gitSource": {"type": "github", "org": "storefront-example", "repo": REPOSITORY, "ref": "5a" * 20},
    }  # fmt: skip
    made = world.vercel("POST", "/v13/deployments", body)
    while world.vercel("GET", f"/v13/deployments/{made['id']}")["readyState"] != "READY":
        pass
    project = world.vercel("GET", "/v9/projects/shop-prod")["id"]
    world.vercel("POST", f"/v10/projects/{project}/promote/{made['id']}", {})
    while world.vercel("GET", "/v9/projects/shop-prod")["targets"]["production"]["id"] != made["id"]:
        pass


# --- What is removed --------------------------------------------------------------------------------------------------


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


# --- What is added ----------------------------------------------------------------------------------------------------


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
    _new(kinds.SECRET, "storefront/prod/BY_HAND", lambda world: _seal(world, "BY_HAND")),
    _new(kinds.GITHUB_VARIABLE, "storefront/prod/BY_HAND", lambda world: world.github(
        "POST", f"{ENVIRONMENT}/variables", {"name": "BY_HAND", "value": "1"})),
    _new(kinds.RULESET, "storefront/by-hand", lambda world: world.github(
        "POST", f"{REPO}/rulesets", {"name": "by-hand", "target": "branch", "enforcement": "active", "rules": []})),
    _sql("unmanaged", kinds.ROLE, f"{DATABASE}_by_hand", "", f"create role {DATABASE}_by_hand"),
    _sql("unmanaged", "postgresql:index/grantRole:GrantRole", "by_hand in storefront_prod_owner", "",
         "create role by_hand", f"grant {OWNER} to by_hand", superuser=True),
    _sql("unmanaged", kinds.GRANT, "by_hand on table shop.items", "", "grant select on shop.items to by_hand", superuser=True),
    _sql("unmanaged", kinds.GRANT, "by_hand on column shop.items.name", "", "grant update (name) on shop.items to by_hand", superuser=True),
    _sql("unmanaged", kinds.GRANT, f"by_hand on database {DATABASE}", "", f"grant connect on database {DATABASE} to by_hand", superuser=True),
    _sql("unmanaged", kinds.GRANT, "by_hand on schema shop", "", "grant usage on schema shop to by_hand", superuser=True),
    _sql("unmanaged", kinds.GRANT, "public on routine shop.one()", "", "grant execute on function shop.one() to public", superuser=True),
    _sql("unmanaged", kinds.GRANT, "by_hand on type shop.colour", "", "grant usage on type shop.colour to by_hand", superuser=True),
    _sql("unmanaged", kinds.GRANT, "by_hand on language plpgsql", "", "grant usage on language plpgsql to by_hand", superuser=True),
    _sql("unmanaged", kinds.DEFAULT, f"by_hand on tables that {OWNER} will create in shop", "",
         f"alter default privileges for role {OWNER} in schema shop grant select on tables to by_hand", superuser=True),
    _sql("unmanaged", kinds.DEFAULT, "by_hand on tables that parity_admin will create", "",
         "alter default privileges for role parity_admin grant select on tables to by_hand", superuser=True),
    _sql("unmanaged", kinds.SCHEMA, f"{DATABASE}/by_hand", "", "create schema by_hand", superuser=True),
    _sql("unmanaged", "postgresql:table", f"{DATABASE}/table/public/by_hand", "", "create table public.by_hand (id int)", superuser=True),
    _sql("unmanaged", "postgresql:routine", f"{DATABASE}/routine/extensions/by_hand()", "",
         "create function extensions.by_hand() returns int language sql as 'select 1'", superuser=True),
    _sql("unmanaged", "postgresql:index/publication:Publication", f"{DATABASE}/by_hand", "", "create publication by_hand", superuser=True),
    _sql("unmanaged", "postgresql:foreign data wrapper", f"{DATABASE}/by_hand", "", "create foreign data wrapper by_hand", superuser=True),
    _sql("unmanaged", "postgresql:index/server:Server", f"{DATABASE}/by_hand_server", "",
         "create server by_hand_server foreign data wrapper by_hand", superuser=True),
    _sql("unmanaged", "postgresql:index/userMapping:UserMapping", f"{DATABASE}/by_hand_server for by_hand", "",
         "create user mapping for by_hand server by_hand_server", superuser=True),
    _sql("unmanaged", "postgresql:large object", DATABASE, "", "select lo_create(4242)", superuser=True),
    _sql("unmanaged", "postgresql:event trigger", f"{DATABASE}/by_hand", "",
         "create function public.by_hand_event() returns event_trigger language plpgsql as 'begin end'",
         "create event trigger by_hand on sql_drop execute function public.by_hand_event()", superuser=True),
    _sql("cross-stack", kinds.GRANT, "storefront_staging_readonly on table shop.items", "",
         "grant select on shop.items to storefront_staging_readonly", superuser=True),
    _sql("cross-stack", "postgresql:index/grantRole:GrantRole", "storefront_staging_shop_g1 in storefront_prod_shop", "",
         "grant storefront_prod_shop to storefront_staging_shop_g1", superuser=True),
)  # fmt: skip


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
