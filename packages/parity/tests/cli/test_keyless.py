"""A developer, and a workflow on a pull request, without the key of any stack: files and Git alone, no engine."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.program import copy_program

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.com")
KEYS = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "GITHUB_TOKEN", "GH_TOKEN", "VERCEL_API_TOKEN")


class Checkout:
    """A clone of the program that has no key, where an engine that is started leaves a mark."""

    def __init__(self, folder: Path, parity: Path) -> None:
        self.parity = parity
        self.root, self.mark = folder / "checkout", folder / "started"
        copy_program(self.root)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "pulumi").write_text(f"#!/bin/sh\ntouch {self.mark}\nexit 9\n")
        (programs / "pulumi").chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name not in KEYS}
        self.environment = {**kept, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(self.root)}
        self.git("init", "-q")
        self.commit("The program")

    @property
    def file(self) -> Path:
        return self.root / "Pulumi.prod.yaml"

    def git(self, *arguments: str) -> str:
        command = ["git", *AUTHOR, *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, subject: str) -> None:
        self.git("add", ".")
        self.git("commit", "-q", "-m", subject)

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.parity, *arguments],
            cwd=cwd or self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        assert not self.mark.exists(), "the engine was started"
        return done


@pytest.fixture
def checkout(tmp_path, warm):
    return Checkout(tmp_path, warm.parity)


def test_a_variable_of_prod_is_changed_and_released_in_one_commit(checkout):
    before = checkout.file.read_text()
    assert checkout.run("config", "set", "prod", LIMIT, "51").returncode == 0
    assert checkout.file.read_text() == before.replace("SEARCH_RESULTS_LIMIT: 50", "SEARCH_RESULTS_LIMIT: 51")

    refused = checkout.run("check")
    assert refused.returncode == 1, refused.stderr
    line = 1 + before[: before.index("SEARCH_RESULTS_LIMIT")].count("\n")
    assert f"Pulumi.prod.yaml:{line}:9: {LIMIT}" in refused.stdout
    assert "Pulumi.staging.yaml:" not in refused.stdout.partition("\ndeclared\n")[0]
    added = re.search(
        r"`(r2: \{commit: [0-9a-f]{40}, config: [0-9a-f]{32}, credentials: 1, migrations: \{storefront: 1\}\})`",
        refused.stdout,
    )
    command = re.search(r"`parity (release prod shop [^`]*)--up`", refused.stdout)
    assert added, refused.stdout
    assert command, refused.stdout

    # The command leaves the file as it would be with the line added by hand, and then the guard is content.
    text = checkout.file.read_text()
    done = checkout.run(*command[1].split())
    assert done.returncode == 0, done.stderr
    first = re.search(r"live: r1\n( +)kept:\n( +)r1: .*\n", text)
    assert first
    by_hand = first[0].replace("live: r1", "live: r2") + f"{first[2]}{added[1]}\n"
    assert checkout.file.read_text() == text.replace(first[0], by_hand)
    assert checkout.run("check").returncode == 0


def test_the_commit_is_named_as_git_names_it_and_what_was_taken_is_said(checkout):
    (checkout.root / "apps" / "shop").mkdir(parents=True)
    (checkout.root / "apps" / "shop" / "page.ts").write_text("code\n")
    checkout.commit("Code of the shop")
    head = checkout.git("rev-parse", "HEAD")
    checkout.git("tag", "v2")
    for name in ("HEAD", "v2", head[:10]):
        done = checkout.run("release", "prod", "shop", "--commit", name)
        assert done.returncode == 0, done.stderr
        assert f"--commit {name} is {head}." in done.stdout
        assert f"r2: {{commit: {head}" in checkout.file.read_text()
        checkout.git("checkout", "-q", "--", "Pulumi.prod.yaml")
    unknown = checkout.run("release", "prod", "shop", "--commit", "v3")
    assert unknown.returncode == 2
    assert "Git knows no commit 'v3' here" in unknown.stderr


def test_a_shallow_clone_names_no_key_and_prints_the_line_all_the_same(checkout, tmp_path):
    assert checkout.run("config", "set", "prod", LIMIT, "51").returncode == 0
    checkout.commit("Change a variable and record no release")
    checkout.git("clone", "-q", "--depth", "1", f"file://{checkout.root}", str(tmp_path / "shallow"))
    refused = checkout.run("check", cwd=tmp_path / "shallow")
    assert refused.returncode == 1
    assert "Which keys changed cannot be said" in refused.stdout
    assert "`r2: {commit: " in refused.stdout


def test_the_printed_remedy_of_a_missing_value_sets_it(checkout):
    text = checkout.file.read_text()
    checkout.file.write_text(text.replace("        SEARCH_RESULTS_LIMIT: 50\n", ""))
    refused = checkout.run("check")
    remedy = re.search(r"`parity (config set prod '[^']+' VALUE)`", refused.stderr + refused.stdout)
    assert remedy, refused.stderr
    words = remedy[1].replace("'", "").replace("VALUE", "50").split()
    assert checkout.run(*words).returncode == 0
    assert sorted(checkout.file.read_text().splitlines()) == sorted(text.splitlines())


def test_a_secret_is_never_taken_from_the_arguments(checkout):
    key = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
    before = checkout.file.read_text()
    for arguments in (("secret", "set", "prod", key, "canary"), ("config", "set", "prod", key, "canary")):
        refused = checkout.run(*arguments)
        assert refused.returncode == 2
        assert checkout.file.read_text() == before
    assert f"parity secret set prod '{key}'" in refused.stderr
