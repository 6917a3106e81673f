"""What was approved is what is applied: everything that a plan depends on, changed before the plan is applied."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from parity.updates import saved_plan
from support import pg_catalog
from support.amounts import examples
from support.instances import put_back
from support.mutations import DATABASE, STACK
from support.paths import ROOT
from support.tampers import SAMPLE, TAMPERS, Prepared, Tamper, git, page

if TYPE_CHECKING:
    from pathlib import Path

    from parity.config.secret import Secret
    from support.instances import Template
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PAGE = ROOT / "docs" / "tamper.md"
ALL = os.environ.get("PARITY_TAMPER") == "all"
TRIED = [each for each in TAMPERS if ALL or each.label in SAMPLE[: examples(3, len(SAMPLE))]]
LIMIT = 123
"""Of the database's connections, which the plan brings."""


@dataclass(frozen=True)
class Made:
    """The plans of both stacks, as they were saved."""

    folder: Path
    digest: str
    secret: Secret


def prepare(instance: Instance) -> None:
    """The program as a repository's only commit, with one change for the plan to bring."""
    instance.replace(STACK, "connectionLimit: 200", f"connectionLimit: {LIMIT}")
    git(instance, "init", "-q", "-b", "main")
    git(instance, "add", "-A")
    git(instance, "commit", "-q", "-m", "main")


@pytest.fixture(scope="module")
def made(small_worker_instance: Instance, small_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Made:
    instance = put_back(small_worker_instance, small_template)
    prepare(instance)
    folder = tmp_path_factory.mktemp("plans")
    secret = instance.secret(STACK)
    for stack in (STACK, "staging") if ALL else (STACK,):  # a plan of the other one takes one tamper alone
        instance.run("parity", "preview", stack, "--save", str(folder / f"{stack}.json")).ok()
    return Made(folder, saved_plan.read(folder / f"{STACK}.json", STACK, secret).digest, secret)


@pytest.fixture
def prepared(made: Made, small_instance: Instance, tmp_path: Path) -> Prepared:
    prepare(small_instance)
    plan = tmp_path / "plan.json"
    shutil.copy(made.folder / f"{STACK}.json", plan)
    return Prepared(small_instance, plan, made.digest, made.folder / "staging.json", tmp_path, made.secret)


def apply(prepared: Prepared) -> tuple[Run, list[str]]:
    """Apply the plan; gives what was asked of the vendors that changes anything."""
    since = prepared.instance.last_request()
    done = prepared.instance.run("parity", "up", STACK, "--plan", str(prepared.plan), "--digest", prepared.digest)
    rows = prepared.instance.requests(since)
    return done, [f"{row['service']} {row['method']} {row['path']}" for row in rows if row["method"] != "GET"]


@pytest.mark.parametrize("tamper", TRIED, ids=lambda each: each.label)
def test_a_plan_is_applied_to_what_it_was_made_for_or_not_at_all(prepared: Prepared, tamper: Tamper):
    tamper.make(prepared)
    before = written(prepared.instance)
    done, calls = apply(prepared)
    assert done.code == tamper.code, done.said
    if tamper.code:
        assert " ".join(tamper.says.split()) in " ".join(done.stderr.split())
        assert calls == []
        assert written(prepared.instance) == before, "PostgreSQL was written to"
    else:
        assert_applied(prepared)


def test_a_plan_with_nothing_changed_in_between_is_applied(prepared: Prepared):
    done, _ = apply(prepared)
    done.ok()
    assert_applied(prepared)


def written(instance: Instance) -> tuple[str, object]:
    """What PostgreSQL holds, and which transactions have ended: one that changes anything has a number.

    The end of the log is none of it: a server that was just started notes there what it reads.
    """
    environment = instance.environment()
    return pg_catalog.moment(environment).rpartition(" ")[2], pg_catalog.dump(environment)


def assert_applied(prepared: Prepared) -> None:
    rows = pg_catalog.dump(prepared.instance.environment())["databases"]
    assert next(row[2] for row in rows if row[0] == DATABASE) == LIMIT


def test_the_page_is_the_table():
    assert set(SAMPLE) <= {each.label for each in TAMPERS}
    if ALL and os.environ.get("PARITY_WRITE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
