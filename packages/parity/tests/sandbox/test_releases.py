"""Releases on the real engine, with every domain asked from a second process while each update runs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from parity.config import passwords
from parity.config.project import Project
from support import pg_catalog
from support.asker import asking
from support.mutations import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.asker import Asked
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

FIRST = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
"""The commit of the example's shop."""
ADMIN = "4b8d06e1f27c4539a0e5c8b1d97f263e10ac58f4"
NEW, BROKEN = "5" * 40, "6" * 40
SHOP, MORE = "https://shop.staging.storefront.example/", "https://more.shop.staging.storefront.example/"
ADMIN_URL = "https://admin.staging.storefront.example/"


@dataclass
class Shop:
    """Staging's shop: what it is to be, and what users get meanwhile."""

    instance: Instance
    folder: Path
    commits: dict[str, str] = field(default_factory=lambda: {"r1": FIRST})
    urls: tuple[str, ...] = (SHOP,)
    secrets: tuple[str, ...] = ()
    """What no command may say."""
    project: str = "shop-staging"

    def parity(self, *arguments: str) -> Run:
        done = self.instance.run("parity", *arguments)
        assert not [each for each in self.secrets if each in done.said], "a secret is said in the clear"
        return done

    def during(self, *arguments: str) -> tuple[Run, Asked]:
        """Run a command of `parity` while the domains are asked."""
        with asking(self.instance, self.folder, *self.urls) as asked:
            done = self.parity(*arguments)
        return done, asked

    def switched(self, *arguments: str, served: tuple[str, ...]) -> Run:
        """Run a command that ends well; users got these releases, each complete, in this order, on every domain."""
        done, asked = self.during(*arguments)
        done.ok()
        for url in self.urls:
            asked.hold(url, self.commits, *served)
        return done

    def push(self, *commits: str) -> None:
        """Let GitHub know of commits."""
        repository = {"owner": "storefront-example", "name": "storefront", "commits": list(commits)}
        repository["default_branch"] = "main"
        self.instance.local.client().seed(
            {"github": {"organization": "storefront-example", "repositories": [repository]}}
        )

    def now(self) -> int:
        """A mark in the log of requests to Vercel; the edge's own, thousands, are not read."""
        rows = self.instance.local.client().requests(service="vercel")
        return rows[-1]["id"]

    def changing(self, since: int) -> list[str]:
        """What was asked of Vercel since then that changes anything."""
        rows = self.instance.local.client().requests(since, service="vercel")
        return [f"{row['method']} {row['path'].partition('?')[0]}" for row in rows if row["method"] != "GET"]

    def deployments(self) -> dict[str, str]:
        """The deployment of each release at Vercel."""
        rows = self.instance.state()["vercel"]["deployments"]
        ours = (row for row in rows if row["name"] == self.project and "release" in row["meta"])
        return {row["meta"]["release"]: row["id"] for row in ours}

    def variables(self) -> dict[str, str]:
        """The project's variables, each a fingerprint."""
        state = self.instance.state()["vercel"]
        project = next(row for row in state["projects"] if row["name"] == self.project)
        return {row["key"]: row["value"] for row in state["env"] if row["projectId"] == project["id"]}

    def built_with(self, release: str) -> dict[str, str]:
        """The variables that a release's deployment snapshotted, each a fingerprint."""
        rows = self.instance.state()["vercel"]["deployments"]
        row = next(each for each in rows if each["id"] == self.deployments()[release])
        return {key: value for key, value in row["snapshot"]["variables"].items() if not key.startswith("PARITY_")}

    def logs_in(self, generation: int) -> bool:
        """Whether the generation's role logs in with its password, asked of PostgreSQL."""
        secret = self.instance.secret("staging")
        role = f"storefront_staging_shop_g{generation}"
        environment = self.instance.environment()
        try:
            psycopg.connect(
                host=environment["PGHOST"],
                port=int(environment["PGPORT"]),
                user=role,
                password=passwords.derive(secret, role, generation).reveal(),
                dbname="storefront_staging",
                sslmode="disable",
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    def promotion(self, release: str) -> str:
        state = self.instance.state()["vercel"]
        project = next(row["id"] for row in state["projects"] if row["name"] == self.project)
        return f"POST /v10/projects/{project}/promote/{self.deployments()[release]}"


@pytest.fixture
def shop(small_instance: Instance, tmp_path: Path) -> Shop:
    return shop_of(small_instance, tmp_path)


def shop_of(instance: Instance, folder: Path) -> Shop:
    found = Shop(instance, folder / "asked")
    found.push(NEW, BROKEN)
    found.secrets = secrets_of(instance)
    return found


def secrets_of(instance: Instance) -> tuple[str, ...]:
    """The stack's secrets in the clear, and the passwords that are derived from them."""
    secret = instance.secret("staging")
    roles = [f"storefront_staging_shop_g{number}" for number in (1, 2)]
    derived = [passwords.derive(secret, role, number).reveal() for number, role in enumerate(roles, start=1)]
    bypass = passwords.bypass(secret, "shop-staging").reveal()
    environment = instance.environment()
    return (secret.reveal(), *derived, bypass, environment["PGPASSWORD"], environment["VERCEL_API_TOKEN"])


@pytest.mark.timeout(600)
def test_forward_back_and_pruned_while_users_get_complete_answers(shop: Shop):
    """A new commit with a changed variable and a rotated password; back to what was kept; on, without the oldest."""
    instance = shop.instance

    # Another domain with it: however many there are, they move together.
    instance.replace(
        "staging",
        "        - name: www.shop.staging.storefront.example\n",
        "        - name: more.shop.staging.storefront.example\n        - name: www.shop.staging.storefront.example\n",
    )
    instance.replace("staging", "SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 25")
    first = shop.variables()
    shop.commits["r2"] = NEW
    new = ("release", "staging", "shop", "--commit", NEW, "--rotate-credentials", "--live", "--up", "--yes")
    made = shop.switched(*new, served=("r1", "r2"))
    assert "make the login storefront_staging_shop_g2" in made.stdout
    newest = shop.variables()
    assert {name for name in newest if newest[name] != first[name]} == {"SEARCH_RESULTS_LIMIT", "DATABASE_URL"}
    assert shop.built_with("r2") == newest
    assert shop.logs_in(1)
    assert shop.logs_in(2)
    shop.urls = (SHOP, MORE)

    # Back: one changing call, nothing built, and the variables stay the newest's.
    since = shop.now()
    done = shop.switched("rollback", "staging", "shop", "--to", "r1", "--up", served=("r2", "r1"))
    assert shop.changing(since) == [shop.promotion("r1")]
    assert "Does not go back: data, and migrations" in done.stdout
    assert shop.variables() == newest
    assert shop.built_with("r1") == first

    # A preview that Vercel's Git integration builds now gets what the newest release has.
    assert preview_of(instance)["NEXT_TELEMETRY_DISABLED"] == newest["NEXT_TELEMETRY_DISABLED"]

    # The last release of a generation goes in the update that switches away from it, and its role with it, after that.
    shop.commits["r3"] = BROKEN
    shop.parity("release", "staging", "shop", "--commit", BROKEN, "--live").ok()
    # What it made meanwhile, as every role could in `public` before PostgreSQL 15, does not hold it.
    World(instance).sql(
        "create table public.stray (id int)",
        "alter table public.stray owner to storefront_staging_shop_g1",
        database="storefront_staging",
        superuser=True,
    )
    oldest, since = shop.deployments()["r1"], shop.now()
    pruned, asked = shop.during("prune", "staging", "shop", "--keep", "2", "--up", "--yes")
    assert pruned.code == 6
    assert "r1 of shop in staging goes; kept: r2, r3" in pruned.stdout
    assert "drop the login storefront_staging_shop_g1, which no kept release uses" in pruned.stdout
    given = "What storefront_staging_shop_g1 owned in storefront_staging belongs to storefront_staging_owner now."
    assert f"{given} `parity up staging` drops the login" in pruned.stderr
    record = json.loads(shop.parity("log", "staging", "--json", "--last", "1").ok().stdout)
    assert (record["command"], record["result"]) == ("prune", "failed"), "what began the update has its own name"
    for url in shop.urls:
        asked.hold(url, shop.commits, "r1", "r3")
    calls = shop.changing(since)
    assert calls.index(f"DELETE /v13/deployments/{oldest}") > calls.index(shop.promotion("r3"))
    assert set(shop.deployments()) == {"r2", "r3"}
    instance.up("staging").ok()
    assert not shop.logs_in(1)
    assert shop.logs_in(2)

    World(instance).sql("drop table public.stray", database="storefront_staging", superuser=True)
    assert "as declared" in shop.parity("drift", "staging").ok().said

    # What is gone cannot be gone back to; what is kept may.
    gone = shop.parity("rollback", "staging", "shop", "--to", "r1")
    assert gone.code == 2
    assert "keeps no release r1 of shop" in gone.stderr
    shop.parity("rollback", "staging", "shop").ok()


def preview_of(instance: Instance) -> dict[str, str]:
    """The variables of a preview deployment made as Vercel's Git integration makes one."""
    environment = instance.environment()
    state = instance.state()["vercel"]
    project = next(row for row in state["projects"] if row["name"] == "shop-staging")
    source = {"type": "github", "repoId": project["link"]["repoId"], "ref": "main"}
    body = json.dumps({"name": "shop-staging", "project": project["id"], "gitSource": source})
    done = instance.run(
        "curl",
        "-sS",
        "--fail-with-body",
        "-H",
        f"authorization: Bearer {environment['VERCEL_API_TOKEN']}",
        "-H",
        "content-type: application/json",
        "-d",
        body,
        "https://api.vercel.com/v13/deployments?slug=storefront",
    ).ok()
    made = json.loads(done.stdout)
    rows = instance.state()["vercel"]["deployments"]
    return next(row for row in rows if row["id"] == made["id"])["snapshot"]["variables"]


def test_a_release_that_is_not_built_is_never_seen_and_not_built_again_until_a_person_says_so(shop: Shop):
    """The ignored build step cancels it; the next update stops before it, and the printed command lets it go on."""
    control = shop.instance.local.client()
    reason = 'The Deployment has been canceled as a result of the "Ignored Build Step" setting.'
    control.add_build_rule(match={"release": "r2"}, state="CANCELED", error_message=reason)
    since = shop.now()
    failed, asked = shop.during("release", "staging", "shop", "--commit", BROKEN, "--live", "--up", "--yes")
    assert failed.code == 6
    assert reason in failed.stderr
    assert "exit 1 where PARITY_RELEASE is set" in failed.stderr
    asked.hold(SHOP, shop.commits, "r1")
    shown = shop.parity("releases", "staging", "shop", "--json")
    assert shown.code == 7
    row = json.loads(shown.stdout)[0]
    assert (row["live"], row["served_release"]) == ("r2", "r1")
    stopped = shop.parity("up", "staging", "--yes")
    assert stopped.code == 10
    assert sum("/now/deployments" in call for call in shop.changing(since)) == 1, "it was built once"
    said = json.loads(shop.parity("recover", "staging", "--plan", "--json").stdout)
    remedy = next(each["to_do"] for each in said["decisions"] if each["decision"] == "manual")
    control.clear_build_rules()
    shop.instance.run("sh", "-c", re.findall(r"`(curl .*?)`", remedy)[0]).ok()
    shop.commits["r2"] = BROKEN
    shop.switched("up", "staging", "--yes", served=("r1", "r2"))


def test_two_applications_at_once_and_everything_in_its_order(finished_instance: Instance, tmp_path: Path):
    """New releases of both, one with rotated credentials, and the other's old release pruned, all in one update."""
    instance, shop = finished_instance, shop_of(finished_instance, tmp_path)
    shop.commits |= {"r2": NEW, "r3": BROKEN}
    shop.parity("release", "staging", "shop", "--commit", NEW).ok()
    shop.parity("release", "staging", "shop", "--commit", BROKEN, "--live").ok()
    shop.parity("release", "staging", "admin", "--commit", NEW, "--rotate-credentials", "--live").ok()
    shop.parity("prune", "staging", "shop", "--keep", "2").ok()
    old = shop.deployments()["r1"]
    since = shop.now()
    shop.urls = (SHOP, ADMIN_URL)
    events = shop.folder / "events.jsonl"
    with asking(instance, shop.folder, *shop.urls) as asked:
        options = ("--yes", "--skip-preview", "--stack", "staging", "--event-log", str(events))
        instance.pulumi("up", *options, extra={"PULUMI_DEBUG_COMMANDS": "true"}).ok()
    asked.hold(SHOP, shop.commits, "r1", "r3")
    asked.hold(ADMIN_URL, {"r1": ADMIN, "r2": NEW}, "r1", "r2")

    calls = shop.changing(since)
    assert sum("/promote/" in call for call in calls) == 2, "one call for each application"
    deleted = calls.index(f"DELETE /v13/deployments/{old}")
    assert deleted > calls.index(shop.promotion("r3")), "an old deployment goes after the switch"
    done = finished(events.read_text())
    login, variable = ("create", "storefront-admin-g2"), ("update", "admin-variable-DATABASE_URL")
    order = [login, variable, ("create", "admin-deployment-r2"), ("update", "admin-live")]
    assert sorted(order, key=done.index) == order, done
    # r2 still uses the shop's generation; nothing of it may go.
    assert not [each for each in done if each[0] == "delete" and "g1" in each[1]]
    assert shop.logs_in(1)


def finished(events: str) -> list[tuple[str, str]]:
    """Operation and name of each resource that was changed, in the order of their ends."""
    found: list[tuple[str, str]] = []
    for line in events.splitlines():
        done = json.loads(line).get("resOutputsEvent")
        if done and done["metadata"]["op"] != "same":
            found.append((done["metadata"]["op"], done["metadata"]["urn"].rpartition("::")[2]))
    return found


@pytest.mark.timeout(600)
def test_the_next_prod_release_is_what_is_live_and_healthy_in_staging(shop: Shop):
    """Promotion with its refusals, a pinned rollback, lost credentials and a switch by hand."""
    instance = shop.instance
    prod = Shop(instance, shop.folder, urls=("https://shop.storefront.example/",), project="shop-prod")
    text = instance.project.root.joinpath("Pulumi.prod.yaml").read_bytes()
    shop.parity("release", "staging", "shop", "--commit", NEW, "--live").ok()
    instance.up("staging").ok()

    # Unhealthy in staging.
    control = instance.local.client()
    control.add_build_rule(match={"project": "shop-staging"}, healthy=False)
    refused(prod.parity("promote", "shop"), 7, "answers 503 with release r2")
    control.clear_build_rules()

    # Another commit than the one asked for.
    refused(prod.parity("promote", "shop", "--commit", FIRST), 8, f"r2 of commit {NEW}, not the commit asked for")
    assert instance.project.root.joinpath("Pulumi.prod.yaml").read_bytes() == text, "a refusal changes nothing"

    # Promoted, with prod's own digest.
    prod.commits |= {"r2": NEW}
    prod.switched("promote", "shop", "--up", "--yes", served=("r1", "r2"))
    kept = {stack: releases(instance, stack)["kept"]["r2"] for stack in ("staging", "prod")}
    assert kept["prod"]["commit"] == kept["staging"]["commit"]
    assert kept["prod"]["config"] != kept["staging"]["config"]

    # Credentials that no longer log in: the release is refused, by name and in the server's words.
    admin(instance, "ALTER ROLE storefront_prod_shop_g1 NOLOGIN")
    lost = prod.parity("rollback", "prod", "shop")
    refused(lost, 8, "its credentials (generation 1) do not log in")
    assert "not permitted to log in" in lost.stderr
    admin(instance, "ALTER ROLE storefront_prod_shop_g1 LOGIN")

    # Made live by hand at Vercel: it is reported, and nothing is promoted over it.
    by_hand(instance, "shop-prod", "r1")
    shown = prod.parity("releases", "prod", "shop")
    assert shown.code == 7
    assert "which Parity did not make live" in shown.stderr
    refused(prod.parity("promote", "shop"), 8, "which Parity did not make live")
    # To keep it, it is recorded: no second call.
    since = prod.now()
    prod.parity("rollback", "prod", "shop", "--to", "r1").ok()
    instance.up("prod").ok()
    assert prod.changing(since) == []
    assert answer(instance, "https://shop.storefront.example/")["release"] == "r1"

    # Rolled back: a promotion does not put the same commit back unasked.
    refused(prod.parity("promote", "shop"), 8, "shop was rolled back from this very commit: r2")
    prod.parity("promote", "shop", "--again").ok()
    assert set(releases(instance, "prod")["kept"]) == {"r1", "r2"}, "nothing new to record: the newest is made live"
    assert releases(instance, "prod")["live"] == "r2"


def refused(done: Run, code: int, words: str) -> None:
    assert done.code == code, done.said
    assert words in done.stderr


def releases(instance: Instance, stack: str) -> dict[str, Any]:
    """The shop's releases as the stack's file has them."""
    project = Project(instance.project.root)
    document = project.stack_document(project.stack_files()[stack])
    return document["config"]["parity:releases"]["shop"]


def admin(instance: Instance, statement: str) -> None:
    with pg_catalog.connect(instance.environment()) as connection:
        connection.execute(statement.encode())


def by_hand(instance: Instance, project: str, release: str) -> None:
    """What a person does in Vercel's dashboard, waited for."""
    environment = instance.environment()
    state = instance.state()["vercel"]
    number = next(row["id"] for row in state["projects"] if row["name"] == project)
    deployment = next(
        row["id"] for row in state["deployments"] if row["name"] == project and row["meta"]["release"] == release
    )
    url = f"https://api.vercel.com/v10/projects/{number}/promote/{deployment}?slug=storefront"
    authorization = f"authorization: Bearer {environment['VERCEL_API_TOKEN']}"
    json_type = "content-type: application/json"
    instance.run("curl", "-sS", "--fail-with-body", "-H", authorization, "-H", json_type, "-d", "{}", url).ok()
    wait_until(lambda: answer(instance, "https://shop.storefront.example/")["release"] == release)


def answer(instance: Instance, url: str) -> dict[str, Any]:
    return json.loads(instance.run("curl", "-sS", url).ok().stdout)


def wait_until(condition: Callable[[], bool]) -> None:
    assert any(condition() for _ in range(100)), "it never came true"
