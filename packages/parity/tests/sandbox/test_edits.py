"""Edits that a team makes of its catalog and stack's file, on the real engine, with the domains asked meanwhile.

Each ends in an update after which nothing is left to do and users had an answer all the time, or is refused before the
first changing call, by a message that says the way on.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from parity.preview import held
from parity.resources import kinds
from support import plans
from support.asker import asking
from support.edits.edits import by_name
from support.mutations import World
from support.program import without

if TYPE_CHECKING:
    from pathlib import Path

    from support.asker import Asked
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

NEW, OTHER = "5" * 40, "6" * 40
SHOP = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
"""The commit of the example's first release."""
DOMAIN = "staging.storefront.example"
SHOP_URL, BLOG_URL, MORE_URL = (f"https://{each}.{DOMAIN}/" for each in ("shop", "blog", "more"))
OWNER, DATABASE = "storefront_staging_owner", "storefront_staging"


@dataclass
class Team:
    """A team with both stacks up; edits are made to both where they are the catalog's."""

    instance: Instance
    folder: Path

    def file(self, name: str, *changes: tuple[str, str]) -> None:
        """Change a file of the project; fails where a text is not in it."""
        path = self.instance.project.root / name
        text = path.read_text()
        for old, new in changes:
            assert old in text, f"{name} does not hold {old!r}"
            text = text.replace(old, new)
        path.write_text(text)

    def catalog(self, *changes: tuple[str, str]) -> None:
        self.file("infra/catalog.py", *changes)

    def staging(self, *changes: tuple[str, str]) -> None:
        self.file("Pulumi.staging.yaml", *changes)

    def parity(self, *arguments: str) -> Run:
        return self.instance.run("parity", *arguments)

    def released(self, application: str, commit: str = NEW) -> None:
        """Record the next release of an application."""
        self.parity("release", "staging", application, "--commit", commit, "--live").ok()

    def acknowledged(self) -> None:
        """Acknowledge what the gate names, as its message says."""
        blocked = self.parity("preview", "staging")
        assert blocked.code == 11, blocked.said
        urns = dict.fromkeys(re.findall(r"acknowledge: (\S+)", blocked.stdout))
        self.staging(("parity:acknowledged: []", "parity:acknowledged:" + "".join(f"\n    - {each}" for each in urns)))

    def updated(self, *urls: str) -> Asked:
        """Update staging while these are asked: no answer fails."""
        with asking(self.instance, self.folder, *urls) as asked:
            self.parity("up", "staging", "--yes").ok()
        wrong = Counter(
            f"{each.url} answered {each.error or each.status}"
            for each in asked.answers
            if each.status != 200 or not all(login["ok"] for login in (each.body or {})["database"])
        )
        assert not wrong, f"of {len(asked.answers)} answers: {wrong.most_common(5)}"
        return asked

    def as_declared(self) -> None:
        """Nothing is left to do."""
        self.parity("drift", "staging").ok()

    def unchanged(self, *arguments: str, code: int) -> str:
        """Run a command that is refused before anything is changed; gives what it said."""
        since = self.instance.last_request()
        done = self.parity(*arguments)
        assert done.code == code, done.said
        assert [row for row in self.instance.requests(since) if row["method"] not in {"GET", "CONNECT"}] == []
        return " ".join(done.said.split())


@pytest.fixture
def team(small_instance: Instance, tmp_path: Path) -> Team:
    repository = {
        "owner": "storefront-example",
        "name": "storefront",
        "commits": [NEW, OTHER],
        "default_branch": "main",
    }
    github = {"organization": "storefront-example", "repositories": [repository]}
    small_instance.local.client().seed({"github": github})
    return Team(small_instance, tmp_path / "asked")


def served(asked: Asked, url: str) -> list[str]:
    """The commits that a URL served, each once; it went back to none."""
    commits = [(each.body or {})["commit"] for each in asked.of(url)]
    order = list(dict.fromkeys(commits))
    assert commits == sorted(commits, key=order.index), f"{url} went back and forth between {order}"
    return order


def test_renamed_in_the_catalog_nothing_changes_and_what_has_a_name_at_a_vendor_is_renamed_where_it_is(team: Team):
    team.parity("rename", "application", "shop", "store").ok()
    team.parity("rename", "database", "storefront", "main_db").ok()
    before = ids(team)
    # A release, which is built in the project that has its old name until then.
    World(team.instance).github("PATCH", "/repos/storefront-example/storefront", {"name": "shopfront"})
    World(team.instance).vercel("PATCH", "/v2/teams/storefront", {"slug": "acme"})
    team.catalog(
        ('name="storefront",\n        default', 'name="shopfront",\n        default'),
        ('vercel_team="storefront"', 'vercel_team="acme"'),
    )
    team.staging(("    store:\n      domains:", "    store:\n      project: acme-shop\n      domains:"))
    team.released("store")
    assert served(team.updated(SHOP_URL), SHOP_URL) == [SHOP, NEW]
    assert {each["name"] for each in team.instance.state()["vercel"]["projects"]} >= {"acme-shop"}
    assert ids(team) >= before, "what was there is there"
    team.as_declared()
    with asking(team.instance, team.folder, SHOP_URL) as asked:
        team.parity("rollback", "staging", "store", "--to", "r1", "--up").ok()
    assert served(asked, SHOP_URL) == [NEW, SHOP]


def ids(team: Team) -> set[str]:
    """Of projects and what is in them."""
    state = team.instance.state()["vercel"]
    return {each["id"] for kind in ("projects", "env", "deployments") for each in state[kind]}


def test_a_stack_that_was_renamed_is_refused_and_gets_its_name_back(team: Team):
    team.instance.run("pulumi", "stack", "rename", "qa", "--stack", "staging").ok()
    way = "pulumi stack rename staging --stack qa"
    assert f"`{way}`" in team.unchanged("up", "qa", "--yes", code=2)
    team.instance.run("bash", "-c", way).ok()
    team.as_declared()


WWW = f"        - name: www.shop.{DOMAIN}\n          redirect: shop.{DOMAIN}\n"
MORE = f"        - name: more.{DOMAIN}\n        - name: old.{DOMAIN}\n          redirect: more.{DOMAIN}\n"
OF_BLOG = f"        - name: blog.{DOMAIN}\n"


def test_an_application_is_added_takes_a_secret_and_a_domain_over_and_is_merged_into_the_first(team: Team):
    root = team.instance.project.root
    by_name("an application is added").make(root)
    _move_a_secret(team)
    # What is built in goes live with the next release: a variable's name, folder, framework and host.
    by_name("a variable is renamed").make(root)
    team.catalog(("apps/shop", "apps/web"))
    by_name("catalog: framework").make(root)
    team.staging((f"db.{DOMAIN}", f"db2.{DOMAIN}"), (OF_BLOG, OF_BLOG + MORE))
    assert "parity release staging shop --commit " in team.unchanged("preview", "staging", code=6)
    team.released("shop")
    team.released("blog", OTHER)
    assert served(team.updated(SHOP_URL), SHOP_URL) == [SHOP, NEW]
    assert World(team.instance).variable("blog-staging", "PAYMENT_SECRET_KEY")
    shop = World(team.instance).vercel("GET", "/v9/projects/shop-staging/env")["envs"]
    assert "PAYMENT_SECRET_KEY" not in {each["key"] for each in shop}

    # Its domains move, each with what redirects to it.
    without(root, "blog")
    team.staging((WWW, OF_BLOG + MORE + WWW))
    team.acknowledged()
    since = team.instance.last_request()
    asked = team.updated(BLOG_URL, MORE_URL)
    assert (served(asked, BLOG_URL), served(asked, MORE_URL)) == ([OTHER, NEW], [OTHER, NEW])
    rows = [each for each in team.instance.requests(since) if "/domains" in each["path"] and each["method"] != "GET"]
    assert {each["path"].partition("?")[0].rpartition("/")[2] for each in rows if each["status"] < 400} == {"move"}
    team.as_declared()


def _move_a_secret(team: Team) -> None:
    """From shop to blog, as a person moves its lines."""
    secret, variables = '                SensitiveVariable(name="PAYMENT_SECRET_KEY"),\n', "variables=(\n"
    path = team.instance.project.root / "infra" / "catalog.py"
    shop, blog, rest = path.read_text().replace(secret, "").partition('name="blog"')
    path.write_text(shop + blog + rest.replace(variables, variables + secret, 1))
    fingerprint = "parity:applications.{}.variables.PAYMENT_SECRET_KEY:"
    for stack in ("staging", "prod"):
        text = (team.instance.project.root / f"Pulumi.{stack}.yaml").read_text()
        [block] = re.findall(r"        PAYMENT_SECRET_KEY:\n          secure: .*\n", text)
        [here] = re.findall(r"        NEXT_PUBLIC_BASE_URL: https://blog.*\n", text)
        moved = (block, ""), (here, block + here), (fingerprint.format("shop"), fingerprint.format("blog"))
        team.file(f"Pulumi.{stack}.yaml", *moved)
        team.parity("secret", "fingerprint", stack).ok()


OLD_SCHEMA, BOTH, NEW_SCHEMA = (
    (f"schemas=({own}),\n            ext", f'database="storefront", schemas=({own})')
    for own in ('"shop",', '"shop", "store"', '"store",')
)
"""What the database has, and what shop's URL leads to: before, between and after."""
EXTENSION = 'extensions=("vector",),'


def test_a_schema_is_renamed_in_two_updates_and_nothing_that_holds_something_is_dropped(team: Team):
    def sql(*statements: str, role: str = OWNER) -> None:
        World(team.instance).sql(*statements, database=DATABASE, role=role, superuser=True)

    sql("insert into shop.items (name) values ('a')", "create table shop.places (place extensions.vector(3))")
    gone = [
        plans.step("delete", plans.state(kind, f"storefront-{name}", {"name": name, "database": DATABASE}), None)
        for kind, name in ((kinds.SCHEMA, "shop"), (kinds.EXTENSION, "vector"))
    ]
    said = {each.message for each in held.with_violations(plans.plan(*gone), team.instance.environment()).violations}
    assert {each.partition(":")[0] for each in said} == {
        f"schema shop of {DATABASE} holds sequence shop.items_id_seq, table shop.items, table shop.places",
        f"extension vector of {DATABASE} holds column place of table shop.places",
    }

    sql("drop table shop.places")
    team.catalog(*zip(OLD_SCHEMA, BOTH, strict=True))
    team.released("shop")
    assert served(team.updated(SHOP_URL), SHOP_URL) == [SHOP, NEW]
    sql("alter table shop.items set schema store")
    team.catalog(*zip(BOTH, NEW_SCHEMA, strict=True), (EXTENSION, ""))
    team.released("shop")
    team.acknowledged()
    team.updated(SHOP_URL)
    team.as_declared()
    sql("select 1 / count(*) from store.items", role=f"{DATABASE}_shop_g1")
