"""What an update from nothing asks of the vendors: every request belongs to a resource, and ours asks nothing twice."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from support.instances import STACKS
from support.paths import ROOT
from support.request_table import FAMILIES, family, page

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PAGE = ROOT / "docs" / "requests.md"
APPLICATIONS = 2


def rows_of(record, stack):
    return record["up"][stack]["requests"]


@pytest.mark.parametrize("stack", STACKS)
def test_every_request_belongs_to_a_resource(record, stack):
    unknown = {f"{row['service']} {row['method']} {row['path']}" for row in rows_of(record, stack) if not family(row)}
    assert unknown == set()


@pytest.mark.parametrize("stack", STACKS)
def test_no_request_fails(record, stack):
    assert [row for row in rows_of(record, stack) if row["status"] >= 400] == []


@pytest.mark.parametrize("stack", STACKS)
def test_each_application_is_switched_by_one_call(record, stack):
    promoted = [row["path"] for row in rows_of(record, stack) if "/promote/" in row["path"]]
    assert len(promoted) == len(set(promoted)) == APPLICATIONS


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_written_twice(record, stack):
    written = Counter(
        (row["method"], row["path"], row["body_digest"])
        for row in rows_of(record, stack)
        if row["method"] in {"POST", "PUT", "PATCH", "DELETE"}
    )
    assert [request for request, count in written.items() if count > 1] == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_deployments_health_is_asked_once_before_it_is_promoted(record, stack):
    asked = [
        row["path"] for row in rows_of(record, stack) if row["service"] == "edge" and ".vercel.app/" in row["path"]
    ]
    assert len(asked) == len(set(asked)) == APPLICATIONS


def test_the_page_is_what_was_counted(record):
    found = page({stack: rows_of(record, stack) for stack in STACKS})
    if os.environ.get("PARITY_WRITE_DOCS"):
        PAGE.write_text(found)
    assert PAGE.read_text() == found


def test_a_row_that_is_unknown_is_noticed():
    assert family({"service": "vercel", "method": "DELETE", "path": "/v9/projects/prj_1?teamId=t"}) is None
    assert family({"service": "vercel", "method": "GET", "path": "/v9/projects/prj_1?teamId=t"}) in FAMILIES
