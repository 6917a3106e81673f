"""The project's own provider holds no config, on the real engine, so that none changes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parity.resources import kinds
from parity.resources.kind import package

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

DECLARED = '        Provider("parity"),\n'


def exported(instance: Instance):
    return json.loads(instance.pulumi("stack", "export", "--stack", "staging").ok().stdout)["deployment"]["resources"]


def test_the_own_provider_holds_no_config_and_takes_the_place_of_the_default_one(small_instance: Instance):
    instance = small_instance
    build = instance.project.root / "infra" / "build.py"
    text = build.read_text()
    assert text.count(DECLARED) == 1
    build.write_text(text.replace(DECLARED, ""))
    instance.up("staging").ok()
    before = exported(instance)
    held = [each for each in before if each["type"] == "pulumi:providers:parity"]
    assert "secret" in held[0]["inputs"], "the engine's default provider has the config: else this test shows nothing"

    build.write_text(text)
    last = instance.last_request()
    instance.up("staging").ok()
    changing = [row for row in instance.requests(last) if row["method"] != "GET"]
    assert changing == [], "the provider's new name replaces nothing"
    after = exported(instance)
    own = [each for each in after if each["type"] == "pulumi:providers:parity"]
    assert [each["urn"].rpartition("::")[2] for each in own] == ["parity"]
    assert set(own[0].get("inputs") or {}) <= {"__internal", "version"}, "no copy of the config"
    assert set(own[0].get("outputs") or {}) <= {"__internal", "version"}
    users = [each for each in after if package(each["type"]) == "parity" and each.get("custom")]
    assert {each["type"] for each in users} == {kinds.LIVE, kinds.BYPASS, kinds.DOMAIN, kinds.MIGRATION}
    assert all(each["provider"].startswith(own[0]["urn"]) for each in users)
