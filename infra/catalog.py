"""The catalog: what staging and prod share, declared once. Edit this file to describe your own."""

from parity.config.parameters import (
    Application,
    Catalog,
    Database,
    DatabaseUrlVariable,
    Migrations,
    PerStackVariable,
    PlainVariable,
    Repository,
    SensitiveVariable,
    Telemetry,
)

CATALOG = Catalog(
    vercel_team="storefront",
    repository=Repository(
        owner="storefront-example",
        name="storefront",
        default_branch="main",
        required_checks=("test", "parity"),
        required_approvals=1,
        allowed_actions=("pulumi/actions@*", "pulumi/auth-actions@*", "astral-sh/setup-uv@*"),
    ),
    applications=(
        Application(
            name="shop",
            framework="nextjs",
            root_directory="apps/shop",
            node_version="22.x",
            function_region="fra1",
            variables=(
                PlainVariable(name="NEXT_TELEMETRY_DISABLED", value="1", targets=("production", "preview")),
                PerStackVariable(name="NEXT_PUBLIC_BASE_URL", type="url"),
                PerStackVariable(name="SEARCH_RESULTS_LIMIT", type="integer"),
                SensitiveVariable(name="PAYMENT_SECRET_KEY"),
                DatabaseUrlVariable(name="DATABASE_URL", database="storefront", schemas=("shop",)),
            ),
        ),
        Application(
            name="admin",
            framework="nextjs",
            root_directory="apps/admin",
            node_version="22.x",
            function_region="fra1",
            variables=(
                PlainVariable(name="NEXT_TELEMETRY_DISABLED", value="1", targets=("production", "preview")),
                PerStackVariable(name="NEXT_PUBLIC_BASE_URL", type="url"),
                SensitiveVariable(name="SESSION_SECRET", generated=True),
                DatabaseUrlVariable(name="DATABASE_URL", database="storefront", schemas=("backoffice", "shop")),
            ),
        ),
    ),
    databases=(
        Database(
            name="storefront",
            schemas=("shop", "backoffice"),
            extensions=("vector",),
            migrations=Migrations(folder="migrations/storefront"),
        ),
    ),
    telemetry=Telemetry(sources=("build", "edge", "lambda", "static"), environments=("production",)),
)
