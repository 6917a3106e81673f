"""The catalog of the crash tests, in the place of infra/catalog.py: one application, one database, all else once."""

from parity.config.parameters import (
    Application,
    Catalog,
    Database,
    DatabaseUrlVariable,
    Health,
    PerStackVariable,
    Repository,
    SensitiveVariable,
    Telemetry,
)

CATALOG = Catalog(
    vercel_team="storefront",
    repository=Repository(owner="storefront-example", name="storefront", default_branch="main"),
    applications=(
        Application(
            name="shop",
            framework="nextjs",
            root_directory="apps/shop",
            node_version="22.x",
            function_region="fra1",
            # Short: a database that is down is down for as long as an update runs.
            health=Health(timeout_seconds=2, deadline_seconds=3, promote_deadline_seconds=6),
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


def without(name: str) -> Catalog:
    """The same without one of the application's variables."""
    (shop,) = CATALOG.applications
    kept = tuple(each for each in shop.variables if each.name != name)
    return CATALOG.model_copy(update={"applications": (shop.model_copy(update={"variables": kept}),)})
