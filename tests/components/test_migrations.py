"""Where migrations stand in the graph: after their login and privileges, before the release or after the switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra import build
from parity.config import program, settings
from parity.evaluate.resource import SecretInput
from parity.testing import Recorded, record
from support.migrations import FIRST, FOLDER, declared, emptied
from support.program import copy_program
from support.team_tools import TOOLS
from tests.components.test_example import example

if TYPE_CHECKING:
    from pathlib import Path

EXPAND, DATA, CONTRACT = "CREATE TABLE a (b int)", "UPDATE a SET b = 1", "ALTER TABLE a DROP COLUMN b"


@pytest.fixture
def graph_of(tmp_path: Path):
    def graph(*files: str) -> Recorded:
        root = copy_program(tmp_path / "program").root
        emptied(root)
        write = declared(root)
        for number, sql in enumerate(files, 1):
            write(f"{number:04}_it.sql", sql)
        read = settings.load("staging", root, None, catalog=program.load(root).catalog())
        return record(lambda: build.build(read), stack="staging")

    return graph


def after(recorded: Recorded, name: str) -> set[str]:
    """The names of everything that a resource comes after, however far."""
    urns = recorded.graph.resources
    found, left = set[str](), [recorded.one(name).urn]
    while left:
        for each in urns[left.pop()].dependencies:
            if each not in found:
                found.add(each)
                left.append(each)
    return {urns[each].name for each in found}


def test_each_follows_the_one_before_and_the_first_its_login_and_every_privilege(graph_of):
    graph = graph_of(EXPAND, DATA)
    first, second = (after(graph, f"storefront-migration-000{number}") for number in (1, 2))
    assert "storefront-migration-0001" in second
    privileges = [each for type_ in ("Grant", "DefaultPrivileges") for each in graph.of_type(type_).items()]
    in_schemas = {name for name, each in privileges if each.inputs.get("schema") in {"shop", "backoffice", "parity"}}
    assert in_schemas - first == set(), "what it makes may be read at once"
    assert {"storefront-migrator", "storefront-schema-parity"} <= first


def test_what_adds_comes_before_the_release_and_what_takes_away_after_the_switch(graph_of):
    graph = graph_of(EXPAND, DATA, CONTRACT)
    assert {"storefront-migration-0001", "storefront-migration-0002"} <= after(graph, "shop-deployment-r1")
    assert "storefront-migration-0003" not in after(graph, "shop-deployment-r1")
    assert {"shop-live", "admin-live"} <= after(graph, "storefront-migration-0003")


def test_contractions_alone_come_after_the_switch_and_their_login(graph_of):
    before = after(graph_of(CONTRACT), "storefront-migration-0001")
    assert {"shop-live", "admin-live", "storefront-migrator", "storefront-schema-parity"} <= before


def test_a_contraction_that_an_expansion_follows_makes_no_circle(graph_of):
    graph = graph_of(EXPAND, CONTRACT, EXPAND.replace("a", "c"))
    assert "shop-live" not in after(graph, "storefront-migration-0002")
    assert "storefront-migration-0002" in after(graph, "shop-deployment-r1")


def test_the_plan_has_text_and_digest_and_the_password_is_secret(graph_of):
    inputs = graph_of(EXPAND).one("storefront-migration-0001").inputs
    assert {"tool", "rows"} & inputs.keys() == set()
    assert (inputs["sql"], inputs["effect"], len(inputs["sha256"])) == (EXPAND, "expand", 64)
    assert (inputs["role"], inputs["database"]) == ("storefront_staging_migrator", "storefront_staging")
    assert isinstance(inputs["password"], SecretInput)


def test_a_database_without_migrations_has_nothing_of_them(tmp_path: Path):
    graph = example("staging")
    without = _without_migrations(copy_program(tmp_path / "program").root)
    found, left = ({each.name for each in one.resources} for one in (graph, without))
    assert {each for each in found - left if "parity" not in each} == {
        "storefront-migrations", "storefront-migration-0001",
    }  # fmt: skip
    assert [each for each in left if "migration" in each or each.endswith("-parity")] == []
    assert without.graph.outputs["databases"]["storefront"]["migrations"] == []
    assert graph.graph.outputs["databases"]["storefront"]["migrations"] == [f"{FOLDER}/{FIRST}"]


def _without_migrations(root: Path) -> Recorded:
    catalog = root / "infra" / "catalog.py"
    named = f'            migrations=Migrations(folder="{FOLDER}"),\n'
    assert catalog.read_text().count(named) == 1
    catalog.write_text(catalog.read_text().replace(named, ""))
    read = settings.load("staging", root, None, catalog=program.load(root).catalog())
    return record(lambda: build.build(read), stack="staging")


def test_a_team_tools_files_carry_its_rows_and_drizzles_table_gets_its_schema(tmp_path: Path):
    root = copy_program(tmp_path / "program").root
    emptied(root)
    declared(root, 'tool="drizzle"')
    tool = next(each for each in TOOLS if each.name == "drizzle")
    for name, text in tool.files.items():
        (root / FOLDER / name).parent.mkdir(exist_ok=True)
        (root / FOLDER / name).write_text(text)
    read = settings.load("staging", root, None, catalog=program.load(root).catalog())
    graph = record(lambda: build.build(read), stack="staging")
    inputs = graph.one("storefront-migration-0000").inputs
    assert (inputs["tool"], inputs["rows"]) == ("drizzle", {"hash": tool.expected[0][1], "when": "1796022020787"})
    assert "storefront-schema-drizzle" in after(graph, "storefront-migration-0000")
    assert graph.one("storefront-schema-drizzle").inputs["owner"] == "storefront_staging_owner"
    assert {"shop-live", "admin-live"} <= after(graph, "storefront-migration-0002")
    assert "storefront-migration-0001" in after(graph, "shop-deployment-r1")
