"""Small arguments for one component at a time, with canary secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.database import Access, DatabaseArgs, Login
from components.web_app import Domains, WebAppArgs
from parity.config import parameters
from parity.config.stack_models import (
    ApplicationSettings,
    DatabaseCredentials,
    DatabaseSettings,
    DomainSettings,
    Release,
    Releases,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = parameters.Repository(
    owner="acme", name="shop", required_checks=("test",), allowed_actions=("pulumi/actions@*",)
)

APPLICATION = parameters.Application(
    name="shop",
    framework="nextjs",
    root_directory="apps/shop",
    node_version="22.x",
    function_region="fra1",
    variables=(
        parameters.PlainVariable(name="PLAIN", value="1", targets=("production", "preview")),
        parameters.PerStackVariable(name="BASE_URL", type="url"),
        parameters.SensitiveVariable(name="TOKEN"),
        parameters.DatabaseUrlVariable(name="DATABASE_URL", database="storefront", schemas=("shop",)),
    ),
)


DATABASE = DatabaseSettings(
    host="db.example.com",
    port=5432,
    sslmode="require",
    connectionLimit=60,
    applicationConnectionLimit=20,
    credentials=DatabaseCredentials(migrator=3, readonly=1),
)


def database_args(**changes: Any) -> DatabaseArgs:
    values: dict[str, Any] = {
        "database": parameters.Database(name="storefront", schemas=("shop", "office"), extensions=("vector",)),
        "name": "storefront_staging",
        "owner": "storefront_staging_owner",
        "migrator": Login(3, "storefront_staging_migrator", "canary-migrator"),
        "readonly": Login(1, "storefront_staging_readonly", "canary-readonly"),
        "accesses": (access("shop", ("shop",), 1, 2), access("admin", ("office", "shop"), 1)),
        "settings": DATABASE,
        "protect": True,
    }
    return DatabaseArgs(**{**values, **changes})


def access(application: str, schemas: tuple[str, ...], *generations: int) -> Access:
    role = f"storefront_staging_{application}"
    logins = tuple(Login(each, f"{role}_g{each}", f"canary/{application}+{each}") for each in generations)
    return Access(application, role, schemas, logins)


def releases(live: str | None = "r2", generations: Sequence[int] = (1, 2)) -> Releases:
    """Kept releases r1, r2, ... with these generations of credentials."""
    kept = {
        f"r{number}": Release(commit=f"{number:040x}", config=f"{number:032x}", credentials=generation)
        for number, generation in enumerate(generations, 1)
    }
    return Releases(live=live, kept=kept)


SETTINGS = ApplicationSettings(
    domains=(
        DomainSettings(name="shop.example.com"),
        DomainSettings(name="www.example.com", redirect="shop.example.com"),
    ),
    protection="preview",
    variables={},
)


def web_app_args(**changes: Any) -> WebAppArgs:
    values: dict[str, Any] = {
        "application": APPLICATION,
        "project": "shop-staging",
        "environment": "staging",
        "repository": REPOSITORY,
        "settings": SETTINGS,
        "among": Domains("domains"),
        "values": {
            "PLAIN": "1",
            "BASE_URL": "https://shop.example.com",
            "TOKEN": "canary-token",
            "DATABASE_URL": "canary-url",
        },
        "bypass": "c" * 32,
        "jobs": ("staging-preview", "staging"),
        "releases": releases(),
        "credentials": {1: (), 2: ()},
        "migrated": (),
        "marks": {"TOKEN": "mark-of-token", "DATABASE_URL": "mark-of-url"},
        "accepted": {},
        "accepted_settings": {},
        "protect": True,
    }
    return WebAppArgs(**{**values, **changes})
