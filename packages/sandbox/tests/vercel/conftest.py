"""Fixtures of the tests of Vercel's API: a storage of their own, a clock that stands, a team, a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity_sandbox import vercel
from parity_sandbox.context import Context
from parity_sandbox.store import Store
from support.vercel_api import REPOSITORY, SEED, Clock, Vercel

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
def api(context: Context, clock: Clock) -> Vercel:
    context.store.collection("github", "repositories").insert("41", REPOSITORY)
    vercel.seed(context, SEED)
    return Vercel(context, clock)
