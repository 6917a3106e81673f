"""Every command that a message, an error or a plan prints is known to its program and runs as printed.

`tools/repository/remedies.py` collects them from the source. Each stands in one table: RUN here, ELSEWHERE in another
test, NAMED (a command's name in a sentence, which is not to be typed as it stands) or NOT_RUN with the reason. A
command that is new is in none, and the first test fails.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parity.errors import DriftError
from parity_sandbox import lifecycle
from repository import command_lines, remedies
from repository.pages import lines, pages
from support import shell
from support.mutations import World
from support.paths import ROOT
from support.small_program import SmallProgram

if TYPE_CHECKING:
    from support.program import Instance

REMEDIES = "packages/parity/tests/sandbox/test_drift_remedies.py::test_every_printed_command_works_and_nothing_is_left"
READINESS = "packages/parity/tests/sandbox/test_readiness.py::test_every_fault_is_found_at_once"
RELEASES = (
    "packages/parity/tests/sandbox/test_releases.py::test_forward_back_and_pruned_while_users_get_complete_answers"
)
PROMOTED = (
    "packages/parity/tests/sandbox/test_releases.py::test_the_next_prod_release_is_what_is_live_and_healthy_in_staging"
)
STACKS = (
    "packages/parity/tests/sandbox/test_stacks.py::test_a_third_stack_is_made_filled_in_brought_up_and_promoted_through"
)
GUARD = (
    "packages/parity/tests/sandbox/test_guard.py::"
    "test_a_secret_is_set_in_its_lines_and_the_guards_command_brings_it_live"
)
OWN_PASSPHRASE = "packages/parity/tests/sandbox/test_guard.py::test_each_stack_may_have_a_passphrase_of_its_own"
TUTORIAL = "tools/repository/test_tutorial.py::test_every_command_of_the_tutorial_and_readme_does_what_the_page_shows"
SERVED = "packages/parity/tests/sandbox/test_status.py::test_it_is_served_until_it_is_interrupted"
INIT = "packages/parity/tests/distribution/test_init.py::test_it_is_checked_in_its_style_and_tested"
UPGRADE = "packages/parity/tests/distribution/test_upgrade.py::test_every_edit_is_kept_or_shown_as_a_conflict"
BUILT = (
    "packages/parity/tests/sandbox/test_built_from.py::test_what_was_changed_before_the_plan_is_put_right_or_refused"
)
MIGRATED = (
    "packages/parity/tests/sandbox/test_migrated_releases.py::"
    "test_three_releases_go_over_three_migrations_and_users_meet_each_complete"
)
WATCHED = "packages/parity/tests/sandbox/test_watch.py::test_a_faulty_release_goes_back_and_is_held"
HELD = "packages/parity/tests/sandbox/test_holds.py::test_nothing_goes_forward_until_the_printed_command_lifts_it"
PLANNED = "packages/parity/tests/sandbox/test_tamper.py::test_a_plan_with_nothing_changed_in_between_is_applied"
RENDERED = "packages/parity/tests/releases/test_render.py::test_python_on_rows_is_refused_and_may_be_written_by_hand"
ADOPTED = "packages/parity/tests/sandbox/test_drift.py::test_what_is_declared_and_there_but_not_recorded_is_adopted"

SET_BACK = (
    "packages/parity/tests/bisect/test_run.py::"
    "test_where_no_release_changed_the_command_that_sets_the_key_back_works_as_printed"
)
IMAGES = (
    "packages/parity/tests/sandbox/test_containers.py::"
    "test_a_releases_image_is_recorded_and_a_moved_tag_is_found_and_put_back"
)
KEYS = (
    "packages/parity/tests/sandbox/test_two_providers.py::"
    "test_each_stack_is_changed_with_its_own_key_alone_and_both_together"
)
STAGES = (
    "packages/parity/tests/sandbox/test_stages.py::"
    "test_a_good_release_is_approved_stage_by_stage_though_its_update_died_once_it_rolled"
)
IMPORTED = "packages/parity/tests/sandbox/test_import.py::test_the_first_team_from_live_accounts_to_live_on_parity"

TRUSTED = (
    "packages/parity/tests/sandbox/test_trusted_source.py::"
    "test_a_protected_application_is_delivered_by_its_job_and_by_no_other"
)

RENAMED = (
    "packages/parity/tests/sandbox/test_edits.py::"
    "test_renamed_in_the_catalog_nothing_changes_and_what_has_a_name_at_a_vendor_is_renamed_where_it_is"
)

CLOUD = (
    "packages/parity/tests/sandbox/test_pulumi_cloud.py::"
    "test_a_release_goes_forward_and_back_and_what_stands_against_it_is_said"
)

ELSEWHERE = {
    "pulumi cancel --stack X --yes": CLOUD,
    "parity rename application X X": RENAMED,
    "parity rename database X X": RENAMED,
    "pulumi stack rename X --stack X": (
        "packages/parity/tests/sandbox/test_edits.py::test_a_stack_that_was_renamed_is_refused_and_gets_its_name_back"
    ),
    "grant X to X": IMPORTED,
    "parity import --state": IMPORTED,
    "parity preview X": IMPORTED,
    'curl -fsS -X X -H "Authorization: Bearer $VERCEL_API_TOKEN" X': REMEDIES,
    "echo X | gh api -X PUT X --input -": REMEDIES,
    "gh api -X DELETE repos/X/X": REMEDIES,
    "gh api -X PATCH repos/X -f default_branch=X": REMEDIES,
    "gh api -X PATCH repos/X/environments/X/variables/X -f value=X": REMEDIES,
    "gh api -X PUT orgs/X/teams/X/repos/X -f permission=push": REMEDIES,
    "gh api -X PUT repos/X/collaborators/X -f permission=push": REMEDIES,
    "gh api X --jq X | gh api -X PUT X --input -": REMEDIES,
    "psql -d X X": REMEDIES,
    "pulumi up --refresh --stack X": REMEDIES,
    "pulumi up --stack X --replace X": REMEDIES,
    "gh api -X PUT orgs/X/teams/X/repos/X -f permission=pull": READINESS,
    "gh repo unarchive X/X --yes": READINESS,
    'alter schema public owner to "X"': READINESS,
    "parity lift X --why TEXT": HELD,
    "parity watch X": WATCHED,
    "parity rollback X X --to X --unchecked": WATCHED,
    "parity live X X X": WATCHED,
    "parity prune X X --keep 2": MIGRATED,
    "parity rollback X X --to X --anyway": MIGRATED,
    "parity live X X X --up": KEYS,
    "parity rollback X X --to X": RELEASES,
    "parity rollback X X --up": STAGES,
    "parity release X X --commit X --live": TRUSTED,
    "parity rollback X X --to X --up": PROMOTED,
    "parity secret set X 'X'": GUARD,
    "parity secret set X 'X' --generate": STACKS,
    "parity config set X 'parity:promotesFrom' STACK": STACKS,
    "parity stack new NAME --from STACK": STACKS,
    "parity check --to X": STACKS,
    "parity secret set <stack> <key>": GUARD,
    "parity releases X X": GUARD,
    "parity release X X --live --up": GUARD,
    "parity config set X 'X' VALUE": OWN_PASSPHRASE,
    "parity config set X 'X' 'X'": SET_BACK,
    "parity secret fingerprint X": OWN_PASSPHRASE,
    "parity release X X --commit X --again --live --up": BUILT,
    "parity show X:X": IMAGES,
    'curl -fsS -u "X:$VERCEL_API_TOKEN"': IMAGES,
    "parity adopt X X --write": ADOPTED,
    "parity init": INIT,
    "make lock": UPGRADE,
    "make test": INIT,
    "parity upgrade": UPGRADE,
    "make lock setup check": UPGRADE,
    "parity migration render X": RENDERED,
    "parity migration render X --by-hand X": RENDERED,
    "make demo": TUTORIAL,
    "make clean-demo takes all": TUTORIAL,
    "parity sandbox exec -- curl -s X": TUTORIAL,
    "parity serve": SERVED,
    "parity serve --port 0": SERVED,
    "parity sandbox exec -- pulumi preview --stack X --diff": TUTORIAL,
    "parity preview X --save FILE": PLANNED,
    "parity preview X --save X": PLANNED,
    "parity up X --plan FILE": PLANNED,
    "parity up STACK --plan FILE": PLANNED,
    "parity up X": HELD,
    "parity up X --yes": HELD,
}
"""The test that runs it."""

NAMED = {
    "parity X": "the version",
    "parity show": "what takes an operation in the same form",
    "parity doctor": "what lists the steps that are not taken",
    "git version": "what Git says before its number",
    "parity image build": "what writes a folder, and what a layer is made by",
    "parity import": "what wrote a file or a value",
    "parity drift --output": "the option's own help",
    "parity preview --output": "the option's own help",
    "parity preview --save": "the option's own help",
    "parity promote": "what it must know",
    "parity release": "what writes an id",
    "parity sandbox exec --": "put before a command",
    "parity stack new": "what makes a value",
    "parity secret set": "what did not set a value",
    "parity up": "what the next one does",
    "pulumi X": "what failed",
    "pulumi import": "what to do with one object, which a person names",
    "pulumi plugin install": "what failed",
    "pulumi preview": "the step that says what the next update does",
    "pulumi stack import": "the step that edits the state",
}
NOT_RUN = {
    "aws sso login": "opens a browser at the vendor",
    "aws sso login --profile X": "opens a browser at the vendor",
    "make base": "asks Debian's mirror for its newest packages",
    "make dist": "test_wheels.py builds the same packages",
    "parity doctor --json > X": "test_machine.py compares what it prints; the redirection is the shell's",
    "make setup": "the continuous integration begins with it",
    "pip install 'pulumi-parity==X.X.*'": "asks a registry for a release",
    "pip install 'pulumi-parity[X]'": "asks a registry for a release",
    "pip install 'pulumi-parity[template]==X'": "asks a registry for a release",
    "pip install uv": "asks a registry; scripts/uv does it in make setup",
    "uv sync": "asks a registry; make setup does it",
}

RUN = {
    "parity check": "parity check",
    "parity check --json": "parity check --json",
    "parity drift X": "parity drift prod",
    "parity adopt X X": "parity adopt prod FINDING",
    'parity drift X --suppress X --reason "WHY"': 'parity drift prod --suppress FINDING --reason "WHY"',
    "parity adopt X --write": "parity adopt prod --write",
    "parity engine resolve": "parity engine resolve",
    "parity log": "parity log",
    "parity log X": "parity log prod",
    "parity traces X": "OTEL_EXPORTER_OTLP_TIMEOUT=1 OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9 parity traces prod",
    "parity releases X": "parity releases prod",
    "parity status": "parity status",
    "parity status X --audit": "parity status prod --audit",
    "parity check --from X --to X": "parity check --from staging --to prod",
    "parity postmortem": "parity postmortem",
    "parity recover X --plan": "parity recover prod --plan",
    "parity recover X": "parity recover prod",
    "parity preview X --output X": "parity preview prod --output report",
    "pulumi login": "pulumi login",
    "pulumi whoami --verbose": "pulumi whoami --verbose",
    "pulumi stack --show-urns": "pulumi stack --show-urns --stack staging",
    "pulumi stack --show-urns --stack X": "pulumi stack --show-urns --stack staging",
    "pulumi preview --stack X": "pulumi preview --stack staging",
    "pulumi refresh --preview-only --stack X": "pulumi refresh --preview-only --stack staging",
    "pulumi refresh --stack X": "pulumi refresh --stack staging --yes --skip-preview",
    "pulumi refresh": "pulumi stack select staging && pulumi refresh --yes --skip-preview",
    "pulumi refresh --clear-pending-creates": "pulumi refresh --clear-pending-creates --yes --skip-preview",
    "pulumi up": "pulumi up --yes --skip-preview",
    "pulumi up --stack X": "pulumi up --stack staging --yes --skip-preview",
    "pulumi stack import --stack X --file FILE": (
        "pulumi stack export --stack staging --file state.json && pulumi stack import --stack staging --file state.json"
    ),
    "pulumi state delete 'X' --stack X": "pulumi state delete 'URN' --stack staging --yes",
    "pulumi stack change-secrets-provider X --stack X": (
        "pulumi stack change-secrets-provider passphrase --stack staging"
    ),
    "pulumi stack init X": "pulumi stack init third",
    "git init": "git init -q",
    "git add --all": "git add --all",
    "git commit --message 'Start from the template'": "git commit -q --message 'Start from the template'",
    "git log -p -S X -- Pulumi.X.yaml": ("git log -p -S encryptionsalt -- Pulumi.prod.yaml | grep encryptionsalt"),
    "git log -p -- X": "git log -p -- Pulumi.prod.yaml | grep encryptionsalt",
    "git rev-parse <commit>": "git rev-parse HEAD",
    "git status": "git status",
    "git stash": "echo >> README.md && git stash",
    "git commit": "echo >> README.md && git add --all && git commit -q --message 'Another'",
    "alter role X createdb createrole": "psql -U postgres -d postgres -c 'alter role parity_admin createdb createrole'",
    "grant pg_read_all_stats to X": "psql -U postgres -d postgres -c 'grant pg_read_all_stats to parity_admin'",
    "grant X to XX": "psql -U postgres -d postgres -c 'grant storefront_prod_owner to parity_admin with set true'",
    "set role X": "psql -d postgres -c 'set role storefront_prod_owner'",
    "revoke all on schema public from public": (
        "psql -U postgres -d storefront_prod -c 'revoke all on schema public from public'"
    ),
    "select pg_terminate_backend(<process>)": "psql -d postgres -c 'select pg_terminate_backend(pg_backend_pid())'",
    "parity sandbox up": "parity sandbox up",
    "parity sandbox up --dir X": "parity sandbox up --dir .sandbox",
    "parity sandbox logs": "parity sandbox logs",
    "parity sandbox exec -- PROGRAM": "parity sandbox exec -- true",
    "parity sandbox down": "parity sandbox down",
    "parity sandbox down --wipe": "parity sandbox down --wipe",
}
"""The command with values, and with the answer to its question; in an order in which they can be run.

Those of Pulumi are run on a program of one component: what they do to the example is other tests' to ask.
"""
CODES = {
    "parity drift X": {0, DriftError.exit_code},
    "parity traces X": {0, 13},  # no collector answers there; test_traces_sent.py has one
    "parity adopt X --write": {2},  # nothing is declared that could be imported; ADOPTED imports one
    "select pg_terminate_backend(<process>)": {2},  # it ends its own connection
}
"""The exit codes that are right, where that is not 0 alone."""
COMPONENT = 'import pulumi\npulumi.ComponentResource("small:index:Thing", "thing")\n'
INSIDE = "parity sandbox"
"""A command about a sandbox, of the folder's own and not the one that the others run in."""


@functools.cache
def printed() -> dict[str, list[str]]:
    """The places of each printed command."""
    found: dict[str, list[str]] = {}
    for each in remedies.remedies():
        found.setdefault(each.command, []).append(each.place)
    return found


def test_each_printed_command_is_run_by_a_test_or_there_is_a_reason():
    tables = (RUN, ELSEWHERE, NAMED, NOT_RUN)
    known = {each for table in tables for each in table}
    assert sum(map(len, tables)) == len(known), "one of them stands in two tables"
    assert {command: places for command, places in printed().items() if command not in known} == {}
    assert known - printed().keys() == set(), "nothing prints these any more"


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_the_test_that_runs_it_is_there(test: str):
    path, name = test.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_parses():
    problems = [
        f"{command}: {said}"
        for command in printed()
        if command.startswith("parity ") and command not in NAMED
        if (said := command_lines.problem(command, complete=True))
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run `parity up prod` again", ["parity up prod"]),
        ("wait; where it is dead: parity recover prod", ["parity recover prod"]),
        ("gh api -X PUT a:b; c", ["gh api -X PUT a:b; c"]),
        ("`grant a to b` lets it", ["grant a to b"]),
        ("the parity check and make the change", []),
    ],
)
def test_the_commands_of_a_message_are_found(text: str, found: list[str]):
    assert list(remedies.commands(text)) == found


@pytest.mark.engine
@pytest.mark.sandbox
def test_each_runs_as_printed(small_module_instance: Instance, tmp_path: Path):
    who = {f"GIT_{role}_{what}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    instance = small_module_instance
    world = World(instance)
    environment = {**shell.environment(instance, tmp_path), **who, "PULUMI_NON_INTERACTIVE": "true"}
    world.vercel(
        "POST", "/v10/projects/shop-prod/env",
        {"key": "BY_HAND", "value": "1", "type": "plain", "target": ["production"]},
    )  # fmt: skip
    small = SmallProgram(tmp_path / "small", lifecycle.environment(instance.local.directory), COMPONENT, instance.warm)
    small.up().ok()
    urn = small.state()["thing"]["urn"]
    places = {
        "pulumi": (small.folder, {**small.environment, "PULUMI_NON_INTERACTIVE": "true"}),
        INSIDE: (instance.project.root, {**environment, "PARITY_SANDBOX": ""}),
        "": (instance.project.root, environment),
    }
    finding, failed = "", list[str]()
    done: dict[str, subprocess.CompletedProcess[str]] = {}
    for printed_as, command in RUN.items():
        filled = command.replace("FINDING", finding).replace("URN", urn)
        folder, given = next(place for begin, place in places.items() if filled.startswith(begin))
        done[filled] = done.get(filled) or subprocess.run(
            ["bash", "-o", "pipefail", "-c", filled], cwd=folder, env=given, capture_output=True,
            text=True, timeout=300, check=False, input="another passphrase\nanother passphrase\n",
        )  # fmt: skip
        finding = finding or "".join(re.findall(r"d-[0-9a-f]{8}(?=  unmanaged)", done[filled].stdout))
        if done[filled].returncode not in CODES.get(printed_as, {0}):
            said = (done[filled].stdout + done[filled].stderr)[-700:]
            failed.append(f"{printed_as}: {filled}: {done[filled].returncode}: {said}")
    assert failed == []


@pytest.mark.engine
@pytest.mark.sandbox
def test_what_is_printed_in_a_shell_that_names_no_account_reaches_the_sandbox(
    small_module_instance: Instance, tmp_path: Path
):
    instance = small_module_instance
    world = World(instance)
    body = {"key": "BY_HAND_TOO", "value": "1", "type": "plain", "target": ["production"]}
    world.vercel("POST", "/v10/projects/shop-prod/env", body)
    account = ("PG", "PULUMI_", "VERCEL_", "GITHUB_", "GH_")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(account)} | {
        "PATH": f"{Path(sys.executable).parent}:{instance.environment()['PATH']}",
        "PARITY_SANDBOX": str(instance.local.directory),
        "PULUMI_HOME": str(tmp_path),
    }

    def typed(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command], cwd=instance.project.root, env=outside, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    said = typed("parity drift prod --plan")
    assert "BY_HAND_TOO" in said, said
    (command,) = re.findall(r"^ +(parity sandbox exec -- sh -c .*DELETE.*)$", said, re.MULTILINE)
    assert "BY_HAND_TOO" in typed(command), "what was deleted"
    assert "BY_HAND_TOO" not in typed("parity drift prod --plan")
    file = instance.project.stack_files()["staging"]
    third = file.with_name("Pulumi.third.yaml")
    third.write_text(file.read_text().replace("staging", "third"))
    said = typed("parity preview third")
    third.unlink()
    (command,) = set(re.findall(r"`(parity sandbox exec -- pulumi .*)`", said)) or {said}
    typed(command)
    assert "third" in typed("parity sandbox exec -- pulumi stack ls")


@functools.cache
def _help(program: str, *path: str) -> tuple[bool, str]:
    """Whether there is such a command, and the help that is printed."""
    done = subprocess.run([program, *path, "--help"], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode == 0 and "Unknown command" not in done.stdout, done.stdout + done.stderr


def _options(program: str, words: list[str]) -> tuple[str, set[str]]:
    """The help of the longest command that the words begin with, and the options that they name."""
    path = [word for word in words[:3] if re.fullmatch(r"[a-z][a-z-]*", word)]
    while path and not _help(program, *path)[0]:
        path.pop()
    return _help(program, *path)[1], {
        word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)
    }


def _typed(program: str) -> dict[str, str]:
    """The commands of a program that messages and pages name, with one place each."""
    found = {command: places[0] for command, places in printed().items() if command.startswith(f"{program} ")}
    for page in pages():
        for line in lines(page):
            texts = line.spans if line.language is None else [line.text.strip().removeprefix("$ ")]
            found |= {text.partition("  #")[0]: str(line) for text in texts if text.startswith(f"{program} ")}
    return found


@pytest.mark.engine
@pytest.mark.sandbox
@pytest.mark.parametrize("program", ["pulumi", "gh"])
def test_each_option_of_a_vendors_client_is_one_that_it_has(
    small_module_instance: Instance, program: str, tmp_path: Path
):
    environment = shell.environment(small_module_instance, tmp_path)
    binary = shutil.which(program, path=environment["PATH"])
    assert binary
    wrong: list[str] = []
    for command, place in _typed(program).items():
        said, options = _options(binary, command.split("|")[0].split()[1:])
        wrong += [f"{place}: {command}: {each}" for each in options if not re.search(rf"(?<![\w-]){each}\b", said)]
    assert wrong == []
