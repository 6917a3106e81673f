"""Begins with what takes longest, so that no worker is left alone with it at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

LONGEST = (
    "sandbox/test_releases.py",
    "sandbox/test_delivery_workflows.py",
    "crashlab/test_sample.py",
    "sandbox/test_recover.py",
    "sandbox/test_preview.py",
    "sandbox/test_drift.py",
    "sandbox/test_check_live.py",
    "sandbox/test_main_job.py",
    "sandbox/test_drift_recall.py",
    "sandbox/test_live_release.py",
    "sandbox/test_backends.py",
    "sandbox/test_canaries.py",
    "sandbox/test_privileges.py",
)
"""Folders and files of engine tests, by how long they take; a file that is not named here comes after these."""


def place(item: pytest.Item) -> int:
    """Where a test comes: by its file, then all others that start an engine, those with a sandbox, the rest."""
    name = f"{item.path.parent.name}/{item.path.name}"
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + (0 if item.get_closest_marker("engine") else 1 if item.get_closest_marker("sandbox") else 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort; tests of one file stay together, since they share what is made for the file."""
    items.sort(key=place)
