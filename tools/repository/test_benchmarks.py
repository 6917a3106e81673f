"""The benchmarks, which nothing runs in between, fit the code: each imports, and what it writes imports too."""

from __future__ import annotations

import importlib

import pytest

from benchmarks import check
from support.paths import ROOT

MODULES = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_imports(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").main)


def test_the_catalog_that_the_check_benchmark_writes_is_a_catalog():
    made = {}
    exec(compile(check.catalog(2), "catalog.py", "exec"), made)  # noqa: S102 - text that the benchmark writes as a file
    assert [each.name for each in made["CATALOG"].applications] == ["app0", "app1"]
