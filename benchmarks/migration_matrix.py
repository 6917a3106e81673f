"""Writes docs/migrations-matrix.md: what Parity says of each statement, and what happens to a release's query.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.migration_matrix

It takes a sandbox with PostgreSQL 18. squawk's verdicts are in tools/support/data/squawk.json, which says how they were
had.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from support import migration_matrix
from support.sandboxes import started


def main() -> None:
    """Run each case and write the page."""
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "instance") as sandbox:
        migration_matrix.PAGE.write_text(migration_matrix.page(migration_matrix.rows(sandbox)))


if __name__ == "__main__":
    main()
