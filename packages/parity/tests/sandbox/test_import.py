"""A team whose accounts were there before Parity, with names of their own: imported, updated, and never out of service.

It is the first team of a day: two live projects of fifteen variables each, a production domain each, a database that
their logins reach by PUBLIC, and two GitHub environments.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from parity.errors import AccessError, GateError
from support import pg_catalog
from support.amounts import everything
from support.asker import asking
from support.mutations.world import World
from support.second_server import named, second_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.program import Instance, Run

pytestmark = [pytest.mark.sandbox, pytest.mark.engine]

STACKS = {"prod": "acme-web", "staging": "acme-web-next"}
DOMAINS = {"prod": "www.acme.example", "staging": "next.acme.example"}
DATABASES = {"prod": "acme_production", "staging": "acme_next"}
ENVIRONMENTS = {"prod": "Production", "staging": "Preview"}
COMMITS = {"prod": "1f" * 20, "staging": "2e" * 20}
NEXT = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
"""A commit that the sandbox's repository has."""
OPTIONS = (
    "--team", "storefront", "--repository", "storefront-example/storefront",
    *(each for stack, name in STACKS.items() for each in ("--project", f"{stack}/web={name}")),
    *(each for stack, name in DATABASES.items() for each in ("--database", f"{stack}/main={name}")),
    *(each for stack in STACKS for each in ("--database", f"{stack}/events=events_of_{stack}@analytics")),
    *(each for stack, name in ENVIRONMENTS.items() for each in ("--environment", f"{stack}={name}")),
)  # fmt: skip
GRANTS = "urn:pulumi:prod::storefront::parity:components:Database$postgresql:index/grant:Grant"
OF_A_RELEASE = {"updatedAt", "targets", "latestDeployments", "lastAliasRequest"}
"""What a release changes of a project."""
PAYMENT = "canary-payment-of-{}-0123456789"
PASSWORD = "canary-password-of-{}-0123456789"


def variables(stack: str) -> dict[str, str]:
    """Fourteen that Vercel shows; the fifteenth it does not."""
    url = f"postgresql://web_{stack}:{PASSWORD.format(stack)}@db.{stack}.acme.example:5432/{DATABASES[stack]}"
    return {
        "DATABASE_URL": url,
        "API_TOKEN": f"canary-token-of-{stack}-0123456789",
        "NEXT_PUBLIC_BASE_URL": f"https://{DOMAINS[stack]}",
        "NEXT_PUBLIC_BRAND": "Acme Inc.: tea, coffee & more",
        "FEATURE_SEARCH": "true",
        "PAGE_SIZE": "20" if stack == "prod" else "007",
        **{f"SETTING_{number}": f"value-{number}" for number in range(8)},
    }


def _deploy(world: World, stack: str, project: dict[str, Any]) -> None:
    source = {"type": "github", "org": "storefront-example", "repo": "storefront", "ref": "main"}
    body = {
        "name": STACKS[stack], "project": project["id"], "target": "production",
        "gitSource": {**source, "sha": COMMITS[stack]},
        "meta": {"githubCommitSha": COMMITS[stack]},
    }  # fmt: skip
    made = world.vercel("POST", "/v13/deployments?skipAutoDetectionConfirmation=1", body)
    until = time.monotonic() + 30
    while (
        world.vercel("GET", f"/v9/projects/{project['id']}").get("targets", {}).get("production", {}).get("id")
        != made["id"]
    ):
        assert time.monotonic() < until, "the deployment did not go live"


def _team(world: World, stack: str) -> None:
    link = {"type": "github", "repo": "storefront-example/storefront"}
    project = world.vercel(
        "POST", "/v11/projects",
        {"name": STACKS[stack], "framework": "nextjs", "rootDirectory": "apps/web", "gitRepository": link},
    )  # fmt: skip
    world.vercel("PATCH", f"/v9/projects/{project['id']}", {"nodeVersion": "22.x", "ssoProtection": None})
    world.vercel("POST", f"/v10/projects/{project['id']}/domains", {"name": DOMAINS[stack]})
    for name, value in variables(stack).items():
        targets = ["production", "preview", "development"] if name.startswith("SETTING") else ["production"]
        body = {"key": name, "value": value, "type": "encrypted", "target": targets}
        world.vercel("POST", f"/v10/projects/{project['id']}/env", body)
    secret = {"key": "PAYMENT_KEY", "value": PAYMENT.format(stack), "type": "sensitive", "target": ["production"]}
    world.vercel("POST", f"/v10/projects/{project['id']}/env", secret)
    preview = {"key": "API_TOKEN", "value": "of-previews", "type": "encrypted", "target": ["preview"]}
    world.vercel("POST", f"/v10/projects/{project['id']}/env", preview)
    world.sql(
        f"create role acme_{stack} createdb",
        f"create role web_{stack} login password '{PASSWORD.format(stack)}'",
        f"create database {DATABASES[stack]} owner acme_{stack}",
        database="postgres", superuser=True,
    )  # fmt: skip
    world.sql(
        f"create schema shop authorization acme_{stack}",
        "create table shop.orders (id int)",
        f"grant usage on schema shop to web_{stack}",
        f"grant select, insert on shop.orders to web_{stack}",
        database=DATABASES[stack], superuser=True,
    )  # fmt: skip
    path = f"/repos/storefront-example/storefront/environments/{ENVIRONMENTS[stack]}"
    world.github("PUT", path, {"wait_timer": 0})
    world.github("POST", f"{path}/variables", {"name": "REGION", "value": "eu"})
    _deploy(world, stack, project)


def _telemetry(world: World) -> None:
    """Each project is traced; one alert and one trace drain are about prod."""
    for name in STACKS.values():
        project = world.vercel("GET", f"/v9/projects/{name}")["id"]
        traced = {"enabled": True, "sampling": [{"type": "head_sampling", "rate": 0.5}]}
        world.vercel("PUT", "/v1/drains/tracing/config", traced, projectId=project)
    own = world.vercel("GET", f"/v9/projects/{STACKS['prod']}")["id"]
    items = [{"type": "error_anomaly", "filter": "statusGroup:5xx"}]
    world.vercel("POST", "/alerts/v3/alert-rules", {
        "name": "Errors of prod", "type": "built-in", "ruleScope": {"type": "include", "projectIds": [own]},
        "triggers": {"mode": "selected", "items": items}, "matchMinimumSeverityLevel": "high",
    })  # fmt: skip


def _parity(instance: Instance, *arguments: str, stdin: str | None = None) -> Run:
    return instance.run("parity", *arguments, stdin=stdin)


def _changing(instance: Instance, since: int) -> list[str]:
    rows = instance.requests(since)
    return [f"{row['method']} {row['path']}" for row in rows if row["method"] not in {"GET", "HEAD"}]


@pytest.fixture
def second(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A server of its own for what happened in the shop, which was there before too."""
    with second_server(tmp_path / "second") as found:
        with pg_catalog.connect(found) as connection:
            for stack in STACKS:
                connection.execute(f"create database events_of_{stack}")  # pyright: ignore[reportArgumentType, reportCallIssue]
        yield found


def test_the_first_team_from_live_accounts_to_live_on_parity(
    empty_instance: Instance, second: dict[str, str], tmp_path: Path
):
    instance, world = empty_instance, World(empty_instance)
    instance.extra |= named(second, "analytics")
    for stack in STACKS:
        _team(world, stack)
    _telemetry(world)
    root = instance.project.root
    files = (root / "infra" / "catalog.py", *(root / f"Pulumi.{stack}.yaml" for stack in STACKS))
    before = [path.read_text() for path in files]
    urls = {stack: f"https://{domain}/api/health" for stack, domain in DOMAINS.items()}
    since = instance.last_request()
    plan = _parity(instance, "import", *OPTIONS, "--plan", "--json").ok()
    assert "canary" not in plan.said
    [proposed] = json.loads(plan.stdout)["stacks"]["prod"]["proposed"]
    assert 'alerts=(Alert(name="errors-of-prod", triggers=(AlertTrigger(' in proposed
    assert [path.read_text() for path in files] == before, "a plan writes nothing"

    assert "canary" not in _parity(instance, "import", *OPTIONS, "--write").ok().said
    assert "tracing=Tracing(sampling=(Sampling(rate=0.5),))" in files[0].read_text()
    assert [Path(f"{path}.before-import").read_text() for path in files] == before
    assert not [each for path in files if "canary" in (each := path.read_text())]
    written = [path.read_text() for path in files]
    _parity(instance, "import", *OPTIONS, "--write").ok()
    assert [path.read_text() for path in files] == written, "a second run leaves what the first one wrote"

    stacks = json.loads(plan.stdout)["stacks"]
    for stack in STACKS:
        [key] = stacks[stack]["unread"]
        _parity(instance, "secret", "set", stack, key, stdin=PAYMENT.format(stack)).ok()
    _parity(instance, "import", "--state").ok()
    _parity(instance, "import", "--state").ok()
    for stack in STACKS if everything() else ("prod",):
        preview = _parity(instance, "preview", stack, "--json", "--save", f"{stack}.plan").ok().stdout
        _only_what_was_listed(json.loads(preview)["changes"], stacks[stack]["written"])
    _parity(instance, "check").ok()
    assert _changing(instance, since) == [], "no vendor was written to"

    with asking(instance, tmp_path / "asked", *urls.values()) as asked:
        _parity(instance, "up", "prod", "--plan", "prod.plan").ok()
        _take_steps_and_release(instance, world)
        _parity(instance, "rollback", "prod", "web", "--to", "r1", "--up").ok()
        _old_login_works(world)
    assert {each.status for url in urls.values() for each in asked.of(url)} == {200}
    assert asked.releases(urls["prod"]) == [None, "r2"]
    first, *_, last = asked.of(urls["prod"])
    assert first.body == last.body, "going back reached the deployment that ran before"
    live = world.vercel("GET", f"/v9/projects/{STACKS['prod']}")["targets"]["production"]["id"]
    assert live == (last.body or {})["deployment"]


def _take_steps_and_release(instance: Instance, world: World) -> None:
    """Releases alone go live from now on, and roles are Parity's: exceptions go, and a normal update does the rest.

    What logged in before still does, and goes on working.
    """
    for name in ("autoAssignCustomDomains", "ignoreCommand"):  # a build would get what an exception leaves as it is
        _remove_exception(instance, name)
    _parity(instance, "release", "prod", "web", "--commit", NEXT, "--live").ok()
    for step in ("roles", "public"):
        _take(instance, step)
    since = instance.last_request()
    refused = _parity(instance, "up", "prod", "--yes")
    assert refused.code == AccessError.exit_code, refused.said
    printed = re.findall(r"`((?:grant|alter) [^`]*)`", " ".join(refused.said.split()))
    assert printed == ["grant acme_prod to parity_admin", "alter table shop.orders owner to parity_admin"]
    world.sql(*printed, database=DATABASES["prod"], superuser=True)
    # Before the plan, which depends on it; whom PUBLIC's rights let in is named all the same.
    world.sql("grant connect on database acme_production to web_prod", database="postgres", superuser=True)
    refused = _parity(instance, "preview", "prod", "--save", "steps.plan")
    assert refused.code == GateError.exit_code, refused.said
    assert "web_prod use and nothing here declares" in " ".join(refused.said.split())
    assert _changing(instance, since) == []
    dangers = [f"{GRANTS}::main-grant-public-{each}" for each in ("database", "schema")]
    acknowledged = [word for urn in dangers for word in ("--acknowledge", urn)]
    before = world.vercel("GET", f"/v9/projects/{STACKS['prod']}")
    _parity(instance, "up", "prod", "--plan", "steps.plan", *acknowledged).ok()
    after = world.vercel("GET", f"/v9/projects/{STACKS['prod']}")
    # The provider writes every flag of a project that it changes: false where nothing was set, which is the same.
    changed = {name for name in before.keys() | after.keys() if (before.get(name) or None) != (after.get(name) or None)}
    assert changed - OF_A_RELEASE == {"autoAssignCustomDomains", "commandForIgnoringBuildStep"}, "the steps alone"
    assert after["autoAssignCustomDomains"] is False
    _old_login_works(world)
    found = json.loads(_parity(instance, "drift", "prod", "--json").stdout)["findings"]
    left = [
        (each["name"], each["property"], each["declared"])
        for each in found
        if each["kind"] != "unknowable" and not each["suppression"]
    ]
    assert left == [("acme_production/table/shop/orders", "owner", "main_prod_owner")], "its remedy is the way on"


def _take(instance: Instance, step: str) -> None:
    path = instance.project.root / "Pulumi.prod.yaml"
    text = path.read_text()
    line = next(each for each in text.splitlines() if "parity:postponed" in each)
    left = [each for each in re.findall(r"\w+", line.partition(": ")[2]) if each != step]
    path.write_text(text.replace(line, f"  parity:postponed: [{', '.join(left)}]"))


def _old_login_works(world: World) -> None:
    statements = ("select * from shop.orders", "insert into shop.orders values (1)")
    world.sql(*statements, database=DATABASES["prod"], role="web_prod", superuser=True)


def _remove_exception(instance: Instance, name: str) -> None:
    path = instance.project.root / "Pulumi.prod.yaml"
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if f"{name}*" not in line]
    assert len(lines) - len(kept) == 1
    path.write_text("".join(kept))


PROVIDERS = {"vercel", "github", "postgresql", "postgresql-analytics", "parity"}
"""Their records get the plugins' versions; nothing is called."""


def _only_what_was_listed(changes: list[dict[str, Any]], listed: list[str]) -> None:
    real = [each for each in changes if each["name"] not in PROVIDERS]
    assert {each["operation"] for each in real} == {"create", "update"}
    updates = [each["name"] for each in real if each["operation"] == "update"]
    assert updates == ["web-variable-PAYMENT_KEY"], "the one whose value no API shows"
    for each in real:
        name = each["name"].removeprefix("web-variable-") if each["name"] in updates else each["name"]
        assert any(name in line and ": " in line for line in listed), f"{each['name']} was not listed with a reason"
