"""docs/standin.md says what the code holds."""

from __future__ import annotations

from parity_sandbox.standin.provider import POLL_VARIABLE
from support import standin_page
from support.paths import ROOT

DOCUMENT = ROOT / "docs" / "standin.md"


def between(start: str, end: str) -> str:
    text = DOCUMENT.read_text()
    return text.partition(start)[2].partition(end)[0].strip()


def test_the_table_of_resources_is_the_codes():
    assert (
        between("<!-- table: support/standin_page.py -->", "<!-- end of table -->") == standin_page.resources().strip()
    )


def test_the_list_of_differences_is_the_codes():
    listed = between("<!-- differences: support/standin_page.py -->", "<!-- end of differences -->")
    assert listed == standin_page.differences().strip()


def test_the_setting_of_its_own_is_documented():
    assert POLL_VARIABLE in DOCUMENT.read_text()


def test_a_difference_is_allowed_only_where_it_is_known():
    assert standin_page.allowed("outputs.__pulumi_raw_state_delta")
    assert not standin_page.allowed("outputs.name")
