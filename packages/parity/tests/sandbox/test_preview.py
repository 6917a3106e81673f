"""`parity preview` and `parity comment` on the real engine, against the sandbox's GitHub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import parity_policy
from infra.catalog import CATALOG
from parity.config import settings
from parity.engine.pulumi import Pulumi
from parity.evaluate.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PACK = str(Path(parity_policy.__file__).parent)
REPOSITORY = f"{CATALOG.repository.owner}/{CATALOG.repository.name}"
WWW = "        - name: www.shop.staging.storefront.example\n          redirect: shop.staging.storefront.example\n"
FILE = "Pulumi.staging.yaml"


@pytest.fixture(scope="module")
def instance(small_module_instance) -> Instance:
    """One sandbox for the module: a preview changes nothing, and each test puts the files back."""
    made = small_module_instance
    git(made, "init", "-q", "-b", "main")
    git(made, "config", "user.name", "Catalog")
    git(made, "config", "user.email", "platform@example.com")
    (made.project.root / ".gitignore").write_text("__pycache__/\nreport/\n")
    commit(made, "The storefront as it is live")
    git(made, "tag", "live")
    return made


@pytest.fixture(autouse=True)
def restored(instance) -> Iterator[None]:
    yield
    git(instance, "checkout", "-q", "-f", "main")
    git(instance, "reset", "-q", "--hard", "live")


def git(instance: Instance, *arguments: str) -> str:
    return instance.run("git", *arguments).ok().stdout.strip()


def commit(instance: Instance, message: str) -> str:
    git(instance, "add", "-A")
    git(instance, "commit", "-q", "-m", message)
    return git(instance, "rev-parse", "HEAD")


def preview(instance: Instance, *options: str, code: int, extra: dict[str, str] | None = None) -> Run:
    run = instance.run("parity", "preview", "staging", "--base", "live", "--output", "report", *options, extra=extra)
    assert run.code == code, run.said
    return run


def report(instance: Instance) -> dict[str, Any]:
    return json.loads((instance.project.root / "report" / "report.json").read_text())


def change(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["changes"] if each["name"] == name)


def secrets(instance: Instance) -> list[str]:
    """Every secret value of the stack: of its config, its state and its environment."""
    config = json.loads(instance.pulumi("config", "--json", "--show-secrets", "--stack", "staging").ok().stdout)
    exported = instance.pulumi("stack", "export", "--show-secrets", "--stack", "staging").ok().stdout
    environment = instance.environment()
    found = [environment[name] for name in ("VERCEL_API_TOKEN", "GITHUB_TOKEN", "PGPASSWORD")]
    found += [row["value"] for row in config.values() if row.get("secret") and "objectValue" not in row]
    found += [part["plaintext"].strip('"') for part in plaintexts(json.loads(exported)) if len(part["plaintext"]) > 14]
    return [each for each in found if not each.startswith(("{", "[", "https:"))]


def plaintexts(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if "plaintext" in node:
            yield node
        for each in node.values():
            yield from plaintexts(each)
    elif isinstance(node, list):
        for each in node:
            yield from plaintexts(each)


def test_what_is_read_without_the_engine_is_what_the_engine_gives(instance):
    environment, folder = instance.environment(), instance.project.root
    config = json.loads(instance.pulumi("config", "--json", "--show-secrets", "--stack", "staging").ok().stdout)
    engine = {
        key: json.dumps(row["objectValue"]) if "objectValue" in row else row["value"] for key, row in config.items()
    }
    stack = Stack("staging", instance.project, Pulumi(Path("/no/engine"), folder, environment))
    read, said = stack.settings(), settings.load("staging", folder, engine)
    assert settings.secrets_of(read)
    assert settings.secrets_of(read) == settings.secrets_of(said)
    assert read == said

    for shown in ((), ("--show-secrets",)):
        exported = json.loads(instance.pulumi("stack", "export", "--stack", "staging", *shown).ok().stdout)
        assert stack.recorded(show_secrets=bool(shown)).document == exported


def test_a_change_is_shown_with_its_values_its_key_and_its_commit_and_what_is_lost_blocks(instance):
    instance.replace("staging", "      connectionLimit: 60", "      connectionLimit: 80")
    limits = commit(instance, "Take 80 connections")
    instance.replace("staging", WWW, "")
    dropped = commit(instance, "Drop the www domain")
    components, catalog = (instance.project.root / name for name in ("components/database.py", "infra/catalog.py"))
    edits = (
        (components, '("USAGE",), schema=made.name, after=after', '("USAGE",), schema="public", after=after'),
        (catalog, 'environments=("production",))', 'environments=("production",), sampling_rate=0.5)'),
    )
    for path, old, new in edits:
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
    run = preview(instance, "--json", code=11)
    found = report(instance)
    assert json.loads(run.stdout) == found
    assert found["verdict"] == "blocked"
    assert found["counts"]["delete"] == 1

    database = change(found, "storefront-database")
    assert database["properties"] == [
        {"path": "connectionLimit", "forces_replacement": False, "before": 60, "after": 80}
    ]
    (origin,) = database["origins"]
    assert (origin["key"], origin["before"], origin["after"]) == (
        "parity:databases.storefront.connectionLimit",
        "60",
        "80",
    )
    assert [each["sha"] for each in origin["commits"]] == [limits]

    domain = change(found, "domain-www.shop.staging.storefront.example")
    assert domain["blocking"]
    assert [each["sha"] for each in domain["origins"][0]["commits"]] == [dropped]

    rules = {(each["urn"].rpartition("::")[2], each["rule"]) for each in found["gate"]["blocking"]}
    assert ("storefront-grant-shop-shop", "grant") in rules
    # Vercel takes two drains of one name and deletes them by id.
    assert not {rule for name, rule in rules if name == "logs-drain"}
    grant = change(found, "storefront-grant-shop-shop")
    assert (grant["operation"], grant["deletes_first"], grant["forced_by"]) == ("replace", True, ["schema"])
    drain = change(found, "logs-drain")
    assert (drain["operation"], drain["deletes_first"], drain["forced_by"]) == ("replace", False, ["samplingRate"])


def test_nothing_to_change_is_said_with_what_is_live_and_a_stale_acknowledgement(instance):
    gone = "urn:pulumi:staging::storefront::postgresql:index/database:Database::gone"
    instance.replace("staging", "parity:acknowledged: []", f"parity:acknowledged: [{gone}]")
    run = preview(instance, "--markdown", code=0)
    found = report(instance)
    assert (found["verdict"], found["changes"], found["policies"]) == ("unchanged", [], [])
    assert found["gate"]["stale"] == [gone]
    assert {each["application"]: each["switches"] for each in found["live"]} == {"shop": False}
    assert all(each["deployment"] == "already there" for each in found["live"])
    assert run.stdout == (instance.project.root / "report" / "comment.md").read_text()
    assert found["parity"]["state"] == "same"


def test_a_release_says_what_will_be_live_and_no_secret_and_protection_that_is_added_passes(instance):
    instance.replace("staging", "parity:protect: false", "parity:protect: true")
    instance.run("parity", "release", "staging", "shop", "--commit", "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1",
            "--rotate-credentials", "--live").ok()  # fmt: skip
    run = preview(instance, "--markdown", code=0)
    found = report(instance)
    assert "option" in {each["operation"] for each in found["changes"]}
    shop = next(each for each in found["live"] if each["application"] == "shop")
    assert (shop["before"], shop["after"], shop["deployment"]) == ("r1", "r2", "to be built")
    url = change(found, "shop-variable-DATABASE_URL")
    assert {"path": "value", "forces_replacement": False, "before": "[secret]", "after": "[secret]"} in url[
        "properties"
    ]
    assert {each["kind"] for each in url["origins"]} == {"config"}
    assert url["origins"][0]["commits"] == [{"sha": "", "subject": ""}]
    said = run.said + "".join(path.read_text() for path in (instance.project.root / "report").iterdir())
    known = secrets(instance)
    assert len(known) > 10
    assert [each for each in known if each in said] == []


def test_a_policy_refuses_in_the_preview_and_with_plain_pulumi(instance):
    path = instance.project.root / "components" / "web_app.py"
    path.write_text(path.read_text().replace("auto_assign_custom_domains=False", "auto_assign_custom_domains=True"))
    preview(instance, code=12)
    found = report(instance)
    assert found["verdict"] == "refused"
    assert {each["policy"] for each in found["policies"]} == {"vercel-live-by-promotion-only"}
    assert {each["kind"] for each in change(found, "shop-project")["origins"]} == {"program"}
    plain = instance.pulumi("preview", "--stack", "staging", "--policy-pack", PACK)
    assert plain.code != 0
    assert "vercel-live-by-promotion-only" in plain.said


def test_a_failed_preview_is_reported_and_posted_and_the_next_one_takes_its_place(instance, tmp_path):
    number = pull_request(instance)
    instance.replace("staging", "waitMinutes: 0", "waitMinutes: -1")
    preview(instance, code=6)
    assert report(instance)["verdict"] == "failed"
    first = post(instance, tmp_path, number, run=1)
    assert first["comment"] == "created"
    instance.replace("staging", "waitMinutes: -1", "waitMinutes: 5")
    preview(instance, code=0)
    second = post(instance, tmp_path, number, run=2)
    assert (second["comment"], second["url"]) == ("updated", first["url"])
    assert post(instance, tmp_path, number, run=1)["comment"] == "older"
    (only,) = comments(instance, number)
    assert "may go on" in only["body"]
    assert "failed" in only["body"].partition("Earlier previews")[2]
    assert "waitTimer" in only["body"]


def test_a_preview_that_left_no_report_is_posted_too(instance, tmp_path):
    number = pull_request(instance)
    assert post(instance, tmp_path, number, run=1, folder="nowhere")["comment"] == "created"
    (only,) = comments(instance, number)
    assert "did not come to its end" in only["body"]


def pull_request(instance: Instance) -> int:
    """An open pull request at the sandbox's GitHub; comments do not ask what it changes."""
    return github(instance, "POST", f"/repos/{REPOSITORY}/issues", {"title": "More connections"})["number"]


def comments(instance: Instance, number: int) -> list[dict[str, Any]]:
    return github(instance, "GET", f"/repos/{REPOSITORY}/issues/{number}/comments", None)


def github(instance: Instance, method: str, path: str, body: dict[str, Any] | None) -> Any:
    token = instance.environment()["GITHUB_TOKEN"]
    sent = ["-d", json.dumps(body)] if body else []
    header = f"authorization: Bearer {token}"
    return json.loads(
        instance.run("curl", "-sS", "-X", method, "-H", header, *sent, f"https://api.github.com{path}").ok().stdout
    )


def post(instance: Instance, tmp_path: Any, number: int, *, run: int, folder: str = "report") -> dict[str, Any]:
    """`parity comment` as the workflow calls it."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": number, "head": {"sha": "c" * 40}}}))
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "99",
        "GITHUB_RUN_NUMBER": str(run),
        "GITHUB_RUN_ATTEMPT": "1",
    }
    done = instance.run("parity", "comment", "staging", "--report", folder, "--json", extra=environment)
    return json.loads(done.ok().stdout)
