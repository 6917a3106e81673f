"""The main job on the real engine: both stacks come up from nothing, answer, stay as declared, and go traceless."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from parity.engine.pulumi import Pulumi
from parity.local import demo
from support import pg_catalog
from support.instances import STACKS

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def answers(instance: Instance, stack: str) -> dict[str, demo.Live]:
    engine = Pulumi(Path("pulumi"), instance.project.root, instance.environment())
    return {each.application: each for each in demo.ask_all(engine, [stack])}


def objects(state: dict[str, Any]) -> dict[str, Any]:
    """What the vendors hold, but for two documents that say nothing of ours.

    GitHub's key pair of the repository, made when it is first asked for, and Actions permissions that are a new
    repository's own.
    """
    kinds = {(service, kind): documents for service, kinds in state.items() for kind, documents in kinds.items()}
    kinds.pop(("github", "keys"), None)
    kinds[("github", "permissions")] = [
        each
        for each in kinds.get(("github", "permissions"), [])
        if (each["enabled"], each["allowed_actions"]) != (True, "all")
    ]
    return {" ".join(name): documents for name, documents in kinds.items() if documents}


def test_both_stacks_come_up_from_nothing(record):
    assert [record["up"][stack]["code"] for stack in STACKS] == [0, 0]
    assert record["state"]["vercel"].get("projects", []) == []
    assert all("created" in record["up"][stack]["stdout"] for stack in STACKS)


def test_what_is_there_is_what_was_declared_and_a_second_update_changes_nothing(finished_instance):
    state, databases = finished_instance.state(), pg_catalog.dump(finished_instance.environment())
    finished_instance.up("prod", "--refresh", "--expect-no-changes", "--diff").ok()
    assert "as declared" in finished_instance.run("parity", "drift", "staging").ok().said
    assert finished_instance.state() == state
    assert pg_catalog.dump(finished_instance.environment()) == databases


def test_every_live_url_answers_with_its_release_and_a_working_login(finished_instance):
    asked = 0
    for stack in STACKS:
        for name, live in answers(finished_instance, stack).items():
            assert live.fault == "", f"{name} of {stack}"
            assert live.answer.body["environment"] == stack
            logins = live.answer.body["database"]
            assert logins
            assert all(row["database"] == f"storefront_{stack}" for row in logins)
            asked += 1
    assert asked == 4


def test_a_live_url_whose_database_is_gone_is_noticed(finished_instance):
    finished_instance.local.client().postgres("stop")
    shop = answers(finished_instance, "staging")["shop"]
    assert shop.answer.status == 503
    assert "DATABASE_URL failed" in shop.fault


def test_destroying_leaves_everything_as_it_was(finished_instance, record):
    for stack in reversed(STACKS):
        finished_instance.destroy(stack).ok()
    assert pg_catalog.dump(finished_instance.environment()) == record["catalog"]
    assert objects(finished_instance.state()) == objects(record["state"])


def test_a_request_to_another_host_is_refused_and_logged_by_name(finished_instance):
    since = finished_instance.last_request()
    run = finished_instance.run("curl", "-sS", "--max-time", "10", "https://example.com/")
    assert run.code != 0
    assert [row for row in finished_instance.requests(since) if "example.com" in row["path"]]
