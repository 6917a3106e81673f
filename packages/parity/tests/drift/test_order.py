"""Findings come in the order of what they touch; what cannot be known is counted, and listed on request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parity.drift import render
from parity.drift.model import Finding, Report, order
from parity.resources import kinds


def _finding(kind: str, type_: str, path: str = "", **more: object) -> Finding:
    return Finding(kind, type_, type_.rpartition(":")[2], path, ("x",), **more)  # pyright: ignore[reportArgumentType]


GIVEN = [
    _finding("unknowable", kinds.SECRET, "value"),
    _finding("missing", kinds.RETENTION),
    _finding("changed", kinds.VARIABLE, "value"),
    _finding("unmanaged", "postgresql:administrator"),
    _finding("changed", kinds.PROJECT, "vercelAuthentication.deploymentType"),
    _finding("changed", kinds.PROJECT, "framework"),
    _finding("unmanaged", kinds.ALIAS),
]


def _report(*findings: Finding) -> Report:
    return Report("prod", tuple(sorted(findings, key=order)), (), (), 9, 9, {}, datetime(2026, 11, 29, tzinfo=UTC), "")


def test_who_is_served_what_comes_first_then_who_may_change_it_then_secrets_then_the_rest():
    assert [(each.type.rpartition(":")[2], each.concern) for each in sorted(GIVEN, key=order)] == [
        ("Alias", "served"),
        ("Project", "rights"),
        ("administrator", "rights"),
        ("ProjectEnvironmentVariable", "secrets"),
        ("ProjectDeploymentRetention", "rest"),
        ("Project", "rest"),
        ("ActionsEnvironmentSecret", "secrets"),
    ]


@pytest.mark.parametrize("unknowable", [False, True])
def test_the_unknowable_is_listed_only_on_request(unknowable: bool):
    text = render.text(_report(*GIVEN), [], drifted=True, unknowable=unknowable)
    assert ("unknowable: ActionsEnvironmentSecret" in text) == unknowable
    assert ("1 more may differ, and no API shows it: --unknowable lists them" in text) != unknowable
    titles = ["Who is served what", "Who may change it", "Secrets and variables", "The rest"]
    assert [line for line in text.splitlines() if line in titles] == titles


def test_who_wrote_it_last_may_have_come_after_the_change():
    at = datetime(2026, 11, 29, 12, 0, 5, tzinfo=UTC)
    (line,) = render.lines(_finding("changed", kinds.VARIABLE, "value", by="ann", since=at))
    assert line == "changed by ann at 2026-11-29 12:00:05 UTC (or before)"
