"""What objects are called in the world: by pattern, by the catalog, by the stack's file; and the faults."""

import pytest

from infra.catalog import CATALOG
from parity.config.names import Named, Names
from parity.config.parameters import Application, Database, DatabaseNames
from parity.errors import ConfigError

SHOP, ADMIN = CATALOG.applications
[STOREFRONT] = CATALOG.databases


def with_shop(**changes):
    shop = Application.model_validate({**dict(SHOP), **changes})
    return CATALOG.model_copy(update={"applications": (shop, ADMIN)})


def with_names(**given):
    database = STOREFRONT.model_copy(update={"names": DatabaseNames(**given)})
    return CATALOG.model_copy(update={"databases": (database,)})


def every(catalog=CATALOG, values=None, stack="staging"):
    return {(each.kind, each.name) for each in Names(catalog, stack, values or {}).every()}


def faults(project, *edits, catalog=CATALOG):
    """The faults of staging's names after edits of its file."""
    project.edit(*edits)
    with pytest.raises(ConfigError) as caught:
        project.load(catalog=catalog)
    return caught.value.faults


def test_the_patterns_are_the_defaults():
    assert every() == {
        ("project", "shop-staging"),
        ("project", "admin-staging"),
        ("environment", "staging"),
        ("database", "storefront_staging"),
        ("role", "storefront_staging_owner"),
        ("role", "storefront_staging_migrator"),
        ("role", "storefront_staging_readonly"),
        ("role", "storefront_staging_shop"),
        ("role", "storefront_staging_shop_g9999"),
        ("role", "storefront_staging_admin"),
        ("role", "storefront_staging_admin_g9999"),
    }


def test_the_catalog_gives_a_pattern_of_its_own():
    assert ("project", "acme-staging-web") in every(with_shop(project="acme-{stack}-web"))
    given = every(with_names(database="app", owner="app_{stack}", login="{application}-{stack}-{generation}"))
    assert {("database", "app"), ("role", "app_staging"), ("role", "shop-staging-9999")} <= given


def test_a_stacks_file_gives_a_name_that_goes_first():
    values = {
        "parity:applications": {"shop": {"project": "acme-web"}},
        "parity:delivery": {"environment": "Production (web)"},
        "parity:databases": {
            "storefront": {"names": {"owner": "acme", "applications": {"admin": {"login": "back_{generation}"}}}}
        },
    }
    found = Names(with_shop(project="never-{stack}"), "prod", values)
    assert (found.project("shop"), found.project("admin")) == ("acme-web", "admin-prod")
    assert found.environment == "Production (web)"
    assert found.owner_role("storefront") == "acme"
    assert found.application_role("storefront", "admin", 3) == "back_3"
    assert Named("project", "acme-web", ("parity:applications", "shop", "project"), "applications.shop") in [
        *found.every()
    ]


def test_the_application_of_a_project_and_the_generation_of_a_login_are_read_back_from_their_names():
    given = {"storefront": {"names": {"applications": {"shop": {"login": "shop.v{generation}"}}}}}
    found = Names(with_shop(project="acme-{stack}"), "prod", {"parity:databases": given})
    assert [found.application_of(name) for name in ("acme-prod", "admin-prod", "shop-prod")] == ["shop", "admin", ""]
    assert [found.generation("storefront", "shop", role) for role in ("shop.v12", "shopxv12", "shop.vx")] == [
        12,
        None,
        None,
    ]


CATALOGS = {
    "three hyphens in a project": (with_shop(project="a---{stack}"), "applications.shop", "but no '---'"),
    "a place that nothing fills": (with_shop(project="{name}-{stack}"), "applications.shop", "{name}-staging"),
    "two roles of one name": (with_names(migrator="{database}_{stack}_readonly"), "databases", "2 roles or databases"),
    "a name of PostgreSQL's own": (with_names(owner="pg_{stack}"), "databases.storefront", "makes the role pg_staging"),
    "a name that a URL cannot hold": (with_names(database="a b"), "databases.storefront", "makes the database a b"),
    "a role that is too long": (with_names(owner="o" * 64), "databases.storefront", "64 bytes; PostgreSQL cuts"),
    "a project of two stacks": (with_shop(project="shop"), "applications.shop", "which Pulumi.prod.yaml has too"),
    "a project that is too long": (with_shop(project="s" * 101), "applications.shop", "Vercel takes 100"),
    "two applications in one project": (with_shop(project="admin-{stack}"), "applications", "2 projects would be"),
}


@pytest.mark.parametrize("case", CATALOGS)
def test_a_name_of_the_catalog_that_cannot_be_is_refused_there(case, project):
    catalog, key, what = CATALOGS[case]
    found = faults(project, catalog=catalog)
    assert any(each.key == key and what in each.what and each.file == "infra/catalog.py" for each in found), found


GIVEN = {
    "a project of another stack": (
        ("    shop:\n      domains", "    shop:\n      project: shop-prod\n      domains"),
        "parity:applications.shop.project",
        "makes the project shop-prod, which Pulumi.prod.yaml has too.",
    ),
    "an environment of another stack, in capitals": (
        ("    waitMinutes: 0", "    environment: PROD\n    waitMinutes: 0"),
        "parity:delivery.environment",
        "makes the environment PROD, which Pulumi.prod.yaml has too.",
    ),
    "a project in capitals": (
        ("    shop:\n      domains", "    shop:\n      project: Shop\n      domains"),
        "parity:applications.shop.project",
        "makes the Vercel project Shop; Vercel takes lower-case letters",
    ),
    "a login that every generation shares": (
        ("      port: 5432", "      port: 5432\n      names: {applications: {shop: {login: web}}}"),
        "parity:databases.storefront.names.applications.shop.login",
        "has no {generation} in it",
    ),
    "roles of no application": (
        ("      port: 5432", "      port: 5432\n      names: {applications: {web: {access: web}}}"),
        "parity:databases.storefront.names.applications.web",
        "logs in to no such database.",
    ),
    "one role twice": (
        ("      port: 5432", "      port: 5432\n      names: {owner: app, migrator: app}"),
        "parity:databases.storefront.names.owner",
        "2 roles or databases would be named app.",
    ),
    "no key of names": (
        ("      port: 5432", "      port: 5432\n      names: {ownr: app}"),
        "parity:databases.storefront.names.ownr",
        "is not a known key.",
    ),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_given_name_that_cannot_be_is_refused_at_its_line(case, project):
    edit, key, what = GIVEN[case]
    found = faults(project, edit)
    [fault] = [each for each in found if what in each.what]
    assert (fault.file, fault.key) == ("Pulumi.staging.yaml", key)
    assert fault.line is not None
    assert fault.remedy


def test_every_fault_of_names_is_reported_at_once(project):
    found = faults(project, GIVEN["a project in capitals"][0], GIVEN["one role twice"][0])
    assert {each.key for each in found} >= {
        "parity:applications.shop.project",
        "parity:databases.storefront.names.owner",
    }


def test_two_servers_may_have_databases_of_one_name(project):
    names = "      names: {database: app, owner: app}\n      port: 5432"
    project.edit(("      port: 5432", names))
    project.edit(("      port: 5432", names), stack="prod")
    assert project.load().names.database("storefront") == "app"


def test_one_server_may_not(project):
    names = "      names: {database: app}\n      port: 5432"
    project.edit(("      port: 5432", names), ("host: db.staging.example.com", "host: db.example.com"))
    project.edit(("      port: 5432", names), ("host: db.prod.example.com", "host: db.example.com"), stack="prod")
    with pytest.raises(ConfigError, match=r"makes the database app, which Pulumi\.prod\.yaml has too"):
        project.load()


def events(**given):
    """The catalog with a second database, on a server of its own."""
    made = Database(name="events", server="analytics", schemas=("events",), names=DatabaseNames(**given))
    return CATALOG.model_copy(update={"databases": (STOREFRONT, made)})


EVENTS = """
    events:
      host: db.events.example.com
      port: 5432
      sslmode: require
      connectionLimit: 20
      applicationConnectionLimit: 5
      credentials: {migrator: 1, readonly: 1}
"""


def test_a_server_that_two_stacks_share_says_nothing_of_their_other_servers(project):
    names = "      names: {database: app}\n      port: 5432"
    for stack in ("staging", "prod"):
        project.edit(("      port: 5432", names), stack=stack)
        project.edit(("  parity:databases:\n", f"  parity:databases:{EVENTS}"), stack=stack)
    assert project.load(catalog=events()).names.database("storefront") == "app"
    with pytest.raises(ConfigError, match=r"makes the database events, which Pulumi\.prod\.yaml has too"):
        project.load(catalog=events(database="events"))


def test_one_name_on_two_servers_of_a_stack_is_refused_with_the_way_on(project):
    found = faults(
        project,
        ("  parity:databases:\n", f"  parity:databases:{EVENTS}"),
        catalog=events(database="storefront_{stack}"),
    )
    [fault] = [each for each in found if "would be named" in each.what]
    assert "storefront_staging, on the server of PGHOST and the server analytics: in a stack" in fault.what
    assert "rename one on its server, or leave one out of the catalog" in fault.remedy
