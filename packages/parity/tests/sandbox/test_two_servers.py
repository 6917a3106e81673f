"""Two databases on two servers, on the real engine: each is made, audited and removed on its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parity.errors import DriftError, RefusedError
from parity.preview import held
from parity.resources import kinds
from support import pg_catalog, plans, shell
from support.second_server import PASSWORD, named, second_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

STACK = "staging"
DATABASE = 'Database(name="analytics", server="analytics", schemas=("events",)),'
SETTINGS = """
    analytics:
      host: 127.0.0.1
      port: {port}
      sslmode: disable
      connectionLimit: 20
      applicationConnectionLimit: 5
      credentials: {{migrator: 1, readonly: 1}}
"""


class Two:
    """A sandbox with a second server, and the program with a database on each."""

    def __init__(self, instance: Instance, second: dict[str, str]) -> None:
        self.instance, self.second = instance, second
        instance.extra |= named(second, "analytics")
        self.first = instance.environment()
        root = instance.project.root
        self.catalog, self.file = root / "infra" / "catalog.py", root / f"Pulumi.{STACK}.yaml"
        self.catalog.write_text(self.catalog.read_text().replace("databases=(", f"databases=({DATABASE} "))
        self.text = self.file.read_text()

    def declare(self, port: str) -> None:
        """Give the second database's host in the stack's file."""
        assert "parity:databases:\n" in self.text
        given = f"parity:databases:{SETTINGS.format(port=port).rstrip()}\n"
        self.file.write_text(self.text.replace("parity:databases:\n", given))

    def name(self, server: str) -> None:
        """Have the catalog name another server for the second database, or none."""
        text = self.catalog.read_text()
        assert 'server="analytics", ' in text
        self.catalog.write_text(text.replace('server="analytics", ', f'server="{server}", ' if server else ""))

    def forget(self) -> None:
        """Lose what the engine recorded of the second server."""
        state = json.loads(self.instance.pulumi("stack", "export", "--stack", STACK).ok().stdout)
        kept = [each for each in state["deployment"]["resources"] if "analytics" not in each["urn"]]
        for each in kept:
            for name in ("dependencies", "propertyDependencies"):
                each.pop(name, None)
        state["deployment"]["resources"] = kept
        run = self.instance.run("pulumi", "stack", "import", "--stack", STACK, stdin=json.dumps(state))
        assert run.code == 0, run.said

    def parity(self, *command: str) -> Run:
        """A command of the tool about the stack."""
        return self.instance.run("parity", command[0], STACK, *command[1:])

    def databases(self, server: dict[str, str]) -> set[str]:
        """The stack's databases on a server."""
        return {str(row[0]) for row in pg_catalog.dump(server)["databases"]} - {"postgres", "template0", "template1"}

    def run(self, server: dict[str, str], database: str, statement: str) -> None:
        """A statement of a server's administrator."""
        with pg_catalog.connect(server, database) as connection:
            connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


@pytest.fixture
def two(small_instance: Instance, tmp_path: Path) -> Iterator[Two]:
    with second_server(tmp_path / "second") as second:
        yield Two(small_instance, second)


def _asks_about_a_drop_where_the_schema_is(two: Two) -> None:
    owner = "analytics_staging_owner"
    table = f"grant {owner} to current_user; set role {owner}; create table events.kept (id int)"
    two.run(two.second, "analytics_staging", table)
    gone = plans.state(kinds.SCHEMA, "analytics-schema-events", {"name": "events", "database": "analytics_staging"})
    plan = held.with_violations(plans.plan(plans.step("delete", gone, None)), two.first)
    assert [each.message.partition(":")[0] for each in plan.violations] == [
        "schema events of analytics_staging holds table events.kept"
    ]
    away = f"set role {owner}; drop table events.kept; reset role; revoke {owner} from current_user"
    two.run(two.second, "analytics_staging", away)


def _another_server_is_refused(two: Two) -> None:
    before = two.catalog.read_text(), two.file.read_text()
    two.name("")
    two.file.write_text(before[1].replace("host: 127.0.0.1", "host: db.events.example"))
    refused = two.parity("up", "--yes")
    assert refused.code == RefusedError.exit_code, refused.said
    said = " ".join(refused.said.split())
    assert "made on the server analytics, declared on the server of PGHOST, and not there" in said
    two.catalog.write_text(before[0])
    two.file.write_text(before[1])


def _only_its_own(two: Two) -> None:
    assert two.databases(two.first) == {"storefront_prod", "storefront_staging"}
    assert two.databases(two.second) == {"analytics_staging"}


def test_each_database_is_made_audited_and_removed_on_its_own_server(two: Two, tmp_path: Path):
    at_first = pg_catalog.dump(two.second)

    two.declare(two.first["PGPORT"])
    since = two.instance.last_request()
    refused = two.parity("up", "--yes")
    assert refused.code, refused.said
    said = " ".join(refused.said.split())
    words = f"is 127.0.0.1:{two.first['PGPORT']}, which is another server than 127.0.0.1:{two.second['PGPORT']}"
    assert words in said, refused.said
    assert "Correct `host` and `port`, or PGHOST_ANALYTICS and PGPORT_ANALYTICS" in said, refused.said
    assert {row["method"] for row in two.instance.requests(since)} <= {"GET", "HEAD"}, "a vendor was written to"
    assert pg_catalog.dump(two.second) == at_first, "something was made"
    assert two.databases(two.first) == {"storefront_prod", "storefront_staging"}, "something was made"

    two.declare(two.second["PGPORT"])
    two.instance.up(STACK).ok()
    _only_its_own(two)
    state = two.instance.pulumi("stack", "export", "--show-secrets", "--stack", STACK).ok().stdout
    assert "postgresql-analytics" in state
    assert PASSWORD not in state, "the administrator's password is recorded"

    _asks_about_a_drop_where_the_schema_is(two)
    two.run(two.first, "storefront_staging", "create schema by_hand")
    two.run(two.second, "analytics_staging", "create schema by_hand")
    found = two.parity("drift", "--json", "--plan")
    assert found.code == DriftError.exit_code, found.said
    report = json.loads(found.stdout)
    assert {(each["kind"], each["name"]) for each in report["findings"] if each["kind"] != "unknowable"} == {
        ("unmanaged", "storefront_staging/by_hand"),
        ("unmanaged", "analytics_staging/by_hand"),
    }
    person = shell.environment(two.instance, tmp_path)
    for step in report["plan"]:
        two.instance.run("bash", "-c", step["command"], extra=person).ok()
    _another_server_is_refused(two)

    # What was recorded of the second server is lost, and it has another name from now on: it is the same server.
    two.forget()
    two.parity("recover", "--skip-preview").ok()
    _only_its_own(two)
    two.instance.extra |= named(two.second, "reports")
    two.name("reports")
    two.instance.up(STACK).ok()
    _only_its_own(two)
    two.parity("drift").ok()

    two.instance.destroy(STACK).ok()
    assert pg_catalog.dump(two.second) == at_first, "something was left"
    assert two.databases(two.first) == {"storefront_prod"}, "something was left"
