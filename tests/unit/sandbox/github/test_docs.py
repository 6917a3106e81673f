"""The page about fidelity is true: its table is the one that the routes give."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.fidelity import rewritten, table
from sandbox.github import DESCRIBED

PAGE = Path(__file__).parents[4] / "docs" / "fidelity-github.md"


def test_the_page_has_the_table_of_the_routes():
    page = PAGE.read_text()
    remedy = "run: python -m sandbox.fidelity docs/fidelity-github.md"
    assert rewritten(page, DESCRIBED) == page, remedy


def test_the_table_names_every_route_with_its_source():
    lines = table(DESCRIBED).splitlines()[2:]
    assert len(lines) == len(DESCRIBED)
    assert "| `GET /orgs/{org}` | `orgs/get` | The plan is always" in "\n".join(lines)


def test_a_page_without_a_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match="has no lines"):
        rewritten("# A page", DESCRIBED)
