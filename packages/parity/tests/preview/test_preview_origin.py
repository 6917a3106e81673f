"""Where a change comes from: the key, its line and its commit, the program, or the world."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from parity.config.project import Project
from parity.errors import UsageError
from parity.git import Repository
from parity.preview import origin
from parity.preview.plan import Change, Plan, Property
from support.paths import ROOT

DATABASE = (
    "urn:pulumi:staging::storefront::parity:components:Database$postgresql:index/database:Database::storefront-database"
)
DOMAIN = (
    "urn:pulumi:staging::storefront::parity:components:Domains$parity:index:ProjectDomain"
    "::domain-www.shop.staging.storefront.example"
)
WWW = "        - name: www.shop.staging.storefront.example\n          redirect: shop.staging.storefront.example\n"


class Checkout:
    """A repository with the project's stack files."""

    def __init__(self, folder):
        self.project = Project(folder)
        for path in (*ROOT.glob("Pulumi*.yaml"), ROOT / "pyproject.toml"):
            shutil.copy(path, folder / path.name)
        for part in ("infra", "components", "migrations"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        # The program is loaded from here, which leaves byte code, as in a team's checkout.
        (folder / ".gitignore").write_text("__pycache__/\n")
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Platform")
        self.git("config", "user.email", "platform@example.com")
        self.first = self.commit("The storefront")

    @property
    def file(self):
        return self.project.root / "Pulumi.staging.yaml"

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.project.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def replace(self, old, new):
        text = self.file.read_text()
        assert text.count(old) == 1
        self.file.write_text(text.replace(old, new))

    def origins(self, *changes):
        base = Repository(self.project.root).base(self.first, None)
        return origin.origins(self.project, "staging", base, Plan("staging", changes, {}, 0))


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


LIMIT = Change(DATABASE, "postgresql:index/database:Database", "update", (Property("connectionLimit", 60, 80),))
GONE = Change(DOMAIN, "parity:index:ProjectDomain", "delete")


def test_a_change_follows_its_key_and_the_commit_that_wrote_its_line(checkout):
    checkout.replace("      connectionLimit: 60", "      connectionLimit: 80")
    wrote = checkout.commit("Take 80 connections")
    checkout.replace("waitMinutes: 0", "waitMinutes: 5")
    checkout.commit("Wait five minutes")
    (found,) = checkout.origins(LIMIT).of(LIMIT)
    assert (found.key, found.before, found.after) == ("parity:databases.storefront.connectionLimit", "60", "80")
    assert [each.sha for each in found.commits] == [wrote]
    assert checkout.file.read_text().splitlines()[(found.line or 0) - 1].strip() == "connectionLimit: 80"


def test_what_was_taken_out_names_the_commit_that_did_it(checkout):
    checkout.replace(WWW, "")
    removed = checkout.commit("Drop www")
    checkout.replace("waitMinutes: 0", "waitMinutes: 5")
    checkout.commit("Wait five minutes")
    (found,) = checkout.origins(GONE).of(GONE)
    assert found.key == "parity:applications.shop.domains"
    assert [each.sha for each in found.commits] == [removed]


def test_what_is_not_committed_says_so(checkout):
    checkout.replace("      connectionLimit: 60", "      connectionLimit: 80")
    (found,) = checkout.origins(LIMIT).of(LIMIT)
    assert [each.short for each in found.commits] == ["not committed yet"]


@pytest.mark.parametrize("name", ["infra/catalog.py", "migrations/storefront/0001_items.sql"])
def test_a_change_that_moves_with_no_key_follows_the_program(checkout, name):
    checkout.replace("waitMinutes: 0", "waitMinutes: 5")
    checkout.commit("Wait five minutes")
    file = checkout.project.root / name
    file.write_text(file.read_text() + "\n")
    changed = checkout.commit("Another catalog")
    (found,) = checkout.origins(LIMIT).of(LIMIT)
    assert (found.kind, [each.sha for each in found.commits]) == ("program", [changed])


def test_a_change_that_nothing_on_the_branch_explains_comes_from_the_world(checkout):
    (found,) = checkout.origins(LIMIT).of(LIMIT)
    assert found.kind == "world"


def test_a_secret_that_was_encrypted_again_is_named_and_not_shown(checkout):
    text = checkout.file.read_text()
    old = next(line for line in text.splitlines() if "secure: v1:+vXI" in line)
    checkout.replace(old, old.replace("v1:", "v1:canary"))
    checkout.commit("Another secret")
    drain = Change(
        "urn:pulumi:staging::storefront::parity:components:Telemetry$vercel:index/logDrain:LogDrain::logs-drain",
        "vercel:index/logDrain:LogDrain",
        "update",
        (Property("secret", "[secret]", "[secret]"),),
    )
    found = checkout.origins(drain)
    (only,) = found.of(drain)
    assert (only.key, only.before, only.after) == ("parity:logs.secret", "[secret]", "[secret]")
    assert "canary" not in str(only.document())


def test_a_base_whose_file_does_not_parse_is_said(checkout):
    text = checkout.file.read_text()
    checkout.file.write_text("config: [")
    broken = checkout.commit("Broken")
    checkout.file.write_text(text)
    checkout.commit("Corrected")
    base = Repository(checkout.project.root).base(broken, None)
    found = origin.origins(checkout.project, "staging", base, Plan("staging", (LIMIT,), {}, 0))
    assert found.note
    assert found.of(LIMIT) == ()


def test_without_a_repository_nothing_is_traced(tmp_path):
    found = origin.origins(Project(tmp_path), "staging", None, Plan("staging", (), {}, 0))
    assert found.note == "the project is in no git repository"
    assert Repository(tmp_path).base(None, None) is None
    assert not Repository(tmp_path).there


def test_the_base_is_the_last_update_else_the_merge_base(checkout):
    checkout.git("checkout", "-q", "-b", "branch")
    checkout.commit("More")
    repository = Repository(checkout.project.root)
    applied = repository.base(None, checkout.first)
    assert applied is not None
    assert (applied.commit.sha, applied.why) == (checkout.first, "the last update")
    merged = repository.base(None, "e" * 40)
    assert merged is not None
    assert (merged.commit.sha, merged.why) == (checkout.first, "the merge base with main")
    with pytest.raises(UsageError, match="there is no commit nowhere"):
        repository.base("nowhere", None)
