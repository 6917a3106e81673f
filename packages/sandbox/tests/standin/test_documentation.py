"""docs/standin.md says what the code holds."""

from __future__ import annotations

from parity_sandbox.standin import differences, table
from parity_sandbox.standin.provider import POLL_VARIABLE
from support.paths import ROOT

DOCUMENT = ROOT / "docs" / "standin.md"


def between(start: str, end: str) -> str:
    text = DOCUMENT.read_text()
    return text.partition(start)[2].partition(end)[0].strip()


def test_the_table_of_resources_is_the_codes():
    assert (
        between("<!-- table: python -m parity_sandbox.standin.table -->", "<!-- end of table -->")
        == table.markdown().strip()
    )


def test_the_list_of_differences_is_the_codes():
    listed = between(
        "<!-- differences: python -m parity_sandbox.standin.differences -->", "<!-- end of differences -->"
    )
    assert listed == differences.markdown().strip()


def test_the_setting_of_its_own_is_documented():
    assert POLL_VARIABLE in DOCUMENT.read_text()


def test_a_difference_is_allowed_only_where_it_is_known():
    assert differences.allowed("outputs.__pulumi_raw_state_delta")
    assert not differences.allowed("outputs.name")
