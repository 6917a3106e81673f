"""Everything that a plan depends on, changed by hand between its making and its application; and the page of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from parity.config.secret import Secret
from parity.resources import kinds
from parity.updates import saved_plan
from support import mutations
from support.mutations import DATABASE, STACK, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.mutations import Mutation
    from support.program import Instance

PLAN = 14
"""The exit code of a plan that must not be applied."""


@dataclass
class Prepared:
    """A plan that was approved, and the world in which it is to be applied."""

    instance: Instance
    plan: Path
    """The test's own copy."""
    digest: str
    other: Path
    """A plan of the other stack."""
    folder: Path
    """Of the test's own."""
    secret: Secret

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the program, which holds `old`."""
        path = self.instance.project.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def sealed(self, **changed: Any) -> None:
        """Seal the plan with other facts, and let that be the one that was approved."""
        made = replace(saved_plan.read(self.plan, STACK, self.secret), **changed)
        made.write(self.plan, self.secret)
        self.digest = made.digest

    def document(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Edit the plan's file."""
        document = json.loads(self.plan.read_text())
        change(document)
        self.plan.write_text(json.dumps(document))

    def state(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Edit the recorded state in its file."""
        path = self.instance.local.directory / "backend/.pulumi/stacks/storefront" / f"{STACK}.json"
        document = json.loads(path.read_text())
        change(document["checkpoint"]["latest"])
        path.write_text(json.dumps(document))

    def program(self, name: str, says: str, *, real: bool) -> None:
        """Put a program before all others that says another version; with `real` it does what the other one does."""
        path = self.instance.environment()["PATH"]
        own = self.folder / "programs"
        own.mkdir()
        found = f'PATH="{path}" exec {name} "$@"' if real else "exit 1"
        script = f'#!/bin/sh\ncase "$1" in version | -version | --version) echo {says}; exit;; esac\n{found}\n'
        (own / name).write_text(script)
        (own / name).chmod(0o755)
        self.instance.extra["PATH"] = f"{own}:{path}"


@dataclass(frozen=True)
class Tamper:
    """One thing that a plan depends on, and a change of it."""

    thing: str
    change: str
    """What was done, for people."""
    make: Callable[[Prepared], Any]
    says: str
    """What the refusal says; what a harmless one rests on."""
    code: int = PLAN
    """How the update ends; 0 where the change is harmless."""

    @property
    def label(self) -> str:
        """For pytest and the page."""
        return f"{self.thing}: {self.change}"


def _by(mutation: Mutation) -> Callable[[Prepared], Any]:
    return lambda prepared: mutation.make(World(prepared.instance))


def _known(path: str, name: str = "") -> Callable[[Prepared], Any]:
    """A change by hand that drift's own table has."""
    rows = (*mutations.CHANGED, *mutations.SWITCHED)
    return _by(next(each for each in rows if each.path == path and name in each.name))


def _sql(*statements: str, superuser: bool = False) -> Callable[[Prepared], Any]:
    return lambda prepared: World(prepared.instance).sql(*statements, superuser=superuser)


def _vercel(method: str, path: str, body: dict[str, Any]) -> Callable[[Prepared], Any]:
    return lambda prepared: World(prepared.instance).vercel(method, path, body)


def _move_domain(prepared: Prepared) -> None:
    world = World(prepared.instance)
    world.vercel("DELETE", "/v9/projects/shop-prod/domains/www.shop.storefront.example")
    world.vercel("POST", "/v11/projects", {"name": "elsewhere"})
    world.vercel("POST", "/v10/projects/elsewhere/domains", {"name": "www.shop.storefront.example"})


def _preview(prepared: Prepared) -> None:
    source = {"type": "github", "org": "storefront-example", "repo": "storefront", "ref": "5" * 40}
    body = {"name": "shop-prod", "project": "shop-prod", "gitSource": source}
    World(prepared.instance).vercel("POST", "/v13/deployments", body)


def _git(*arguments: str) -> Callable[[Prepared], Any]:
    return lambda prepared: git(prepared.instance, *arguments)


def git(instance: Instance, *arguments: str) -> str:
    """Run git on the program, with the same person and times always, so that a commit of the same files is the same."""
    who = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in _WHO.items()}
    return instance.run("git", *arguments, extra=who).ok().stdout.strip()


_WHO = {"NAME": "runner", "EMAIL": "runner@example.com", "DATE": "2026-11-01T12:00:00Z"}


def _record(deployment: dict[str, Any]) -> None:
    row = next(each for each in deployment["resources"] if each["type"] == kinds.PROJECT)
    row["outputs"]["nodeVersion"] = "20.x"


def _forget(deployment: dict[str, Any]) -> None:
    rows = deployment["resources"]
    rows.remove(next(each for each in rows if each["type"] == kinds.RETENTION))


def _older(prepared: Prepared) -> None:
    plan = saved_plan.read(prepared.plan, STACK, prepared.secret)
    lasted = datetime.fromisoformat(plan.expires) - datetime.fromisoformat(plan.made)
    made = datetime.fromisoformat(plan.made) - lasted - timedelta(seconds=1)
    prepared.sealed(made=made.isoformat(), expires=(made + lasted).isoformat())


def _swap(prepared: Prepared) -> None:
    other = json.loads(prepared.other.read_text())
    prepared.document(lambda document: document["plan"].update(engine=other["plan"]["engine"]))


def _other_secret(prepared: Prepared) -> None:
    saved_plan.read(prepared.plan, STACK, prepared.secret).write(prepared.plan, Secret("0" * 40, "parity:secret"))


REFUSED_BEFORE = 2
"""The release guard or the preflight stops the command before the plan is compared."""

TAMPERS = (
    Tamper(
        "the stack's file",
        "another value",
        lambda on: on.edit("Pulumi.prod.yaml", "waitMinutes: 0", "waitMinutes: 5"),
        "Pulumi.prod.yaml has changed",
    ),
    Tamper(
        "the stack's file",
        "a comment",
        lambda on: on.edit("Pulumi.prod.yaml", "config:\n", "config:  # by hand\n"),
        "Pulumi.prod.yaml has changed",
    ),
    Tamper(
        "the program's settings",
        "another value in pyproject.toml",
        lambda on: on.edit("pyproject.toml", "[tool.parity]", "# by hand\n[tool.parity]"),
        "pyproject.toml has changed",
    ),
    Tamper(
        "the lock file",
        "one that was not there",
        lambda on: (on.instance.project.root / "uv.lock").write_text("version = 1\n"),
        "uv.lock exists now",
    ),
    Tamper(
        "the catalog",
        "another value",
        lambda on: on.edit("infra/catalog.py", 'value="1"', 'value="0"'),
        "was recorded with other config",
        REFUSED_BEFORE,
    ),
    Tamper(
        "a component",
        "a comment",
        lambda on: on.edit("components/database.py", "\n", "\n# by hand\n"),
        "components/database.py has changed",
    ),
    Tamper(
        "a component",
        "a new file",
        lambda on: (on.instance.project.root / "components/more.py").write_text("\n"),
        "components/more.py is new",
    ),
    Tamper(
        "the plugin's launcher",
        "a new file",
        lambda on: (on.instance.project.root / "plugin/more.py").write_text("\n"),
        "plugin/more.py is new",
    ),
    Tamper(
        "the commit",
        "a newer one of the same files",
        _git("commit", "-q", "--allow-empty", "-m", "newer"),
        "the commit is ",
    ),
    Tamper("the recorded state", "another output", lambda on: on.state(_record), "the recorded state has changed"),
    Tamper("the recorded state", "a resource less", lambda on: on.state(_forget), "the recorded state has changed"),
    Tamper(
        "a variable at Vercel",
        "another value",
        _known("value", "shop-variable-NEXT_PUBLIC_BASE_URL"),
        "shop-variable-NEXT_PUBLIC_BASE_URL has changed",
    ),
    Tamper(
        "a variable at Vercel",
        "a sensitive one written again",
        _known("value", "shop-variable-PAYMENT_SECRET_KEY"),
        "shop-variable-PAYMENT_SECRET_KEY has changed",
    ),
    Tamper(
        "a variable at Vercel",
        "one that is not declared",
        _vercel(
            "POST",
            "/v10/projects/shop-prod/env",
            {"key": "BY_HAND", "value": "x", "type": "encrypted", "target": ["production"]},
        ),
        "the undeclared variable ",
    ),
    Tamper("a project at Vercel", "another build command", _known("buildCommand"), "shop-project has changed"),
    Tamper(
        "a project at Vercel",
        "another production branch",
        _known("gitRepository.productionBranch"),
        "shop-project has changed",
    ),
    Tamper(
        "a domain's owner",
        "moved to another project",
        _move_domain,
        "www.shop.storefront.example, which the project elsewhere of the team holds",
        REFUSED_BEFORE,
    ),
    Tamper("a domain", "another redirect", _known("redirect"), "domain-www.shop.storefront.example has changed"),
    Tamper("a log drain", "another endpoint", _known("endpoint"), "logs-drain has changed"),
    Tamper("the live release", "another deployment promoted by hand", _known("deploymentId"), "shop-live has changed"),
    Tamper("a reviewer", "taken away", _known("reviewers"), "delivery-environment has changed"),
    Tamper("the ruleset", "not enforced", _known("enforcement"), "delivery-ruleset has changed"),
    Tamper(
        "a secret of the environment",
        "written again",
        _by(next(each for each in mutations.GITHUB if each.type == kinds.SECRET)),
        "has changed",
    ),
    Tamper(
        "a role's grant",
        "one more right",
        _sql("grant create on schema shop to public", superuser=True),
        "the list of privileges in PostgreSQL has changed",
    ),
    Tamper("a role", "another limit", _sql(f"alter role {DATABASE}_readonly connection limit 3"), "has changed"),
    Tamper("a database", "another limit", _sql(f"alter database {DATABASE} connection limit 77"), "has changed"),
    Tamper(
        "the engine's version",
        "3.260.0 on PATH",
        lambda on: on.program("pulumi", "v3.260.0", real=True),
        "the version of pulumi is 3.260.0, and was",
    ),
    Tamper(
        "a plugin's version",
        "another one on PATH",
        lambda on: on.program("pulumi-resource-vercel", "v9.9.9", real=False),
        "the program of plugin vercel is new",
    ),
    Tamper(
        "the stored plan",
        "a change taken out",
        lambda on: on.document(lambda document: document["plan"]["changes"].pop()),
        "the plan was edited",
    ),
    Tamper(
        "the stored plan",
        "a condition taken out",
        lambda on: on.document(lambda document: document["plan"]["conditions"].popitem()),
        "the plan was edited",
    ),
    Tamper("the stored plan", "another engine's plan in it", _swap, "the plan was edited"),
    Tamper(
        "the stored plan",
        "sealed with another secret",
        _other_secret,
        "the plan was edited, or is of a stack with another secret",
    ),
    Tamper(
        "the stored plan",
        "cut short",
        lambda on: on.plan.write_text(on.plan.read_text()[:-100]),
        "the plan cannot be read",
    ),
    Tamper(
        "the stored plan",
        "sealed for another stack",
        lambda on: on.sealed(stack="staging"),
        "the plan is of storefront/staging",
    ),
    Tamper("its age", "expired", _older, "expired at"),
    Tamper("its digest", "of another plan", lambda on: setattr(on, "digest", "0" * 64), "was approved"),
    Tamper("a preview of a push", "one more deployment", _preview, "no release and no domain depends on it", 0),
    Tamper(
        "a file outside of the program",
        "a new one",
        lambda on: (on.instance.project.root / "notes.txt").write_text("x"),
        "the program does not read it",
        0,
    ),
)
"""In the page's order."""

SAMPLE = (
    "the stack's file: another value",
    "a variable at Vercel: a sensitive one written again",
    "a role's grant: one more right",
    "the live release: another deployment promoted by hand",
    "its age: expired",
)
"""What is tried where the complete table is not asked for: the first three at each change, all of it at night."""

_HEAD = """# The tamper table

Between `parity preview prod --save FILE` and `parity up prod --plan FILE --digest DIGEST` one thing at a time was
changed, on the real engine in the sandbox. *Refused* means: exit code 14, no request other than GET at Vercel and
GitHub, and PostgreSQL exactly as it was. Without a change in between the same plan was applied.

[The road](road.md) says what a plan depends on. A test makes this page and holds it:
`PARITY_TAMPER=all PARITY_WRITE_DOCS=1 .venv/bin/pytest packages/parity/tests/sandbox/test_tamper.py`; without
`PARITY_TAMPER=all` it tries a sample.

| what the plan depends on | changed in between | result | what it says, or why it is harmless |
| --- | --- | --- | --- |
"""


def page() -> str:
    """docs/tamper.md, of a table in which each row held."""
    refused = [each for each in TAMPERS if each.code]
    rows = "".join(
        f"| {each.thing} | {each.change} | {'refused' if each.code else 'harmless, applied'} | {_reported(each)} |\n"
        for each in TAMPERS
    )
    harmless = len(TAMPERS) - len(refused)
    return f"{_HEAD}{rows}\n{len(refused)} of {len(refused)} refused with no changing call; {harmless} harmless.\n"


def _reported(tamper: Tamper) -> str:
    return f"`{tamper.says}`" if tamper.code else tamper.says
