"""Every field that a team may change in its files is changed by an edit of the experiment, or has a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.config.parameters import Catalog, Parameters
from parity.config.stack_models import StackConfig
from parity.errors import ConfigError
from support.edits import fields
from support.edits.edits import EDITS

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = fields.every(Catalog) | fields.every(StackConfig)


def test_each_field_has_an_edit_or_a_reason(tmp_path: Path):
    found: set[str] = set()
    for number, edit in enumerate(EDITS):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            own = fields.changed(edit, folder)
        except ConfigError as refused:
            pytest.fail(f"{edit} is refused when it is read: {refused}")
        assert own, f"{edit} changes no field"
        found |= own
    assert FIELDS - found - set(fields.NOT_EDITED) == set(), "neither edited nor in NOT_EDITED"
    assert set(fields.NOT_EDITED) & found == set(), "edited, and in NOT_EDITED"
    assert set(fields.NOT_EDITED) - FIELDS == set(), "not a field"


def test_a_new_field_is_noticed():
    class Grown(Parameters):
        surprise: int

    assert fields.every(Grown) - FIELDS == {"Grown.surprise"}
