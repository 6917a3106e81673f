"""A fresh fake Vercel for each test."""

from __future__ import annotations

import pytest

from support.fake_vercel import Vercel


@pytest.fixture
def vercel() -> Vercel:
    """Answers nothing but the team's project."""
    return Vercel()
