"""`parity migration render`, with what the real tools print; a script stands for the tool."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from parity.config import migrations, parameters, rendered
from parity.errors import ProjectError
from parity.releases.render import render
from support.team_tools import ALEMBIC, DJANGO, PYTHON

if TYPE_CHECKING:
    from pathlib import Path

_TOOL = "import json, sys; found = json.load(open('said.json')); print(found[' '.join(sys.argv[1:])], end='')"


class Team:
    """A project with revisions in Python and a tool that prints what it is given."""

    def __init__(self, root: Path, tool: str) -> None:
        self.root, self.tool = root, tool
        self.sources = "versions" if tool == "alembic" else "shop/migrations"
        (root / self.sources).mkdir(parents=True)
        how: dict[str, Any] = {"tool": tool, "sources": (self.sources,), "command": (sys.executable, "-c", _TOOL)}
        self.database = parameters.Database(
            name="shop", schemas=("shop",), migrations=parameters.Migrations(folder="sql", **how)
        )

    def source(self, name: str, text: str) -> None:
        (self.root / self.sources / name).write_text(text)

    def says(self, **said: str) -> None:
        (self.root / "said.json").write_text(json.dumps(said))

    def render(self, *by_hand: str) -> list[str]:
        return render(self.root, self.database, by_hand)

    def text(self, name: str) -> str:
        return (self.root / "sql" / name).read_text()

    def faults(self) -> list[str]:
        assert self.database.migrations is not None
        return [each.what for each in rendered.faults(self.root, "shop", self.database.migrations)]


@pytest.fixture
def alembic(tmp_path: Path) -> Team:
    team = Team(tmp_path, "alembic")
    team.source("4bff08a779bc_make_items.py", "revision = '4bff08a779bc'\n")
    team.source("848bdfaff3bf_fill.py", "# parity: data\nrevision: str = '848bdfaff3bf'\n")
    team.source("24f69df34fcd_price.py", 'revision = "24f69df34fcd"\n')
    team.says(**{"upgrade heads --sql": ALEMBIC})
    return team


@pytest.fixture
def django(tmp_path: Path) -> Team:
    team = Team(tmp_path, "django")
    for key in DJANGO:
        team.source(f"{key.partition('.')[2]}.py", "")
    team.says(**django_says(DJANGO))
    return team


def django_says(texts: dict[str, str]) -> dict[str, str]:
    plan = "".join(f"[ ]  {each}\n" for each in texts)
    shown = {f"sqlmigrate {each.replace('.', ' ')} --no-color": text for each, text in texts.items()}
    return {"showmigrations --plan --no-color": plan, **shown}


def test_each_alembic_revision_gets_a_file_without_its_frame_and_without_the_version_table(alembic: Team):
    assert alembic.render() == [
        "sql/0001_4bff08a779bc_make_items.sql", "sql/0002_848bdfaff3bf_fill.sql", "sql/0003_24f69df34fcd_price.sql",
    ]  # fmt: skip
    assert alembic.text("0001_4bff08a779bc_make_items.sql").startswith("CREATE TABLE items (\n    id SERIAL")
    fill = alembic.text("0002_848bdfaff3bf_fill.sql").splitlines()
    assert fill[:2] == ["-- parity: data", "update items set cents = price * 100 where cents is null;"]
    assert fill[2].startswith("-- rendered: 848bdfaff3bf replaces 4bff08a779bc from versions/848bdfaff3bf_fill.py ")
    found = migrations.of(alembic.root, alembic.database)
    assert [each.effect for each in found] == ["expand", "data", "contract"]
    assert not any(word in each.sql for each in found for word in ("alembic_version", "BEGIN", "COMMIT"))
    assert alembic.faults() == []


def test_what_is_rendered_is_left_and_what_was_changed_keeps_its_name(alembic: Team):
    alembic.render()
    assert alembic.render() == []
    alembic.source("848bdfaff3bf_fill.py", "revision = '848bdfaff3bf'\n")
    assert alembic.faults() == ["was changed since 0002_848bdfaff3bf_fill.sql was rendered from it."]
    assert alembic.render() == ["sql/0002_848bdfaff3bf_fill.sql"]
    assert alembic.faults() == []


def test_a_new_revision_gets_the_next_number_and_a_merge_its_two_branches(alembic: Team):
    alembic.render()
    merge = (
        "-- Running upgrade 24f69df34fcd, aaaa -> bbbb\n\nDELETE FROM alembic_version WHERE "
        "alembic_version.version_num = 'aaaa';\n\nUPDATE alembic_version SET version_num='bbbb' WHERE "
        "alembic_version.version_num = '24f69df34fcd';\n\nCOMMIT;\n"
    )
    alembic.source("bbbb_merge.py", "revision = 'bbbb'\n")
    alembic.says(**{"upgrade heads --sql": ALEMBIC.replace("COMMIT;\n", merge)})
    assert alembic.render() == ["sql/0004_bbbb_merge.sql"]
    assert "-- rendered: bbbb replaces 24f69df34fcd,aaaa from versions/bbbb_merge.py" in alembic.text(
        "0004_bbbb_merge.sql"
    )


@pytest.mark.parametrize(("old", "new"), [
    ("alembic_version", "app.alembic_version"),
    ("WHERE alembic_version.version_num = '4bff08a779bc'", "WHERE alembic_version.version_num = 'another'"),
])  # fmt: skip
def test_another_version_table_and_a_dependency_across_branches_are_refused(alembic: Team, old: str, new: str):
    alembic.says(**{"upgrade heads --sql": ALEMBIC.replace(old, new)})
    with pytest.raises(ProjectError, match="is recorded otherwise than in the table alembic_version"):
        alembic.render()


def test_a_revision_that_reads_rows_fails_with_the_tools_words_and_the_way_on(alembic: Team):
    alembic.says()
    with pytest.raises(ProjectError, match=r"failed: KeyError: 'upgrade heads --sql'$") as caught:
        alembic.render()
    assert "is written as `op.execute` of SQL" in (caught.value.remedy or "")
    assert not (alembic.root / "sql").exists()


def test_a_tool_that_is_not_there_is_said(tmp_path: Path):
    team = Team(tmp_path, "alembic")
    how = team.database.migrations
    assert how is not None
    absent = team.database.model_copy(update={"migrations": how.model_copy(update={"command": ("/absent/alembic",)})})
    with pytest.raises(ProjectError, match=r"`/absent/alembic upgrade heads --sql` failed: .*No such file"):
        render(tmp_path, absent)


def test_django_is_rendered_in_its_own_order(django: Team):
    assert django.render() == [
        "sql/0001_shop_0001_items.sql", "sql/0002_shop_0002_fill.sql", "sql/0003_shop_0003_price.sql",
    ]  # fmt: skip
    assert django.text("0001_shop_0001_items.sql").startswith('--\n-- Create model Item\n--\nCREATE TABLE "shop_item"')
    assert [each.effect for each in migrations.of(django.root, django.database)] == ["expand", "data", "contract"]
    assert (django.render(), django.faults()) == ([], [])


def test_python_on_rows_is_refused_and_may_be_written_by_hand(django: Team):
    django.says(**django_says({**DJANGO, "shop.0002_fill": f"BEGIN;\n{PYTHON}COMMIT;\n"}))
    with pytest.raises(ProjectError, match=r"shop\.0002_fill runs Python on rows") as caught:
        django.render()
    assert "`parity migration render shop --by-hand shop.0002_fill`" in (caught.value.remedy or "")
    assert django.render("shop.0002_fill") == ["sql/0002_shop_0002_fill.sql", "sql/0003_shop_0003_price.sql"]
    file = django.root / "sql" / "0002_shop_0002_fill.sql"
    file.write_text(file.read_text().replace(PYTHON, "UPDATE shop_item SET cents = 1;\n"))
    assert (django.render(), django.faults()) == ([], []), "what was written by hand stays"
    django.source("0002_fill.py", "# another")
    assert django.render() == ["sql/0002_shop_0002_fill.sql"]
    assert django.text("0002_shop_0002_fill.sql").startswith(
        "UPDATE shop_item SET cents = 1;\n-- written: shop.0002_fill"
    )


def test_a_database_of_plain_files_has_nothing_to_render(tmp_path: Path):
    plain = parameters.Database(name="shop", schemas=("shop",), migrations=parameters.Migrations(folder="sql"))
    with pytest.raises(ProjectError, match="has no revisions in Python"):
        render(tmp_path, plain)


SQUASH = "shop.0001_squashed_0003_price"
LISTED = "class Migration:\n    replaces = [('shop', '0001_items'), ('shop', '0002_fill'), ('shop', '0003_price')]\n"


def squashed(django: Team, text: str = LISTED) -> None:
    django.source(f"{SQUASH.partition('.')[2]}.py", text)
    django.says(**django_says({SQUASH: "BEGIN;\nCREATE TABLE shop_item ();\nCOMMIT;\n"}))


def test_a_squash_says_what_it_stands_for_also_when_that_is_gone(django: Team):
    squashed(django)
    (name,) = django.render()
    assert (
        "-- rendered: shop.0001_squashed_0003_price replaces shop.0001_items,shop.0002_fill,shop.0003_price from"
        in (django.text(name.removeprefix("sql/")))
    )
    assert django.faults() == []
    for key in DJANGO:
        (django.root / django.sources / f"{key.partition('.')[2]}.py").unlink()
    squashed(django, "class Migration:\n    pass\n")
    assert django.faults() == [f"was changed since {name.removeprefix('sql/')} was rendered from it."]
    assert django.render() == [name]
    assert " replaces shop.0001_items," in django.text(name.removeprefix("sql/"))
    assert django.render() == []


def test_what_a_squash_replaces_keeps_its_file_without_its_source(django: Team):
    assert len(django.render()) == len(DJANGO)
    squashed(django)
    assert django.render() == ["sql/0004_shop_0001_squashed_0003_price.sql"]
    for key in DJANGO:
        (django.root / django.sources / f"{key.partition('.')[2]}.py").unlink()
    assert django.faults() == []
    assert django.database.migrations is not None
    *_, found = migrations.of(django.root, django.database)
    assert found.rows["replaces"] == list(DJANGO)


def test_a_squash_of_which_djangos_own_database_has_a_part_is_not_rendered(django: Team):
    django.render()
    django.source("0001_squashed_0003_price.py", LISTED)
    with pytest.raises(ProjectError, match=r"shop.0001_squashed_0003_price replaces migrations of which Django's data"):
        django.render()


@pytest.mark.parametrize("text", ["replaces = made()", "replaces = [1]", "replaces = ["])
def test_a_list_of_what_is_replaced_that_cannot_be_read_is_an_error(django: Team, text: str):
    squashed(django, text)
    with pytest.raises(ProjectError, match="its `replaces` cannot be read"):
        django.render()
