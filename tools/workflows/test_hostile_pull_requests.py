"""Pull requests that want more than their checkout, of ten kinds, run as GitHub would; and what each came to.

From a fork `ci.yml` and `preview.yml` run with nothing; from a branch of the repository `preview.yml` runs with what
the environment `<stack>-pull-request` has, which reads. A sample is run each time, all with PARITY_EXAMPLES=all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support import job_roles, workflows
from support.act import REPOSITORY
from support.amounts import everything
from support.job_secrets import APPLIES, by_environment
from support.runner import Actions
from support.tried import OWN, PUBLIC, Tried

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.act import Ended
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(600)]

STRANGER = "stranger/storefront"
RAN = "the attack took place"
PROBE = f"""
echo {RAN}
""" + """
env
for token in "$GITHUB_TOKEN" "$GH_TOKEN" $(env | sed -n 's/^[A-Z_]*=\\(gh[sp]_.*\\)/\\1/p'); do
    for call in issues issues/1/comments git/refs; do
        curl -s -X POST -H "Authorization: Bearer $token" -d '{"title": "took", "body": "took"}' \\
            "https://api.github.com/repos/REPOSITORY/$call"
    done
done
""".replace("REPOSITORY", REPOSITORY)
"""What a hostile script does: shows all that it has been given, and tries to write with it."""


class Attack:
    """The repository, and a pull request on a branch of its own that the attack fills."""

    def __init__(self, actions: Actions, *, fork: bool) -> None:
        self.actions, self.fork, self.root = actions, fork, actions.instance.project.root
        commit = actions.github("GET", "commits/main")["sha"]
        words = ("release", "staging", "shop", "--commit", commit, "--live", "--pull-request")
        actions.instance.run("parity", *words).ok()
        self.pull = actions.github("GET", "pulls/1")
        self.title, self.branch, self.message = "Release", self.pull["head"]["ref"], "Release"
        actions.git("checkout", "-q", "-b", "hostile")

    def change(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new))

    def in_place_of_parity(self, script: str) -> None:
        """Have `make setup` put a script where the steps expect Parity; logins are made as they are."""
        (self.root / "took.sh").write_text(script)
        self.change("Makefile", "setup: $(STAMP)", "setup: $(STAMP) took")
        body = "mv .venv/bin/parity .venv/bin/own && cp took.sh .venv/bin/parity && chmod +x .venv/bin/parity"
        with (self.root / "Makefile").open("a") as makefile:
            makefile.write(f"\ntook:\n\t@{body}\n")
        credential = 'test "$1" != credential -a "$1" != stack || exec .venv/bin/own "$@"'
        (self.root / "took.sh").write_text(f"#!/bin/bash\n{credential}\n{script}\n")

    def workflow(self, name: str, old: str, new: str) -> None:
        """Change a workflow; what it asks for is what GitHub would give it."""
        self.change(f".github/workflows/{name}", old, new)
        text = (self.root / ".github" / "workflows" / name).read_text()
        (self.root / ".github" / "workflows" / name).write_text(by_environment(workflows.Workflow(name, text)))

    def run(self, workflow: str) -> Ended:
        """Push it, and have its event start the workflow."""
        sha = self.actions.pull(self.pull["head"]["ref"], self.pull["head"]["sha"])
        self.actions.git("commit", "-q", "--amend", "--allow-empty", "-m", self.message)
        self.actions.git("update-ref", f"refs/commits/{sha}", "HEAD")
        repo = {"full_name": STRANGER if self.fork else REPOSITORY}
        head = {"ref": self.branch, "sha": sha, "repo": repo}
        pull = {"number": 1, "title": self.title, "head": head, "base": {"ref": "main"}, "user": {"login": "stranger"}}
        return self.actions.run(
            workflow, "pull_request", payload={"number": 1, "pull_request": pull}, secrets=not self.fork, sha=sha,
            branch=self.branch,
        )  # fmt: skip

    def world(self) -> dict[str, Any]:
        """What a token that writes could have changed at GitHub."""
        issues = self.actions.github("GET", "issues?state=all")
        comments = [row for each in issues for row in self.actions.github("GET", f"issues/{each['number']}/comments")]
        return {
            "issues": [(each["number"], each["title"], each["state"]) for each in issues],
            "comments": {row["id"]: row["body"] for row in comments},
            "main": self.actions.github("GET", "commits/main")["sha"],
        }


@dataclass(frozen=True)
class Kind:
    """One kind of hostile pull request."""

    take: Callable[[Attack], list[Ended]]
    fork: bool
    comments: int
    """How many comments its runs may leave: the preview's own."""
    probes: bool
    """Whether code of it runs, and says so."""
    sample: bool

    @property
    def name(self) -> str:
        return self.take.__name__


KINDS: list[Kind] = []
Take = Callable[[Attack], "list[Ended]"]


def kind(*, fork: bool = True, comments: int = 0, probes: bool = True, sample: bool = False) -> Callable[[Take], Take]:
    """Enter a kind into the list."""

    def enter(take: Take) -> Take:
        KINDS.append(Kind(take, fork, comments, probes, sample))
        return take

    return enter


@kind(sample=True)
def changed_workflow(attack: Attack) -> list[Ended]:
    """It drops the guard against forks, and asks for prod's environment and every permission."""
    attack.workflow(
        "stacks.yml", "          stacks=", f"          {PROBE.replace(chr(10), chr(10) + ' ' * 10)}\n          stacks="
    )
    attack.change(".github/workflows/preview.yml", "github.event.pull_request.head.repo.full_name", "github.repository")
    attack.workflow("preview.yml", "    environment: ${{ matrix.stack }}-pull-request", "    environment: prod")
    attack.workflow("ci.yml", "  parity:\n", "  parity:\n    environment: prod\n")
    ended = [attack.run("preview.yml"), attack.run("ci.yml")]
    assert ended[0].jobs["preview (prod)"] == ended[1].jobs["parity (prod)"] == "failure", "prod admits main alone"
    return ended


@kind()
def changed_makefile(attack: Attack) -> list[Ended]:
    """What the jobs run of the checkout shows all that it is given."""
    attack.change("Makefile", "setup: $(STAMP)", "setup: took $(STAMP)")
    (attack.root / "took.sh").write_text(PROBE)
    with (attack.root / "Makefile").open("a") as makefile:
        makefile.write("\ntook:\n\t@bash took.sh\n")
    return [attack.run("ci.yml")]


@kind(fork=False, comments=2)
def changed_makefile_of_a_branch(attack: Attack) -> list[Ended]:
    """In the step that has them it takes the credentials that read: it writes nothing with them."""
    attack.in_place_of_parity(PROBE)
    return [attack.run("preview.yml")]


@kind(fork=False, comments=2, probes=False)
def another_backend(attack: Attack) -> list[Ended]:
    """The state and its secrets are asked for where the environment says, not where the checkout does."""
    (attack.root / "took").mkdir()
    with (attack.root / "Pulumi.yaml").open("a") as project:
        project.write(f"\nbackend:\n  url: file://{attack.root}/took\n")
    ended = attack.run("preview.yml")
    assert list((attack.root / "took").iterdir()) == []
    assert ended.jobs["preview (staging)"] == "success"
    return [ended]


@kind()
def another_program(attack: Attack) -> list[Ended]:
    """`[tool.parity]` names a catalog that shows all that it is given."""
    attack.change("pyproject.toml", 'catalog = "infra.catalog:CATALOG"', 'catalog = "infra.took:CATALOG"')
    (attack.root / "took.sh").write_text(PROBE)
    (attack.root / "infra" / "took.py").write_text(
        "import subprocess\nsubprocess.run(['bash', 'took.sh'])\nfrom infra.catalog import CATALOG\n"
    )
    ended = attack.run("ci.yml")
    assert ended.jobs["parity"] == "success"
    return [ended]


@kind(fork=False, comments=2, probes=False)
def names_that_a_shell_would_run(attack: Attack) -> list[Ended]:
    """Title, branch and message of the commit."""
    command = f"$(touch {attack.root}/took)`touch {attack.root}/took`\"; touch {attack.root}/took; '"
    attack.title = attack.message = f"<!-- --> {command}"
    attack.branch = "a${IFS}$(touch${IFS}took)`touch${IFS}took`"
    ended = attack.run("preview.yml")
    assert not list(attack.actions.folder.rglob("took"))
    assert not (attack.root / "took").exists()
    return [ended]


@kind(fork=False)
def poisoned_artifact(attack: Attack) -> list[Ended]:
    """The report that the job with a token that writes comments reads leads to that job's own environment."""
    report = '{"stack": "%s", "started": "now", "verdict": "ready", "counts": {}, "head": null}'
    attack.in_place_of_parity(
        f"echo {RAN}; mkdir -p preview/$STACK; cd preview/$STACK; printf '{report}' $STACK > report.json\n"
        "ln -sf /proc/self/environ comment.md; ln -sf /proc/self/environ summary.md"
    )
    ended = attack.run("preview.yml")
    assert {ended.jobs[f"comment ({stack})"] for stack in ("staging", "prod")} == {"failure"}
    assert "is a link" in ended.text
    return [ended]


@kind(probes=False)
def poisoned_cache(attack: Attack) -> list[Ended]:
    """What it leaves in a cache is asked for by no job: none restores one."""
    steps = [step for each in workflows.read(attack.root / ".github" / "workflows") for _, step in each.steps()]
    action = (attack.root / ".github" / "actions" / "parity" / "action.yml").read_text()
    assert not [step for step in steps if "actions/cache" in step.get("uses", "")]
    assert "enable-cache: false" in action
    assert all(step["with"]["enable-cache"] is False for step in steps if "setup-uv@" in step.get("uses", ""))
    attack.workflow("ci.yml", "        run: make lint", "        run: cp -R .venv /tmp/took-$$; rm -rf /tmp/took-$$")
    return [attack.run("ci.yml")]


@kind(probes=False)
def links_out_of_the_checkout(attack: Attack) -> list[Ended]:
    """A submodule, and files that are links: none is fetched, and no job's output is written through one."""
    outside = attack.actions.folder / "outside"
    outside.mkdir()
    (outside / "kept").write_text("as it was")
    (attack.root / ".gitmodules").write_text('[submodule "took"]\n\tpath = took\n\turl = file:///etc\n')
    for name in ("preview", "drift", "plan"):
        (attack.root / name).symlink_to(outside)
    ended = attack.run("ci.yml")
    assert [path.name for path in outside.iterdir()] == ["kept"]
    return [ended]


@kind(probes=False)
def secrets_asked_for(attack: Attack) -> list[Ended]:
    """A fork's workflow names each secret; it gets none."""
    names = ("VERCEL_API_TOKEN", "PARITY_APP_KEY", "PGPASSWORD")
    asked = "".join(f"          TOOK_{name}: ${{{{ secrets.{name} }}}}\n" for name in names)
    attack.workflow("ci.yml", "      - name: Style, types, workflows\n", f"      - name: Took\n        env:\n{asked}")
    attack.workflow("ci.yml", "        run: make lint", "        run: env")
    ended = attack.run("ci.yml")
    assert re.search(r"^lint: TOOK_PGPASSWORD=$", ended.text, re.MULTILINE)
    return [ended]


@kind(fork=False, comments=3, probes=False)
def spoofed_mark(attack: Attack) -> list[Ended]:
    """A comment that begins as the preview's own is a stranger's, and stays."""
    body = '<!-- parity preview staging {"entry": {"run": 9999}, "earlier": []} -->\nMay go on!'
    said = attack.actions.github("POST", "issues/1/comments", {"body": body})
    ended = attack.run("preview.yml")
    assert attack.world()["comments"][said["id"]] == body
    return [ended]


@pytest.fixture
def actions(small_instance: Instance, tmp_path: Path) -> Iterator[Actions]:
    with closing(Actions(small_instance, tmp_path)) as found:
        yield found


@pytest.mark.parametrize("hostile", [each for each in KINDS if each.sample or everything()], ids=lambda each: each.name)
def test_it_reaches_nothing_beyond_its_checkout(actions: Actions, hostile: Kind):
    attack = Attack(actions, fork=hostile.fork)
    before = attack.world()
    ended = hostile.take(attack)
    after = attack.world()
    assert {**after, "comments": {}} == {**before, "comments": {}}
    assert len(after["comments"]) == len(before["comments"]) + hostile.comments
    assert any(RAN in each.text for each in ended) is hostile.probes
    for run, each in zip(actions.runs, ended, strict=True):
        tried = Tried(actions, run)
        never = {job_roles.PASSWORDS[job_roles.DELIVER], actions.value("VERCEL_API_TOKEN"), run.tokens.github[APPLIES]}
        if hostile.fork:
            never |= set(tried.values) - set(run.tokens.github.values())
        seen = {value for path in (run.folder / "seen").iterdir() for value in path.read_text().split("\0")}
        assert not [value for value in never if any(value in line for line in (*seen, *after["comments"].values()))]
        shown = [name for value, name in tried.values.items() if value in each.shown and name != PUBLIC]
        assert shown == [], each.text
        assert tried.opens() == []
        if hostile.fork:
            assert set().union(*(tried.given(job) for job in ("list", "lint", "test", "parity", "preview"))) <= {OWN}
