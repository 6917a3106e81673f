"""promote.yml and rollback.yml: their own steps, read from the files, run end to end in the sandbox."""

from __future__ import annotations

import base64
import json
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from support import workflows
from support.asker import asking
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

WORKFLOWS = {each.name: each for each in workflows.read(ROOT / ".github" / "workflows")}
FIRST, NEW = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1", "ab" * 20
REPOSITORY = "storefront-example/storefront"
PROD = "https://shop.storefront.example/"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_OURS = {"VERCEL_API_TOKEN", "GITHUB_TOKEN", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE"}
"""What the workflows take from secrets and variables, and the sandbox's environment gives under the same names."""


@dataclass
class Runner:
    """What GitHub Actions does: checks main out, and runs a job's steps one after the other."""

    instance: Instance
    folder: Path
    main: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    """Of the jobs that ended, as `needs.JOB.outputs.NAME`."""

    def prepare(self) -> None:
        """The project as the repository's main, here and at GitHub."""
        root = self.instance.project.root
        self.programs(root)
        (root / ".gitignore").write_text(".venv\n__pycache__\n")
        self.git("init", "-q", "-b", "main")
        for name in ("Pulumi.staging.yaml", "Pulumi.prod.yaml"):
            content = base64.b64encode((root / name).read_bytes()).decode()
            self.github("PUT", f"contents/{name}", {"message": name, "content": content, "branch": "main"})
        self.check_out()

    def programs(self, root: Path) -> None:
        """The environment that `make setup` makes."""
        programs = root / ".venv" / "bin"
        programs.mkdir(parents=True)
        for name in ("parity", "python"):
            found = shutil.which(name, path=self.instance.environment()["PATH"])
            assert found is not None
            (programs / name).symlink_to(found)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=runner", "-c", "user.email=runner@example.com")
        return self.instance.run("git", *who, *arguments).ok().stdout.strip()

    def github(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        token = self.instance.environment()["GITHUB_TOKEN"]
        command = ["curl", "-sS", "--fail-with-body", "-X", method, "-H", f"authorization: Bearer {token}"]
        command += ["-d", json.dumps(body)] if body is not None else []
        said = self.instance.run(*command, f"https://api.github.com/repos/{REPOSITORY}/{path}").ok().stdout
        return json.loads(said) if said else None

    def text(self, name: str, reference: str) -> str:
        return base64.b64decode(self.github("GET", f"contents/{name}?ref={reference}")["content"]).decode()

    def check_out(self) -> None:
        """GitHub's main, here."""
        for name in ("Pulumi.staging.yaml", "Pulumi.prod.yaml"):
            (self.instance.project.root / name).write_text(self.text(name, "main"))
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "main")
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def merge(self, number: int) -> str:
        """Merge a pull request and check main out; gives the merge commit."""
        sha = str(self.github("PUT", f"pulls/{number}/merge", {})["sha"])
        self.check_out()
        return sha

    def job(self, workflow: str, name: str, *, sha: str = "", **inputs: str) -> tuple[Run, str]:
        """Run a job's steps up to the first that fails; gives the last one's run and the job's summary."""
        summary = self.folder / f"summary-{workflow}-{name}.md"
        summary.unlink(missing_ok=True)
        summary.touch()
        output = self.folder / "output"
        output.write_text("")
        given = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_SERVER_URL": "https://github.com"}
        given |= {"GITHUB_OUTPUT": str(output)}
        given |= {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "77"} | ({"GITHUB_SHA": sha} if sha else {})
        job = WORKFLOWS[workflow].jobs[name]
        run: Run | None = None
        for given_step in job["steps"]:
            step = {**given_step, "with": self.of_matrix(given_step.get("with") or {}, inputs)}
            self.artifact(step)
            if "run" not in step or step["run"] == "make setup":
                continue
            environment = self.evaluated({**job.get("env", {}), **step.get("env", {})}, inputs)
            run = self.instance.run("bash", "-e", "-c", step["run"], extra={**given, **environment})
            if run.code:
                break
        assert run is not None, f"{workflow}: {name} runs nothing"
        # The next job's checkout is a fresh one.
        shutil.rmtree(self.instance.project.root / "plan", ignore_errors=True)
        said = dict(line.split("=", 1) for line in output.read_text().splitlines())
        self.outputs |= {
            f"needs.{name}.outputs.{key}": said[value.strip("${} ").rpartition(".")[2]]
            for key, value in (job.get("outputs") or {}).items()
            if value.strip("${} ").rpartition(".")[2] in said
        }
        return run, summary.read_text()

    def artifact(self, step: dict[str, Any]) -> None:
        """What upload-artifact and download-artifact do: a file between two jobs."""
        action, root = step.get("uses", "").partition("@")[0], self.instance.project.root
        if action == "actions/upload-artifact":
            place, path = self.folder / "artifacts" / step["with"]["name"], root / step["with"]["path"]
            place.mkdir(parents=True, exist_ok=True)
            for each in path.iterdir() if path.is_dir() else [path]:
                shutil.copy(each, place)
        elif action == "actions/download-artifact":
            shutil.copytree(self.folder / "artifacts" / step["with"]["name"], root / step["with"]["path"])

    def of_matrix(self, given_: dict[str, Any], inputs: dict[str, str]) -> dict[str, Any]:
        """A step's options with the stack of its job."""
        return {
            key: str(value).replace("${{ matrix.stack }}", inputs.get("stack", "")) for key, value in given_.items()
        }

    def evaluated(self, environment: dict[str, Any], inputs: dict[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in environment.items():
            asked = _EXPRESSION.findall(str(value))
            if not asked:
                found[name] = str(value)
            elif asked[0].startswith(("inputs.", "matrix.")):
                found[name] = inputs[asked[0].partition(".")[2]]
            elif asked[0].startswith("needs."):
                found[name] = self.outputs[asked[0]]
            elif asked[0] == "github.token":
                found[name] = self.instance.environment()["GITHUB_TOKEN"]
            else:
                assert name in _OURS, f"{name} is {value}: the sandbox gives nothing under that name"
        return found


@pytest.fixture
def runner(finished_instance: Instance, tmp_path: Path) -> Runner:
    found = Runner(finished_instance, tmp_path)
    found.prepare()
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": []}
    document = {"organization": "storefront-example", "repositories": [repository]}
    finished_instance.local.client().seed({"github": document})
    return found


@pytest.mark.timeout(1200)
def test_from_a_pull_request_to_prod_and_back(runner: Runner):
    instance = runner.instance
    commit = runner.github("GET", "commits/main")["sha"]

    # A release for staging, reviewed and merged: the job delivers it and says where it came from.
    instance.run("parity", "release", "staging", "shop", "--commit", commit, "--live", "--pull-request").ok()
    sha = runner.merge(1)
    done, said = runner.job("promote.yml", "staging", sha=sha)
    done.ok()
    assert said.index("shop-deployment-r2") < said.index("## staging: delivered"), (
        "the plan is shown before it is applied"
    )
    assert f"| shop | r1 | **r2** | `{commit[:12]}` | yes |" in said
    assert f"commit `{sha}`, pull request [#1]" in said
    assert "[run](https://github.com/storefront-example/storefront/actions/runs/77)" in said
    assert "`parity rollback staging shop --to r1 --up`" in said

    # The same for prod: the plan for who approves, that very plan applied, the switch, the health.
    instance.run("parity", "promote", "shop", "--pull-request").ok()
    sha = runner.merge(2)
    plan, shown = runner.job("promote.yml", "plan", sha=sha)
    plan.ok()
    assert "shop-deployment-r2" in shown
    digest = runner.outputs["needs.plan.outputs.digest"]
    assert digest in shown
    with asking(instance, runner.folder, PROD) as asked:
        done, said = runner.job("promote.yml", "prod", sha=sha)
    done.ok()
    asked.hold(PROD, {"r1": FIRST, "r2": commit}, "r1", "r2")
    assert "## prod: delivered" in said
    assert "| shop | r1 | **r2** |" in said
    (record,) = [
        json.loads(line) for line in instance.run("parity", "ledger", "prod", "--json").ok().stdout.splitlines()
    ]
    assert (record["plan"], record["approval"]) == (digest, f"--plan {digest}")

    # The same plan once more: it was made for what was there before.
    again, _ = runner.job("promote.yml", "prod", sha=sha)
    assert again.code == 14
    assert "the recorded state has changed" in again.stderr

    # Approved too late: main has moved on, so nothing is done.
    runner.git("commit", "-q", "--allow-empty", "-m", "newer")
    path = instance.project.root / "Pulumi.prod.yaml"
    path.write_text(path.read_text() + "# newer\n")
    runner.git("commit", "-q", "-am", "newer")
    runner.git("update-ref", "refs/remotes/origin/main", "HEAD")
    runner.git("reset", "-q", "--hard", "HEAD~1")
    late = instance.run(".venv/bin/parity", "deliver", "prod", "--newest", "origin/main")
    assert late.code == 8
    assert "origin/main has moved on: Pulumi.prod.yaml" in late.stderr
    runner.check_out()

    # Back at once, by the workflow: the switch, then the pull request. Until it is merged, nothing undoes it.
    with asking(instance, runner.folder, PROD) as asked:
        done, said = runner.job("rollback.yml", "apply", stack="prod", application="shop", release="")
    done.ok()
    asked.hold(PROD, {"r1": FIRST, "r2": commit}, "r2", "r1")
    assert "| shop | r2 | **r1** |" in said
    assert "Pull request: [#3]" in said
    runner.check_out()
    assert "live: r2" in runner.text("Pulumi.prod.yaml", "main")
    undo, _ = runner.job("promote.yml", "prod", sha=sha)
    assert undo.code == 8
    assert "This would undo a rollback" in undo.stderr
    sha = runner.merge(3)
    runner.job("promote.yml", "plan", sha=sha)[0].ok()
    done, said = runner.job("promote.yml", "prod", sha=sha)
    done.ok()
    assert "| shop | r1 | r1 |" in said, "the merge changes nothing: it is what is live"


def test_a_rollback_is_proposed_without_any_secret(runner: Runner):
    instance = runner.instance
    since = instance.last_request()
    before = (instance.project.root / "Pulumi.staging.yaml").read_text()
    release = f"        r2: {{commit: {NEW}, config: {'cd' * 16}, credentials: 1}}\n"
    last = next(line for line in before.splitlines(keepends=True) if line.lstrip().startswith("r1: {commit: 7e92"))
    text = before.replace(last, last + release).replace("live: r1", "live: r2", 1)
    (instance.project.root / "Pulumi.staging.yaml").write_text(text)
    there = runner.github("GET", "contents/Pulumi.staging.yaml?ref=main")
    content = base64.b64encode(text.encode()).decode()
    body = {"message": "r2", "content": content, "branch": "main", "sha": there["sha"]}
    runner.github("PUT", "contents/Pulumi.staging.yaml", body)

    # Nothing but the workflow's own token: no passphrase, no connection, no other token.
    secret = ("PULUMI_CONFIG_PASSPHRASE", "VERCEL_API_TOKEN", "PULUMI_BACKEND_URL", "PGPASSWORD", "GITHUB_TOKEN")
    kept = instance.environment()
    instance.extra = dict.fromkeys(secret, "")
    step = next(each for each in WORKFLOWS["rollback.yml"].jobs["propose"]["steps"] if "parity rollback" in str(each))
    inputs = {"STACK": "staging", "APPLICATION": "shop", "GH_TOKEN": kept["GITHUB_TOKEN"]}
    inputs["GITHUB_STEP_SUMMARY"] = str(runner.folder / "summary.md")
    refused = instance.run("bash", "-e", "-c", step["run"], extra={**inputs, "RELEASE": "r9"})
    assert refused.code == 2
    assert "kept there: r1, r2" in refused.stderr
    instance.run("bash", "-e", "-c", step["run"], extra={**inputs, "RELEASE": "r1"}).ok()
    instance.extra = {}
    pull = runner.github("GET", "pulls/1")
    assert pull["head"]["ref"].startswith("rollback/staging/shop-r1-")
    assert "Does not go back: data, and migrations" in pull["body"]
    assert runner.text("Pulumi.staging.yaml", pull["head"]["ref"]) == text.replace("live: r2", "live: r1", 1)
    changed = [row for row in instance.requests(since) if row["service"] != "github" and row["method"] != "GET"]
    assert changed == []


@pytest.mark.timeout(600)
def test_one_run_audits_three_stacks_that_the_demonstration_brought_up(own_instance: Instance, tmp_path: Path):
    root, folder = own_instance.project.root, own_instance.local.directory
    stacks = ("staging", "qa", "prod")
    done = own_instance.run("parity", "demo", "--dir", str(folder), *(f"--stack={stack}" for stack in stacks)).ok()
    assert re.findall(r"^answers +✓ 200 release (\w+), .* environment (\w+)", done.stdout, re.MULTILINE) == [
        ("r1", stack) for stack in stacks for _ in range(2)
    ]
    assert f"staging/shop r1, commit {FIRST[:12]}, becomes qa/shop r1, and live there." in done.stdout

    runner = Runner(own_instance, tmp_path)
    runner.programs(root)
    runner.job("drift.yml", "stacks")[0].ok()
    listed = json.loads(runner.outputs["needs.stacks.outputs.stacks"])
    assert sorted(listed) == sorted(stacks)
    for stack in listed:
        run, said = runner.job("drift.yml", "audit", stack=stack)
        run.ok()
        assert f"{stack}: clean" in said
    reports = {
        path.parent.name: json.loads(path.read_text()) for path in (tmp_path / "artifacts").glob("*/report.json")
    }
    assert {name: each["clean"] for name, each in reports.items()} == {f"drift-{stack}": True for stack in stacks}
