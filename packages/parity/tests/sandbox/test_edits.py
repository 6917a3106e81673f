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

from support.asker import asking
from support.edits.edits import by_name
from support.mutations import World

if TYPE_CHECKING:
    from pathlib import Path

    from support.asker import Asked
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

NEW = "5" * 40
SHOP, ADMIN = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1", "4b8d06e1f27c4539a0e5c8b1d97f263e10ac58f4"
"""The commits of the example's first releases."""
DOMAIN = "staging.storefront.example"
URLS = (f"https://shop.{DOMAIN}/", f"https://admin.{DOMAIN}/")
OWNER, DATABASE = "storefront_staging_owner", "storefront_staging"


@dataclass
class Team:
    """A team with both stacks up; edits are made to both where they are the catalog's."""

    instance: Instance
    folder: Path
    urls: tuple[str, ...]

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

    def released(self, application: str) -> None:
        """Record the next release of an application, as the guard's message says."""
        said = self.parity("preview", "staging").said
        assert f"parity release staging {application} --commit " in said
        self.parity("release", "staging", application, "--commit", NEW, "--live").ok()

    def acknowledged(self) -> None:
        """Acknowledge what the gate names, as its message says."""
        blocked = self.parity("preview", "staging")
        assert blocked.code == 11, blocked.said
        urns = dict.fromkeys(re.findall(r"acknowledge: (\S+)", blocked.stdout))
        self.staging(("parity:acknowledged: []", "parity:acknowledged:" + "".join(f"\n    - {each}" for each in urns)))

    def up(self) -> None:
        """Update staging on the way to what is tried."""
        self.parity("up", "staging", "--yes").ok()

    def updated(self, *urls: str) -> Asked:
        """Update staging while the domains are asked: no answer fails, and nothing is left to do after it."""
        with asking(self.instance, self.folder, *(urls or self.urls)) as asked:
            self.parity("up", "staging", "--yes").ok()
        wrong = Counter(
            f"{each.url} answered {each.error or each.status}"
            for each in asked.answers
            if each.status != 200 or not all(login["ok"] for login in (each.body or {})["database"])
        )
        assert not wrong, f"of {len(asked.answers)} answers: {wrong.most_common(5)}"
        assert "nothing to change" in self.parity("preview", "staging").ok().stdout
        self.parity("drift", "staging").ok()
        return asked

    def unchanged(self, *arguments: str, code: int) -> str:
        """Run a command that is refused before anything is changed; gives what it said."""
        since = self.instance.last_request()
        done = self.parity(*arguments)
        assert done.code == code, done.said
        assert [row for row in self.instance.requests(since) if row["method"] not in {"GET", "CONNECT"}] == []
        return done.said


@pytest.fixture
def team(small_instance: Instance, tmp_path: Path) -> Team:
    return team_of(small_instance, tmp_path, URLS[:1])


@pytest.fixture
def team_of_two(finished_instance: Instance, tmp_path: Path) -> Team:
    """The team with two applications."""
    return team_of(finished_instance, tmp_path, URLS)


def team_of(instance: Instance, folder: Path, urls: tuple[str, ...]) -> Team:
    repository = {"owner": "storefront-example", "name": "storefront", "commits": [NEW], "default_branch": "main"}
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    return Team(instance, folder / "asked", urls)


def served(asked: Asked, url: str) -> list[str]:
    """The commits that a URL served, each once; it went back to none."""
    commits = [(each.body or {})["commit"] for each in asked.of(url)]
    order = list(dict.fromkeys(commits))
    assert commits == sorted(commits, key=order.index), f"{url} went back and forth between {order}"
    return order


# --- Renames ----------------------------------------------------------------------------------------------------------


def test_an_application_and_a_database_are_renamed_and_nothing_changes(team: Team):
    team.parity("rename", "application", "shop", "store").ok()
    team.parity("rename", "database", "storefront", "main_db").ok()
    assert "nothing to change" in team.parity("preview", "staging").ok().stdout
    assert served(team.updated(), URLS[0]) == [SHOP]
    # It goes on under its new name: a release, and back.
    team.parity("release", "staging", "store", "--commit", NEW, "--live").ok()
    assert served(team.updated(), URLS[0]) == [SHOP, NEW]
    with asking(team.instance, team.folder, URLS[0]) as asked:
        team.parity("rollback", "staging", "store", "--to", "r1", "--up").ok()
    assert served(asked, URLS[0]) == [NEW, SHOP]


def test_a_rename_by_hand_is_blocked_and_what_the_message_says_is_the_way_on(team: Team):
    team.catalog(('            name="shop",\n', '            name="store",\n'))
    for stack in ("staging", "prod"):
        text = ("\n    shop:\n", "\n    store:\n"), ("parity:applications.shop.", "parity:applications.store.")
        team.file(f"Pulumi.{stack}.yaml", *text)
    git = ("git", "-c", "user.name=Platform", "-c", "user.email=platform@example.com")
    said = team.parity("preview", "staging").said
    assert "parity secret fingerprint staging" in said, "without Git nothing is known of the old name"
    root = team.instance.project.root
    names = (("\n    store:\n", "\n    shop:\n"), ("parity:applications.store.", "parity:applications.shop."))
    team.file("Pulumi.staging.yaml", *names)
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "Before")):
        team.instance.run(*git, "-C", str(root), *words).ok()
    team.file("Pulumi.staging.yaml", *((new, old) for old, new in names))
    said = " ".join(team.unchanged("preview", "staging", code=6).split())
    assert 'write `formerly="shop"` behind its name in infra/catalog.py' in said
    team.catalog(('name="store",', 'name="store", formerly="shop",'))
    assert "nothing to change" in team.parity("preview", "staging").ok().stdout


def test_project_repository_and_team_are_renamed_where_they_are(team: Team):
    """In one update with a release, which is built in the project that has its old name until then."""
    World(team.instance).github("PATCH", "/repos/storefront-example/storefront", {"name": "shopfront"})
    World(team.instance).vercel("PATCH", "/v2/teams/storefront", {"slug": "acme"})
    team.catalog(
        ('name="storefront",\n        default', 'name="shopfront",\n        default'),
        ('vercel_team="storefront"', 'vercel_team="acme"'),
    )
    team.staging(("    shop:\n      domains:", "    shop:\n      project: acme-shop\n      domains:"))
    team.parity("release", "staging", "shop", "--commit", NEW, "--live").ok()
    assert served(team.updated(), URLS[0]) == [SHOP, NEW]
    assert {each["name"] for each in team.instance.state()["vercel"]["projects"]} >= {"acme-shop"}


IN_USE = {
    "a database": "names: {database: acme}",
    "a login": "names: {applications: {shop: {login: 'web_{generation}'}}}",
}


@pytest.mark.parametrize("names", IN_USE.values(), ids=IN_USE)
def test_a_name_that_deployments_connect_by_is_not_changed_under_them(team: Team, names: str):
    team.staging(("    storefront:\n      host", f"    storefront:\n      {names}\n      host"))
    team.released("shop")
    if team.parity("preview", "staging").code == 11:
        team.acknowledged()
    said = team.unchanged("up", "staging", "--yes", code=12)
    assert "what is deployed goes on asking for" in said


def test_a_stack_that_was_renamed_is_refused_and_gets_its_name_back(team: Team):
    files = {path: path.read_text() for path in team.instance.project.stack_files().values()}
    team.instance.run("pulumi", "stack", "rename", "qa", "--stack", "staging").ok()
    way = "pulumi stack rename staging --stack qa"
    assert f"`{way}`" in " ".join(team.unchanged("up", "qa", "--yes", code=2).split())
    # Insisted on, it is refused as well: what is deployed logs in by names that hold the stack's.
    team.file("Pulumi.qa.yaml", ("parity:environment: staging", "parity:environment: qa"))
    team.file("Pulumi.prod.yaml", ("parity:promotesFrom: staging", "parity:promotesFrom: qa"))
    team.parity("release", "qa", "shop", "--commit", NEW, "--live").ok()
    assert "what is deployed goes on asking for" in team.unchanged("up", "qa", "--yes", code=12)
    team.instance.run("bash", "-c", way).ok()
    for path, text in files.items():
        path.write_text(text)
    assert "nothing to change" in team.parity("preview", "staging").ok().stdout


# --- Moves ------------------------------------------------------------------------------------------------------------


WWW = f"        - name: www.shop.{DOMAIN}\n          redirect: shop.{DOMAIN}\n"
MORE, OLD = f"        - name: more.{DOMAIN}\n", f"        - name: old.{DOMAIN}\n          redirect: more.{DOMAIN}\n"
OF_ADMIN = f"        - name: admin.{DOMAIN}\n"


def test_a_domain_moves_to_another_application_with_what_redirects_to_it(team_of_two: Team):
    team = team_of_two
    team.staging((WWW, MORE + OLD + WWW))
    team.up()
    more = f"https://more.{DOMAIN}/"
    team.staging((MORE + OLD, ""), (OF_ADMIN, OF_ADMIN + MORE + OLD))
    since = team.instance.last_request()
    asked = team.updated(*URLS, more)
    assert served(asked, more) == [SHOP, ADMIN]
    assert served(asked, URLS[0]) == [SHOP]
    rows = [each for each in team.instance.requests(since) if "/domains" in each["path"] and each["method"] != "GET"]
    assert {each["path"].partition("?")[0].rpartition("/")[2] for each in rows if each["status"] < 400} == {"move"}


def test_a_domain_does_not_move_to_an_application_that_serves_nothing(team_of_two: Team):
    team = team_of_two
    by_name("an application is added").make(team.instance.project.root)
    team.staging((WWW, MORE + WWW))
    team.up()
    team.staging((MORE, ""), (f"        - name: blog.{DOMAIN}\n", f"        - name: blog.{DOMAIN}\n{MORE}"))
    said = team.unchanged("up", "staging", "--yes", code=11)
    assert "the domain serves nothing until it has one" in said
    team.parity("release", "staging", "blog", "--commit", NEW, "--live").ok()
    team.staging((MORE, ""), (WWW, MORE + WWW))
    team.up()
    team.staging((MORE, ""), (f"        - name: blog.{DOMAIN}\n", f"        - name: blog.{DOMAIN}\n{MORE}"))
    more = f"https://more.{DOMAIN}/"
    with asking(team.instance, team.folder, more) as asked:
        team.parity("up", "staging", "--yes").ok()
    assert {each.status for each in asked.answers} == {200}
    assert served(asked, more) == [SHOP, NEW]


def test_an_application_is_merged_into_another_and_its_domain_goes_on(team_of_two: Team):
    team = team_of_two
    by_name("an application is merged into another").make(team.instance.project.root)
    team.staging((WWW, OF_ADMIN + WWW))
    team.acknowledged()
    assert served(team.updated(), URLS[1]) == [ADMIN, SHOP]


# --- Values, schemas, removals ----------------------------------------------------------------------------------------


def test_what_is_built_in_goes_live_with_the_next_release(team_of_two: Team):
    """Another name of a variable, a secret of another application, another folder, framework and host, in one edit."""
    team = team_of_two
    _move_a_secret(team)
    team.catalog(
        ('"SEARCH_RESULTS_LIMIT"', '"RESULTS_LIMIT"'),
        ("apps/shop", "apps/web"),
        ('name="shop",\n            framework="nextjs"', 'name="shop",\n            framework="astro"'),
    )
    for stack in ("staging", "prod"):
        team.file(f"Pulumi.{stack}.yaml", ("SEARCH_RESULTS_LIMIT:", "RESULTS_LIMIT:"))
    team.staging((f"db.{DOMAIN}", f"db2.{DOMAIN}"))
    for application in ("shop", "admin"):
        team.released(application)
    # Changed once more before an update: the release between would be built with the values of the newest one.
    team.staging(("RESULTS_LIMIT: 20", "RESULTS_LIMIT: 30"))
    team.released("shop")
    said = team.unchanged("up", "staging", "--yes", code=8)
    assert "would build with the variables of r3" in " ".join(said.split())
    path = team.instance.project.root / "Pulumi.staging.yaml"
    path.write_text(re.sub(r"(?<=\n)        r2: .*\n(?=        r3: )", "", path.read_text()))
    assert served(team.updated(), URLS[0]) == [SHOP, NEW]
    assert World(team.instance).variable("admin-staging", "PAYMENT_SECRET_KEY")
    shop = World(team.instance).vercel("GET", "/v9/projects/shop-staging/env")["envs"]
    assert "PAYMENT_SECRET_KEY" not in {each["key"] for each in shop}


def _move_a_secret(team: Team) -> None:
    """From shop to admin, as a person moves its lines; what the message prints makes its fingerprints."""
    secret = 'SensitiveVariable(name="PAYMENT_SECRET_KEY"),'
    session = 'SensitiveVariable(name="SESSION_SECRET", generated=True),'
    team.catalog((f"                {secret}\n", ""), (session, f"{session}\n                {secret}"))
    path = "parity:applications.{}.variables.PAYMENT_SECRET_KEY:"
    for stack in ("staging", "prod"):
        text = (team.instance.project.root / f"Pulumi.{stack}.yaml").read_text()
        [block] = re.findall(r"        PAYMENT_SECRET_KEY:\n          secure: .*\n", text)
        here = "        SESSION_SECRET:\n"
        moved = (block, ""), (here, block + here), (path.format("shop"), path.format("admin"))
        team.file(f"Pulumi.{stack}.yaml", *moved)
        assert f"`parity secret fingerprint {stack}`" in " ".join(team.parity("preview", stack).said.split())
        team.parity("secret", "fingerprint", stack).ok()


@dataclass(frozen=True)
class Full:
    """Something that is not empty and is taken out of the catalog."""

    made: str
    edit: tuple[tuple[str, str], ...]
    refused: str
    moved: str


FULL = {
    "an extension": Full(
        "create table shop.places (place extensions.vector(3))",
        (('extensions=("vector",),', ""),),
        "extension vector of storefront_staging holds column place of table shop.places: PostgreSQL does not drop it",
        "drop table shop.places",
    ),
}


@pytest.mark.parametrize("case", FULL.values(), ids=FULL)
def test_what_is_not_empty_is_not_dropped_whatever_is_acknowledged(team: Team, case: Full):
    World(team.instance).sql(case.made, database=DATABASE, role=OWNER, superuser=True)
    team.catalog(*case.edit)
    team.acknowledged()
    assert case.refused in team.unchanged("up", "staging", "--yes", code=12)
    World(team.instance).sql(case.moved, database=DATABASE, role=OWNER, superuser=True)
    team.updated()


OLD_SCHEMA, BOTH, NEW_SCHEMA = (
    (f'schemas=("shop", {own}),\n            ext', f'{own}, "shop"')
    for own in ('"backoffice"', '"backoffice", "office"', '"office"')
)
"""What the database has, and what admin's URL leads to: before, between and after."""


def test_a_schema_is_renamed_in_two_updates_and_the_data_moves_between(team_of_two: Team):
    team = team_of_two
    sql = World(team.instance).sql
    sql(
        "create table backoffice.orders (id int)",
        "insert into backoffice.orders values (1)",
        database=DATABASE,
        role=OWNER,
        superuser=True,
    )
    team.catalog(*zip(OLD_SCHEMA, NEW_SCHEMA, strict=True))
    team.released("admin")
    team.acknowledged()
    refused = "schema backoffice of storefront_staging holds table backoffice.orders: PostgreSQL does not drop it"
    assert refused in team.unchanged("up", "staging", "--yes", code=12)

    team.catalog(*zip(NEW_SCHEMA, BOTH, strict=True))
    _released_again(team)
    assert served(team.updated(), URLS[1]) == [ADMIN, NEW]
    sql("alter table backoffice.orders set schema office", database=DATABASE, role=OWNER, superuser=True)
    team.catalog(*zip(BOTH, NEW_SCHEMA, strict=True))
    team.released("admin")
    team.updated()
    sql("select 1 / count(*) from office.orders", database=DATABASE, role=f"{DATABASE}_admin_g1", superuser=True)


def _released_again(team: Team) -> None:
    """Record the release once more, in the place of the one that was refused."""
    path = team.instance.project.root / "Pulumi.staging.yaml"
    path.write_text(re.sub(r"        r2: .*\n", "", path.read_text()).replace("      live: r2\n", "      live: r1\n"))
    team.released("admin")
