"""What there is to change is generated: nothing of a resource class or a vendor's description is left untried."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi_github as github
import pulumi_postgresql as postgresql
import pulumiverse_vercel as vercel
import pytest

from parity.resources import kinds
from support import mutations
from support.paths import DATA, ROOT

CLASSES: dict[str, Any] = {
    kinds.PROJECT: vercel.ProjectArgs,
    kinds.VARIABLE: vercel.ProjectEnvironmentVariableArgs,
    kinds.DOMAIN: vercel.ProjectDomainArgs,
    kinds.RETENTION: vercel.ProjectDeploymentRetentionArgs,
    kinds.DEPLOYMENT: vercel.DeploymentArgs,
    kinds.DRAIN: vercel.LogDrainArgs,
    kinds.TRACE_DRAIN: vercel.TraceDrainArgs,
    kinds.TRACING: vercel.ProjectTracingArgs,
    kinds.ALERT: vercel.AlertRuleArgs,
    kinds.ROLLING_RELEASE: vercel.ProjectRollingReleaseArgs,
    kinds.REGISTRY: vercel.VcrRepositoryArgs,
    kinds.REGISTRY_SHARE: vercel.VcrRepositoryPermissionArgs,
    kinds.ENVIRONMENT: github.RepositoryEnvironmentArgs,
    kinds.POLICY: github.RepositoryEnvironmentDeploymentPolicyArgs,
    kinds.SECRET: github.ActionsEnvironmentSecretArgs,
    kinds.GITHUB_VARIABLE: github.ActionsEnvironmentVariableArgs,
    kinds.RULESET: github.RepositoryRulesetArgs,
    kinds.PERMISSIONS: github.ActionsRepositoryPermissionsArgs,
    kinds.ROLE: postgresql.RoleArgs,
    kinds.DATABASE: postgresql.DatabaseArgs,
    kinds.SCHEMA: postgresql.SchemaArgs,
    kinds.EXTENSION: postgresql.ExtensionArgs,
    kinds.GRANT: postgresql.GrantArgs,
    kinds.DEFAULT: postgresql.DefaultPrivilegesArgs,
}

IDENTITY = "which object it is: another value is another object, which the removals and additions cover"
WRITTEN = "says how the provider writes; there is nothing of it at the vendor"
_FIXED = (
    "custom_environment_id", "environment", "files", "meta", "path_prefix", "production", "project_id",
    "project_settings", "ref", "team_id",
)  # fmt: skip
REASONS: dict[str, dict[str, str]] = {
    kinds.PROJECT: {
        "name": IDENTITY,
        "team_id": IDENTITY,
        "environments": "custom environments, which are objects of their own",
        "passport": "not in the API that the sandbox answers; read as a field beyond the provider",
        "preview_comments": "the same field at Vercel as enable_preview_feedback",
        "serverless_function_region": "the same field at Vercel as resource_config.function_default_regions",
    },
    kinds.VARIABLE: {
        "key": IDENTITY,
        "project_id": IDENTITY,
        "team_id": IDENTITY,
        "value_wo_version": WRITTEN,
        "visibility": "the same field at Vercel as sensitive",
    },
    kinds.DOMAIN: {
        "domain": IDENTITY,
        "project_id": IDENTITY,
        "team_id": IDENTITY,
        "wait_for_ready": WRITTEN,
        "custom_environment_id": "a domain of the program belongs to production; it takes a custom environment",
    },
    kinds.RETENTION: {"project_id": IDENTITY, "team_id": IDENTITY},
    kinds.DEPLOYMENT: {**dict.fromkeys(_FIXED, "fixed when a deployment is made"), "delete_on_destroy": WRITTEN},
    kinds.DRAIN: {"name": IDENTITY, "team_id": IDENTITY},
    kinds.TRACE_DRAIN: {"name": IDENTITY, "team_id": IDENTITY},
    kinds.TRACING: {"project_id": IDENTITY, "team_id": IDENTITY},
    kinds.ALERT: {"name": IDENTITY, "team_id": IDENTITY, "type": "a rule of another type is none that is declared"},
    kinds.ROLLING_RELEASE: {"project_id": IDENTITY, "team_id": IDENTITY},
    kinds.REGISTRY: dict.fromkeys(("name", "project_id", "team_id"), IDENTITY),
    kinds.REGISTRY_SHARE: dict.fromkeys(
        ("granted_team_id", "granted_team_slug", "project_id", "repository", "team_id"), IDENTITY
    ),
    kinds.ENVIRONMENT: {"environment": IDENTITY, "repository": IDENTITY},
    kinds.POLICY: dict.fromkeys(("branch_pattern", "tag_pattern", "environment", "repository"), IDENTITY),
    kinds.SECRET: {
        "environment": IDENTITY,
        "repository": IDENTITY,
        "secret_name": IDENTITY,
        "encrypted_value": WRITTEN,
        "value_encrypted": WRITTEN,
        "plaintext_value": WRITTEN,
        "key_id": WRITTEN,
    },
    kinds.GITHUB_VARIABLE: {"environment": IDENTITY, "repository": IDENTITY, "variable_name": IDENTITY},
    kinds.RULESET: {
        "name": IDENTITY,
        "repository": IDENTITY,
        "target": "GitHub refuses another target for rules that are for branches",
    },
    kinds.PERMISSIONS: {
        "repository": IDENTITY,
        "sha_pinning_required": "not in the description that the sandbox answers; read and compared",
    },
    kinds.ROLE: {
        "name": IDENTITY,
        "encrypted": WRITTEN,
        "encrypted_password": WRITTEN,
        "password_wo": WRITTEN,
        "password_wo_version": WRITTEN,
        "skip_drop_role": WRITTEN,
        "skip_reassign_owned": WRITTEN,
    },
    kinds.DATABASE: {
        "name": IDENTITY,
        "alter_object_ownership": WRITTEN,
        "template": WRITTEN,
        "allow_connections": "a database that takes no connection cannot be read, which is a read failure",
        "encoding": "fixed when a database is made",
        "lc_collate": "fixed when a database is made",
        "lc_ctype": "fixed when a database is made",
        "tablespace_name": "the sandbox's server has one tablespace; read and compared",
    },
    kinds.SCHEMA: {
        "name": IDENTITY,
        "database": IDENTITY,
        "drop_cascade": WRITTEN,
        "if_not_exists": WRITTEN,
        "policies": "the schema's privileges, which are grants here",
    },
    kinds.EXTENSION: {"name": IDENTITY, "database": IDENTITY, "create_cascade": WRITTEN, "drop_cascade": WRITTEN},
    kinds.GRANT: dict.fromkeys(("database", "object_type", "role", "schema", "objects", "columns"), IDENTITY),
    kinds.DEFAULT: dict.fromkeys(("database", "object_type", "owner", "role", "schema"), IDENTITY),
}  # fmt: skip


def _snake(path: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", path.partition(".")[0])


def _tried(type_: str) -> set[str]:
    every = (*mutations.CHANGED, *mutations.BESIDES, *mutations.SWITCHED, *mutations.CONTAINERS, *mutations.LAST)
    found = {_snake(each.path) for each in every if each.type == type_ and each.path}
    return found | {each.of for each in every if each.type == type_ and each.of}


@pytest.mark.parametrize("type_", CLASSES)
def test_each_property_of_a_resource_class_is_changed_or_has_a_reason(type_: str):
    names = {name for name in dir(CLASSES[type_]) if not name.startswith("_")}
    tried, reasons = _tried(type_), set(REASONS[type_])
    assert names - tried - reasons == set()
    assert reasons - names == set(), "a reason for what is not there"
    assert reasons & tried == set(), "a reason for what is tried"


def test_each_rule_of_a_ruleset_is_changed_or_has_a_reason():
    names = {name for name in dir(github.RepositoryRulesetRulesArgs) if not name.startswith("_")}
    tried = {_snake(each.path.removeprefix("rules.")) for each in mutations.GITHUB if each.path.startswith("rules.")}
    assert names - tried == {
        "file_extension_restriction",  # rules of rulesets for pushes, another target
        "file_path_restriction",
        "max_file_path_length",
        "max_file_size",
        "tag_name_pattern",  # of rulesets for tags
        "update_allows_fetch_and_merge",  # a parameter of `update`
    }


def test_each_field_that_vercel_lets_one_write_is_changed_or_has_a_reason():
    names = json.loads((DATA / "vercel-fields.json").read_text())
    sent = _sent()
    untried = set(names["updateProject"]) - sent
    assert untried == {
        "autoAssignCustomDomainsUpdatedBy",  # who it was
        "connectConfigurations",  # private networking, not read
        "deploymentPolicy", "enableExternalRewriteCaching", "passport", "skewProtectionAllowedDomains", "staticIps",
        "tracing",  # the sandbox does not answer these; packages/parity/tests/inventory holds that they are read
        "dismissedToasts",  # what a person clicked away
        "serverlessFunctionRegion",  # the same as resourceConfig.functionDefaultRegions
        "skewProtectionBoundaryAt",  # moves by itself
    }  # fmt: skip
    assert set(names["editProjectEnv"]) - sent == set()
    assert set(names["updateProjectDomain"]) - sent == set()
    assert set(names["updateDrain"]) - sent == {"source", "transforms"}


def _source() -> str:
    return "".join(path.read_text() for path in sorted((ROOT / "tools" / "support" / "mutations").glob("*.py")))


def _sent() -> set[str]:
    """Every name that a mutation sends, read from its source."""
    source = _source()
    return set(re.findall(r'"(\w+)":', source)) | set(re.findall(r"\b(\w+)=\"", source))


def test_each_column_of_the_catalogues_is_changed_or_has_a_reason():
    """Columns of PostgreSQL 18's pg_authid, pg_auth_members, pg_database, pg_namespace, pg_extension (its manual)."""
    tried = {
        "rolsuper": "superuser", "rolinherit": "noinherit", "rolcreaterole": "createrole", "rolcreatedb": "createdb",
        "rolcanlogin": "nologin", "rolreplication": "replication", "rolbypassrls": "bypassrls",
        "rolconnlimit": "connection limit", "rolpassword": "password", "rolvaliduntil": "valid until",
        "rolconfig": "set search_path", "admin_option": "with admin option", "roleid": "grant {OWNER} to",
        "datdba": "owner to postgres", "datconnlimit": "connection limit 3", "datistemplate": "is_template",
        "datacl": "on database", "nspowner": "alter schema", "nspacl": "on schema", "extnamespace": "set schema public",
        "extversion": "extversion", "defaclacl": "alter default privileges", "relacl": "on shop.items",
        "relowner": "alter table shop.more owner", "proacl": "on function shop.one()", "typacl": "on type",
        "attacl": "(name)", "lanacl": "on language", "setconfig": "in database",
    }  # fmt: skip
    source = _source()
    assert [column for column, statement in tried.items() if statement not in source] == []
