"""A ledger that was edited, or of which something was removed, moved or added, is reported with which object."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from parity.backend import chain, segments
from parity.backend.ledger import BEGIN, END, Ledger, identity_of
from parity.engine.store import FolderStore
from parity.updates import record

OLD = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(FolderStore(tmp_path), "storefront", "staging")


def again(ledger):
    """The ledger as another process opens it."""
    return Ledger(ledger.store, ledger.project, ledger.stack)


def three(ledger):
    made = []
    for number in range(3):
        made.append(ledger.begin({"command": "up", "project": "storefront", "stack": "staging", "number": number}))
        ledger.end(made[-1], {"result": "succeeded"})
    return made


def path(ledger, name):
    return ledger.store.root / ledger.folder / name


def faults(ledger):
    return [str(each) for each in chain.verify(again(ledger)).faults]


def test_each_begin_names_the_newest_object_before_it_and_each_end_its_begin(ledger):
    one, two, _ = three(ledger)
    data = path(ledger, one + END).read_bytes()
    records = ledger.records()
    assert records[1].begin["after"] == {one + END: segments.digest(data)}
    assert list(records[1].end["after"]) == [two + BEGIN]
    assert records[0].begin["after"] == {}


def test_a_ledger_as_it_was_written_has_no_fault_and_one_head(ledger):
    *_, last = three(ledger)
    verified = chain.verify(ledger)
    assert (verified.objects, verified.faults, verified.heads) == (6, (), (last + END,))


@pytest.mark.parametrize("ending", [BEGIN, END])
@pytest.mark.parametrize("which", [0, 1])
def test_an_edit_is_reported(ledger, which, ending):
    name = three(ledger)[which] + ending
    text = path(ledger, name).read_text()
    path(ledger, name).write_text(text.replace('"form":1', '"form": 1'))
    (fault,) = faults(ledger)
    assert fault.startswith(f"{name}: was edited after ")


@pytest.mark.parametrize("ending", [BEGIN, END])
def test_a_removal_is_reported(ledger, ending):
    name = three(ledger)[1] + ending
    path(ledger, name).unlink()
    assert any(each.startswith(f"{name}: is gone") for each in faults(ledger))


def test_a_move_is_reported(ledger):
    one, *_ = three(ledger)
    path(ledger, one + END).rename(path(ledger, "20990101T000000.000Z-00000000" + END))
    assert f"20990101T000000.000Z-00000000{END}: was moved: it is the record of {one}" in faults(ledger)


def test_a_record_of_another_stack_is_reported(ledger):
    three(ledger)
    other = Ledger(ledger.store, "storefront", "prod")
    moved = other.begin({"command": "up", "project": "storefront", "stack": "prod"})
    path(ledger, moved + BEGIN).write_bytes(path(other, moved + BEGIN).read_bytes())
    assert f"{moved}{BEGIN}: was moved: it is a record of storefront/prod" in faults(ledger)


def test_one_that_was_added_afterwards_is_reported(ledger):
    three(ledger)
    name = identity_of(OLD, "00000000") + BEGIN
    document = {"form": 1, "update": name.removesuffix(BEGIN), "event": "begin", "time": OLD.isoformat(), "after": {}}
    path(ledger, name).write_text(json.dumps(document))
    assert faults(ledger) == [f"{name}: was added afterwards: no later record names it"]


def test_two_writers_at_once_lose_nothing_and_the_next_names_both(ledger):
    three(ledger)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: again(ledger).begin({"command": "up"}), range(8)))
    following = ledger.begin({"command": "up"})
    named = {name for each in again(ledger).records() for name in each.begin["after"]}
    assert named >= {each + BEGIN for each in made}
    assert following + BEGIN not in named
    assert faults(ledger) == []


def test_an_end_that_is_written_late_is_named_by_the_next(ledger):
    late = ledger.begin({"command": "up"})
    three(ledger)
    ledger.end(late, {"result": "killed"})
    following = ledger.begin({"command": "up"})
    (record,) = ledger.matching(following)
    assert late + END in record.begin["after"]


def test_records_of_an_older_version_are_named_by_the_first_new_one(ledger):
    old = identity_of(OLD, "00000000")
    for ending in (BEGIN, END):
        text = json.dumps({"form": 1, "update": old, "time": OLD.isoformat(), "result": "succeeded"})
        path(ledger, old + ending).parent.mkdir(parents=True, exist_ok=True)
        path(ledger, old + ending).write_text(text)
    assert list(ledger.records()[0].begin.get("after", ())) == []
    ledger.begin({"command": "up"})
    assert set(ledger.records()[-1].begin["after"]) == {old + BEGIN, old + END}
    path(ledger, old + END).write_text("{}")
    assert any(each.startswith(f"{old}{END}: was edited") for each in faults(ledger))


# --- Segments ---------------------------------------------------------------------------------------------------------


def many(ledger, count, *, open_ones=(), start=OLD):
    """Records of long ago, each of one resource of ten, written as fast as files are."""
    path(ledger, "").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        at = start + timedelta(seconds=number)
        identity = identity_of(at, f"{number:08x}")
        row = {"urn": f"urn:pulumi:staging::storefront::t::r{number % 10}", "operation": "update", "properties": []}
        begin = {"form": 1, "update": identity, "event": "begin", "time": at.isoformat(), "differences": [row]}
        end = {"form": 1, "update": identity, "event": "end", "time": at.isoformat(), "result": "succeeded"}
        path(ledger, identity + BEGIN).write_text(json.dumps(begin) + "\n")
        if number not in open_ones:
            path(ledger, identity + END).write_text(json.dumps(end) + "\n")


def ids(records):
    return [each.id for each in records]


def test_segments_repeat_the_records_and_readers_see_no_difference(ledger):
    many(ledger, 100)
    three(ledger)
    before = ids(again(ledger).records())
    touching = ids(again(ledger).newest(lambda urn: urn.endswith("::r3")))
    assert ledger.compact() == 3
    assert ids(again(ledger).records()) == before
    assert ids(again(ledger).newest(lambda urn: urn.endswith("::r3"))) == touching
    assert len(touching) == 10
    assert ids(again(ledger).records(last=50)) == before[-50:]
    assert ids(again(ledger).matching(before[40])) == [before[40]]
    assert faults(ledger) == []


def test_what_is_not_ended_and_all_after_it_stays_out_of_segments(ledger):
    many(ledger, 64, open_ones=(40,))
    three(ledger)
    assert ledger.compact() == 1
    assert ledger.compact() == 0


def test_what_is_of_this_hour_stays_out_of_segments(ledger):
    many(ledger, 64, start=datetime.now(UTC) - timedelta(minutes=10))
    assert ledger.compact() == 0


def test_small_segments_are_joined_and_the_large_one_is_read(ledger, monkeypatch):
    monkeypatch.setattr(segments, "LARGE", 96)
    many(ledger, 100)
    before = ids(ledger.records())
    assert ledger.compact() == 4
    (large,) = segments.Segments.list(ledger.store, ".parity/segments/storefront/staging").names
    assert segments.count(large) == 96
    assert ids(again(ledger).records()) == before


def test_two_that_compact_at_once_write_each_segment_once(ledger):
    many(ledger, 64)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: again(ledger).compact(), range(4))) == 2
    assert len(ledger.store.names(".parity/segments/storefront/staging")) == 2


def test_an_object_that_is_not_as_its_segment_repeats_it_is_reported(ledger):
    many(ledger, 32)
    ledger.compact()
    name = identity_of(OLD, "00000000")
    path(ledger, name + END).unlink()
    path(ledger, name + BEGIN).write_text("{}")
    found = faults(ledger)
    assert f"{name}{END}: is gone; a segment repeats it" in found
    assert f"{name}{BEGIN}: is not as a segment repeats it" in found


# --- A death at each step ---------------------------------------------------------------------------------------------


class Dying(FolderStore):
    """A folder whose process dies at one of its writes, before it or after it: begin, end, and three segments."""

    left = 0
    after = False

    def create(self, key, data):
        type(self).left -= 1
        if self.left == 0 and not self.after:
            raise KeyboardInterrupt
        done = super().create(key, data)
        if self.left == 0:
            raise KeyboardInterrupt
        return done


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 6))
def test_a_death_at_each_write_loses_nothing_and_leaves_nothing_twice(tmp_path, monkeypatch, step, after):
    monkeypatch.setattr(segments, "LARGE", 64)
    ledger = Ledger(FolderStore(tmp_path), "storefront", "staging")
    many(ledger, 64)
    before = ids(ledger.records())
    monkeypatch.setattr(Dying, "left", step)
    monkeypatch.setattr(Dying, "after", after)
    dying = Ledger(Dying(tmp_path), "storefront", "staging")
    with pytest.raises(KeyboardInterrupt):
        record.end(dying, dying.begin({"command": "up"}), {"result": "succeeded"})
    left = again(ledger)
    for each in left.records():
        left.end(each.id, {"result": "killed"})
    left.end(left.begin({"command": "recover"}), {"result": "succeeded"})
    left.compact()
    found = ids(again(ledger).records())
    assert found[:64] == before
    assert len(found) == len(set(found)) == 64 + 1 + (step > 1 or after)
    assert faults(ledger) == []
    assert len(ledger.store.names(".parity/segments/storefront/staging")) == 3
