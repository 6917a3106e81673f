"""The published figures: nothing is said of a case that was not run, and page and picture are the record's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from crashlab import picture, record
from crashlab.__main__ import PAGE, PICTURE, RECORD
from crashlab.cases import Reference, cases
from crashlab.operations import OPERATIONS
from crashlab.oracle import Reality
from crashlab.points import Point
from crashlab.record import (
    ABSENT,
    BROKEN,
    COLUMNS,
    CONVERGED,
    NONE,
    NOT_CONVERGED,
    REPORTED_DONE,
    SWALLOWED,
    UNTRUE,
    Entry,
)

CRASHED = {
    "reached": True,
    "swallowed": False,
    "live": [],
    "leaks": [],
    "state": "one",
    "verdicts": {"recover": {"faults": []}},
}
POINTS = tuple(Point("request", f"vercel GET /{number}", 1, "", changes=False) for number in range(2))


def matrix():
    return cases([Reference(OPERATIONS["prune"], POINTS, Reality(Counter(), {}), {})])


def results(every, **more):
    return [{**CRASHED, **each.document(), **more} for each in every]


def recorded(every, found):
    return record.of_results(every, found, ["recover"], date="2026-11-26", version="c")


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, CONVERGED),
        ({"reported_done": True}, REPORTED_DONE),
        ({"verdicts": {"recover": {"faults": ["wrong"]}}}, NOT_CONVERGED),
        ({"verdicts": {}}, ABSENT),
        ({"live": ["the domain answers 500"]}, BROKEN),
        ({"leaks": ["the state"]}, BROKEN),
        ({"swallowed": True}, SWALLOWED),
        ({"swallowed": True, "differences": ["a domain too many"]}, UNTRUE),
        ({"swallowed": True, "leaks": ["the state"]}, UNTRUE),
        ({"reached": False}, ABSENT),
        ({"broken": "Traceback"}, ABSENT),
    ],
)
def test_a_case_is_published_as_what_came_of_it(more, wanted):
    assert record.letter({**CRASHED, **more}, "recover") == wanted


def test_cases_without_a_result_are_published_as_not_run_and_are_what_is_missing():
    every = matrix()
    (entry,) = recorded(every, results(every[:3]))
    assert entry.counts()[CONVERGED] == 3
    assert entry.counts()[ABSENT] == len(every) - 3
    assert entry.counts()[NONE] == 2 * len(COLUMNS) - len(every)
    assert not entry.complete
    assert record.missing(every, [entry], ["recover"]) == every[3:]
    assert record.missing(every, [entry], ["recover", "stock-up"]) == every
    (row,) = record.table([entry]).splitlines()[2:]
    assert row == f"| `prune` | `recover` | 3 of {len(every)} | 0 | 3 | 1 | 3 | 3 |"


def test_what_failed_is_counted_as_what_it_is():
    every = matrix()
    found = [*results(every[:1], live=["no"]), *results(every[1:2], verdicts={"recover": {"faults": ["no"]}})]
    found += results(every[2:3], swallowed=True, differences=["no"], verdicts={}) + results(every[3:])
    (row,) = record.table(recorded(every, found)).splitlines()[2:]
    rest = len(every) - 3
    assert row.endswith(f"| 1, 1 of them untrue | {rest + 2} | 1 | {rest + 1} | {rest} |")


def test_what_is_run_later_joins_what_was_run_before_and_replaces_it():
    every = matrix()
    first = recorded(every, results(every[:3]))
    lost = results(every[2:5], verdicts={"recover": {"faults": ["wrong"]}})
    (both,) = record.merged(first, record.of_results(every, lost, ["recover"], date="2026-11-27", version="d"))
    assert [both.letter(each) for each in every[:6]] == [
        CONVERGED,
        CONVERGED,
        NOT_CONVERGED,
        NOT_CONVERGED,
        NOT_CONVERGED,
        ABSENT,
    ]
    assert (both.dates, both.parity, both.states) == (["2026-11-26", "2026-11-27"], ["c", "d"], None)
    (more,) = record.merged(first, recorded(every, results(every[:4])))
    assert (more.counts()[CONVERGED], more.states) == (4, 1)
    (complete,) = record.merged([both], recorded(every, results(every)))
    assert complete.complete
    assert (complete.dates, complete.states) == (["2026-11-26"], 1)


def test_where_an_operation_has_other_points_what_was_published_of_the_old_ones_goes():
    every = matrix()
    old = Entry("prune", "recover", ["2026-11-25"], ["b"], 1, {"request-0-1": CONVERGED * len(COLUMNS)})
    new = recorded(every, results(every[:1]))
    assert record.merged([old], new) == new


def test_the_same_points_in_another_order_are_the_same_points():
    every = matrix()
    first = recorded(every, results(every[:3]))
    turned = [replace(each, points=dict(reversed(each.points.items()))) for each in first]
    (both,) = record.merged(turned, recorded(every, results(every[3:6])))
    assert both.counts()[CONVERGED] == 6
    assert list(both.points) == list(first[0].points)


def test_procedures_that_were_not_followed_are_not_published():
    every = matrix()
    assert record.of_results(every, results(every), ["stock-up"], date="", version="") == []


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="has no <!-- record -->"):
        record.put_in("# A page\n", [])


def test_page_and_picture_are_drawn_from_the_record():
    entries = record.read(RECORD)
    assert entries
    assert PICTURE.read_text() == picture.svg(entries)
    assert PAGE.read_text() == record.put_in(PAGE.read_text(), entries)


def test_a_record_that_is_written_is_read_again(tmp_path):
    every = matrix()
    entries = recorded(every, results(every))
    record.write(tmp_path / "record.json", entries)
    assert record.read(tmp_path / "record.json") == entries


def test_the_picture_has_a_square_for_each_case():
    every = matrix()
    drawn = picture.svg(recorded(every, results(every[:3])))
    assert drawn.count("h5v5h-5z") == len(every)
    assert "prune, recover: 3 of" in drawn
