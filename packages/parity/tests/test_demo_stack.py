"""A stack that the demonstration makes: its example values, and what `make demo STACKS=...` asks for."""

from __future__ import annotations

import subprocess

import pytest

from parity.local.demo_stack import example
from support.paths import ROOT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("shop.staging.storefront.example", "shop.qa.storefront.example"),
        ("https://logs.staging.storefront.example/drain", "https://logs.qa.storefront.example/drain"),
        ("shop.storefront.example", "qa.shop.storefront.example"),
        ("https://shop.upstaging.example", "https://qa.shop.upstaging.example"),
    ],
)
def test_an_example_has_the_new_stacks_name(value, expected):
    assert example(value, "staging", "qa") == expected


@pytest.mark.parametrize(
    ("given", "command"),
    [([], "parity demo"), (["STACKS=staging qa prod"], "parity demo --stack staging --stack qa --stack prod")],
)
def test_make_hands_the_stacks_over(given, command):
    done = subprocess.run(["make", "-n", "demo", *given], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith(command)
