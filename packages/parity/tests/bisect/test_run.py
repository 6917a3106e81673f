"""A search on a record: kept releases first, a sandbox for what they do not take apart, and what is said at the end."""

from __future__ import annotations

import io
import json
import math
import shlex
from types import SimpleNamespace

import pytest

from infra.catalog import CATALOG
from parity.bisect import kept, show, stand
from parity.bisect.probe import At, Probe
from parity.bisect.run import Bisection
from parity.bisect.search import Answer
from parity.cli.main import application
from parity.config.stack_models import Release, Releases
from parity.console import Screen
from parity.errors import NotReproducedError, SandboxError
from support.operations import COMMIT, LIMIT, LIMIT_KEY, A, Operations, built, live, login, migration, row, variable
from support.program import copy_program

CAUSE = {
    "urn": variable("SEARCH_RESULTS_LIMIT", "", "")["urn"],
    "property": "value",
    "origins": [
        {
            "kind": "config",
            "key": LIMIT_KEY,
            "line": 29,
            "before": "20",
            "after": "0",
            "commits": [{"sha": "d4" * 20, "subject": "No limit (#18)"}],
        }
    ],
}
SETTINGS = SimpleNamespace(
    stack="staging",
    catalog=CATALOG,
    applications={"shop": SimpleNamespace(values=[LIMIT[5:]])},
    migrations=lambda _: (),
)


def commit(number):
    return f"{number:040x}"


class Searched:
    """A search with kept releases that answer by a command, and a sandbox that answers by a function."""

    def __init__(self, monkeypatch, operations, command, *, gone=(), sandbox=None):
        self.out, self.stood, last = io.StringIO(), [], len(operations.ids)
        names = [f"r{number}" for number in range(1, last + 1)]
        at = {name: At(name, about={"PARITY_PROBE_COMMIT": "c"}) for name in names if name not in gone}
        monkeypatch.setattr(kept, "read", lambda *_: kept.Kept(at, dict.fromkeys(gone, "its deployment is GONE")))
        monkeypatch.setattr(stand, "Sandbox", lambda *given: Sandbox(self, given[3], sandbox))
        stack = SimpleNamespace(name="staging", project=None, sealed_settings=lambda: SETTINGS, recorded=lambda: None)
        screen = Screen(stdout=io.StringIO(), stderr=self.out)
        every = operations.between()
        self.search = Bisection(stack, "shop", every, operations.ids[-1], Probe(command, repeat=1), screen)
        releases = {name: Release(commit=A, config="0" * 32, credentials=1) for name in names}
        self.releases = Releases(live=names[-1], kept=releases)

    def run(self, **options):
        return self.search.run(**options)

    @property
    def steps(self):
        return [line for line in self.out.getvalue().splitlines() if line.startswith("✓ Step")]


class Sandbox:
    def __init__(self, searched, timeline, answer):
        self.searched, self.timeline, self.answer = searched, timeline, answer

    def __enter__(self):
        if self.answer is None:
            raise SandboxError("no PostgreSQL is here")
        return self

    def __exit__(self, *_):
        pass

    def can(self, state):
        return True

    def ask(self, state):
        self.searched.stood.append(state)
        return self.answer({name for name, _ in state})

    def how(self, state):
        return "asked"

    def name(self, state):
        return str(len(state))


@pytest.fixture
def operations(tmp_path):
    """Sixteen releases: r9 sets the limit alone, each other one brings a commit."""
    found = Operations(tmp_path).first()
    for number in range(2, 17):
        release, before = f"r{number}", f"r{number - 1}"
        if number == 9:
            changed = variable("SEARCH_RESULTS_LIMIT", "20", "0")
            found.add(changed, built(release, commit(8)), live(before, release), causes=[CAUSE])
        else:
            found.add(built(release, commit(number)), live(before, release))
    return found


FROM_R9 = 'test "${PARITY_PROBE_URL#r}" -lt 9'


def test_a_single_cause_is_found_by_kept_releases_alone(monkeypatch, operations):
    searched = Searched(monkeypatch, operations, FROM_R9)
    found = searched.run()
    assert show.sentence(found) == "shop.SEARCH_RESULTS_LIMIT 20 -> 0"
    assert (found.first_bad.id, found.last_good.id, found.release) == (operations.ids[8], operations.ids[7], "r8")
    assert len(searched.steps) == found.asked <= 2 + math.log2(16)
    assert searched.steps[0].startswith("✓ Step 1 of about 6: r1 (c) (good, exit code 0, ")
    lines = "\n".join(show.lines(found, searched.releases))
    for part in (
        f"by up {operations.ids[8]}, {LIMIT_KEY} (line 29), commit d4d4d4d4d, pull request #18, by ada",
        f"Good after up {operations.ids[7]}, bad after up {operations.ids[8]}.",
        "states asked of kept releases at their own hosts, among 2 changes, in ",
        "To go back: parity rollback staging shop --to r8 --up",
    ):
        assert part in lines
    earlier = searched.releases.model_copy(update={"live": "r2"})
    assert show.back(found, earlier) == f"parity config set staging '{LIMIT_KEY}' '20'", (
        "r8 is no release to go back to"
    )
    said = json.loads(json.dumps(show.document(found, searched.releases)))
    assert said["found"] == "shop.SEARCH_RESULTS_LIMIT 20 -> 0"
    (cause,) = said["causes"]
    assert (cause["key"], cause["line"], cause["before"], cause["after"], cause["axis"], cause["needed"]) == (
        LIMIT_KEY, 29, {"value": "20"}, {"value": "0"}, "config", True,
    )  # fmt: skip


def test_releases_that_are_gone_are_stepped_over_and_named(monkeypatch, operations):
    searched = Searched(monkeypatch, operations, FROM_R9, gone=("r7", "r10", "r12"))
    found = searched.run(sandbox=False)
    assert show.sentence(found) == "shop.SEARCH_RESULTS_LIMIT 20 -> 0"
    assert "Note: r10 cannot be asked: its deployment is GONE." in list(show.lines(found, None))


@pytest.fixture
def pair(tmp_path):
    """A commit in r2, then three logins, then the limit with another commit and a login in r6, then r7."""
    found = Operations(tmp_path).first().add(built("r2", commit(2)), live("r1", "r2")).add(migration(1))
    for number in (3, 4, 5):
        found.add(login(number), built(f"r{number}", commit(2)), live(f"r{number - 1}", f"r{number}"))
    changed = variable("SEARCH_RESULTS_LIMIT", "20", "0")
    found.add(changed, login(6), built("r6", commit(6)), live("r5", "r6"), causes=[CAUSE])
    return found.add(built("r7", commit(7)), live("r6", "r7"))


FROM_R6 = 'test "${PARITY_PROBE_URL#r}" -lt 6'


def test_what_kept_releases_do_not_take_apart_is_said_as_such(monkeypatch, pair):
    found = Searched(monkeypatch, pair, FROM_R6).run(sandbox=False)
    assert show.sentence(found) == (
        "one of 3 changes, or some of them together: shop.SEARCH_RESULTS_LIMIT 20 -> 0, "
        f"commit {commit(6)[:12]} of shop and credentials of shop 5 -> 6"
    )
    assert not found.apart


def test_a_sandbox_takes_them_apart_and_finds_what_came_before(monkeypatch, pair):
    def answer(names):
        return Answer.BAD if {LIMIT, COMMIT} <= names else Answer.GOOD

    searched = Searched(monkeypatch, pair, FROM_R6, sandbox=answer)
    found = searched.run()
    assert (
        show.sentence(found) == f"shop.SEARCH_RESULTS_LIMIT 20 -> 0, only together with commit {commit(6)[:12]} of shop"
    )
    assert (found.where, found.first_bad.id, found.last_good.id) == ("a sandbox", pair.ids[-2], pair.ids[-3])
    stood = {each for state in searched.stood for each in state}
    assert ("storefront-migration-0001", 1) not in stood, "its file is not there"
    assert (COMMIT, 3) not in stood, "r7 came after the first bad release"
    assert any("its file is not in the checkout: storefront-migration-0001" in each for each in found.notes)
    assert searched.stood[2] == {("credentials of shop", 3), (COMMIT, 1)}, "the last good release is asked first"


def test_what_does_not_show_in_a_sandbox_leaves_what_kept_releases_found(monkeypatch, pair):
    found = Searched(monkeypatch, pair, FROM_R6, sandbox=lambda _: Answer.GOOD).run()
    assert show.sentence(found).startswith("one of 3 changes")
    assert any("in a sandbox the probe does not show it: the good operation" in each for each in found.notes)
    unsettled = Searched(monkeypatch, pair, FROM_R6).run()
    assert "in a sandbox nothing was stood up: no PostgreSQL is here" in unsettled.notes


@pytest.mark.parametrize(
    ("command", "said"),
    [("true", "good (exit code 0); the bad one, {}, is good (exit code 0)"), ("false", "bad (exit code 1)")],
)
def test_ends_that_do_not_differ_are_said_with_what_was_seen(monkeypatch, pair, command, said):
    with pytest.raises(NotReproducedError) as caught:
        Searched(monkeypatch, pair, command).run(sandbox=False)
    assert said.format(pair.ids[-1]) in caught.value.what
    assert caught.value.exit_code == 18


def test_a_schemas_change_is_found_in_a_sandbox_where_releases_show_nothing(monkeypatch, tmp_path):
    found = Operations(tmp_path).first().add(migration(1)).add(migration(2))
    settings = SimpleNamespace(**SETTINGS.__dict__)
    database = SimpleNamespace(first_name="storefront")
    settings.catalog = SimpleNamespace(databases=[database], applications=CATALOG.applications)
    files = [SimpleNamespace(number=number, file=f"{number}.sql") for number in (1, 2)]
    settings.migrations = lambda _: files
    name = "storefront-migration-0002"
    searched = Searched(monkeypatch, found, "false", sandbox=lambda names: Answer.BAD if name in names else Answer.GOOD)
    searched.search.stack.sealed_settings = lambda: settings
    outcome = searched.run()
    assert show.sentence(outcome) == f"migration {name}"
    assert show.back(outcome, searched.releases) == ""


def test_a_probe_that_answers_in_two_ways_is_said(monkeypatch, operations, tmp_path):
    command = (
        f"test $PARITY_PROBE_URL = r8 && {{ test -e {tmp_path}/x || {{ touch {tmp_path}/x; exit 1; }}; exit 0; }}; "
    )
    searched = Searched(monkeypatch, operations, command + FROM_R9)
    searched.search.probe.repeat = 2
    found = searched.run(sandbox=False)
    assert show.sentence(found).startswith("one of 2 changes"), "r7 and r9 are as near as it gets"
    assert "the probe is flaky, it answered in two ways for: r8" in found.notes
    assert "unresolved, the probe is flaky: bad (exit code 1), good (exit code 0)" in "".join(searched.steps)


def test_where_no_release_changed_the_command_that_sets_the_key_back_works_as_printed(tmp_path, monkeypatch):
    project = copy_program(tmp_path / "program")
    key = "parity:databases.storefront.connectionLimit"
    changed = row("postgresql:index/database:Database", "storefront-database", connectionLimit=(60, 61))
    cause = {"kind": "config", "key": key, "line": 44, "before": "60", "after": "61", "commits": []}
    causes = [{"urn": changed["urn"], "property": "connectionLimit", "origins": [cause]}]
    operations = Operations(tmp_path / "record").first().add(changed, causes=causes)
    searched = Searched(monkeypatch, operations, "false", sandbox=lambda names: Answer.BAD if names else Answer.GOOD)
    found = searched.run()
    assert show.sentence(found) == "Database storefront-database connectionLimit 60 -> 61"
    monkeypatch.chdir(project.root)
    file = project.stack_files()["staging"]
    before = file.read_text()
    file.write_text(before.replace("connectionLimit: 60", "connectionLimit: 61"))
    printed = show.back(found, searched.releases)
    assert printed == f"parity config set staging '{key}' '60'"
    application()(shlex.split(printed)[1:], standalone_mode=False)
    assert file.read_text() == before
