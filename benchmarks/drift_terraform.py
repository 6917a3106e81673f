"""Which differences of benchmarks/drift_recall.py `terraform plan` reports, where they concern what it manages.

    PARITY_TERRAFORM=FOLDER PYTHONPATH=tools .venv/bin/python -m benchmarks.drift_terraform INSTANCE [OUTPUT.json]

FOLDER is as tools/crashlab/terraform.py says. INSTANCE holds a stopped sandbox `instance`, seeded and otherwise empty,
and its program (tools/support/instances.py makes one). The crash tests' small program is applied under the names of
`prod`, together with benchmarks/terraform, and a migration runs. Each batch of differences is made in the same state,
and `terraform plan` runs once: a difference counts as reported where the plan shows its object as gone or its property
as changed, as what an apply would do (`plan`) or as what the refresh found (`plan -refresh-only`). What is not reported
in its batch is made again in smaller batches and counts as reported where any change is shown at all. The exit code of
`-refresh-only -detailed-exitcode` says nothing: it is 2 in an unchanged world as well, of which the plan says "No
changes", because Terraform also compares what it records besides the properties.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from crashlab.terraform import CONFIGURATION, VARIABLE
from parity.config.project import Project
from parity.evaluate.stack import Stack, ambient
from parity.local.sandbox import Local
from parity.resources import kinds
from parity_sandbox import lifecycle
from support import mutations
from support.mutations import DATABASE, OWNER, STACK, Mutation, World
from support.program import ROOT, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLEAN = "terraform"
MODES = {"plan": "resource_changes", "refresh_only": "resource_drift"}
"""Where a plan says what an apply would do, and what its refresh found: that is what `-refresh-only` shows."""
FAILED_CODE = 1
ALONE = {
    (kinds.PROJECT, "trustedSources"),
    (kinds.ROLE, "statementTimeout"),
    (kinds.ROLE, "idleInTransactionSessionTimeout"),
    (kinds.ROLE, "validUntil"),
    (kinds.DATABASE, "connectionLimit"),
}
"""Type and property of what ends a provider's read with an error, and so hides what else changes."""

SAME = {(kinds.PROJECT, "autoAssignCustomDomains"), (kinds.DRAIN, "projectIds")}
"""What the program has already as the difference would make it: domains assigned by themselves, and one project."""

_VARIABLE, _ROLE, _GRANT = "vercel_project_environment_variable", "postgresql_role", "postgresql_grant"
_DELIVERY = "delivery-variable-"
ADDRESSES = {
    "shop-project": "vercel_project.shop",
    "shop-variable-SEARCH_RESULTS_LIMIT": f"{_VARIABLE}.limit",
    "shop-variable-PAYMENT_SECRET_KEY": f"{_VARIABLE}.payment",
    "shop-variable-DATABASE_URL": f"{_VARIABLE}.database",
    "shop-variable-NEXT_PUBLIC_BASE_URL": f"{_VARIABLE}.base",
    "shop-variable-NEXT_TELEMETRY_DISABLED": f"{_VARIABLE}.telemetry",
    "domain-shop.storefront.example": "vercel_project_domain.shop",
    "domain-www.shop.storefront.example": "vercel_project_domain.redirecting",
    "shop-retention": "vercel_project_deployment_retention.shop",
    "shop-deployment-r1": 'vercel_deployment.shop["r1"]',
    "logs-drain": "vercel_log_drain.logs",
    "delivery-environment": "github_repository_environment.prod",
    "delivery-branch-main": "github_repository_environment_deployment_policy.main",
    "delivery-ruleset": "github_repository_ruleset.main",
    "delivery-actions": "github_actions_repository_permissions.storefront",
    "MIGRATOR_DATABASE_URL_STOREFRONT": "github_actions_environment_secret.migrator",
    "delivery-secret-MIGRATOR_DATABASE_URL_STOREFRONT": "github_actions_environment_secret.migrator",
    "storefront-shop-g1": f'{_ROLE}.shop_login["1"]',
    "storefront-readonly": f"{_ROLE}.readonly",
    "storefront-migrator": f"{_ROLE}.migrator",
    "storefront-shop-access": f"{_ROLE}.shop",
    "storefront-owner": f"{_ROLE}.owner",
    "storefront-database": "postgresql_database.storefront",
    "storefront-schema-shop": "postgresql_schema.shop",
    "storefront-schema-extensions": "postgresql_schema.extensions",
    "storefront-extension-vector": "postgresql_extension.vector",
    "storefront-grant-owner-database": f'{_GRANT}.database["owner"]',
    "storefront-grant-readonly-database": f'{_GRANT}.database["readonly"]',
    "storefront-grant-shop-database": f'{_GRANT}.database["shop"]',
    "storefront-grant-shop-shop": f"{_GRANT}.shop_schema",
    "storefront-grant-shop-shop-table": f"{_GRANT}.shop_tables",
    "storefront-grant-shop-shop-default-table": "postgresql_default_privileges.shop_tables",
}
"""Of what the program declares, Terraform's address."""
VARIABLES = {
    "VERCEL_TEAM",
    "DATABASE_HOST_STOREFRONT",
    "DATABASE_NAME_STOREFRONT",
    "VERCEL_PROJECT_ID_SHOP",
    "LIVE_URL_SHOP",
    "LIVE_RELEASE_SHOP",
}
MIGRATION = tuple(each for each in mutations.MIGRATION if "backoffice" not in each)
LOGINS = ("readonly", "migrator", "shop_g1", "payment", "logs")


def _by_sql(type_: str, name: str, path: str, *statements: str) -> Mutation:
    def make(world: World) -> None:
        world.sql(*statements, superuser=True)

    return Mutation("changed", type_, name, path, make)


IN_PLACE = (
    _by_sql(kinds.ROLE, "storefront-shop-g1", "password", f"alter role {DATABASE}_shop_g1 password 'by hand'"),
    _by_sql(kinds.ROLE, "storefront-shop-g1", "roles", f"grant {OWNER} to {DATABASE}_shop_g1"),
    _by_sql(kinds.SCHEMA, "storefront-schema-shop", "owner", "alter schema shop owner to parity_admin"),
    _by_sql(
        kinds.GRANT, "storefront-grant-shop-shop-table", "withGrantOption",
        f"grant select on shop.items to {DATABASE}_shop with grant option",
    ),
    _by_sql(
        kinds.DEFAULT, "storefront-grant-shop-shop-default-table", "withGrantOption",
        f"alter default privileges for role {OWNER} in schema shop "
        f"grant select on tables to {DATABASE}_shop with grant option",
    ),
)  # fmt: skip
"""What the other suite changes at the second application's objects, at the first's."""


def address(mutation: Mutation) -> str:
    """Terraform's address of what a difference concerns; empty where it manages nothing of that kind."""
    name = mutation.name.removeprefix(_DELIVERY)
    if name != mutation.name:
        return f'github_actions_environment_variable.delivery["{name}"]' if name in VARIABLES else ""
    return ADDRESSES.get(mutation.name, "")


class _World(World):
    """The vendors; Terraform's provider notes no release at a deployment, and there is one."""

    def deployment(self, project: str, release: str) -> str:
        """Vercel's id of the project's oldest deployment, which is the program's."""
        del release
        own = self.vercel("GET", f"/v9/projects/{project}")["id"]
        rows = self.vercel("GET", "/v6/deployments")["deployments"]
        return [row["uid"] for row in rows if row["projectId"] == own][-1]


@dataclass
class Terraform:
    """The configuration, applied in an instance."""

    instance: Instance
    folder: Path

    @classmethod
    def prepare(cls, instance: Instance, folder: Path) -> Terraform:
        """Write the configuration under the names of `prod`, and say where Terraform and its providers are."""
        folder.mkdir(exist_ok=True)
        small = CONFIGURATION.read_text()
        small = small.replace("shop.staging.storefront.example", "shop.storefront.example")
        (folder / "main.tf").write_text(small.replace("staging", STACK))
        for path in (ROOT / "benchmarks" / "terraform").glob("*.tf"):
            shutil.copyfile(path, folder / path.name)
        place = Path(os.environ[VARIABLE])
        instance.extra |= {
            "TF_CLI_CONFIG_FILE": str(place / "terraformrc"),
            "PATH": f"{place / 'bin'}:{instance.environment()['PATH']}",
        }
        releases = instance.project.stack_document(instance.project.stack_files()[STACK])["config"]["parity:releases"]
        newest = releases["shop"]["live"]
        commit = releases["shop"]["kept"][newest]["commit"]
        team = World(instance).github("GET", "/orgs/storefront-example/teams/platform")["id"]
        instance.extra |= {
            "TF_VAR_releases": json.dumps({"r1": {"commit": commit, "credentials": 1}}),
            "TF_VAR_passwords": json.dumps({name: f"example-{name}-" * 4 for name in LOGINS}),
            "TF_VAR_reviewer_team": str(team),
        }
        return cls(instance, folder)

    def run(self, *words: str) -> tuple[int, str]:
        """Run it; the code and all that it said."""
        done = self.instance.run("terraform", f"-chdir={self.folder}", *words)
        return done.code, done.said

    def plan(self, *options: str) -> tuple[int, dict[str, Any]]:
        """The code of a plan, and the plan; empty where it failed."""
        code, said = self.run("plan", "-no-color", "-input=false", "-detailed-exitcode", "-out=plan", *options)
        if code == FAILED_CODE:
            print(said[-600:], file=sys.stderr)
            return code, {}
        shown = self.instance.run("terraform", f"-chdir={self.folder}", "show", "-json", "plan").ok()
        return code, json.loads(shown.stdout)


def shown(plan: dict[str, Any], mode: str) -> dict[str, set[tuple[str, ...]]]:
    """What a plan shows: by address the paths that change, `*` for an object that is gone."""
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for each in plan.get(MODES[mode], ()):
        change = each["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        if change["before"] is None or change["after"] is None:
            found[each["address"]].add(("*",))
        else:
            found[each["address"]] |= _differences(change["before"], change["after"], ())
    return found


def _differences(before: Any, after: Any, path: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The paths at which two values differ, without the positions in lists."""
    if isinstance(before, list) and isinstance(after, list):
        olds, news = cast("list[Any]", before), cast("list[Any]", after)
        if len(olds) == len(news):
            pairs = zip(olds, news, strict=True)
            return {found for old, new in pairs for found in _differences(old, new, path)}
    if isinstance(before, dict) and isinstance(after, dict):
        was, now = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        names = was.keys() | now.keys()
        return {found for each in names for found in _differences(was.get(each), now.get(each), (*path, _plain(each)))}
    return set() if before == after else {path}


def _plain(name: str) -> str:
    """A property's name as Pulumi and Terraform both have it: their plurals and case differ."""
    return name.replace("_", "").lower().rstrip("s")


def tells(paths: set[tuple[str, ...]], mutation: Mutation) -> bool:
    """Whether these changes of its object are the difference's own."""
    wanted = tuple(_plain(part) for part in mutation.path.split(".") if part)
    return ("*",) in paths or any(wanted[: len(path)] == path[: len(wanted)] for path in paths)


def groups(removals: Sequence[Mutation]) -> Iterator[tuple[str, list[Mutation]]]:
    """The differences in batches that do not hide each other."""
    by_type: dict[str, list[Mutation]] = defaultdict(list)
    for each in (*mutations.CHANGED, *IN_PLACE):
        alone = (each.type, each.path) in ALONE
        by_type[f"alone {each.path}" if alone else each.type.split(":")[0]].append(each)
    yield from by_type.items()
    yield "removed", list(removals)
    yield "containers", list(mutations.CONTAINERS)
    yield "last", list(mutations.LAST)
    yield "cross-stack", list(mutations.CROSS_STACK)


def measure(terraform: Terraform, name: str, batch: list[Mutation]) -> list[dict[str, Any]]:
    """Make a batch and plan; then make what no plan reported again, in ever smaller batches."""
    code, plan = _planned(terraform, batch)
    reported = {each: _reported(each, plan) for each in batch}
    left = [each for each, seen in reported.items() if code == FAILED_CODE or not any(seen.values())]
    if len(batch) == 1:
        reported[batch[0]] = _alone(code, plan)
        left = []
    reported |= _again(terraform, left)
    rows = [_row(each, reported[each]) for each in batch]
    count = sum(row["plan"] or row["refresh_only"] for row in rows)
    print(f"{name}: {len(rows)} differences, {count} reported", file=sys.stderr, flush=True)
    return rows


def _reported(mutation: Mutation, plan: dict[str, Any]) -> dict[str, bool]:
    where = address(mutation)
    return {mode: tells(shown(plan, mode).get(where, set()), mutation) for mode in MODES}


def _again(terraform: Terraform, batch: list[Mutation]) -> dict[Mutation, dict[str, bool]]:
    """No plan reports a batch of which it shows nothing; any other batch is halved, down to one difference."""
    if not batch:
        return {}
    code, plan = _planned(terraform, batch)
    if len(batch) == 1:
        return {batch[0]: _alone(code, plan)}
    seen = {mode: bool(shown(plan, mode)) for mode in MODES}
    if code != FAILED_CODE and not any(seen.values()):
        return dict.fromkeys(batch, seen)
    middle = len(batch) // 2
    return _again(terraform, batch[:middle]) | _again(terraform, batch[middle:])


def _alone(code: int, plan: dict[str, Any]) -> dict[str, bool]:
    return {**{mode: bool(shown(plan, mode)) for mode in MODES}, "failed": code == FAILED_CODE}


def _row(mutation: Mutation, reported: dict[str, bool]) -> dict[str, Any]:
    return {
        "kind": mutation.kind,
        "vendor": mutation.vendor,
        "type": mutation.type.split(":")[-1],
        "name": mutation.name,
        "property": mutation.path,
        **reported,
    }


def _planned(terraform: Terraform, batch: list[Mutation]) -> tuple[int, dict[str, Any]]:
    terraform.instance.local.client().load_snapshot(CLEAN)
    world = _World(terraform.instance)
    for each in batch:
        each.make(world)
    print(f"  a plan of {len(batch)}", file=sys.stderr, flush=True)
    return terraform.plan()


def begin(terraform: Terraform) -> None:
    """Apply, migrate, and hold that both plans are empty then."""
    control = terraform.instance.local.client()
    if CLEAN not in {each["name"] for each in control.snapshots()}:
        code, said = terraform.run("apply", "-auto-approve", "-no-color", "-input=false")
        if code:
            sys.exit(said)
        world = World(terraform.instance)
        world.sql(*MIGRATION, role=OWNER, superuser=True)
        world.sql("create role storefront_staging_readonly", "create role storefront_staging_shop_g1", superuser=True)
        # Terraform notes what it computed only at the next refresh: that is no difference by hand.
        code, said = terraform.run("apply", "-refresh-only", "-auto-approve", "-no-color", "-input=false")
        if code:
            sys.exit(said)
        control.save_snapshot(CLEAN)
    control.load_snapshot(CLEAN)
    for options in ((), ("-refresh-only",)):
        code, plan = terraform.plan(*options)
        if code == FAILED_CODE or any(shown(plan, mode) for mode in MODES):
            sys.exit(f"a plan {options} of an unchanged world ends with {code}: {plan}")


def main(folder: Path, output: Path | None) -> None:
    """Measure every batch and print the table."""
    project = Project(folder / "program")
    instance = Instance(project, Local(project, folder / "instance"))
    lifecycle.up(instance.local.directory)
    try:
        instance.init(STACK)
        os.environ.update(instance.environment())
        stack = Stack(STACK, instance.project, ambient(instance.project))
        removals = mutations.removals(stack.declared(stack.settings()))
        terraform = Terraform.prepare(instance, folder / "terraform")
        begin(terraform)
        rows: list[dict[str, Any]] = []
        for row in _rows(terraform, removals):
            rows.append(row)
            if output is not None:  # each time: what was measured is kept where the next batch fails
                output.write_text(json.dumps(rows, indent=1) + "\n")
    finally:
        lifecycle.down(instance.local.directory)
    print(table(rows))


def _rows(terraform: Terraform, removals: Sequence[Mutation]) -> Iterator[dict[str, Any]]:
    for name, batch in groups(removals):
        if covered := [each for each in batch if address(each) and (each.type, each.path) not in SAME]:
            yield from measure(terraform, name, covered)
    yield from _added(terraform)


def _added(terraform: Terraform) -> Iterator[dict[str, Any]]:
    """What is added and not declared. SQL is run all at once, because one needs another; a plan of any is printed."""
    by_sql = [each for each in mutations.ADDED if each.vendor == "PostgreSQL"]
    reported = _again(terraform, [each for each in mutations.ADDED if each not in by_sql])
    code, plan = _planned(terraform, by_sql)
    seen = {mode: dict(shown(plan, mode)) for mode in MODES}
    if code == FAILED_CODE or any(seen.values()):
        print(f"added by SQL: {code}, {seen}: which of them?", file=sys.stderr)
    for each in mutations.ADDED:
        yield _row(each, reported.get(each) or {mode: bool(paths) for mode, paths in seen.items()})


def table(rows: list[dict[str, Any]]) -> str:
    """Counts by kind and vendor, as Markdown."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        entry = counts[row["kind"], row["vendor"]]
        for index, value in enumerate((True, row["plan"], row["refresh_only"], row["plan"] or row["refresh_only"])):
            entry[index] += value
    lines = ["| kind | vendor | made | `plan` | `plan -refresh-only` | either |", "|---|---|---|---|---|---|"]
    for (kind, vendor), numbers in sorted(counts.items()):
        lines.append(f"| {kind} | {vendor} | {' | '.join(str(each) for each in numbers)} |")
    total = [sum(each[index] for each in counts.values()) for index in range(4)]
    lines.append(f"| all | | {' | '.join(str(each) for each in total)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
