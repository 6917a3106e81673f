"""Fixtures of the tests of GitHub's API: a storage of their own, a clock that stands, a checked client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity_sandbox.context import Context
from parity_sandbox.github import seed
from parity_sandbox.store import Store
from support.github_api import REPO, SEED, Api
from support.vercel_api import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(tmp_path: Path, clock: Clock) -> Iterator[Context]:
    store = Store(tmp_path / "store.db")
    yield Context(store, clock=clock)
    store.close()


@pytest.fixture
def api(context: Context) -> Api:
    seed(context, SEED)
    return Api(context)


@pytest.fixture
def environment(api: Api) -> str:
    """The path of an environment that takes branch policies of its own."""
    policy = {"protected_branches": False, "custom_branch_policies": True}
    api("PUT", f"{REPO}/environments/prod", {"deployment_branch_policy": policy})
    return f"{REPO}/environments/prod"
