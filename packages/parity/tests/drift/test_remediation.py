"""Each finding gets its remediation: an update, or a command that runs as printed."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from parity.drift import remediation
from parity.drift.model import Finding, Suppression
from parity.drift.remediation import Context
from parity.resources import kinds

CONTEXT = Context("prod", "team_1", "owner/name", {"shop-prod": "prj_1"})
URN = "urn:pulumi:prod::storefront::vercel:index/project:Project::shop-project"


def finding(kind: str, type_: str, path: str = "", **more: Any) -> Finding:
    more.setdefault("key", ("shop-prod", "NAME", "third"))
    return Finding(kind, "PostgreSQL" if type_.startswith("postgresql") else "Vercel", type_, "name", path, **more)  # pyright: ignore[reportArgumentType]


GRANT = {"grantee": "mallory", "privileges": ["SELECT"], "kind": "table", "schema": "shop", "object": "items",
         "database": "db", "owner": ""}  # fmt: skip

CASES = [
    (finding("missing", kinds.PROJECT, cause="not applied"), "up", "parity up prod"),
    (finding("missing", kinds.PROJECT, cause="outside"), "refresh and up", "pulumi up --refresh --stack prod"),
    (finding("changed", kinds.PROJECT, "framework", cause="not applied"), "up", "parity up prod"),
    (finding("changed", kinds.PROJECT, "framework", cause="outside"), "refresh and up", "pulumi up --refresh"),
    (finding("changed", kinds.VARIABLE, "value", cause="outside", declared="[secret]", live="[secret]", urn=URN),
     "not by an update", f"pulumi up --stack prod --replace {URN}"),
    (finding("changed", kinds.PROJECT, "ignoreCommand", cause="outside", undeclared=True, facts={"wanted": None}),
     "not by an update", '{"commandForIgnoringBuildStep": null}'),
    (finding("changed", kinds.PROJECT, "resourceConfig.fluid", cause="outside", undeclared=True,
             facts={"wanted": True}), "not by an update", '{"resourceConfig": {"fluid": true}}'),
    (finding("changed", kinds.PROJECT, "onDemandConcurrentBuilds", cause="outside", undeclared=True,
             facts={"wanted": False}), "not by an update", '{"resourceConfig": {"elasticConcurrencyEnabled": false}}'),
    (finding("changed", kinds.ROLE, "password", cause="outside", urn=URN), "not by an update", "--replace"),
    (finding("changed", kinds.ROLE, "setting.work_mem", cause="outside", facts={"beyond": True}, key=("r",)),
     "not by an update", 'alter role "r" reset work_mem'),
    (finding("changed", kinds.GRANT, "withGrantOption", cause="outside", key=("db", "role", "table", "shop")),
     "not by an update", 'revoke grant option for all on all tables in schema "shop" from "role"'),
    (finding("changed", "postgresql:routine", "owner", declared="owner", key=("db", "routine", "shop", "f(a int)")),
     "not by an update", 'alter routine "shop"."f"(a int) owner to "owner"'),
    (finding("unmanaged", kinds.VARIABLE, id_="env_1"), "not by an update",
     "/v9/projects/prj_1/env/env_1?teamId=team_1"),
    (finding("unmanaged", kinds.GRANT, facts=GRANT), "not by an update",
     'revoke SELECT on table "shop"."items" from "mallory"'),
    (finding("unmanaged", kinds.GRANT, facts={**GRANT, "kind": "column", "object": "items.name"}),
     "not by an update", 'revoke SELECT ("name") on "shop"."items" from "mallory"'),
    (finding("unmanaged", kinds.DEFAULT, facts={**GRANT, "owner": "owner"}), "not by an update",
     'alter default privileges for role "owner" in schema "shop" revoke SELECT on tables from "mallory"'),
    (finding("unmanaged", kinds.SECRET, cause="not recorded"), "not by an update", "parity adopt prod d-"),
    (finding("unmanaged", kinds.VARIABLE, cause="removed from the program"), "up", "parity up prod"),
    (finding("cross-stack", kinds.GRANT, facts=GRANT), "not by an update", "revoke SELECT"),
    (finding("cross-stack", kinds.VARIABLE, "value"), "not by an update",
     "parity secret set prod parity:applications.shop.variables.NAME"),
    (finding("cross-stack", kinds.ROLE, "password"), "not by an update", "parity secret set prod parity:secret"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "by", "command"), CASES, ids=lambda each: getattr(each, "what", None))
def test_the_remediation(given: Finding, by: str, command: str):
    (step,) = remediation.plan((given,), CONTEXT)
    assert step.by == by
    assert command in " ".join(shlex.split(step.command)) or command in step.command
    assert shlex.split(step.command)
    assert step.why


def test_what_is_suppressed_or_unknowable_needs_nothing():
    suppressed = finding("changed", kinds.PROJECT, "framework", suppression=Suppression("r", "", expired=False))
    assert remediation.plan((suppressed, finding("unknowable", kinds.VARIABLE, "value")), CONTEXT) == []


def test_a_name_with_quotes_stays_a_name():
    evil = finding("unmanaged", kinds.ROLE, key=('x"; drop database db; --',))
    (step,) = remediation.plan((evil,), CONTEXT)
    assert shlex.split(step.command)[-1] == 'drop role "x""; drop database db; --"'


def test_a_reviewer_without_access_is_given_it_by_name():
    facts = {"wanted": '[{"teams": [7, 8]}]', "now": '[{"teams": [8]}]'}
    given = finding("changed", kinds.ENVIRONMENT, "reviewers", cause="outside", facts=facts, key=("name", "prod"))
    context = Context("prod", "team_1", "owner/name", {}, {7: "platform", 8: "security"})
    (step,) = remediation.plan((replace(given, vendor="GitHub"),), context)
    assert step.command.startswith("gh api -X PUT orgs/owner/teams/platform/repos/owner/name -f permission=pull && gh ")
    assert "security" not in step.command


@pytest.mark.parametrize(
    ("owner", "by", "command"),
    [
        ("postgres", "not by an update", "-c 'alter schema public owner to pg_database_owner'"),
        ("", "refresh and up", "pulumi up --refresh"),
    ],
)
def test_a_schema_of_another_owners_is_put_right_by_its_owner(owner: str, by: str, command: str):
    facts = {"role": "public", "declared": ["USAGE"], "owner": owner}
    given = finding("changed", kinds.GRANT, "privileges", facts=facts, key=("db", "public", "schema", "public"))
    (step,) = remediation.plan((given,), CONTEXT)
    assert step.by == by
    assert command in step.command
    assert step.command.endswith(f"-U {owner}") == bool(owner)
