"""A third stack, from `parity stack new` to a release that was promoted through it, on the real engine."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.amounts import everything
from support.runner import Actions

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

NEW = "5" * 40
SHARED = "a-secret-that-two-stacks-share-0123456789"
PAYMENT = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"


def parity(instance: Instance, *arguments: str, **more: str) -> Run:
    done = instance.run("parity", *arguments, **more)
    assert SHARED not in done.said, "a secret is said in the clear"
    return done


def push(instance: Instance, commit: str) -> None:
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [commit]}
    document = {"organization": "storefront-example", "repositories": [repository]}
    instance.local.client().seed({"github": document})


def answer(instance: Instance, host: str) -> dict[str, str]:
    return json.loads(instance.run("curl", "-sS", f"https://{host}/").ok().stdout)


def filled(command: str, what: str) -> list[str]:
    """A printed command with the value that qa has where staging has the one that the fault names."""
    return shlex.split(command.replace("VALUE", what.partition("instead of ")[2].rstrip(".").replace("staging", "qa")))


def _one_run_audits_each_in_a_job_of_its_own(instance: Instance, folder: Path, *stacks: str) -> None:
    """At night; which jobs there are is asked each time by tools/workflows/test_workflows.py."""
    with closing(Actions(instance, folder)) as actions:
        ended = actions.run("drift.yml", "schedule").ok()
    assert {name for name in ended.jobs if name.startswith("audit")} == {f"audit ({stack})" for stack in stacks}
    for stack in stacks:
        assert f"{stack}: clean" in ended.summaries[f"audit ({stack})"]


@pytest.mark.timeout(900)
def test_a_third_stack_is_made_filled_in_brought_up_and_promoted_through(own_small_instance: Instance, tmp_path: Path):
    instance, root = own_small_instance, own_small_instance.project.root
    path = root / "Pulumi.qa.yaml"

    # Without a key nothing is begun, and nothing is left of it.
    locked = instance.run(
        "parity", "stack", "new", "qa", "--from", "staging", extra={"PARITY_PASSPHRASE_FILE_QA": "/nowhere"}
    )
    assert locked.code == 6, locked.said
    assert not path.exists()
    assert "qa" not in instance.pulumi("stack", "ls", "--json").ok().stdout

    made = json.loads(parity(instance, "stack", "new", "qa", "--from", "staging", "--json").ok().stdout)
    assert made["promotes_from"] == "staging"
    assert parity(instance, "stack", "new", "qa", "--from", "staging").code == 2

    # Until it is filled in, it is refused before any call, with the command for each key.
    since = instance.last_request()
    refused = parity(instance, "up", "qa", "--yes")
    assert refused.code == 2
    assert [each["key"] for each in made["to_fill_in"] if each["command"] not in refused.said] == []
    assert f"{len(made['to_fill_in'])} faults" in refused.said
    assert [each for each in instance.requests(since) if each["method"] != "GET"] == []
    for each in made["to_fill_in"]:
        parity(instance, *filled(each["command"], each["what"])[1:], stdin=f"{SHARED}\n").ok()
    parity(instance, "config", "set", "prod", "parity:promotesFrom", "qa").ok()
    listed = json.loads(parity(instance, "stack", "list", "--json").ok().stdout)
    assert [(each["stack"], each["promotes_from"]) for each in listed] == [
        ("staging", None), ("qa", "staging"), ("prod", "qa")
    ]  # fmt: skip

    # A secret that prod has too, under another key, is found before anything is deployed; its command replaces it.
    prod = root / "Pulumi.prod.yaml"
    before = prod.read_text()
    parity(instance, "secret", "set", "prod", "parity:logs.secret", stdin=f"{SHARED}\n").ok()
    assert parity(instance, "check").code == 0, "sealed, nothing shows it"
    found = parity(instance, "check", "--secrets")
    assert found.code == 1
    assert f"{PAYMENT}: is the same secret as parity:logs.secret of prod" in found.stdout
    (command,) = re.findall(r"`(parity secret set [^`]*)`", found.stdout)
    assert command == f"parity secret set qa '{PAYMENT}'"
    parity(instance, *shlex.split(command)[1:], stdin="of-its-own\n").ok()
    prod.write_text(before)

    # What the files show by themselves stops the update too, before any call.
    staging = instance.pulumi("config", "get", "parity:secret", "--stack", "staging").ok().stdout
    parity(instance, "secret", "set", "qa", "parity:secret", stdin=staging).ok()
    since = instance.last_request()
    refused = parity(instance, "up", "qa", "--yes")
    assert refused.code == 2, refused.said
    assert "is the same secret as parity:secret of staging" in " ".join(refused.said.split())
    assert instance.requests(since) == []
    (command,) = re.findall(r"`(parity secret set [^`]*)`", " ".join(refused.said.split()))
    parity(instance, *shlex.split(command)[1:]).ok()

    # From nothing to a release that came through staging and qa to prod: another id in each, the same commit.
    push(instance, NEW)
    parity(instance, "release", "staging", "shop", "--commit", NEW, "--live").ok()
    instance.up("staging").ok()
    parity(instance, "secret", "set", "qa", "parity:logs.secret", "--generate").ok()
    unnamed = parity(instance, "promote", "shop")
    assert unnamed.code == 2
    assert "--to prod (from qa), --to qa (from staging)" in unnamed.said
    ahead = parity(instance, "promote", "shop", "--to", "prod")
    assert ahead.code == 7, "qa has no release yet"
    done = parity(instance, "promote", "shop", "--to", "qa", "--up", "--yes").ok()
    assert f"staging/shop r2, commit {NEW[:12]}, becomes qa/shop r1, and live there." in done.stdout
    said = answer(instance, "shop.qa.storefront.example")
    assert (said["release"], said["commit"]) == ("r1", NEW)
    parity(instance, "check", "--secrets").ok()
    assert f"qa/shop r1 ({NEW[:12]})" in parity(instance, "stack", "list").ok().stdout

    if everything():
        _one_run_audits_each_in_a_job_of_its_own(instance, tmp_path, "staging", "qa", "prod")
    else:
        parity(instance, "drift", "qa").ok()

    done = parity(instance, "promote", "shop", "--to", "prod").ok()
    assert f"qa/shop r1, commit {NEW[:12]}, becomes prod/shop r2, and live there." in done.stdout
