"""What is searched among: the changes of the record by axis, as releases carry them, each from first value to last."""

from __future__ import annotations

import pytest

from support.operations import (
    COMMIT,
    LIMIT,
    LIMIT_KEY,
    SECRET,
    A,
    B,
    C,
    Operations,
    built,
    live,
    login,
    migration,
    row,
    variable,
)


@pytest.fixture
def record(tmp_path):
    return Operations(tmp_path).first()


def shown(found):
    return [{name: (each.number, each.before, each.after) for name, each in step.items()} for step in found.made]


def plain(number, before, after):
    return number, {"value": before}, {"value": after}


def test_a_release_carries_its_changes_when_it_goes_live_and_gives_them_back(record):
    record.add(variable("SEARCH_RESULTS_LIMIT", "20", "0"), built("r2", B))
    record.add(live("r1", "r2")).add(live("r2", "r1"))
    found = record.between()
    assert shown(found) == [
        {LIMIT: plain(1, "20", "0"), COMMIT: plain(1, A, B)},
        {LIMIT: plain(0, "20", "20"), COMMIT: plain(0, A, A)},
    ]
    assert [each.id for each in found.operations] == record.ids[2:], "to build a release changes nothing for users"
    assert [each["shop"] for each in found.live] == ["r1", "r2", "r1"]
    assert found.built["shop", "r1"] == frozenset()
    assert found.built["shop", "r2"] == {(LIMIT, 1), (COMMIT, 1)}


def test_each_change_is_on_its_axis(record):
    record.add(migration(1), login(2), variable("DATABASE_URL", {"secret": None}, {"secret": "f2"}))
    record.add(
        variable("PAYMENT_SECRET_KEY", {"secret": None}, {"secret": "f3"}),
        row("postgresql:index/database:Database", "storefront-database", connectionLimit=(60, 61)),
        row("github:index/repositoryEnvironment:RepositoryEnvironment", "delivery-environment", x=(1, 2)),
        row("vercel:index/project:Project", "shop-project", nodeVersion=("20.x", "22.x")),
        row("parity:index:ReleaseImage", "shop-image-r2", "create", release=(None, "r2")),
        built("r2", B), live("r1", "r2"),
    )  # fmt: skip
    found = record.between()
    assert {name: (each.axis, each.application) for name, each in found.places.items()} == {
        "storefront-migration-0001": ("schema", ""),
        "credentials of shop": ("credentials", "shop"),
        SECRET: ("config", "shop"),
        "Database storefront-database connectionLimit": ("config", ""),
        "Project shop-project nodeVersion": ("config", "shop"),
        COMMIT: ("code", "shop"),
    }
    assert shown(found)[0] == {"storefront-migration-0001": (1, {}, {"value": "there"})}
    assert shown(found)[1]["credentials of shop"] == plain(1, 1, 2)
    assert shown(found)[1][SECRET] == (1, {"secret": "f1"}, {"secret": "f3"})


def test_what_was_refused_or_not_done_is_no_change(record):
    record.add(migration(1), result="refused")
    record.add(variable("SEARCH_RESULTS_LIMIT", "20", "0"), result="refused")
    record.add(built("r2", B), live("r1", "r2"))
    assert shown(record.between()) == [{COMMIT: plain(1, A, B)}]


def test_a_record_that_begins_later_knows_what_was_before_from_its_own_rows(tmp_path):
    record = Operations(tmp_path).add(before=("r4", A))
    cause = {"urn": variable("SEARCH_RESULTS_LIMIT", "", "")["urn"], "property": "value"}
    origin = {"kind": "config", "key": LIMIT_KEY, "line": 29, "before": "20", "after": "0", "commits": []}
    record.add(
        variable("SEARCH_RESULTS_LIMIT", "20", "0"), built("r5", B), live("r4", "r5"),
        before=("r4", A), causes=[{**cause, "origins": [origin]}],
    )  # fmt: skip
    found = record.between()
    assert shown(found) == [{LIMIT: plain(1, "20", "0"), COMMIT: plain(1, A, B)}]
    assert found.built["shop", "r4"] == frozenset()
    assert (found.made[0][LIMIT].line.key, found.made[0][LIMIT].line.line) == (LIMIT_KEY, 29)


def test_secrets_that_are_not_known_are_never_taken_for_equal(tmp_path):
    record = Operations(tmp_path).add(before=("r1", A))
    for number in (2, 3):
        changed = variable("PAYMENT_SECRET_KEY", {"secret": None}, {"secret": None})
        record.add(changed, built(f"r{number}", A), live(f"r{number - 1}", f"r{number}"), before=(f"r{number - 1}", A))
    assert [step[SECRET] for step in record.between().steps] == [1, 2]


def test_a_release_of_before_the_good_operation_is_not_taken_for_one_of_its_state(tmp_path):
    record = Operations(tmp_path).add(before=("r1", A))
    for number, limit in ((2, "0"), (3, "5")):
        changed = variable("SEARCH_RESULTS_LIMIT", "20", limit)
        record.add(changed, built(f"r{number}", A), live(f"r{number - 1}", f"r{number}"), before=(f"r{number - 1}", A))
    assert record.between(good=1).built == {("shop", "r2"): frozenset(), ("shop", "r3"): {(LIMIT, 1)}}


def test_a_part_counts_from_its_own_beginning(record):
    for number, (before, limit, commit) in enumerate([("20", "0", A), ("0", "20", B), ("20", "0", C)], 2):
        record.add(
            variable("SEARCH_RESULTS_LIMIT", before, limit), built(f"r{number}", commit),
            live(f"r{number - 1}", f"r{number}"),
        )  # fmt: skip
    every = record.between()
    assert every.steps == ({LIMIT: 1}, {LIMIT: 0, COMMIT: 1}, {LIMIT: 1, COMMIT: 2})
    part = every.between(record.ids[1], record.ids[3])
    assert part.good.id == record.ids[1]
    assert shown(part) == [
        {LIMIT: plain(1, "0", "20"), COMMIT: plain(1, A, B)},
        {LIMIT: plain(0, "0", "0"), COMMIT: plain(2, A, C)},
    ]
    assert part.built["shop", "r2"] == frozenset()
    assert part.built["shop", "r3"] == {(LIMIT, 1), (COMMIT, 1)}
    assert part.built["shop", "r1"] == {(LIMIT, 1)}


def test_operations_without_a_chosen_place_are_left_out(record):
    record.add(migration(1)).add(built("r2", B), live("r1", "r2"))
    part = record.between().only(lambda place: place.application == "shop")
    assert [each.id for each in part.operations] == record.ids[2:]
    assert [each["shop"] for each in part.live] == ["r1", "r2"]
