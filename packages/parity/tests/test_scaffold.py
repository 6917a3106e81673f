"""The template: what a team gets is decided for each file of the root; its example secrets are Pulumi's form."""

from __future__ import annotations

import fnmatch
import subprocess

import pytest

from parity.engine.passphrase import Sealed
from parity.scaffold import parts, seal
from parity_sandbox import lifecycle
from support.paths import ROOT

NOT_A_TEAMS = (
    ".ci/*",
    ".github/ISSUE_TEMPLATE/*",
    ".github/workflows/packages.yml",
    ".github/workflows/release.yml",
    "*.md",
    "LICENSE",
    "VERSION",
    "Pulumi.*.yaml",
    "conftest.py",
    "pyproject.toml",
    "uv.lock",
    "docs/*",
    "tests/components/__snapshots__/*",
    "tests/components/test_example.py",
    "tests/components/test_migrations.py",
    "tests/components/test_telemetry.py",
    "tests/sandbox/*",
    "packages/*",
    "tools/*",
    "benchmarks/*",
    "migrations/*",
)
"""Files that no project gets, or that the overlay has in a form of its own."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


def test_each_file_of_the_root_is_the_templates_or_on_the_list():
    template = {path.as_posix() for path in parts.from_root(ROOT)}
    undecided = [
        name
        for name in tracked()
        if name not in template and not any(fnmatch.fnmatchcase(name, each) for each in NOT_A_TEAMS)
    ]
    assert undecided == []
    assert {name for name in template if fnmatch.fnmatchcase(name, "packages/*")} == set()


def test_a_file_that_is_missing_from_the_root_is_noticed(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"copier\.yml"):
        list(parts.from_root(tmp_path))


def test_an_assembled_template_has_the_overlay_over_the_root(tmp_path):
    parts.assemble(tmp_path, "1.2.3")
    assert (tmp_path / "copier.yml").is_file()
    assert (tmp_path / "infra" / "catalog.py.jinja").is_file()
    assert (tmp_path / "components" / "web_app.py").read_bytes() == (ROOT / "components" / "web_app.py").read_bytes()
    assert (tmp_path / "VERSION").read_text() == "1.2.3\n"
    assert not [path for path in tmp_path.rglob("*") if path.name in {"CHANGELOG.md", "LICENSE", "packages", "tools"}]


def test_an_example_secret_opens_with_its_own_salt_alone():
    sealed = seal.secret("parity:secret", "acme", "prod")
    assert seal.opened(sealed, "acme", "prod") == seal.example("parity:secret", "acme", "prod")
    assert sealed == seal.secret("parity:secret", "acme", "prod")
    assert sealed != seal.secret("parity:logs.secret", "acme", "prod")
    with pytest.raises(Sealed):
        seal.opened(sealed, "acme", "staging")


def test_the_salt_checks_the_passphrase_as_pulumi_does():
    version, _, sealed = seal.salt("acme", "prod").split(":", 2)
    assert version == "v1"
    assert seal.opened(sealed, "acme", "prod") == "pulumi"


def test_the_passphrase_is_the_sandboxs():
    assert seal.PASSPHRASE == lifecycle.PASSPHRASE
