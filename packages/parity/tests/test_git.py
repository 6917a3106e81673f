"""What git says of a checkout, whoever asks and from wherever."""

import subprocess

import pytest

from parity.errors import ParityError
from parity.git import Repository
from parity.scaffold import merge

NOWHERE = "0" * 40


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path):
    """A repository with two commits, and the project in a folder of it."""
    inside = tmp_path / "shop"
    inside.mkdir()
    git(tmp_path, "init", "--quiet")
    for text in ("one", "two"):
        (inside / "Pulumi.yaml").write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "--message", text)
    return inside


def test_the_checkout_says_where_it_stands(folder):
    sha = git(folder, "rev-parse", "HEAD")
    repository = Repository(folder)
    assert (repository.there, repository.prefix, repository.state) == (True, "shop/", sha)
    (folder / "Pulumi.yaml").write_text("three")
    assert repository.state == f"{sha}+changes"


def test_a_folder_outside_of_git_says_nothing(tmp_path):
    outside = Repository(tmp_path)
    assert (outside.there, outside.prefix, outside.state, outside.resolve("HEAD")) == (False, "", "", "")
    assert outside.has(NOWHERE) is None
    with pytest.raises(ParityError, match="cannot compare"):
        outside.differing("HEAD", ["Pulumi.yaml"])


def test_a_hooks_environment_leads_to_no_other_repository(folder, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert Repository(folder).head().subject == "two"


def test_a_name_that_resembles_an_option_is_a_name(folder):
    assert Repository(folder).resolve("--all") == ""
    assert Repository(folder).resolve("main") == git(folder, "rev-parse", "main")


def test_a_shallow_clone_knows_nothing_against_a_commit(folder, tmp_path):
    assert Repository(folder).has(NOWHERE) is False
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{tmp_path}", str(clone))
    assert Repository(clone).has(git(folder, "rev-parse", "HEAD")) is True
    assert Repository(clone).has(git(folder, "rev-parse", "HEAD^")) is None


def test_only_the_paths_that_are_asked_for_are_compared(folder):
    assert Repository(folder).differing("HEAD^", ["Pulumi.yaml"]) == ["shop/Pulumi.yaml"]
    assert Repository(folder).differing("HEAD^", ["uv.lock"]) == []


def test_a_merge_within_a_hook_is_made_in_its_own_folders(folder, tmp_path, monkeypatch):
    old, new, work = (tmp_path / name for name in ("old", "new", "work"))
    for each, text in ((old, "two"), (new, "of the new version"), (work, None)):
        each.mkdir()
        if text:
            (each / "Pulumi.yaml").write_text(text)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    head = git(folder, "rev-parse", "HEAD")
    assert merge.merge(folder, old, new, work, "new").written == ("Pulumi.yaml",)
    assert (folder / "Pulumi.yaml").read_text() == "of the new version"
    assert git(folder, "rev-parse", "HEAD") == head
