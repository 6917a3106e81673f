"""The same edits with Terraform, with Pulumi alone and with Parity: what each leaves, and what users saw meanwhile.

    PARITY_TERRAFORM=FOLDER PYTHONPATH=tools .venv/bin/python -m benchmarks.edits_compared [RESULTS.json] [--page]

FOLDER is as tools/crashlab/terraform.py says. Terraform and Pulumi declare one platform, by the providers' own
resources, from one file of facts (benchmarks/edits); an edit changes that file, and where it gets into a build it
brings a commit, as Parity asks for. Parity has the example's catalog and files, and the same edit of those. Each case
starts from the same world: all as the last update left it, with rows in the tables. A tool that ends with an error is
run once more, as a person does; then its next plan is asked what is left. `--page` writes the table into docs/edits.md.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from crashlab.terraform import VARIABLE
from support import instances
from support.asker import asking
from support.edits import worlds
from support.edits.case import Broken, Case
from support.edits.edits import by_name
from support.mutations import DATABASE, OWNER, World
from support.paths import ROOT
from support.warm import Warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.asker import Got
    from support.program import Instance, Run

TERRAFORM, PULUMI, PARITY = "Terraform", "Pulumi", "Parity"
PAGE = ROOT / "docs" / "edits.md"
URLS = {"shop": "https://shop.storefront.example/", "admin": "https://admin.storefront.example/"}
_FOLDER = ROOT / "benchmarks" / "edits"
_BEGIN, _END = "<!-- compared -->", "<!-- end of compared -->"
Facts = dict[str, Any]


@dataclass(frozen=True)
class Compared:
    """One edit, in the facts and in Parity's files."""

    name: str
    change: Callable[[Facts], object]
    parity: str
    """The edit of tools/support/edits/edits.py, or a command."""
    builds: tuple[str, ...] = ()
    """The applications that are built again."""
    gone: str = ""
    """The application whose domain the edit takes away."""


def _set(*path: str) -> Callable[[Facts], None]:
    *above, name, value = path

    def change(facts: Facts) -> None:
        found = facts
        for each in above:
            found = found[each]
        found[name] = value

    return change


def _shop(facts: Facts) -> Facts:
    return facts["applications"]["shop"]


def _rekey(names: Callable[[Facts], Facts], old: str, new: str) -> Callable[[Facts], None]:
    def change(facts: Facts) -> None:
        found = names(facts)
        found[new] = found.pop(old)

    return change


def _merge(facts: Facts) -> None:
    gone = facts["applications"].pop("admin")
    _shop(facts)["domains"] += gone["domains"]


def _moved(facts: Facts) -> None:
    _shop(facts)["redirects"].clear()
    facts["applications"]["admin"]["redirects"]["www.shop.storefront.example"] = "admin.storefront.example"


def _added(facts: Facts) -> None:
    admin = facts["applications"]["admin"]
    names = {
        "project": "blog-prod", "root": "apps/blog", "domains": ["blog.storefront.example"],
        "role": "storefront_prod_blog", "login": "storefront_prod_blog_g1", "sensitive": {},
    }  # fmt: skip
    facts["applications"]["blog"] = {**admin, **names}


SHOP = ("applications", "shop")
EDITS = (
    Compared("a variable's value", _set(*SHOP, "variables", "SEARCH_RESULTS_LIMIT", "60"), "prod: a value", ("shop",)),
    Compared(
        "a variable gets another name",
        _rekey(lambda facts: _shop(facts)["variables"], "SEARCH_RESULTS_LIMIT", "RESULTS_LIMIT"),
        "a variable is renamed",
        ("shop",),
    ),
    Compared("the root directory", _set(*SHOP, "root", "apps/web"), "catalog: root directory", ("shop",)),
    Compared("the framework", _set(*SHOP, "framework", "astro"), "catalog: framework", ("shop",)),
    Compared("protection of all deployments", _set(*SHOP, "protection", "all_deployments"), "prod: protection"),
    Compared(
        "a domain is added", lambda facts: _shop(facts)["domains"].append("more.storefront.example"),
        "prod: a domain is added",
    ),
    Compared("a redirect is removed", lambda facts: _shop(facts)["redirects"].clear(), "prod: a domain is removed"),
    Compared("a domain moves to another application", _moved, "prod: a domain moves"),
    Compared("a project gets another name", _set(*SHOP, "project", "acme-shop"), "prod: a project's name"),
    Compared(
        "an application gets another name", _rekey(lambda facts: facts["applications"], "shop", "store"),
        "parity rename application shop store",
    ),
    Compared("an application is added", _added, "an application is added"),
    Compared(
        "an application is removed", lambda facts: facts["applications"].pop("admin"), "an application is removed",
        gone="admin",
    ),
    Compared("an application is merged into another", _merge, "an application is merged into another"),
    Compared(
        "a schema is added", lambda facts: facts["database"]["schemas"].append("extra"), "catalog: a schema is added"
    ),
    Compared(
        "a schema with tables is removed",
        lambda facts: (facts["database"]["schemas"].remove("backoffice"),
                       facts["applications"]["admin"]["schemas"].remove("backoffice")),
        "a schema is removed", ("admin",),
    ),
    Compared(
        "an extension that a column uses is removed", lambda facts: facts["database"]["extensions"].clear(),
        "catalog: an extension is removed",
    ),
    Compared(
        "the database gets another name", _set("database", "name", "acme"), "prod: the database's name",
        ("shop", "admin"),
    ),
    Compared("a login gets another name", _set(*SHOP, "login", "web_1"), "prod: a login's name", ("shop",)),
    Compared("the owner gets another name", _set("database", "owner", "acme_owner"), "prod: an owner's name"),
    Compared("the migrator's password", _set("database", "password", "another"), "prod: a migrator's password"),
    Compared("the environment gets another name", _set("environment", "production"), "prod: an environment's name"),
    Compared(
        "the drain's endpoint", _set("drain", "endpoint", "https://logs2.storefront.example/drain"),
        "prod: the drain's endpoint",
    ),
    Compared("approvals", _set("approvals", "2"), "catalog: approvals"),
)  # fmt: skip


@dataclass
class Outcome:
    """What one tool made of one edit."""

    edit: str
    tool: str
    verdict: str = ""
    """`converged`, `after a second try`, `refused` (before any change) or `stuck`."""
    wrong: str = ""
    """Answers that users got and should not have."""
    lost: list[str] = field(default_factory=list[str])
    """Tables and rows that were there before."""
    said: str = ""


# --- Terraform, and Pulumi alone --------------------------------------------------------------------------------------


@dataclass
class Stock:
    """A tool by itself, in an instance of its own."""

    name: str
    instance: Instance
    folder: Path

    def prepare(self, facts: Facts) -> None:
        """Make the world that every edit starts from."""
        shutil.copytree(_FOLDER, self.folder)
        self.write(facts)
        self._begin()
        self.apply().ok()
        World(self.instance).sql(*data("public"), role=OWNER, superuser=True)
        self.instance.local.client().save_snapshot(self.name)

    def _begin(self) -> None:
        if self.name == PULUMI:
            self.instance.run(*self._pulumi("stack", "init", "prod")).ok()
            return
        place = Path(os.environ[VARIABLE])
        self.instance.extra |= {
            "TF_CLI_CONFIG_FILE": str(place / "terraformrc"),
            "PATH": f"{place / 'bin'}:{self.instance.environment()['PATH']}",
        }

    def write(self, facts: Facts) -> None:
        """Declare these facts."""
        (self.folder / "facts.json").write_text(json.dumps(facts))

    def apply(self) -> Run:
        """One update, without questions."""
        if self.name == PULUMI:
            return self.instance.run(*self._pulumi("up", "--yes", "--skip-preview", "--stack", "prod"))
        return self.instance.run(*self._terraform("apply"), "-auto-approve")

    def is_done(self) -> bool:
        """Whether the next plan has nothing to change."""
        if self.name == PULUMI:
            return self.instance.run(*self._pulumi("preview", "--expect-no-changes", "--stack", "prod")).code == 0
        return self.instance.run(*self._terraform("plan"), "-detailed-exitcode").code == 0

    def _pulumi(self, *words: str) -> tuple[str, ...]:
        return ("pulumi", "-C", str(self.folder), *words, "--non-interactive")

    def _terraform(self, word: str) -> tuple[str, ...]:
        state = self.instance.local.layout.backend / "terraform.tfstate"
        return ("terraform", f"-chdir={self.folder}", word, "-no-color", "-input=false", f"-state={state}")

    def case(self, edit: Compared, facts: Facts, asked: Path) -> Outcome:
        """One edit from the world that `prepare` made."""
        self.instance.local.client().load_snapshot(self.name)
        found, changed = Outcome(edit.name, self.name), copy.deepcopy(facts)
        for each in edit.builds:
            changed["applications"][each] |= {"release": "r2", "commit": worlds.NEW}
        edit.change(changed)
        self.write(changed)
        urls = [url for name, url in URLS.items() if name != edit.gone]
        since = self.instance.last_request()
        with asking(self.instance, asked, *urls, often=10.0) as answers:
            first = self.apply()
            again = first if first.code == 0 else self.apply()
        wrong = Counter(each.error or each.status for each in answers.answers if _is_wrong(each))
        found.wrong = f"{wrong.total()} of {len(answers.answers)} answers wrong" if wrong else ""
        found.lost = lost(self.instance, changed["database"]["name"], DATABASE)
        found.said = "" if first.code == 0 else first.said[-1500:]
        if again.code or not self.is_done():
            vendors = [row for row in self.instance.requests(since) if row["service"] in {"vercel", "github"}]
            changed_there = any(row["method"] not in {"GET", "CONNECT"} for row in vendors)
            found.verdict = "stuck halfway" if changed_there else "stuck"
        else:
            found.verdict = "converged" if first.code == 0 else "converged at the second try"
        return found


def _is_wrong(answer: Got) -> bool:
    """Whether it is no answer, or that of a deployment that cannot log in to its database."""
    logins = (answer.body or {}).get("database")
    return answer.status != HTTPStatus.OK or not logins or not all(each["ok"] for each in logins)


# --- Parity -----------------------------------------------------------------------------------------------------------


def of_parity(instance: Instance, edit: Compared, folder: Path) -> Outcome:
    """One edit of the example, with what is printed done as it is printed."""
    repository = {
        "owner": "storefront-example",
        "name": "storefront",
        "commits": [worlds.NEW],
        "default_branch": "main",
    }
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    renames = edit.parity.startswith("parity ")
    if renames:
        instance.run(*edit.parity.split()).ok()
    case = Case(instance, folder, [] if renames else [by_name(edit.parity)], WITH_DATA)
    found = Outcome(edit.name, PARITY)
    try:
        made = case.run()
    except Broken as broken:
        made, found.wrong = broken.outcome, broken.outcome.why
    updates = [each for each in made.steps if each.startswith("parity up")]
    found.said = made.why or " ; ".join(made.steps)
    found.verdict = made.verdict
    if made.halfway or (made.verdict == "converged" and made.steps[: len(updates)] != updates):
        found.verdict = "converged, by what is printed" if made.verdict == "converged" else made.verdict
    if any(each.endswith("-> 11") for each in updates):
        found.verdict += ", acknowledged"
    found.lost = lost(instance, DATABASE)
    return found


def data(vector: str) -> tuple[str, ...]:
    """What a migration made: a table in each schema, and one with a column of an extension's type."""
    return (
        "create table shop.goods (id int)",
        "insert into shop.goods values (1), (2)",
        "create table backoffice.held (id int)",
        "insert into backoffice.held values (1)",
        f"create table shop.places (at {vector}.vector(3))",
        "insert into shop.places values ('[1,2,3]')",
    )


WITH_DATA = worlds.Start(
    "with data", "", lambda instance: World(instance).sql(*data("extensions"), role=OWNER, superuser=True)
)
ROWS = {"shop.goods": ("id", 2), "backoffice.held": ("id", 1), "shop.places": ("at", 1)}
"""Of each table a column, and how many rows have a value in it."""


def lost(instance: Instance, *databases: str) -> list[str]:
    """The columns whose values are not there any more, in the first of these databases that is."""
    for database in databases:
        try:
            with World(instance).connected(database, superuser=True) as connection:
                return [
                    f"{table}.{column}"
                    for table, (column, rows) in ROWS.items()
                    if _rows(connection, table, column) != rows
                ]
        except psycopg.OperationalError:
            continue
    return ["the database"]


def _rows(connection: psycopg.Connection, table: str, column: str) -> int:
    try:
        found = connection.execute(f"select count({column}) from {table}").fetchone()  # pyright: ignore[reportArgumentType]
    except psycopg.Error:
        return 0
    return found[0] if found else 0


# --- All --------------------------------------------------------------------------------------------------------------


def outcomes(folder: Path, done: set[tuple[str, str]], only: str) -> Iterator[Outcome]:
    """Each edit with each tool, but for what was done before."""
    with closing(Warm(folder / "w", ROOT, dict(os.environ))) as warm:
        empty = instances.Template(folder / "empty", warm)
        instances.make_empty(empty.folder, warm)
        for tool in (TERRAFORM, PULUMI):
            with instances.own(empty, folder / tool) as instance:
                stock = Stock(tool, instance, folder / tool / "declared")
                facts = given(instance)
                stock.prepare(facts)
                for edit in EDITS:
                    if (edit.name, tool) not in done and only in edit.name:
                        yield stock.case(edit, facts, folder / tool / "asked")
        finished = instances.Template(folder / "finished", warm)
        instances.make_finished(finished.folder, empty)
        with instances.own(finished, folder / PARITY) as instance:
            instance.local.client().save_snapshot(instances.START)
            for number, edit in enumerate(EDITS):
                if (edit.name, PARITY) not in done and only in edit.name:
                    yield of_parity(instances.put_back(instance, finished), edit, folder / f"case-{number}")


def given(instance: Instance) -> Facts:
    """The facts, with the example's commits."""
    facts = json.loads((_FOLDER / "facts.json").read_text())
    releases = instance.project.stack_document(instance.project.stack_files()["prod"])["config"]["parity:releases"]
    for name, each in facts["applications"].items():
        each["commit"] = releases[name]["kept"][releases[name]["live"]]["commit"]
    repository = {
        "owner": "storefront-example",
        "name": "storefront",
        "commits": [worlds.NEW],
        "default_branch": "main",
    }
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    return facts


def table(rows: list[Outcome]) -> str:
    """An edit a row."""
    by_key = {(each.edit, each.tool): each for each in rows}
    lines = [f"| edit | {TERRAFORM} | {PULUMI} alone | {PARITY} |", "| --- | --- | --- | --- |"]
    for edit in EDITS:
        shown = [_shown(by_key[edit.name, tool]) for tool in (TERRAFORM, PULUMI, PARITY) if (edit.name, tool) in by_key]
        lines.append(f"| {edit.name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _shown(outcome: Outcome) -> str:
    parts = [outcome.verdict]
    if outcome.wrong:
        parts.append(outcome.wrong)
    if outcome.lost:
        parts.append(f"lost: {', '.join(outcome.lost)}")
    return "; ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("edits_compared.jsonl"))
    parser.add_argument("--only", default="", help="a part of an edit's name")
    parser.add_argument("--page", action="store_true", help="write the page's table")
    options = parser.parse_args()
    rows = (
        [Outcome(**json.loads(line)) for line in options.results.read_text().splitlines()]
        if options.results.exists()
        else []
    )
    with tempfile.TemporaryDirectory(prefix="parity-edits-") as folder, options.results.open("a") as file:
        for outcome in outcomes(Path(folder), {(each.edit, each.tool) for each in rows}, options.only):
            rows.append(outcome)
            file.write(json.dumps(asdict(outcome)) + "\n")
            file.flush()
            print(f"{outcome.tool}: {outcome.edit}: {_shown(outcome)}", file=sys.stderr, flush=True)
    print(table(rows))
    if options.page:
        before, _, rest = PAGE.read_text().partition(_BEGIN)
        PAGE.write_text(f"{before}{_BEGIN}\n\n{table(rows)}\n\n{_END}{rest.partition(_END)[2]}")


if __name__ == "__main__":
    main()
