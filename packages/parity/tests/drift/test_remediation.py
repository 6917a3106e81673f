"""Each finding gets its remediation: an update, or a command that runs as printed."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from parity.drift import remediation
from parity.drift.model import Finding, Suppression
from parity.drift.remediation import Context
from parity.inventory.model import Membership, Server
from parity.resources import kinds
from parity.resources.commands import SUPERUSER, Sql

CONTEXT = Context(
    "prod", "team_1", "owner/name", {"shop-prod": "prj_1"},
    secrets=frozenset({("shop-prod", "NAME")}), applications={"shop-prod": "shop"},
    commits={("shop-prod", "r1"): "cccc", ("shop-prod", "r2"): "dddd"}, live=frozenset({("shop-prod", "r2")}),
)  # fmt: skip
URN = "urn:pulumi:prod::storefront::vercel:index/project:Project::shop-project"


def finding(kind: str, type_: str, path: str = "", **more: Any) -> Finding:
    more.setdefault("key", ("shop-prod", "NAME", "third"))
    return Finding(kind, type_, "name", path, **more)  # pyright: ignore[reportArgumentType]


def sql(text: str, role: str = "owner") -> dict[str, Any]:
    return {"sql": [Sql("db", text, role)]}


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
    (finding("changed", kinds.ROLE, "superuser", cause="outside", key=("r",)), "not by an update",
     'alter role "r" nosuperuser'),
    (finding("changed", "postgresql:routine", "owner", facts=sql("alter function shop.f(int) owner to o")),
     "not by an update", "alter function shop.f(int) owner to o"),
    (finding("changed", kinds.IMAGE, "digest", cause="outside", undeclared=True,
             facts={"wanted": "sha256:a", "inputs": {"address": "vcr.vercel.com/t/p/dockerfile", "tag": "c"}}),
     "not by an update", "https://vcr.vercel.com/v2/t/p/dockerfile/manifests/sha256:a | curl"),
    (finding("missing", kinds.IMAGE, cause="outside", key=("shop-prod", "r2")), "not by an update",
     "parity release prod shop --commit dddd --again --live --up"),
    (finding("missing", kinds.IMAGE, cause="not applied"), "up", "parity up prod"),
    (finding("unmanaged", kinds.REGISTRY, id_="repo_1"), "not by an update",
     "/v1/vcr/repository/repo_1?projectId=prj_1&teamId=team_1"),
    (finding("unmanaged", kinds.REGISTRY_SHARE), "not by an update", '{"teamSlug": "third"}'),
    (finding("unmanaged", kinds.VARIABLE, id_="env_1"), "not by an update",
     "/v9/projects/prj_1/env/env_1?teamId=team_1"),
    (finding("unmanaged", kinds.GRANT, facts=sql("revoke SELECT on table shop.items from r")), "not by an update",
     "revoke SELECT on table shop.items from r"),
    (finding("unmanaged", kinds.SECRET, cause="not recorded"), "not by an update", "parity adopt prod d-"),
    (finding("unmanaged", kinds.VARIABLE, cause="removed from the program"), "up", "parity up prod"),
    (finding("cross-stack", kinds.GRANT, facts={**sql("revoke SELECT"), "grantee": "r"}), "not by an update",
      "revoke SELECT"),
    (finding("cross-stack", kinds.VARIABLE, "value"), "not by an update",
     "parity secret set prod parity:applications.shop.variables.NAME"),
    (finding("cross-stack", kinds.VARIABLE, "value", key=("shop-prod", "DATABASE_URL")), "not by an update",
     "parity secret set prod parity:secret"),
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
    (step,) = remediation.plan((given,), context)
    assert step.command.startswith(
        "gh api -X PUT orgs/owner/teams/platform/repos/owner/name -f permission=pull && echo "
    )
    assert "security" not in step.command


SERVER = Server(
    "admin",
    ("postgres", "other"),
    frozenset({"admin", "postgres", "other", "mallory"}),
    (
        Membership("owner", "admin", "postgres", may_set=False, admin=True),
        Membership("group", "admin", "x", True, False),
    ),
)


LENT = (
    """psql -1 -v ON_ERROR_STOP=1 -d db -c 'grant "owner" to "admin"' -c 'set role "owner"' -c 'drop table t' """
    """-c 'reset role' -c 'revoke "owner" from "admin"'"""
)


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("", "psql -d db -c 'drop table t'"),
        ("admin", "psql -d db -c 'drop table t'"),
        ("group", """psql -1 -v ON_ERROR_STOP=1 -d db -c 'set role "group"' -c 'drop table t'"""),
        ("owner", LENT),
        ("mallory", "psql -U mallory -d db -c 'drop table t'"),
        ("group of another", "psql -U postgres -d db -c 'drop table t'"),
        (SUPERUSER, "psql -U postgres -d db -c 'drop table t'"),
    ],
)  # fmt: skip
def test_a_statement_is_run_as_a_role_that_may(role: str, command: str):
    context = Context("prod", "team_1", "owner/name", {}, servers={"": SERVER, "analytics": SERVER})
    about = finding("unmanaged", kinds.ROLE, key=("r",))
    assert context.psql(about, [Sql("db", "drop table t", role)]) == command
    elsewhere = context.psql(replace(about, facts={"server": "analytics"}), [Sql("db", "drop table t", role)])
    assert elsewhere.endswith(f' PGSSLMODE="$PGSSLMODE_ANALYTICS" {command}')
    assert elsewhere.startswith('PGHOST="$PGHOST_ANALYTICS" PGPORT="$PGPORT_ANALYTICS" PGUSER="$PGUSER_ANALYTICS" ')


def test_what_has_no_command_says_what_a_person_does():
    (step,) = remediation.plan((finding("unmanaged", kinds.BYPASS),), CONTEXT)
    assert step.command == ""
    assert step.why.startswith("by hand; `parity drift prod` says when it is right")


def test_the_image_of_a_release_that_is_not_live_comes_back_by_no_command():
    gone = finding("missing", kinds.IMAGE, cause="outside", key=("shop-prod", "r1"))
    (step,) = remediation.plan((gone,), CONTEXT)
    assert step.command == ""
    assert f"parity drift prod --suppress {gone.id} --reason" in step.why


def test_a_release_is_built_again_once_all_else_is_there():
    given = (
        finding("missing", kinds.IMAGE, cause="outside", key=("shop-prod", "r2")),
        finding("missing", kinds.REGISTRY, cause="outside"),
        finding("missing", kinds.ROLLING_RELEASE, cause="outside", urn=URN),
    )
    assert [each.command.partition(" --")[0] for each in remediation.plan(given, CONTEXT)] == [
        "pulumi up", "pulumi up", "parity release prod shop",
    ]  # fmt: skip


def test_commands_come_before_updates_and_owners_before_the_rest():
    given = (
        finding("changed", kinds.PROJECT, "framework", cause="outside"),
        finding("changed", kinds.ROLE, "statementTimeout", cause="outside", facts={"wanted": 5}, key=("r",)),
        finding("changed", kinds.ROLE, "superuser", cause="outside", key=("r",)),
    )
    assert [each.finding.path for each in remediation.plan(given, CONTEXT)] == [
        "superuser", "statementTimeout", "framework",
    ]  # fmt: skip
