"""Bad input on the real engine: what is said, and that no vendor was touched."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from parity.vendors import preflight
from support import pg_catalog
from support.instances import own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.instances import Template
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

READS = {"GET", "HEAD"}
STACK = "staging"


@pytest.fixture(scope="module")
def shared(empty_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One sandbox for all: no test changes anything in it, which each test checks."""
    with own(empty_template, tmp_path_factory.mktemp("bad") / "own") as instance:
        instance.init(STACK)
        yield instance


@pytest.fixture
def untouched(shared: Instance) -> Iterator[Instance]:
    """The shared sandbox, the stack's file and the catalog put back and everything in it compared afterwards."""
    files = [shared.project.root / f"Pulumi.{STACK}.yaml", shared.project.root / "infra" / "catalog.py"]
    texts, state, databases = (
        [path.read_text() for path in files],
        shared.state(),
        pg_catalog.dump(shared.environment()),
    )
    since = shared.last_request()
    yield shared
    for path, text in zip(files, texts, strict=True):
        path.write_text(text)
    assert shared.state() == state, "something was created"
    assert pg_catalog.dump(shared.environment()) == databases, "something was created in PostgreSQL"
    assert {row["method"] for row in shared.requests(since)} <= READS, "a vendor was written to"


def refused(run: Run, *words: str) -> None:
    """It failed, said all of the words, and showed no traceback."""
    assert run.code != 0, run.said
    missing = [each for each in words if each not in run.said]
    assert missing == [], run.said
    assert "Traceback" not in run.said


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def up(instance: Instance, **variables: str) -> Run:
    return instance.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, extra=variables)


def test_everything_missing_is_said_at_once(untouched: Instance):
    run = up(untouched, VERCEL_API_TOKEN="", GITHUB_TOKEN="", PGHOST="")
    refused(run, "3 faults in what the providers log in with; nothing was created or changed.")
    lines = [line.strip() for line in run.said.splitlines()]
    named = [lines[number - 1] for number, line in enumerate(lines) if line == "is not set."]
    assert named == ["VERCEL_API_TOKEN", "GITHUB_TOKEN", "PGHOST"]


def test_tokens_that_the_vendors_refuse(untouched: Instance):
    run = up(untouched, VERCEL_API_TOKEN="canaryVercel0123456789ab", GITHUB_TOKEN="ghp_canaryGithub")
    refused(run, "does not open the team storefront at Vercel: it answers 403.")
    refused(run, "does not open the repository storefront-example/storefront at GitHub: it answers 401.")
    assert "canary" not in run.said


def test_a_database_that_cannot_be_reached(untouched: Instance):
    port = free_port()
    run = up(untouched, PGPORT=port)
    refused(run, f"cannot be used at 127.0.0.1:{port} as parity_admin:", "Connection refused", "Correct PGHOST")


def test_a_preview_only_warns_of_the_database(untouched: Instance):
    run = untouched.pulumi("preview", "--stack", STACK, extra={"PGPORT": free_port()}).ok()
    assert "cannot be used at 127.0.0.1:" in run.said
    assert "An update will stop here." in run.said


def test_a_password_that_the_database_refuses(untouched: Instance):
    fault = preflight.postgres({**untouched.environment(), "PGPASSWORD": "canary-password"}).fault
    assert fault is not None
    assert 'password authentication failed for user "parity_admin"' in fault.what
    assert "canary" not in str(fault)


def test_an_administrator_who_may_not_make_databases(untouched: Instance):
    environment = untouched.environment()
    with pg_catalog.connect(environment) as connection:
        connection.execute("create role small login createrole password 'small'")
        try:
            fault = preflight.postgres({**environment, "PGUSER": "small", "PGPASSWORD": "small"}).fault
        finally:
            connection.execute("drop role small")
    assert fault is not None
    assert fault.what == "lets small make no databases or no roles."
    assert "`alter role small createdb createrole`" in fault.remedy


def test_a_wrong_passphrase(untouched: Instance):
    refused(up(untouched, PULUMI_CONFIG_PASSPHRASE="canary-passphrase"), "incorrect passphrase")


def test_no_such_stack(untouched: Instance):
    run = untouched.pulumi("up", "--yes", "--skip-preview", "--stack", "stagign")
    refused(run, "no stack named 'stagign' found")


def test_a_stack_file_that_does_not_parse(untouched: Instance):
    untouched.replace(STACK, "  parity:environment: staging", "  parity:environment: [staging")
    # The engine reads the file before the program does, and names the line alone.
    refused(up(untouched), "invalid YAML file: yaml: line 7")


def test_every_fault_of_the_stack_file_at_once(untouched: Instance):
    untouched.replace(STACK, "parity:protect: false", "parity:protct: false")
    untouched.replace(STACK, "        SEARCH_RESULTS_LIMIT: 20\n", "")
    untouched.replace(STACK, "- name: admin.staging.storefront.example", "- name: https://admin")
    run = up(untouched)
    refused(run, "faults in the config; nothing was created or changed.")
    refused(run, "is not a known key.", "has no value in this stack.", "is not a host name", "Did you mean")


def test_every_fault_of_the_catalog_at_once(untouched: Instance):
    path = untouched.project.root / "infra" / "catalog.py"
    long = "a" * 40
    text = path.read_text()
    url, limit = 'name="DATABASE_URL", database="{}", schemas=("shop",)', 'name="{}", type="integer"'
    for old, new in (
        (url.format("storefront"), url.format("storefrnt")),
        (limit.format("SEARCH_RESULTS_LIMIT"), limit.format("VERCEL_URL")),
        ('name="admin"', f'name="{long}"'),
        ('schemas=("shop", "backoffice")', 'schemas=("shop", "backoffice", "shop")'),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)
    run = up(untouched)
    refused(run, "in the config; nothing was created or changed.", "infra/catalog.py")
    refused(run, "names the database storefrnt, which does not exist.", "is a name that Vercel gives a value itself.")
    refused(run, "PostgreSQL cuts names off at 63", "names shop 2 times.")


def test_a_secret_in_the_clear(untouched: Instance):
    path = untouched.project.root / f"Pulumi.{STACK}.yaml"
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.strip() == "SESSION_SECRET:")
    lines[at : at + 2] = ["          SESSION_SECRET: canary-in-the-clear\n"[2:]]
    path.write_text("".join(lines))
    run = up(untouched)
    refused(run, "parity:applications.admin.variables.SESSION_SECRET", "is a secret and stands in the clear.")
    assert "canary" not in run.said
