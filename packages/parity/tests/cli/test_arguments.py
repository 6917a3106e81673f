"""Arguments are checked before anything is started, and every fault is said at once."""

from __future__ import annotations

import os

import pytest

from parity.cli.arguments import Arguments
from support.command_line import parity

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: example\nruntime: python\n")
    for name, order in (("staging", ""), ("prod", "  parity:promotesFrom: staging\n")):
        (folder / f"Pulumi.{name}.yaml").write_text(
            f"config:\n{order}  parity:releases:\n    shop:\n      live: r1\n      kept: {{r1: {{commit: {SHA}}}}}\n"
        )
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(checkout, tmp_path, monkeypatch):
    """Runs the command where an engine would leave a mark if it were started."""
    programs, mark = tmp_path / "bin", tmp_path / "started"
    programs.mkdir()
    engine = programs / "pulumi"
    engine.write_text(f"#!/bin/sh\ntouch {mark}\nexit 9\n")
    engine.chmod(0o755)

    def command(*arguments):
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
        monkeypatch.chdir(checkout)
        done = parity(*arguments)
        assert not mark.exists(), "the engine was started"
        return done

    return command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "stagin"), ["there is no stack stagin", "did you mean staging?", "stacks here: prod, staging"]),
        (("preview", "x"), ["there is no stack x"]),
        (("drift", "x"), ["there is no stack x"]),
        (("adopt", "x"), ["there is no stack x"]),
        (("recover", "x"), ["there is no stack x"]),
        (("log", "x"), ["there is no stack x"]),
        (("postmortem", "x"), ["there is no stack x"]),
        (
            ("bisect", "x", "--probe", " ", "--contains", "a", "--ask", "all"),
            [
                "4 arguments are wrong",
                "there is no stack x",
                "the probe is empty",
                "it belongs to a URL",
                "'all' is none of releases, sandbox, both",
            ],
        ),
        (
            ("bisect", "staging", "--probe", "true", "--application", "shp"),
            ["no application shp", "did you mean shop?"],
        ),
        (("deliver", "x"), ["there is no stack x"]),
        (("prune", "x", "shop", "--keep", "2"), ["there is no stack x"]),
        (("releases", "staging", "shp"), ["Pulumi.staging.yaml has no application shp", "did you mean shop?"]),
        (("prune", "staging", "shp", "--keep", "2"), ["Pulumi.staging.yaml has no application shp"]),
        (("rollback", "staging", "shop", "--to", "r7"), ["keeps no release r7 of shop", "kept there: r1", "--to"]),
        (("rollback", "staging", "shop", "--to", "r7", "--unchecked"), ["keeps no release r7 of shop"]),
        (
            ("promote", "shop", "--to", "staging"),
            ["staging promotes from no other", "config set staging"],
        ),
        (("promote", "shop", "--to", "qa"), ["there is no stack qa", "stacks here: prod, staging"]),
        (("stack", "new", "prod", "--from", "staging"), ["there is a stack prod already", "parity check --to prod"]),
        (("stack", "new", "q.a", "--from", "stagin"), ["there is no stack stagin", "q.a is no name of a stack"]),
        (("check", "--from", "prod", "--to", "prod"), ["prod cannot be compared with itself"]),
        (("drift", "staging", "--json", "--html"), ["--json and --html exclude each other"]),
        (("preview", "staging", "--json", "--markdown"), ["--json and --markdown exclude each other"]),
        (("drift", "staging", "--reason", "x"), ["--reason and --expiry belong to --suppress"]),
        (("drift", "staging", "--suppress", "d-1"), ["an exception needs a reason"]),
        (("drift", "staging", "--fail-on", "lost"), ["no such kind of finding: lost", "kinds: "]),
    ],
    ids=" ".join,
)
def test_what_cannot_work_is_said_with_where_and_remedy_and_no_engine_starts(run, arguments, said):
    done = run(*arguments)
    assert done.returncode == 2
    shown = done.stderr + done.stdout
    assert [
        text for text in (*said, "where", "to do" if "--json" not in arguments else "remedy") if text not in shown
    ] == []
    assert "Traceback" not in shown


def test_several_faults_are_said_at_once(run):
    done = run("drift", "x", "--markdown", "--html", "--fail-on", "lost", "--expiry", "never")
    assert done.returncode == 2
    for said in (
        "4 arguments are wrong",
        "there is no stack x",
        "--markdown and --html exclude each other",
        "no such kind of finding: lost",
        "--reason and --expiry belong to --suppress",
    ):
        assert said in done.stderr


def test_faults_of_both_stacks_of_a_promotion_are_said_at_once(run, checkout):
    prod = checkout / "Pulumi.prod.yaml"
    prod.write_text(prod.read_text().replace("promotesFrom: staging", "promotesFrom: stagin"))
    done = run("promote", "shp", "--commit", "HEAD")
    assert done.returncode == 2
    for said in (
        "2 arguments are wrong",
        "there is no stack stagin",
        "Pulumi.prod.yaml has no application shp",
    ):
        assert said in done.stderr


def test_of_several_stacks_that_could_get_a_release_one_must_be_named(run, checkout):
    (checkout / "Pulumi.qa.yaml").write_text("config:\n  parity:promotesFrom: prod\n")
    done = run("promote", "shop")
    assert done.returncode == 2
    assert "--to prod (from staging), --to qa (from prod)" in done.stderr


def test_where_no_order_is_declared_the_command_that_declares_it_is_printed(run, checkout):
    prod = checkout / "Pulumi.prod.yaml"
    prod.write_text(prod.read_text().replace("  parity:promotesFrom: staging\n", ""))
    done = run("promote", "shop")
    assert done.returncode == 2
    assert "no stack promotes from another" in done.stderr
    assert "parity config set STACK 'parity:promotesFrom' STACK" in done.stderr


def test_what_a_comment_lacks_is_said_at_once(run, monkeypatch):
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    done = run("comment", "staging", "--report", "out")
    assert done.returncode == 2
    for said in ("no repository is named", "there is no token for GitHub", "no pull request is named"):
        assert said in done.stderr


def test_what_is_right_passes(checkout):
    asked = Arguments()
    asked.stack("staging")
    asked.application("staging", "shop", "r1")
    asked.exclusive(as_json=True, as_html=False)
    asked.require()
    assert asked.problems == []
    assert asked.project.root == checkout


def test_a_file_that_this_reading_cannot_follow_is_left_to_the_program(checkout):
    (checkout / "Pulumi.staging.yaml").write_text('config: {"parity:releases": {shop: {live: null, kept: {}}}}\n')
    asked = Arguments()
    asked.application("staging", "anything", "r9")
    asked.require()
