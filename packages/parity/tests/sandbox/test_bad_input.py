"""Bad input on the real engine: what is said, and that no vendor was touched."""

from __future__ import annotations

import re
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


def test_each_way_in_that_does_not_open_is_said_at_once(untouched: Instance):
    port = free_port()
    run = up(untouched, VERCEL_API_TOKEN="", GITHUB_TOKEN="ghp_canaryGithub", PGPORT=port)
    refused(run, "3 faults in what the providers log in with; nothing was created or changed.", "VERCEL_API_TOKEN")
    refused(run, "does not open the repository storefront-example/storefront at GitHub: it answers 401.")
    refused(run, f"cannot be used at 127.0.0.1:{port} as parity_admin:", "Connection refused", "Correct PGHOST")
    assert "canary" not in run.said


def test_a_token_that_vercel_refuses(untouched: Instance, monkeypatch: pytest.MonkeyPatch):
    for name, value in untouched.environment().items():
        monkeypatch.setenv(name, value)
    fault = preflight.vercel("storefront", {"VERCEL_API_TOKEN": "canaryVercel0123456789ab"}).fault
    assert fault is not None
    assert fault.what == "does not open the team storefront at Vercel: it answers 403."
    assert "canary" not in str(fault)


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


def test_every_fault_of_the_files_at_once(untouched: Instance):
    untouched.replace(STACK, "parity:protect: false", "parity:protct: false")
    untouched.replace(STACK, "        SEARCH_RESULTS_LIMIT: 20\n", "")
    untouched.replace(STACK, "- name: admin.staging.storefront.example", "- name: https://admin")
    path = untouched.project.root / f"Pulumi.{STACK}.yaml"
    sealed = r"(SESSION_SECRET:)\n +secure: .*\n"
    path.write_text(re.sub(sealed, r"\1 canary-in-the-clear\n", path.read_text()))
    catalog = untouched.project.root / "infra" / "catalog.py"
    url = 'name="DATABASE_URL", database="{}", schemas=("shop",)'
    catalog.write_text(catalog.read_text().replace(url.format("storefront"), url.format("storefrnt")))
    run = up(untouched)
    refused(run, "faults in the config; nothing was created or changed.", "infra/catalog.py")
    refused(run, "is not a known key.", "has no value in this stack.", "is not a host name", "Did you mean")
    refused(run, "names the database storefrnt, which does not exist.")
    refused(run, "parity:applications.admin.variables.SESSION_SECRET", "is a secret and stands in the clear.")
    assert "canary" not in run.said
