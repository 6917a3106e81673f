"""The edits that a team makes of its catalog and of prod's file: one for each field, and the moves between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support import telemetry
from support.program import application_in, without

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

CATALOG, PROD, STAGING = "infra/catalog.py", "Pulumi.prod.yaml", "Pulumi.staging.yaml"
WWW = "        - name: www.shop.storefront.example\n          redirect: shop.storefront.example\n"
MORE = "        - name: more.storefront.example\n"
ADMIN = "        - name: admin.storefront.example\n"
_IMPORTED = frozenset({"DatabaseNames", "Health", "Retention", "Timeouts"})
"""What an edit may be the first to use in the catalog."""


class Stale(Exception):
    """The text that an edit changes is not there any more: two edits of one place."""


@dataclass(frozen=True)
class Edit:
    """One edit."""

    name: str
    make: Callable[[Path], None] = field(repr=False)
    kind: str = "field"
    """`field`, `rename`, `move`, `add` or `remove`."""

    def __str__(self) -> str:
        return self.name


def _changed(file: str, *changes: tuple[str, str]) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        text = (root / file).read_text()
        for old, new in changes:
            if old not in text:
                raise Stale(f"{file} does not hold {old!r}")
            text = text.replace(old, new, 1)
        (root / file).write_text(text)

    return make


def _catalog(name: str, old: str, new: str, kind: str = "field") -> Edit:
    used = "".join(f"    {each},\n" for each in re.findall(r"\b([A-Z]\w+)\(", new) if each in _IMPORTED)
    return Edit(f"catalog: {name}", _changed(CATALOG, (old, new), ("    Catalog,\n", f"    Catalog,\n{used}")), kind)


def _prod(name: str, old: str, new: str, kind: str = "field") -> Edit:
    return Edit(f"prod: {name}", _changed(PROD, (old, new)), kind)


def _without_admin(root: Path) -> None:
    without(root, "admin")


def _merged(root: Path) -> None:
    _without_admin(root)
    _changed(PROD, (WWW, ADMIN + WWW))(root)


def _blog(root: Path) -> None:
    path = root / CATALOG
    text = path.read_text()
    shop = application_in(text, "shop")
    own = r"\s+(SensitiveVariable|DatabaseUrlVariable|PerStackVariable\(name=\"SEARCH_RESULTS_LIMIT\").*\),"
    blog = re.sub(own, "", shop).replace("shop", "blog")
    path.write_text(text.replace(shop, shop + blog))
    for name, suffix in ((STAGING, "staging.storefront.example"), (PROD, "storefront.example")):
        own = (
            f"    blog:\n      domains:\n        - name: blog.{suffix}\n      protection: preview\n"
            f"      variables:\n        NEXT_PUBLIC_BASE_URL: https://blog.{suffix}\n"
        )
        _changed(
            name,
            ("\n  parity:databases:", f"\n{own}\n  parity:databases:"),
            ("  parity:releases:\n", "  parity:releases:\n    blog: {live: null, kept: {}}\n"),
        )(root)


def _renamed_variable(root: Path) -> None:
    _changed(CATALOG, ('"SEARCH_RESULTS_LIMIT"', '"RESULTS_LIMIT"'))(root)
    for name in (PROD, STAGING):
        _changed(name, ("SEARCH_RESULTS_LIMIT:", "RESULTS_LIMIT:"))(root)


def _new_variable(root: Path) -> None:
    _changed(
        CATALOG,
        (
            'PerStackVariable(name="NEXT_PUBLIC_BASE_URL", type="url"),',
            (
                'PlainVariable(name="THEME", value="dark"),\n'
                '                PerStackVariable(name="NEXT_PUBLIC_BASE_URL", type="url"),'
            ),
        ),
    )(root)


def _per_stack(root: Path) -> None:
    """A plain variable of shop's becomes one whose value each stack's file gives."""
    plain = 'PlainVariable(name="NEXT_TELEMETRY_DISABLED", value="1", targets=("production", "preview"))'
    _changed(CATALOG, (plain, 'PerStackVariable(name="NEXT_TELEMETRY_DISABLED", targets=("production", "preview"))'))(
        root
    )
    for name in (PROD, STAGING):
        _changed(
            name,
            ("        SEARCH_RESULTS_LIMIT:", '        NEXT_TELEMETRY_DISABLED: "1"\n        SEARCH_RESULTS_LIMIT:'),
        )(root)


def _archive(*more: tuple[str, str]) -> Callable[[Path], None]:
    """A second database, and changes of the catalog."""

    def make(root: Path) -> None:
        _changed(CATALOG, ("databases=(", 'databases=(Database(name="archive", schemas=("shop",)), '), *more)(root)
        for name in (PROD, STAGING):
            text = (root / name).read_text()
            block = text[text.index("    storefront:\n") : text.index("\n  parity:delivery:")]
            _changed(
                name, ("  parity:databases:\n", f"  parity:databases:\n{block.replace('storefront:', 'archive:')}")
            )(root)

    return make


def _as_text(root: Path) -> None:
    """A number becomes text."""
    _changed(CATALOG, ('name="SEARCH_RESULTS_LIMIT", type="integer"', 'name="SEARCH_RESULTS_LIMIT"'))(root)
    for name in (PROD, STAGING):
        path = root / name
        path.write_text(re.sub(r"(SEARCH_RESULTS_LIMIT:) (\d+)", r'\1 "\2"', path.read_text()))


def _plain_secret(root: Path) -> None:
    _changed(
        CATALOG, ('SensitiveVariable(name="PAYMENT_SECRET_KEY")', 'PlainVariable(name="PAYMENT_SECRET_KEY", value="1")')
    )(root)
    for name in (PROD, STAGING):
        text = re.sub(r"        PAYMENT_SECRET_KEY:\n          secure: .*\n", "", (root / name).read_text())
        (root / name).write_text(re.sub(r"    parity:applications\.shop\..*PAYMENT_SECRET_KEY: .*\n", "", text))


def _owns_the_repository(root: Path) -> None:
    _changed(PROD, ("managesRepository: true", "managesRepository: false"))(root)
    _changed(STAGING, ("managesRepository: false", "managesRepository: true"))(root)


def _no_variable(root: Path) -> None:
    _changed(CATALOG, ('                PerStackVariable(name="SEARCH_RESULTS_LIMIT", type="integer"),\n', ""))(root)
    for name in (PROD, STAGING):
        path = root / name
        path.write_text(re.sub(r"        SEARCH_RESULTS_LIMIT: \d+\n", "", path.read_text()))


EDITS: tuple[Edit, ...] = (
    _catalog(
        "framework", 'name="shop",\n            framework="nextjs"', 'name="shop",\n            framework="astro"'
    ),
    _catalog("root directory", "apps/shop", "apps/web"),
    _catalog("node version", 'node_version="22.x"', 'node_version="24.x"'),
    _catalog("function region", 'function_region="fra1"', 'function_region="iad1"'),
    _catalog("build command", 'node_version="22.x",', 'node_version="22.x",\n            build_command="make",'),
    _catalog("previews", 'node_version="22.x",', 'node_version="22.x",\n            preview_deployments=True,'),
    _catalog("a plain value", 'value="1"', 'value="2"'),
    _catalog("targets", 'targets=("production", "preview")', 'targets=("production",)'),
    Edit("a variable's kind", _per_stack),
    Edit("a variable is added", _new_variable, "add"),
    Edit("a variable is removed", _no_variable, "remove"),
    Edit("a variable is renamed", _renamed_variable, "rename"),
    _catalog(
        "a schema is added",
        'schemas=("shop", "backoffice"),',
        'schemas=("shop", "backoffice", "extra"),',
        "add",
    ),
    _catalog("a schema of a URL", 'schemas=("shop",))', 'schemas=("shop", "backoffice"))'),
    Edit(
        "a schema is removed",
        _changed(
            CATALOG,
            ('schemas=("shop", "backoffice"),', 'schemas=("shop",),'),
            ('"backoffice", "shop"', '"shop",'),
        ),
        "remove",
    ),
    _catalog("an extension is removed", 'extensions=("vector",),', "", "remove"),
    _catalog("required checks", 'required_checks=("test", "parity")', 'required_checks=("test",)'),
    _catalog("approvals", "required_approvals=1", "required_approvals=2"),
    _catalog("allowed actions", '"astral-sh/setup-uv@*"', '"astral-sh/setup-uv@*", "actions/cache@*"'),
    _catalog("log sources", 'sources=("build", "edge", "lambda", "static")', 'sources=("build", "lambda")'),
    _catalog(
        "a project's pattern",
        'framework="nextjs"',
        'project="acme-{application}-{stack}",\n            framework="nextjs"',
        "rename",
    ),
    _prod("a value", "SEARCH_RESULTS_LIMIT: 50", "SEARCH_RESULTS_LIMIT: 60"),
    _prod("protection", "protection: preview  #", "protection: all  #"),
    _prod("a redirect's target is canonical", WWW, "        - name: www.shop.storefront.example\n"),
    _prod("a domain is added", WWW, MORE + WWW, "add"),
    _prod("a domain is removed", WWW, "", "remove"),
    Edit(
        "prod: a domain moves",
        _changed(PROD, (WWW, ""), (ADMIN, ADMIN + WWW.replace("redirect: shop.", "redirect: admin."))),
        "move",
    ),
    _prod("the database's host", "host: db.storefront.example", "host: db2.storefront.example"),
    _prod(
        "the database's name",
        "    storefront:\n      host",
        "    storefront:\n      names: {database: acme}\n      host",
        "rename",
    ),
    _prod(
        "a login's name",
        "    storefront:\n      host",
        "    storefront:\n      names: {applications: {shop: {login: 'web_{generation}'}}}\n      host",
        "rename",
    ),
    _prod(
        "an owner's name",
        "    storefront:\n      host",
        "    storefront:\n      names: {owner: acme_owner}\n      host",
        "rename",
    ),
    _prod(
        "a project's name", "    shop:\n      domains:", "    shop:\n      project: acme-shop\n      domains:", "rename"
    ),
    _prod(
        "an environment's name", "  parity:delivery:\n", "  parity:delivery:\n    environment: production\n", "rename"
    ),
    _prod("connections", "connectionLimit: 200", "connectionLimit: 100"),
    _prod("an application's connections", "applicationConnectionLimit: 60", "applicationConnectionLimit: 40"),
    _prod("a migrator's password", "migrator: 1", "migrator: 2"),
    _prod("a wait", "waitMinutes: 0", "waitMinutes: 5"),
    _prod("branches", "branches: [main]", "branches: [main, release/*]"),
    Edit(
        "prod: reviewers", _changed(PROD, ("teams: [platform]", "teams: []"), ("SelfReview: true", "SelfReview: false"))
    ),
    _prod("the drain's endpoint", "https://logs.storefront.example/drain", "https://logs2.storefront.example/drain"),
    _prod("protected", "parity:protect: false", "parity:protect: true"),
    _catalog("install command", 'node_version="22.x",', 'node_version="22.x",\n            install_command="npm ci",'),
    _catalog("output directory", 'node_version="22.x",', 'node_version="22.x",\n            output_directory="out",'),
    _catalog(
        "a health check's path", 'node_version="22.x",', 'node_version="22.x",\n            health=Health(path="/up"),'
    ),
    _catalog(
        "a health check's limits",
        'node_version="22.x",',
        'node_version="22.x",\n            '
        "health=Health(timeout_seconds=20, deadline_seconds=100, promote_deadline_seconds=170),",
    ),
    _catalog(
        "retention",
        'node_version="22.x",',
        'node_version="22.x",\n            retention=Retention(preview="2m", canceled="1m", errored="2m"),',
    ),
    Edit("a value's type", _as_text),
    Edit("a secret becomes plain", _plain_secret),
    _catalog(
        "a URL becomes plain",
        'DatabaseUrlVariable(name="DATABASE_URL", database="storefront", schemas=("shop",))',
        'PlainVariable(name="DATABASE_URL", value="none")',
    ),
    _catalog(
        "targets of a stack's own value",
        'name="SEARCH_RESULTS_LIMIT", type="integer"',
        'name="SEARCH_RESULTS_LIMIT", type="integer", targets=("production", "preview")',
    ),
    _catalog(
        "targets of a secret",
        'name="PAYMENT_SECRET_KEY"',
        'name="PAYMENT_SECRET_KEY", targets=("production", "preview")',
    ),
    _catalog("a secret is generated", 'name="PAYMENT_SECRET_KEY"', 'name="PAYMENT_SECRET_KEY", generated=True'),
    _catalog("a secret is shown", 'name="PAYMENT_SECRET_KEY"', 'name="PAYMENT_SECRET_KEY", shown=True'),
    _catalog("targets of a URL", 'schemas=("shop",))', 'schemas=("shop",), targets=("production", "preview"))'),
    Edit("a database is added", _archive(), "add"),
    Edit(
        "a URL leads to another database",
        _archive(('database="storefront", schemas=("shop",)', 'database="archive", schemas=("shop",)')),
        "move",
    ),
    _catalog(
        "timeouts",
        'extensions=("vector",),',
        'extensions=("vector",), '
        "timeouts=Timeouts(statement_milliseconds=20_000, idle_in_transaction_milliseconds=30_000),",
    ),
    *(
        _catalog(
            f"the pattern of {part}",
            'extensions=("vector",),',
            f'extensions=("vector",), names=DatabaseNames({part}="acme_{{stack}}_{part}{more}"),',
            "rename",
        )
        for part, more in (
            ("database", ""),
            ("owner", ""),
            ("migrator", ""),
            ("readonly", ""),
            ("access", "_{application}"),
            ("login", "_{application}_{generation}"),
        )
    ),
    _catalog("the environments' pattern", 'default_branch="main",', 'environment="acme-{stack}",', "rename"),
    _catalog("the default branch", 'default_branch="main"', 'default_branch="trunk"'),
    _catalog("who sets checks", "required_approvals=1", "required_approvals=1,\n        required_checks_app=1234"),
    _catalog("logged environments", 'environments=("production",)', 'environments=("production", "preview")'),
    _catalog(
        "the drain's form", 'environments=("production",)', 'environments=("production",), delivery_format="json"'
    ),
    _catalog("the drain's share", 'environments=("production",)', 'environments=("production",), sampling_rate=0.5'),
    Edit(
        "tracing and an alert are added",
        _changed(
            CATALOG,
            ("from parity.config.parameters", f"{telemetry.IMPORTS}from parity.config.parameters"),
            ("telemetry=Telemetry(", f"telemetry=Telemetry({telemetry.WITHOUT_SECRETS}"),
        ),
        "add",
    ),
    *(
        _prod(
            f"{what}'s name",
            "    storefront:\n      host",
            f"    storefront:\n      names: {{{names}}}\n      host",
            "rename",
        )
        for what, names in (
            ("a migrator", "migrator: acme_migrator"),
            ("a read-only role", "readonly: acme_readonly"),
            ("an application's role", "applications: {shop: {access: acme_shop}}"),
        )
    ),
    _prod(
        "a pooler",
        "      port: 5432",
        "      port: 5432\n      pooler: {host: pool.storefront.example, port: 6432, user: '{role}.a'}",
    ),
    _prod("the database's port", "port: 5432", "port: 5433"),
    _prod("how it is encrypted", "sslmode: require", "sslmode: verify-full"),
    _prod("a reader's password", "readonly: 1", "readonly: 2"),
    _prod("the order of promotion", "  parity:promotesFrom: staging\n", ""),
    Edit("another stack owns the repository", _owns_the_repository, "move"),
    _prod(
        "an exception",
        "parity:exceptions: []",
        "parity:exceptions:\n    - {resource: Project shop-project, property: nodeVersion*, reason: tried, "
        'accepts: drift, expiry: "2099-01-01"}',
    ),
    *(
        _prod(
            f"the step {step} is put off", "parity:protect:", f"parity:postponed: [{step}]\n  parity:protect:", "remove"
        )
        for step in ("drain", "ruleset", "actions", "branches", "public")
    ),
    Edit("an application is added", _blog, "add"),
    Edit("an application is removed", _without_admin, "remove"),
    Edit("an application is merged into another", _merged, "move"),
)


def by_name(name: str) -> Edit:
    """The edit of that name."""
    return next(each for each in EDITS if each.name == name)


TWO = "two edits"
KINDS = ("field", "rename", "move", "add", "remove", TWO)


def chosen(random: Random, kind: str) -> list[Edit]:
    """An edit of a kind, or two of any."""
    return random.sample(EDITS, 2) if kind == TWO else [random.choice([each for each in EDITS if each.kind == kind])]
