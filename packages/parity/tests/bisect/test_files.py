"""A state's files: the checkout with the state's values, its release and its migrations, and no secret of the stack."""

from __future__ import annotations

import pytest

from parity.bisect.files import Files, values, why_not
from parity.config import guard, settings
from support.migrations import declared
from support.operations import LIMIT, LIMIT_KEY, SECRET, B, Operations, built, live, login, migration, row, variable
from support.program import copy_program

CONNECTIONS = "parity:databases.storefront.connectionLimit"
DATABASE = "Database storefront-database connectionLimit"


def origin(key, before, after):
    return {"kind": "config", "key": key, "line": 1, "before": before, "after": after, "commits": []}


@pytest.fixture
def every(tmp_path):
    """A limit, a secret, a commit and a login in r2, a migration, and a setting of the database."""
    limit = variable("SEARCH_RESULTS_LIMIT", "20", "0")
    connections = row("postgresql:index/database:Database", "storefront-database", connectionLimit=(60, 61))
    return (
        Operations(tmp_path / "record")
        .first()
        .add(
            limit,
            variable("PAYMENT_SECRET_KEY", {"secret": "f1"}, {"secret": "f2"}),
            variable("NEXT_TELEMETRY_DISABLED", "0", "1"),
            login(2),
            built("r2", B),
            live("r1", "r2"),
            causes=[{"urn": limit["urn"], "property": "value", "origins": [origin(LIMIT_KEY, "20", "0")]}],
        )
        .add(migration(1))
        .add(
            connections,
            causes=[
                {
                    "urn": connections["urn"],
                    "property": "connectionLimit",
                    "origins": [origin(CONNECTIONS, "60", "61")],
                }
            ],
        )
        .between()
    )


@pytest.fixture
def project(tmp_path):
    found = copy_program(tmp_path / "checkout")
    declared(found.root)("0001_items.sql", "CREATE TABLE shop.items (id int);")
    return found


def test_what_can_be_set_and_why_the_rest_cannot(project, every):
    found = settings.load("staging", project.root, None)
    said = {name: why_not(place, every, found) for name, place in every.places.items()}
    assert {name for name, why in said.items() if not why} == {
        LIMIT, "commit of shop", "credentials of shop", "storefront-migration-0001", DATABASE,
    }  # fmt: skip
    assert said[SECRET] == "it is a secret, or was not there"
    assert said["shop.NEXT_TELEMETRY_DISABLED"] == "it follows no key of the stack's file"


def test_a_state_is_written_with_a_release_that_is_built_with_it(project, every, tmp_path):
    own = every.only(lambda place: not why_not(place, every, settings.load("staging", project.root, None)))
    checkout = settings.load("staging", project.root, None)
    before = project.stack_files()["staging"].read_text()
    files = Files.of(project, "staging", tmp_path / "copy" / "program", checkout, own)
    file = files.project.root / "migrations" / "storefront" / "0001_items.sql"

    def written(*names):
        files.write(values(own, frozenset((name, 1) for name in names)))
        found = files.settings()
        guard.check(found)
        release = found.releases["shop"].kept[found.releases["shop"].live]
        limit = found.applications["shop"].values["SEARCH_RESULTS_LIMIT"]
        return limit, release.commit, release.credentials, found.databases["storefront"].connection_limit, file.exists()

    old = checkout.releases["shop"].kept["r1"].commit
    first = "a1" * 20
    assert written() == ("20", first, 1, 60, False)
    assert written(LIMIT, "commit of shop") == ("0", B, 1, 60, False)
    assert written("credentials of shop", DATABASE, "storefront-migration-0001") == ("20", first, 2, 61, True)
    assert list(files.settings().releases["shop"].kept) == ["r1", "r2", "r3"]
    assert files.settings().releases["admin"].kept["r1"].commit == checkout.releases["admin"].kept["r1"].commit
    assert old != first, "the state's own commit, not the checkout's"

    assert files.goes_back(values(own, frozenset()))
    assert not files.goes_back(values(own, frozenset({("credentials of shop", 1)})))
    files.reset()
    assert written() == ("20", first, 1, 60, False)
    assert project.stack_files()["staging"].read_text() == before
    sealed = {line.split("secure: ")[1] for line in before.splitlines() if "secure: " in line}
    assert sealed
    assert not [each for each in sealed if each in files.path.read_text()], "a secret of the stack is in the copy"
