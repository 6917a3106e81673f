"""`parity up`, `ledger` and `recover` with the real engine: what a user does after an update that did not end."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.amounts import everything
from support.warm import WARM_PLUGINS
from support.warm_client import ask, line

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

DRAIN = "urn:pulumi:staging::storefront::parity:components:Telemetry$vercel:index/logDrain:LogDrain::logs-drain"
APPROVED = ("--yes", "--acknowledge", DRAIN)
"""The gate stops a drain that is replaced under the same name."""
SECRET = "delivery-secret-MIGRATOR_DATABASE_URL_STOREFRONT"


def parity(instance: Instance, *arguments: str):
    return instance.run("parity", *arguments)


def recover(instance: Instance, stack: str, *options: str):
    """What recover says, as JSON, and how it ended."""
    run = parity(instance, "recover", stack, "--json", "--settle", "1", *options)
    assert run.stdout.startswith("{"), run.said
    return json.loads(run.stdout), run


def decided(document):
    return {(each["urn"].rpartition("::")[2], each["decision"]) for each in document["decisions"]}


def ledger(instance: Instance, stack: str):
    return [json.loads(line) for line in parity(instance, "log", stack, "--json").ok().stdout.splitlines()]


def edit_state(instance: Instance, stack: str, change) -> None:
    """Change the recorded state in its file, as a crash leaves it: an import drops operations without an end."""
    path = instance.local.directory / "backend/.pulumi/stacks/storefront" / f"{stack}.json"
    document = json.loads(path.read_text())
    change(document["checkpoint"]["latest"])
    path.write_text(json.dumps(document))


def is_clean(instance: Instance, stack: str) -> None:
    """What is recorded is what is there and what is declared, and recover finds nothing to do."""
    parity(instance, "drift", stack).ok()
    document, run = recover(instance, stack, "--plan", "--skip-preview")
    assert run.code == 0, run.said
    assert document["decisions"] == []


def secrets_of(instance: Instance) -> list[str]:
    """Every secret value that the stack's variables and GitHub's secrets hold, and the passwords in them."""
    found = json.dumps(instance.local.client().secrets())
    urls = re.findall(r"postgresql://[^\"]+", found)
    passwords = [url.partition("://")[2].partition(":")[2].partition("@")[0] for url in urls]
    assert len(passwords) > 2
    return [*urls, *passwords]


def test_everything_that_exists_and_is_not_recorded_is_adopted(small_instance):
    """The state of prod is emptied of every resource; nothing is made twice, and nothing is lost."""
    instance, before = small_instance, small_instance.state()

    names: set[str] = set()

    def empty(deployment):
        rows = deployment["resources"]
        kept = [row for row in rows if not row["custom"] or "pulumi:providers:" in row["type"]]
        names.update(row["urn"].rpartition("::")[2] for row in rows if row not in kept)
        deployment["resources"] = kept

    edit_state(instance, "prod", empty)
    document, run = recover(instance, "prod", "--skip-preview")
    assert run.code == 0, run.said
    adopted = {name for name, kind in decided(document) if kind == "import"}
    # A grant on every table of a schema that has no table yet is nothing that could exist.
    assert all(name.startswith("storefront-grant-") for name in names - adopted - {SECRET}), names - adopted
    assert len(adopted) > 40
    assert decided(document) - {(name, "import") for name in adopted} == {(SECRET, "refresh")}, (
        "GitHub never shows a secret's value, so that one is written again"
    )

    instance.up("prod").ok()
    is_clean(instance, "prod")
    after = instance.state()
    for service, kinds in before.items():
        for kind, rows in kinds.items():
            assert {row.get("id") for row in after[service][kind]} == {row.get("id") for row in rows}, (service, kind)
    said = run.said + instance.pulumi("stack", "export", "--stack", "prod").ok().stdout
    assert [each for each in secrets_of(instance) if each in said] == []


def test_each_kind_of_difference_is_decided_and_edited(small_instance):
    instance = small_instance
    drain = next(row for row in instance.state()["vercel"]["drains"] if row["name"] == "storefront-staging")

    def crash(deployment):
        rows = {row["urn"].rpartition("::")[2]: row for row in deployment["resources"]}
        # Recorded, and gone: the program does not declare it any more.
        there = rows["shop-variable-NEXT_PUBLIC_BASE_URL"]
        gone = {**there, "id": "env_gone", "outputs": {**there["outputs"], "id": "env_gone"}}
        gone["urn"] = gone["urn"].replace("NEXT_PUBLIC_BASE_URL", "OLD")
        # There, and not recorded: its creation has no end.
        variable = rows["shop-variable-SEARCH_RESULTS_LIMIT"]
        deployment["resources"] = [*(row for row in deployment["resources"] if row is not variable), gone]
        begun = {key: value for key, value in variable.items() if key not in {"id", "outputs"}}
        # A sensitive value whose update has no end: no API shows which one is there.
        sensitive = rows["shop-variable-PAYMENT_SECRET_KEY"]
        deployment["pending_operations"] = [
            {"type": "creating", "resource": begun},
            {"type": "updating", "resource": sensitive},
        ]
        # Recorded under an id that is gone, as after a replacement that was cut off.
        rows["logs-drain"]["id"] = rows["logs-drain"]["outputs"]["id"] = "drn_gone"

    edit_state(instance, "staging", crash)
    plan, run = recover(instance, "staging", "--plan", "--skip-preview")
    assert run.code == 1
    document, run = recover(instance, "staging")
    assert run.code == 0, run.said
    expected = {
        ("shop-variable-SEARCH_RESULTS_LIMIT", "import"),
        ("shop-variable-PAYMENT_SECRET_KEY", "refresh"),
        ("logs-drain", "import"),
    }
    assert decided(plan) == expected
    assert decided(document) == expected
    refresh = next(each for each in document["decisions"] if each["decision"] == "refresh")
    assert refresh["written_again"] == ["value"]
    assert document["kept"], "the state was copied aside"
    assert {each["urn"].rpartition("::")[2] for each in document["next"]} >= {"shop-variable-PAYMENT_SECRET_KEY"}

    instance.up("staging").ok()
    is_clean(instance, "staging")
    assert [row["id"] for row in instance.state()["vercel"]["drains"] if row["name"] == "storefront-staging"] == [
        drain["id"]
    ]


class Running:
    """A `parity up` that holds at one request."""

    def __init__(self, instance: Instance, stack: str, **fault: str) -> None:
        client = instance.local.client()
        identity = client.add_fault(action="hang", **fault)["id"]
        assert instance.warm is not None
        # Where plugins outlive the engine they are processes of their own, as a user's are.
        variables = {**instance.environment(), WARM_PLUGINS: "1" if fault["when"] == "before" else None}
        given = {os.fsencode(name): os.fsencode(value) for name, value in variables.items() if value is not None}
        words = [str(Path(sys.executable).with_name("parity")), "up", stack, *APPROVED]
        reads, writes = os.pipe()
        with Path(os.devnull).open("rb") as nothing, os.fdopen(writes, "wb"):
            streams = nothing.fileno(), writes, writes
            self.channel = ask(str(instance.warm.socket), words, os.fsencode(instance.project.root), given, streams)
        self.output = os.fdopen(reads, encoding="utf-8")
        self.pid = int(line(self.channel))
        client.fault(identity, fired=1, seconds=240)
        self.client, self.identity = client, identity

    def interrupt(self) -> None:
        """As a terminal does it."""
        os.kill(self.pid, signal.SIGINT)

    def engine(self, instance: Instance, stack: str) -> int:
        """The engine's process id, from its lock."""
        folder = instance.local.directory / "backend/.pulumi/locks/organization/storefront" / stack
        (lock,) = folder.glob("*.json")
        return json.loads(lock.read_text())["pid"]

    def heard(self, words: str) -> None:
        """Wait until it says so: two signals that follow too closely are one."""
        while words not in (said := self.output.readline()):
            assert said, "it ended"

    def ended(self) -> tuple[int, str]:
        """Wait until it has; gives its exit code and all that it said besides."""
        with self.output:
            said = self.output.read()
        return os.waitstatus_to_exitcode(int(line(self.channel))), said


ENDS = ("killed", "interrupted twice")


@pytest.mark.parametrize("end", ENDS if everything() else ENDS[:1])
def test_interrupted_it_ends_at_a_safe_point_and_ended_in_the_middle_it_is_recovered_without_a_twin(
    own_small_instance: Instance, end: str
):
    """Each update replaces the log drain, and does nothing else."""
    instance = own_small_instance
    instance.replace("staging", "https://logs.staging", "https://logs2.staging")
    up = Running(instance, "staging", service="vercel", method="POST", path="/drains", when="before")
    up.interrupt()
    locked = parity(instance, "recover", "staging")
    assert locked.code == 9, (locked.said, up.ended())
    assert "is being updated by process" in locked.stderr
    up.client.remove_fault(up.identity)
    code, said = up.ended()
    assert code == 6, said
    assert ledger(instance, "staging")[-1]["result"] == "interrupted"
    state = instance.local.directory / "backend/.pulumi/stacks/storefront/staging.json"
    assert "pending_operations" not in json.loads(state.read_text())["checkpoint"]["latest"], "nothing is half done"
    assert list((instance.local.directory / "backend/.pulumi/locks").rglob("*.json")) == [], "the lock is given back"

    # It ends while Vercel makes the new drain, which Vercel does all the same.
    instance.replace("staging", "https://logs2.", "https://logs3.")
    up = Running(instance, "staging", service="vercel", method="POST", path="/drains", when="after")
    if end == "killed":
        os.kill(up.engine(instance, "staging"), signal.SIGKILL)
    else:
        up.interrupt()
        up.heard("interrupt again to end at once")
        up.interrupt()
    code, said = up.ended()
    assert ("parity recover staging" in said) == (end != "killed")
    up.client.remove_fault(up.identity, cut=end != "killed")
    assert code != 0, said
    assert "Live now: shop.staging.storefront.example serves r1" in said
    assert ledger(instance, "staging")[-1]["result"] == "killed"

    again = parity(instance, "up", "staging", *APPROVED, "--json", "--message", "Go on").ok()
    assert "did not end well" in again.stderr
    assert "LogDrain logs-drain" in again.stderr
    if end == "killed":
        assert "pulumi-resource" in again.stderr or "standin" in again.stderr, "a plugin that outlived it was ended"
    is_clean(instance, "staging")
    drains = [row for row in instance.state()["vercel"]["drains"] if row["name"] == "storefront-staging"]
    assert len(drains) == 1
    records = ledger(instance, "staging")
    assert (records[-1]["why"], records[-1]["verify"]) == ("Go on", json.loads(again.stdout)["verify"])
    results = [(record["command"], record["result"]) for record in records]
    assert results[-3:] == [("up", "killed"), ("recover", "succeeded"), ("up", "succeeded")]

    reported = parity(instance, "postmortem", "staging", "--from", "1h").ok().stdout
    assert "import: LogDrain logs-drain" in reported
    kept = "".join(path.read_text() for path in (instance.local.directory / "backend/.parity").rglob("*.json"))
    for secret in secrets_of(instance):
        assert secret not in reported + said + again.said + kept
