"""The matrix of statements: nothing that breaks a release is allowed, and each lock is the one that was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import migration_matrix
from support.matrix_cases import CASES

if TYPE_CHECKING:
    from support.sandboxes import Sandbox

pytestmark = pytest.mark.sandbox

OF_THE_PAGE = 18


def test_each_statement_is_judged_rightly_and_takes_the_locks_that_were_said(shared_sandbox: Sandbox):
    found = migration_matrix.rows(shared_sandbox)
    assert len(found) >= len(CASES) - 1 >= 40
    assert [each for each in found if not each.right] == []
    assert [(each.sql, each.said, each.seen) for each in found if each.said != each.seen] == []
    with shared_sandbox.postgres() as administrator:
        version = administrator.info.server_version // 10_000
    if version == OF_THE_PAGE:
        assert migration_matrix.PAGE.read_text() == migration_matrix.page(found), (
            "benchmarks.migration_matrix writes it"
        )
