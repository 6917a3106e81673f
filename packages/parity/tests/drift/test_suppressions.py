"""An exception is appended to the stack's file, and every other byte stays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from parity.config.stack_models import ParityException
from parity.drift import suppressions
from parity.drift.model import Finding, Report
from parity.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = '{accepts: drift, resource: "r", property: "p", reason: "why", expiry: "2099-01-01"}'
FINDING = Finding("changed", "vercel:index/project:Project", "shop-project", "framework", ("shop-prod",), "urn:x")
REPORT = Report("prod", (FINDING,), (), (), 1, 1, {}, datetime(2026, 11, 24, tzinfo=UTC), "")

FILES = {
    "empty": "config:\n  parity:exceptions: []  # none\n  parity:acknowledged: []\n",
    "block": "config:\n  # b\n  parity:exceptions:\n    - {resource: a, property: b, reason: c}  # one\n\n  x: 1\n",
    "mapping": "config:\n  parity:exceptions:\n    - resource: a\n      property: b\n      reason: c  # why\n  x: 1\n",
    "unindented": "config:\n  parity:exceptions:\n  - {resource: a, property: b, reason: c}\n  x: 1\n",
    "flow": "config: {parity:exceptions: [{resource: a, property: b, reason: c}], x: 1}\n",
    "windows": "config:\r\n  parity:exceptions:\r\n    - {resource: a, property: b, reason: c}\r\n  x: 1\r\n",
    "last": "config:\n  parity:exceptions:\n    - {resource: a, property: b, reason: c}",
    "null": "config:\n  parity:exceptions:\n  x: 1\n",
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_the_last_of_the_list_and_no_other_byte_changes(name: str, tmp_path: Path):
    path = tmp_path / "Pulumi.prod.yaml"
    before = FILES[name].encode()
    path.write_bytes(before)
    suppressions.write(path, ENTRY)
    after = path.read_bytes()
    document = YAML(typ="safe").load(after.decode())
    entries = document["config"]["parity:exceptions"]
    assert entries[-1] == {
        "accepts": "drift",
        "resource": "r",
        "property": "p",
        "reason": "why",
        "expiry": "2099-01-01",
    }
    assert len(entries) == 1 + FILES[name].count("reason: c")
    start = after.index(ENTRY.encode())
    around = after[:start].rstrip(b" -,\r\n[") + after[start + len(ENTRY) :]
    assert sorted(set(before.split())) >= sorted(set(around.split()) - {b"]"})
    assert after.count(b"#") == before.count(b"#")
    assert (b"\r\n" in after) == (b"\r\n" in before)


def test_a_file_without_the_list_says_so(tmp_path: Path):
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text("config: {}\n")
    with pytest.raises(ProjectError, match="parity:exceptions"):
        suppressions.write(path, ENTRY)


def test_what_is_written_suppresses_its_finding_and_no_other():
    line = suppressions.entry(FINDING, 'a "reason": # of sorts', date(2099, 1, 1))
    document = YAML(typ="safe").load(line)
    written = ParityException.model_validate(document)
    assert written.accepts == "drift"
    other = Finding("changed", FINDING.type, "shop-project", "nodeVersion", ("shop-prod",), "urn:x")
    found = suppressions.apply([FINDING, other], [written], date(2026, 1, 1))
    assert [each.counts for each in found] == [False, True]
    late = suppressions.apply([FINDING], [written], date(2099, 1, 2))
    assert late[0].counts
    assert late[0].suppression is not None


def test_an_exception_of_the_comparison_suppresses_no_drift():
    written = ParityException(resource="*", property="*", reason="r", accepts="difference")
    assert suppressions.apply([FINDING], [written], date(2026, 1, 1))[0].counts


def test_a_name_with_brackets_is_matched_as_it_stands():
    unmanaged = Finding("unmanaged", "vercel:index/x:X", "shop-prod/A [1] (production)", "", ("shop-prod", "A"))
    written = ParityException.model_validate(
        YAML(typ="safe").load(suppressions.entry(unmanaged, "r", date(2099, 1, 1)))
    )
    assert not suppressions.apply([unmanaged], [written], date(2026, 1, 1))[0].counts


@pytest.mark.parametrize("given", ["tomorrow", "2020-01-01", "2099-13-01"])
def test_a_day_that_is_none_or_over_is_refused(given: str):
    with pytest.raises(UsageError):
        suppressions.last_day(given, date(2026, 11, 24))


def test_a_finding_that_is_not_there_or_unknowable_is_refused():
    with pytest.raises(UsageError, match="there is no finding d-nothing"):
        suppressions.choose(REPORT, "d-nothing")
    hidden = Finding("unknowable", FINDING.type, "x", "value", ("x",))
    report = Report("prod", (hidden,), (), (), 1, 1, {}, REPORT.time, "")
    with pytest.raises(UsageError, match="unknowable"):
        suppressions.choose(report, hidden.id)
