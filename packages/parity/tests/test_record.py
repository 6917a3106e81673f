"""What the ledger keeps of an update: who approved it, its pull request, and what caused each change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from parity.backend.ledger import Ledger
from parity.config.project import Project
from parity.engine.store import FolderStore
from parity.preview.plan import Change, Property
from parity.updates import record
from support.program import copy_program

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
URN = f"urn:pulumi:staging::storefront::parity:components:WebApp${VARIABLE}::shop-variable-SEARCH_RESULTS_LIMIT"
KEY = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"


def git(root: Path, *words: str) -> str:
    names = {f"GIT_{who}_{what}": "a@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *words], cwd=root, env={**os.environ, **names}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example with one commit after the first: another value of a variable."""
    project = copy_program(tmp_path_factory.mktemp("record") / "program")
    git(project.root, "init", "-q", "-b", "main")
    # As the template's: what evaluating it leaves is no change of the program.
    (project.root / ".gitignore").write_text("__pycache__/\n")
    git(project.root, "add", ".")
    git(project.root, "commit", "-qm", "Begin")
    file = project.root / "Pulumi.staging.yaml"
    file.write_text(file.read_text().replace("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 25"))
    git(project.root, "commit", "-qam", "Show more results (#12)")
    return project


@pytest.fixture
def ledger(tmp_path: Path, history: Project) -> Ledger:
    return ledger_of(tmp_path, history)


def ledger_of(folder: Path, history: Project, files: str = "") -> Ledger:
    """An update from the first commit succeeded, the next one failed, one is under way."""
    found = Ledger(FolderStore(folder), "storefront", "staging")
    facts = {"intent": {}, "commit": git(history.root, "rev-parse", "HEAD~1") + files}
    found.end(found.begin(facts), {"result": "succeeded"})
    newer = {**facts, "commit": git(history.root, "rev-parse", "HEAD")}
    found.end(found.begin(newer), {"result": "failed"})
    found.begin(newer)
    return found


def caused(history: Project, ledger: Ledger | None, *changes: Change) -> list[tuple[Any, ...]]:
    rows = record.causes(history, "staging", ledger, changes)
    return [
        (row["urn"], row["property"], each["key"], [commit["subject"] for commit in each["commits"]])
        for row in rows
        for each in row["origins"]
    ]


def test_each_changed_property_has_its_key_and_commit(history, ledger):
    change = Change(URN, VARIABLE, "update", (Property("value", "20", "25"), Property("comment", "a", "b")))
    assert caused(history, ledger, change)[0] == (URN, "value", KEY, ["Show more results (#12)"])
    assert [row[1:3] for row in caused(history, ledger, change)[1:]] == [("comment", None)], "it is not the key's doing"


def test_what_follows_no_key_since_files_that_were_not_committed_is_not_laid_on_the_world(history, tmp_path):
    change = Change(URN, VARIABLE, "update", (Property("value", "20", "25"), Property("comment", "a", "b")))
    found = caused(history, ledger_of(tmp_path, history, "+changes"), change)
    assert [row[1:3] for row in found] == [("value", KEY)]


def test_a_saved_plan_names_properties_and_is_traced_by_them(history, ledger):
    changes = record.changes_of([{"urn": URN, "operation": "update", "properties": [{"path": "value"}]}])
    assert caused(history, ledger, *changes) == [(URN, "value", KEY, ["Show more results (#12)"])]


def test_where_nothing_succeeded_before_or_nothing_changes_nothing_is_traced(history, ledger, tmp_path):
    change = Change(URN, VARIABLE, "create")
    assert caused(history, Ledger(FolderStore(tmp_path / "new"), "storefront", "staging"), change) == []
    assert caused(history, None, change) == []
    assert caused(history, ledger) == []


def test_outside_of_git_nothing_is_traced(history, ledger, tmp_path):
    shutil.copytree(history.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    assert caused(Project(tmp_path / "copy"), ledger, Change(URN, VARIABLE, "create")) == []


@pytest.mark.parametrize(
    ("subject", "number"),
    [("Show more (#12)", 12), ("Merge pull request #7 from a/b", 7), ("Fix (#1) again", None), ("Begin", None)],
)
def test_a_pull_request_is_read_off_the_commit(tmp_path, subject, number):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", subject)
    assert record.of_run(tmp_path, {})["pull_request"] == number


def test_the_workflows_event_goes_first_and_the_actor_approves(history, tmp_path):
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 40}}))
    environment = {"GITHUB_EVENT_PATH": str(event), "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "grace"}
    assert record.of_run(history.root, environment) == {"approver": "grace", "pull_request": 40}
    event.write_text(json.dumps({"action": "push"}))
    assert record.of_run(history.root, environment)["pull_request"] == 12


def test_there_is_no_pull_request_outside_of_git(tmp_path):
    assert record.of_run(tmp_path, {})["pull_request"] is None
