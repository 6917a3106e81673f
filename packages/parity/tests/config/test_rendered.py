"""What revisions in Python and their rendered files disagree about, read without importing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.config import migrations, rendered
from parity.config.layouts import Origin
from parity.config.parameters import Database, Migrations

if TYPE_CHECKING:
    from pathlib import Path

HOW = Migrations(folder="sql", tool="alembic", sources=("versions",), command=("alembic",))
DJANGO = Migrations(folder="sql", tool="django", sources=("shop/migrations",), command=("python", "manage.py"))


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def revision(root: Path, key: str, form: str = "revision: str = '{}'") -> Path:
    return write(root, f"versions/{key}_it.py", f"{form.format(key)}\ndown_revision = None\n")


def render(root: Path, number: int, key: str, *replaces: str, sql: str = "SELECT 1;\n") -> Path:
    source = root / "versions" / f"{key}_it.py"
    origin = Origin("rendered", key, replaces, f"versions/{key}_it.py", rendered.digest(source))
    return write(root, f"sql/{number:04}_{key}.sql", f"{sql}{origin}")


def faults(root: Path, how: Migrations = HOW) -> list[str]:
    return [f"{each.place}: {each.what}" for each in rendered.faults(root, "storefront", how)]


@pytest.mark.parametrize("form", ["revision: str = '{}'", 'revision = "{}"'])
def test_a_revision_without_its_file_is_a_fault_with_the_command(tmp_path: Path, form: str):
    revision(tmp_path, "4bff", form)
    write(tmp_path, "versions/helpers.py", "x = 1")
    (found,) = rendered.faults(tmp_path, "storefront", HOW)
    assert (found.place, found.what) == ("versions/4bff_it.py", "is not rendered to SQL.")
    assert found.remedy == "Run `parity migration render storefront`, and commit what it writes."
    render(tmp_path, 1, "4bff")
    assert faults(tmp_path) == []


def test_a_revision_that_was_changed_since_is_a_fault_whatever_its_line_ends(tmp_path: Path):
    source = revision(tmp_path, "4bff")
    render(tmp_path, 1, "4bff")
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert faults(tmp_path) == []
    source.write_text(source.read_text() + "# more\n")
    assert faults(tmp_path) == ["versions/4bff_it.py: was changed since 0001_4bff.sql was rendered from it."]


def test_a_file_without_origin_one_whose_source_is_gone_and_one_out_of_order(tmp_path: Path):
    for key in ("a", "b"):
        revision(tmp_path, key)
    render(tmp_path, 1, "b", "a")
    render(tmp_path, 2, "a", "gone")
    write(tmp_path, "sql/0003_by_hand.sql", "SELECT 1;\n")
    (tmp_path / "versions" / "b_it.py").unlink()
    assert faults(tmp_path) == [
        "sql/0003_by_hand.sql: does not say what it was rendered from.",
        "sql/0001_b.sql: follows a, which has a later number.",
        "sql/0002_a.sql: follows gone, which has no file.",
        "sql/0001_b.sql: was rendered from versions/b_it.py, which is not there.",
    ]


def test_django_names_a_migration_by_its_application(tmp_path: Path):
    write(tmp_path, "shop/migrations/__init__.py", "")
    source = write(tmp_path, "shop/migrations/0001_items.py", "")
    assert rendered.sources(tmp_path, DJANGO) == {"shop.0001_items": source}
    write(tmp_path, "sql/0001_auth.sql", f"SELECT 1;\n{Origin('rendered', 'auth.0001_initial')}")
    assert faults(tmp_path, DJANGO) == ["shop/migrations/0001_items.py: is not rendered to SQL."]


def test_the_digest_of_what_is_applied_does_not_move_with_its_source(tmp_path: Path):
    database = Database(name="storefront", schemas=("shop",), migrations=HOW)
    source = revision(tmp_path, "4bff")
    render(tmp_path, 1, "4bff")
    before = migrations.of(tmp_path, database)[0].sha256
    source.write_text(source.read_text() + "# more\n")
    render(tmp_path, 1, "4bff")
    assert migrations.of(tmp_path, database)[0].sha256 == before
