"""The platform of the crash tests: one application and one database, each kind of resource once. Stands in for infra/platform.py."""

from infra.parameters import (
    Application,
    Database,
    DatabaseUrlVariable,
    PerStackVariable,
    Platform,
    Repository,
    SensitiveVariable,
    Telemetry,
)

PLATFORM = Platform(
    vercel_team="storefront",
    repository=Repository(owner="storefront-example", name="storefront", default_branch="main"),
    applications=(
        Application(
            name="shop",
            framework="nextjs",
            root_directory="apps/shop",
            node_version="22.x",
            function_region="fra1",
            variables=(
                PerStackVariable(name="SEARCH_RESULTS_LIMIT", type="integer"),
                SensitiveVariable(name="PAYMENT_SECRET_KEY"),
                DatabaseUrlVariable(name="DATABASE_URL", database="storefront", schemas=("shop",)),
            ),
        ),
    ),
    databases=(Database(name="storefront", schemas=("shop",)),),
    telemetry=Telemetry(sources=("lambda",), environments=("production",)),
)
