"""`parity check` as a person meets it: on the project's files, with an exit code, and no secret anywhere."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys

import pytest

from parity.cli.commands.check import _pairs
from parity.config.project import Project
from parity.config.promotion import Order
from parity.releases import new_stack
from support.paths import ROOT
from support.program import copy_program, with_shop_alone

COMMAND = []
"""How `parity` is run, each time in a process of its own."""


@pytest.fixture
def project(tmp_path):
    root = copy_program(tmp_path / "program").root
    with_shop_alone(root)
    return root


@pytest.fixture(autouse=True, scope="module")
def started_sooner(warm):
    COMMAND[:] = [warm.parity]


def parity(folder, *arguments):
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        # The copy of the program, not the checkout that this environment installed for editing.
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))


def test_a_branch_in_the_program_ends_with_1_and_an_exception_with_a_reason_with_0(project):
    edit(
        project / "components" / "web_app.py",
        '"framework": application.framework',
        '"framework": "remix" if self._args.environment == "prod" else application.framework',
    )
    done = parity(project, "check", "--json")
    assert done.returncode == 1
    found = [each for each in json.loads(done.stdout)["differences"] if each["verdict"] == "unexplained"]
    assert {(each["resource"].rpartition("::")[2], each["property"], each["to"]) for each in found} == {
        ("shop-project", "framework", "remix"),
    }
    edit(
        project / "Pulumi.prod.yaml",
        "parity:exceptions: []",
        "parity:exceptions:\n"
        "    - {resource: '*-project', property: framework, reason: being moved, expiry: '2999-12-31'}\n"
        "    - {resource: 'nothing', property: '*', reason: of drift, accepts: drift}",
    )
    done = parity(project, "check", "--json")
    assert done.returncode == 0, done.stdout
    differences = json.loads(done.stdout)["differences"]
    assert [each["why"] for each in differences if each["verdict"] == "excepted"] == ["excepted in prod: being moved"]
    accepted = [each for each in differences if each["property"].startswith("acceptedVariables")]
    assert {(each["verdict"], origin["key"]) for each in accepted for origin in each["origins"]} == {
        ("declared", "parity:exceptions")
    }
    edit(project / "Pulumi.prod.yaml", "2999-12-31", "2020-01-01")
    done = parity(project, "check", "--markdown")
    assert done.returncode == 1
    assert "has expired" in done.stdout


def test_faults_of_both_stacks_are_reported_at_once(project):
    for stack in ("staging", "prod"):
        edit(project / f"Pulumi.{stack}.yaml", "connectionLimit: ", "connectionLimits: ")
    done = parity(project, "check")
    assert done.returncode == 2
    assert "Pulumi.staging.yaml" in done.stderr
    assert "Pulumi.prod.yaml" in done.stderr
    assert "Did you mean" in done.stderr


def test_a_program_that_fails_says_where_and_shows_no_value(project):
    edit(
        project / "infra" / "build.py",
        "    providers = _providers(settings)\n",
        "    providers = _providers(settings)\n    {}[settings.stack + 'canary']\n",
    )
    done = parity(project, "check")
    assert done.returncode == 2
    assert "the program fails for staging: KeyError" in done.stderr
    assert "build.py, line" in done.stderr
    assert "canary" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "production"), "there is no stack production"),
        (("--from", "prod", "--to", "prod"), "prod cannot be compared with itself"),
        (("--json", "--markdown"), "exclude each other"),
    ],
)
def test_wrong_use_is_said(arguments, said):
    done = parity(ROOT, "check", *arguments)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout


def test_the_example_is_the_same_in_both_stacks_and_no_module_of_the_sandbox_or_the_engine_is_imported():
    script = (
        "import sys\nfrom parity.cli.main import main\nsys.argv = ['parity', 'check']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.split('.')[0] in {'sandbox', 'engine', 'httpx', 'psycopg'}],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert done.stdout.startswith("staging and prod are the same but for what their files say\n")
    assert "Pulumi.prod.yaml:" in done.stdout
    assert "\x1b" not in done.stdout


# --- Three stacks -----------------------------------------------------------------------------------------------------


@pytest.fixture
def three(project):
    """A project with a stack qa, whose secrets are no copies of staging's."""
    draft = new_stack.draft(Project(project), "qa", "staging").filled(lambda value: value.replace("staging", "qa"))
    numbers = itertools.count()
    text = re.sub(r"secure: \S+", lambda _: f"secure: v1:qa-{next(numbers)}", draft.text)
    text = text.replace("PAYMENT_SECRET_KEY: FILL-IN", "PAYMENT_SECRET_KEY: {secure: v1:qa-payment}")
    (project / "Pulumi.qa.yaml").write_text(text)
    return project


def headlines(done):
    return [line for line in done.stdout.splitlines() if re.match(r"\w+ and \w+ are", line)]


def test_each_stack_is_compared_with_the_one_that_it_promotes_from(three):
    done = parity(three, "check")
    assert (done.returncode, done.stderr) == (0, "")
    same = "are the same but for what their files say"
    assert headlines(done) == [f"staging and prod {same}", f"staging and qa {same}"]
    edit(three / "Pulumi.prod.yaml", "promotesFrom: staging", "promotesFrom: qa")
    document = json.loads(parity(three, "check", "--json").stdout)
    assert document["clean"] is True
    assert [(each["from"], each["to"]) for each in document["comparisons"]] == [("staging", "qa"), ("qa", "prod")]


@pytest.mark.parametrize(
    ("one", "other", "pairs"),
    [
        (None, None, [("staging", "qa"), ("qa", "prod")]),
        ("staging", "prod", [("staging", "prod")]),
        (None, "prod", [("qa", "prod")]),
        ("qa", None, [("staging", "qa"), ("qa", "prod")]),
    ],
)
def test_stacks_that_are_named_are_compared_alone(one, other, pairs):
    assert list(_pairs(Order({"prod": "qa", "qa": "staging", "staging": None}), one, other)) == pairs


def test_a_stack_that_was_made_by_copying_a_file_is_found_without_any_key(three):
    sealed = re.search(r"parity:secret:\n +secure: (\S+)", (three / "Pulumi.staging.yaml").read_text())
    assert sealed
    edit(three / "Pulumi.qa.yaml", "secure: v1:qa-0", f"secure: {sealed[1]}")
    done = parity(three, "check", "--to", "qa")
    assert done.returncode == 1
    assert headlines(done) == ["staging and qa are not the same: 1 shared secret"]
    assert "is the same secret as parity:secret of staging" in done.stdout
    assert "`parity secret set qa 'parity:secret' --generate`" in done.stdout
    assert "parity:secret of staging" in parity(three, "check", "--to", "qa", "--markdown").stdout


def test_the_dockerfile_of_an_application_in_a_container_is_read(project):
    catalog = project / "infra/catalog.py"
    edit(catalog, 'framework="nextjs"', 'framework="container", container=Container()')
    edit(catalog, "    Application,\n", "    Application,\n    Container,\n")
    done = parity(project, "check")
    assert "container: apps/shop/Dockerfile.vercel is not in this checkout, so it was not checked" in done.stdout
    file = project / "apps/shop/Dockerfile.vercel"
    file.parent.mkdir(parents=True)
    file.write_text("FROM node:26\nEXPOSE 80\nUSER 1001\n")
    done = parity(project, "check")
    assert done.returncode == 1
    assert "1 fault of a container" in headlines(done)[0]
    assert "apps/shop/Dockerfile.vercel:1: takes node:26" in done.stdout
    assert "to do: Name its digest: node:26@sha256:..." in done.stdout
    file.write_text(f"FROM node:26@sha256:{'0' * 64}\nEXPOSE 80\nUSER 1001\n")
    assert json.loads(parity(project, "check", "--json").stdout)["containers"] == {"faults": [], "not_checked": []}


def test_the_faults_of_all_stacks_are_said_at_once(three):
    for stack in ("staging", "qa", "prod"):
        edit(three / f"Pulumi.{stack}.yaml", "sslmode: require", "sslmode: never")
    done = parity(three, "check")
    assert done.returncode == 2
    assert "3 faults" in done.stderr + done.stdout


def test_a_project_of_one_stack_has_nothing_to_compare(project):
    (project / "Pulumi.staging.yaml").unlink()
    edit(project / "Pulumi.prod.yaml", "  parity:promotesFrom: staging\n", "")
    done = parity(project, "check")
    assert done.returncode == 2
    assert "there is nothing to compare: prod is all there is" in done.stderr
