"""Which migrations a release notes, by its commit."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from parity.config import migrations
from parity.config.parameters import Database, Migrations
from parity.config.stack_models import Release, Releases
from parity.releases import schema
from tests.components.conftest import APPLICATION

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = Database(name="storefront", schemas=("shop",), migrations=Migrations(folder="db/migrations"))
UNKNOWN = "c" * 40


def settings(root: Path, **changes: Any) -> Any:
    catalog = SimpleNamespace(application=lambda _: APPLICATION, databases=(changes.get("database", DATABASE),))
    releases = {"shop": changes.get("releases", Releases(live=None, kept={}))}
    return SimpleNamespace(catalog=catalog, releases=releases, migrations=lambda each: migrations.of(root, each))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of its repository, with two commits; the checkout has a third file."""
    root = tmp_path / "project"
    folder = root / "db" / "migrations"
    folder.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    for number in (1, 2):
        (folder / f"000{number}_it.sql").write_text("SELECT 1")
        git(tmp_path, "add", "--all")
        git(tmp_path, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", f"Add {number}")
    (folder / "0003_it.sql").write_text("SELECT 1")
    return root


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_commit_has_the_migrations_that_it_had_whatever_is_checked_out(project: Path):
    first, second = git(project, "rev-parse", "HEAD~1"), git(project, "rev-parse", "HEAD")
    assert schema.of_commit(settings(project), project, "shop", first) == {"storefront": 1}
    assert schema.of_commit(settings(project), project, "shop", second) == {"storefront": 2}


def test_of_a_commit_that_git_does_not_know_the_checkout_says_it(project: Path):
    assert schema.of_commit(settings(project), project, "shop", UNKNOWN) == {"storefront": 3}


def test_a_commit_that_is_recorded_keeps_what_was_recorded(project: Path):
    release = Release(commit=UNKNOWN, config="a" * 32, credentials=1, migrations={"storefront": 1})
    kept = Releases(live=None, kept={"r1": release})
    assert schema.of_commit(settings(project, releases=kept), project, "shop", UNKNOWN) == {"storefront": 1}


def test_without_migrations_nothing_is_noted(project: Path):
    without = DATABASE.model_copy(update={"migrations": None})
    assert schema.of_commit(settings(project, database=without), project, "shop", UNKNOWN) == {}


def test_a_database_that_was_renamed_is_noted_by_its_first_name(project: Path):
    renamed = DATABASE.model_copy(update={"formerly": "articles"})
    assert schema.of_commit(settings(project, database=renamed), project, "shop", UNKNOWN) == {"articles": 3}
