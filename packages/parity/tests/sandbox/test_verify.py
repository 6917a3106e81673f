"""What a vendor accepted and did not keep is said by the update itself: on the real engine, in sandboxes of its own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from parity.config import passwords
from parity.config.secret import Secret
from parity.errors import ProjectError
from parity.evaluate.stack import Stack, ambient
from parity.resources import kinds
from parity.updates import verify
from support.mutations import World
from support.paths import ROOT
from support.program import with_shop_alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PAGE = ROOT / "docs" / "verify.md"
KEPT_OTHERWISE = 15
SHOP = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
"""The commit of the example's shop."""


def record_of(instance: Instance, stack: str) -> dict[str, Any]:
    """The ledger's newest record."""
    return json.loads(instance.run("parity", "log", stack, "--json", "--last", "1").ok().stdout)


def findings_of(instance: Instance, stack: str) -> list[tuple[str, str, str]]:
    """What the newest record says was kept otherwise: type, name, property."""
    found = record_of(instance, stack)["verify"]["findings"]
    return sorted((each["type"], each["name"], each["property"]) for each in found)


def in_template(world: World, *statements: str) -> None:
    """Run statements as superuser in template0, which every new database is a copy of."""
    allow = "update pg_database set datallowconn = {} where datname = 'template0'"
    world.sql(allow.format("true"), database="postgres", superuser=True)
    world.sql(*statements, database="template0", superuser=True)
    world.sql(allow.format("false"), database="postgres", superuser=True)


PUBLIC_OF_ANOTHER = (
    "alter schema public owner to postgres",
    "grant usage, create on schema public to public",
)
"""Every PostgreSQL before 15, and managed services whose own role owns `public`."""


@pytest.mark.timeout(600)
def test_a_team_without_access_is_refused_before_the_first_call(small_instance: Instance):
    instance = small_instance
    World(instance).github("DELETE", "/orgs/storefront-example/teams/platform/repos/storefront-example/storefront")
    since = instance.last_request()
    refused = instance.run("parity", "up", "prod", "--yes")
    assert refused.code == ProjectError.exit_code, refused.said
    assert "gh api -X PUT orgs/storefront-example/teams/platform/repos/storefront-example/storefront" in refused.stderr
    assert [row for row in instance.requests(since) if row["method"] != "GET"] == []


MOST_CALLS = 40
"""Requests that reading one resource of GitHub's again may cost: its environment and what is in it."""


def test_what_one_change_wrote_is_read_again_and_nothing_else(
    small_instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    for variable, value in small_instance.environment().items():
        monkeypatch.setenv(variable, value)
    stack = Stack("staging", small_instance.project, ambient(small_instance.project))
    settings = stack.settings()
    graph = stack.declared(settings)
    own = {"repository": "storefront", "environment": "staging"}
    (urn,) = [
        urn
        for urn, each in graph.resources.items()
        if each.type == kinds.ENVIRONMENT and own.items() <= each.inputs.items()
    ]
    verified = verify.verify(stack, settings, graph, frozenset({urn}))
    assert (verified.read, verified.steps, verified.unread) == (1, (), ())
    assert 0 < verified.calls <= MOST_CALLS


# --- The table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alteration:
    """What one vendor keeps otherwise of one kind of resource."""

    kind: str
    what: str
    """For the page."""
    rule: Mapping[str, Any]
    """The sandbox's; empty where PostgreSQL does it by itself."""
    path: str
    """The property of the finding; empty where the resource is missing."""


def vercel(method: str, path: str, pointer: str, value: object, **where: str) -> dict[str, Any]:
    found: dict[str, Any] = {"service": "vercel", "path": path, "pointer": pointer, "value": value}
    return {
        **found,
        **({"method": method} if method else {}),
        "where": {_pointer(name): each for name, each in where.items()},
    }


def _pointer(name: str) -> str:
    return "/" + name.replace("__", "/")


def github(method: str, path: str, pointer: str, value: object, **where: str) -> dict[str, Any]:
    return {**vercel(method, path, pointer, value, **where), "service": "github"}


DROPPED = {"service": "github", "method": "PUT", "path": "/environments/prod/secrets/", "pointer": "", "drop": True}


def alterations(bypass: str) -> Sequence[Alteration]:
    """One of each kind; `bypass` is the secret of the shop's ProtectionBypass."""
    return (
        Alteration(
            kinds.PROJECT, "another root directory",
            vercel("", "/projects", "/rootDirectory", "elsewhere", rootDirectory="apps/shop"), "rootDirectory",
        ),
        Alteration(
            kinds.VARIABLE, "another value",
            vercel("POST", "/env", "/value", "7", key="SEARCH_RESULTS_LIMIT"), "value",
        ),
        Alteration(
            kinds.DOMAIN, "another status for its redirect",
            vercel("POST", "/domains", "/redirectStatusCode", 307), "redirectStatusCode",
        ),
        Alteration(
            kinds.RETENTION, "a shorter time",
            vercel("PATCH", "/deployment-expiration", "/expiration", "1d"), "expirationPreview",
        ),
        Alteration(
            kinds.DEPLOYMENT, "another digest of what it is built with",
            vercel("POST", "/deployments", "/meta/config", "0" * 32, meta__commit=SHOP), "meta.config",
        ),
        Alteration(
            kinds.DRAIN, "another endpoint",
            vercel("POST", "/drains", "/delivery/endpoint", "https://elsewhere.example"), "endpoint",
        ),
        Alteration(
            kinds.BYPASS, "another secret",
            vercel("PATCH", "/protection-bypass", "/generate/secret", "1" * 32, generate__secret=bypass), "",
        ),
        Alteration(
            kinds.ENVIRONMENT, "a wait", github("PUT", "/environments/prod$", "/wait_timer", 30), "waitTimer"
        ),
        Alteration(
            kinds.POLICY, "another branch", github("POST", "/deployment-branch-policies", "/name", "other"), ""
        ),
        Alteration(kinds.SECRET, "nothing", DROPPED, ""),
        Alteration(
            kinds.GITHUB_VARIABLE, "another value",
            github("POST", "/variables", "/value", "x", name="LIVE_URL_SHOP"), "value",
        ),
        Alteration(
            kinds.RULESET, "not enforced", github("POST", "/rulesets", "/enforcement", "disabled"), "enforcement"
        ),
        Alteration(
            kinds.PERMISSIONS, "actions of verified creators allowed",
            github("PUT", "/selected-actions", "/verified_allowed", True), "allowedActionsConfig.verifiedAllowed",
        ),
        Alteration(kinds.GRANT, "CREATE for PUBLIC, since `public` is another role's", {}, "privileges"),
        Alteration(kinds.DEFAULT, "EXECUTE for PUBLIC, by an event trigger", {}, "privileges"),
        Alteration(kinds.EXTENSION, "another schema, by an event trigger", {}, "schema"),
    )  # fmt: skip


EVENT_TRIGGER = (
    "create schema other",
    """create function other.alter_what_was_written() returns event_trigger language plpgsql security definer as $$
    declare each record;
    begin
      if current_setting('other.inside', true) = 'yes' then return; end if;
      perform set_config('other.inside', 'yes', true);
      if tg_tag = 'CREATE EXTENSION' then
        for each in select extname from pg_extension where extname <> 'plpgsql' and extrelocatable loop
          execute format('alter extension %I set schema other', each.extname);
        end loop;
      else
        execute 'alter default privileges for role storefront_prod_owner grant execute on functions to public';
      end if;
      perform set_config('other.inside', 'no', true);
    end $$""",
    """create event trigger other on ddl_command_end when tag in ('CREATE EXTENSION', 'ALTER DEFAULT PRIVILEGES')
    execute function other.alter_what_was_written()""",
)
"""PostgreSQL as another one's server may be: it accepts, and keeps something else."""
_NO_CONTAINER = "the example has no application in a container; test_containers.py reads one"
_NO_TRACES = "the example declares none; test_telemetry.py reads one"
NOT_TRIED: Mapping[str, str] = {
    kinds.LIVE: "the switch itself waits until every domain serves the release, and fails where one does not",
    kinds.SCHEMA: "where its owner is another one, the grants after it fail",
    kinds.ROLE: "PostgreSQL has no event trigger for roles",
    kinds.DATABASE: "PostgreSQL has no event trigger for databases",
    kinds.REGISTRY: _NO_CONTAINER,
    kinds.REGISTRY_SHARE: _NO_CONTAINER,
    kinds.IMAGE: _NO_CONTAINER,
    kinds.TRACE_DRAIN: _NO_TRACES,
    kinds.TRACING: _NO_TRACES,
    kinds.ROLLING_RELEASE: "the example declares none; test_stages.py reads one",
    kinds.ALERT: _NO_TRACES,
    kinds.MIGRATION: "its record and its effect are one commit, and the record is read by test_migrated_inventory.py",
}
"""Kinds without a row, with the reason; packages/parity/tests/test_verify.py holds that each is compared."""


def page(reported: Sequence[tuple[Alteration, bool]]) -> str:
    """docs/verify.md: each alteration, and whether the update said so."""
    count = sum(found for _, found in reported)
    lines = [
        "# What a vendor accepts and does not keep",
        "",
        "After each update, what it wrote is read again through the vendors' own interfaces and compared with what was",
        f"declared. What a vendor kept otherwise ends the command with exit code {KEPT_OTHERWISE}, with the remedy for",
        "each, and is in the record (`parity log STACK`). Where something differs it is read a second time, since a",
        "vendor's list may lag behind its own writes. What nothing was written to is not read; an update that changes",
        "nothing asks nothing. What no interface shows (a secret's value) and what the program does not declare is",
        "left to `parity drift`. What could not be read is said and recorded, and ends nothing.",
        "",
        "The table is made by a test (`packages/parity/tests/sandbox/test_verify.py`; with `PARITY_WRITE_DOCS=1` it",
        "writes the page): one update from nothing, in a sandbox whose vendors accept everything and keep something",
        "else.",
        "",
        "| kind | what is kept instead | reported as |",
        "| --- | --- | --- |",
    ]
    for each, found in reported:
        how = f"`{each.path}`" if each.path else "missing"
        lines.append(f"| {kinds.of(each.kind).name} | {each.what} | {how if found else 'NOT REPORTED'} |")
    lines += ["", f"Reported: {count} of {len(reported)}. Not tried here, and held by a test without an engine:", ""]
    lines += [f"- {kinds.of(kind).name}: {why}." for kind, why in NOT_TRIED.items()]
    return "\n".join(lines) + "\n"


@pytest.mark.timeout(600)
def test_each_kind_kept_otherwise_is_reported(empty_instance: Instance):
    instance = empty_instance
    with_shop_alone(instance.project.root)
    instance.init("prod")
    # Without a switch: what was built with an altered variable, or is not healthy, is not promoted.
    instance.replace("prod", "      live: r1\n", "      live: null\n")
    secret = Secret(
        instance.pulumi("config", "get", "parity:secret", "--stack", "prod").ok().stdout.strip(), "parity:secret"
    )
    every = alterations(passwords.bypass(secret, "shop-prod").reveal())
    client = instance.local.client()
    for each in every:
        if each.rule:
            client.add_keep(id=each.kind, **each.rule)
    in_template(World(instance), *PUBLIC_OF_ANOTHER, *EVENT_TRIGGER)

    done = instance.run("parity", "up", "prod", "--yes")
    assert done.code == KEPT_OTHERWISE, done.said
    assert "psql -U postgres -d storefront_prod -c 'revoke all on schema \"public\" from public'" in done.stderr
    record = record_of(instance, "prod")
    assert (record["result"], record["verify"]["unread"]) == ("succeeded", [])
    found = {(type_, path) for type_, _, path in findings_of(instance, "prod")}
    reported = [(each, (each.kind, each.path) in found) for each in every]
    assert not [each["id"] for each in client.keeps() if not each["fired"]], "a rule changed nothing"
    text = page(reported)
    if os.environ.get("PARITY_WRITE_DOCS"):
        PAGE.write_text(text)
    assert [each.kind for each, is_found in reported if not is_found] == []
    assert found == {(each.kind, each.path) for each in every}, "what was not altered is reported"
    assert PAGE.read_text() == text


def test_every_kind_is_in_the_table_or_has_a_reason():
    assert {each.kind for each in alterations("")} | set(NOT_TRIED) == kinds.MANAGED
