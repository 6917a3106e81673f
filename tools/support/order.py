"""Begins with what takes longest, so that no worker is left alone with it at the end."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from parity.evaluate.lazy import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Generator

LONGEST = (
    "sandbox/test_edits.py",
    "repository/test_tutorial.py",
    "workflows/test_delivery_workflows.py",
    "sandbox/test_import.py",
    "sandbox/test_releases.py",
    "crashlab/test_sample.py",
    "sandbox/test_trusted_source.py",
    "sandbox/test_recover.py",
    "sandbox/test_drift_remedies.py",
    "sandbox/test_live_release.py",
    "sandbox/test_stages.py",
    "sandbox/test_drift_recall.py",
    "sandbox/test_verify.py",
    "sandbox/test_printed_commands.py",
    "distribution/test_init.py",
    "sandbox/test_drift.py",
    "sandbox/test_two_providers.py",
    "sandbox/test_stacks.py",
    "live/test_core_lifecycle.py",
    "tests/test_program_server.py",
    "sandbox/test_check_live.py",
    "sandbox/test_preview.py",
    "sandbox/test_canaries.py",
    "workflows/test_release_runs.py",
    "sandbox/test_two_servers.py",
    "check/test_mutants.py",
    "sandbox/test_guard.py",
    "sandbox/test_team_tools.py",
    "sandbox/test_backends.py",
    "sandbox/test_edit_matrix.py",
    "sandbox/test_renamed_roles.py",
    "live/test_core_control.py",
    "sandbox/test_doctor.py",
    "sandbox/test_watch.py",
    "sandbox/test_rehearsal.py",
    "sandbox/test_record_engine.py",
    "sandbox/test_main_job.py",
    "sandbox/test_containers.py",
    "sandbox/test_bad_input.py",
    "sandbox/test_job_logins.py",
    "distribution/test_upgrade.py",
    "tests/test_bad_requests.py",
    "live/test_gh.py",
    "image/test_image.py",
    "sandbox/test_migrated_releases.py",
)
"""Folders and files of tests, by how long they take. A file that is not named here comes after these.

The workers are given a file each in this order. The first and the third make the two templates with stacks that are up,
and the second and the fourth need neither meanwhile. A worker that has two tests left is given its next file.
"""


def place(item: pytest.Item) -> int:
    """Where a test comes: by its file, then all others that start an engine, those with a sandbox, the rest."""
    name = f"{item.path.parent.name}/{item.path.name}"
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + (0 if item.get_closest_marker("engine") else 1 if item.get_closest_marker("sandbox") else 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort; tests of one file stay together, since they share what is made for the file (`--dist loadfile`)."""
    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector; from then on it searches only what comes later.

    Modules and tests stay until the end, and half of what collecting took was the search through them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS)
        gc.enable()
