"""Which variables of the environment belong to which database server."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from parity.config import servers, settings
from parity.config.parameters import Database
from parity.config.project import Project
from parity.resources.urn import provider_urn
from parity.testing import record
from support.paths import ROOT

FIRST = {"PGHOST": "one.example", "PGPORT": "5432", "PGUSER": "a", "PGPASSWORD": "first", "PGSSLMODE": "require"}
SECOND = {f"{name}_ANALYTICS": value.replace("one", "two") for name, value in FIRST.items()}
BOTH = {**FIRST, **SECOND, "PGDATABASE": "admin", "PATH": "/bin"}


def test_the_servers_are_those_that_the_catalog_names(project):
    catalog = project.load().catalog
    assert servers.of(catalog) == ("",)
    named = Database(name="events", server="analytics", schemas=("events",))
    assert servers.of(catalog.model_copy(update={"databases": (*catalog.databases, named)})) == ("", "analytics")
    assert servers.of(catalog.model_copy(update={"databases": (named,)})) == ("analytics",)
    assert servers.of(catalog.model_copy(update={"databases": ()})) == ("",)


def test_each_server_has_its_own_variables_and_never_anothers():
    assert servers.connection(BOTH, "") == {**SECOND, "PATH": "/bin", **FIRST, "PGDATABASE": "admin"}
    assert servers.connection(BOTH, "analytics") == {**SECOND, "PATH": "/bin", **FIRST, "PGHOST": "two.example"}
    alone = servers.connection({**FIRST, "PGHOST_ANALYTICS": "two.example"}, "analytics")
    assert {name: alone.get(name) for name in servers.VARIABLES} == {
        **dict.fromkeys(servers.VARIABLES), "PGHOST": "two.example",
    }  # fmt: skip


def test_what_a_server_lacks_is_known_by_its_full_name():
    assert servers.missing(FIRST, "") == servers.missing(BOTH, "analytics") == ()
    assert servers.missing({}, "") == ("PGHOST",)
    assert servers.missing({**BOTH, "PGPASSWORD_ANALYTICS": ""}, "analytics") == ("PGPASSWORD_ANALYTICS",)
    assert set(servers.missing(FIRST, "analytics")) == set(SECOND)


def test_the_environment_says_which_servers_it_leads_to():
    assert servers.known(BOTH) == ("", "ANALYTICS")
    assert servers.known({"PGHOST": "", "PGHOSTADDR": "127.0.0.1"}) == ()
    assert [each["PGHOST"] for each in servers.connections(BOTH)] == ["one.example", "two.example"]
    twice = {**FIRST, **{f"{name}_REPORTS": value for name, value in FIRST.items()}}
    assert [each["PGHOST"] for each in servers.connections(twice)] == ["one.example"]
    assert servers.connection(BOTH, "ANALYTICS") == servers.connection(BOTH, "analytics")


def test_a_shell_is_led_to_a_server_by_what_a_command_begins_with():
    command = f"{servers.shell('analytics')}sh -c 'echo \"$PGHOST $PGPASSWORD\"'"
    run = subprocess.run(["sh", "-c", command], env=BOTH, capture_output=True, text=True, check=True)
    assert run.stdout == "two.example first\n"
    assert servers.shell("") == ""


@pytest.mark.parametrize("server", ["", "analytics", "data_2"])
def test_a_providers_name_says_its_server(server: str):
    assert servers.of_provider(servers.provider_name(server)) == server


def test_a_provider_records_where_a_server_is_and_not_who_logs_in(monkeypatch: pytest.MonkeyPatch):
    for name, value in BOTH.items():
        monkeypatch.setenv(name, value)
    assert servers.provider_address("") == {}
    assert servers.provider_address("analytics") == {
        "host": "two.example", "port": 5432, "sslmode": "require", "database": "postgres",
    }  # fmt: skip
    monkeypatch.setenv("PGOWNER", "owner")
    assert servers.provider_address("") == {"database_username": "owner"}
    assert "database_username" not in servers.provider_address("analytics"), "each server has its own"
    assert servers.login_variables("") is None
    assert servers.login_variables("analytics") == {"PGUSER_ANALYTICS": "PGUSER", "PGPASSWORD_ANALYTICS": "PGPASSWORD"}


def test_a_database_with_a_server_of_its_own_has_a_provider_of_its_own_and_the_others_keep_theirs():
    read = settings.load("staging", ROOT, None)
    events = Database(name="events", server="analytics", schemas=("events",))
    both = replace(
        read,
        catalog=read.catalog.model_copy(update={"databases": (*read.catalog.databases, events)}),
        databases={**read.databases, "events": read.databases["storefront"]},
    )
    build = Project(ROOT).program.build()
    before, after = (record(lambda given=given: build(given)) for given in (read, both))
    assert after.one("postgresql-analytics").options["envVarMappings"] == servers.login_variables("analytics")
    for database, provider in {"storefront": "postgresql", "events": "postgresql-analytics"}.items():
        own = [
            each
            for each in after.resources
            if each.name.startswith(f"{database}-") and each.type.startswith("postgresql:")
        ]
        assert {provider_urn(each.provider).rpartition("::")[2] for each in own} == {provider}
    kept = {each.urn: each for each in after.resources}
    changed = [each.name for each in before.resources if kept[each.urn] != each]
    assert changed == [], "what is on the first server is declared as before"
