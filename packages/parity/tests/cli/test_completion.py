"""What a press of TAB offers, in each shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PARITY = str(Path(sys.executable).with_name("parity"))
CONFIG = """config:
  parity:environment: {name}
  parity:applications:
    shop:
      domains: [{{name: shop.example}}]
  # A comment at the margin of the key.
  parity:releases:
    shop:
      live: r2
      kept:
        r1: {{commit: a}}
        r2: {{commit: b}}
    back-office: {{live: null, kept: {{}}}}
  parity:exceptions: [unclosed
"""


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: example\nruntime: python\n")
    for name in ("staging", "prod"):
        (tmp_path / f"Pulumi.{name}.yaml").write_text(CONFIG.format(name=name))
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  parity:releases:\n    blog: {live: null, kept: {}}\n")
    return tmp_path


def offered(folder, words, shell="bash"):
    """What the shell would offer for the last of the words, which may be empty."""
    done = subprocess.run(
        [PARITY],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={
            **os.environ,
            "_PARITY_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "_TYPER_COMPLETE_ARGS": words,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        },
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("parity roll", ["rollback"]),
        ("parity up ", ["prod", "staging"]),
        ("parity up pr", ["prod"]),
        ("parity release staging ", ["shop", "back-office"]),
        ("parity release prod ", ["blog"]),
        ("parity promote ", ["blog", "shop", "back-office"]),
        ("parity promote shop --to p", ["prod"]),
        ("parity stack new qa --from s", ["staging"]),
        ("parity rollback staging shop --to ", ["r1", "r2"]),
        ("parity rollback --up staging shop --to r2", ["r2"]),
        ("parity rollback staging back-office --to ", []),
        ("parity rollback nowhere shop --to ", []),
        ("parity releases staging b", ["back-office"]),
        ("parity check --to p", ["prod"]),
        ("parity sandbox sn", ["snapshot"]),
    ],
)
def test_stacks_applications_and_releases_are_offered(checkout, words, expected):
    assert offered(checkout, words) == expected


def test_outside_of_a_checkout_nothing_is_offered_and_nothing_is_said(tmp_path):
    assert offered(tmp_path, "parity up ") == []


def test_a_file_that_is_not_text_offers_nothing(checkout):
    (checkout / "Pulumi.staging.yaml").write_bytes(b"\xff\xfe")
    assert offered(checkout, "parity release staging ") == []
    assert offered(checkout, "parity up ") == ["prod", "staging"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_are_offered_the_same(checkout, shell):
    said = " ".join(offered(checkout, "parity up ", shell))
    assert "staging" in said
    assert "prod" in said


@pytest.mark.parametrize(
    ("shell", "file", "marks"),
    [
        ("bash", ".bash_completions/parity.sh", ("complete -o default -F _parity_completion parity", "complete_bash")),
        ("zsh", ".zfunc/_parity", ("#compdef parity", "complete_zsh")),
        ("fish", ".config/fish/completions/parity.fish", ("complete --command parity", "complete_fish")),
    ],
)
def test_the_script_is_shown_and_installed_for_the_shell_that_runs(tmp_path, shell, file, marks):
    """The shell is found by the name of the process that runs the command, so any program of that name will do."""
    program = tmp_path / "bin" / shell
    program.parent.mkdir()
    shutil.copy(sys.executable, program)
    # A virtual environment's Python is a link, and a copy has to know where its library is.
    script = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONHOME": sys.base_prefix}

    def run(option):
        command = [str(program), "-c", script, "env", "-u", "PYTHONHOME", PARITY, option]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    shown = run("--show-completion")
    assert shown.returncode == 0, shown.stderr
    assert all(mark in shown.stdout for mark in marks)
    installed = run("--install-completion")
    assert installed.returncode == 0, installed.stderr
    assert all(mark in (tmp_path / file).read_text() for mark in marks)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_itself_completes(checkout):
    script = (
        f'PATH="{Path(PARITY).parent}:$PATH"; eval "$(parity --show-completion)"\n'
        'COMP_WORDS=(parity up sta); COMP_CWORD=2; _parity_completion parity; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=checkout, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("staging\n", "")
