from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components.database import Database
from parity.config import parameters
from parity.config.stack_models import Pooler
from parity.testing import Recorded, record, reveal
from tests.components.conftest import DATABASE, access, database_args

if TYPE_CHECKING:
    from collections.abc import Mapping


def declared(**changes: object) -> Recorded:
    return record(lambda: Database("storefront", database_args(**changes)) and None)


@pytest.fixture(scope="module")
def database() -> Recorded:
    return declared()


def test_the_roles_are_exactly_those_in_use(database: Recorded):
    roles = {name: each.inputs["name"] for name, each in database.of_type("Role").items()}
    assert roles == {
        "storefront-owner": "storefront_staging_owner",
        "storefront-migrator": "storefront_staging_migrator",
        "storefront-readonly": "storefront_staging_readonly",
        "storefront-shop-access": "storefront_staging_shop",
        "storefront-shop-g1": "storefront_staging_shop_g1",
        "storefront-shop-g2": "storefront_staging_shop_g2",
        "storefront-admin-access": "storefront_staging_admin",
        "storefront-admin-g1": "storefront_staging_admin_g1",
    }


def test_only_logins_log_in_and_each_has_its_own_password(database: Recorded):
    passwords = {
        name: reveal(each.inputs["password"]) for name, each in database.of_type("Role").items() if each.inputs["login"]
    }
    assert passwords == {
        "storefront-migrator": "canary-migrator",
        "storefront-readonly": "canary-readonly",
        "storefront-shop-g1": "canary/shop+1",
        "storefront-shop-g2": "canary/shop+2",
        "storefront-admin-g1": "canary/admin+1",
    }
    others = [each for each in database.of_type("Role").values() if not each.inputs["login"]]
    assert others
    assert all("password" not in each.inputs for each in others)


def test_an_application_login_is_limited_and_inherits_its_applications_privileges_alone(database: Recorded):
    login = database.one("storefront-shop-g2").inputs
    assert login["roles"] == ["storefront_staging_shop"]
    assert login["connectionLimit"] == 20
    assert login["statementTimeout"] == 30_000
    assert login["idleInTransactionSessionTimeout"] == 60_000
    assert login["searchPaths"] == ["shop", "extensions"]
    assert not {"superuser", "createRole", "createDatabase", "replication", "bypassRowLevelSecurity"} & set(login)


def test_the_migrator_becomes_the_owner_so_that_it_owns_nothing_itself(database: Recorded):
    migrator = database.one("storefront-migrator").inputs
    assert migrator["assumeRole"] == "storefront_staging_owner"
    assert migrator["roles"] == ["storefront_staging_owner"]
    assert "statementTimeout" not in migrator


def test_no_role_reassigns_what_it_owns_when_it_goes(database: Recorded):
    assert all(each.inputs["skipReassignOwned"] for each in database.of_type("Role").values())


def test_public_keeps_nothing(database: Recorded):
    public = {
        (each.inputs["objectType"], each.inputs.get("schema")): each.inputs["privileges"]
        for type_ in ("Grant", "DefaultPrivileges")
        for each in database.of_type(type_).values()
        if each.inputs["role"] == "public"
    }
    assert public == {("database", None): [], ("schema", "public"): [], ("routine", None): []}


def test_privileges_are_these_and_no_others(database: Recorded):
    table = {
        name.removeprefix("storefront-grant-"): (each.inputs.get("schema"), tuple(each.inputs["privileges"]))
        for name, each in database.of_type("Grant").items()
        if each.inputs["role"] != "public"
    }
    write, use, run = ("DELETE", "INSERT", "SELECT", "UPDATE"), ("SELECT", "USAGE"), ("EXECUTE",)
    assert table == {
        "owner-database": (None, ("CONNECT", "TEMPORARY")),
        "readonly-database": (None, ("CONNECT",)),
        "shop-database": (None, ("CONNECT",)),
        "admin-database": (None, ("CONNECT",)),
        "owner-extensions": ("extensions", ("USAGE",)),
        "readonly-extensions": ("extensions", ("USAGE",)),
        "shop-extensions": ("extensions", ("USAGE",)),
        "admin-extensions": ("extensions", ("USAGE",)),
        "shop-shop": ("shop", ("USAGE",)),
        "shop-shop-table": ("shop", write),
        "shop-shop-sequence": ("shop", use),
        "shop-shop-routine": ("shop", run),
        "admin-shop": ("shop", ("USAGE",)),
        "admin-shop-table": ("shop", write),
        "admin-shop-sequence": ("shop", use),
        "admin-shop-routine": ("shop", run),
        "admin-office": ("office", ("USAGE",)),
        "admin-office-table": ("office", write),
        "admin-office-sequence": ("office", use),
        "admin-office-routine": ("office", run),
        "readonly-shop": ("shop", ("USAGE",)),
        "readonly-shop-table": ("shop", ("SELECT",)),
        "readonly-shop-sequence": ("shop", ("SELECT",)),
        "readonly-office": ("office", ("USAGE",)),
        "readonly-office-table": ("office", ("SELECT",)),
        "readonly-office-sequence": ("office", ("SELECT",)),
    }


def test_what_migrations_create_later_gets_the_same_privileges(database: Recorded):
    now = {
        (each.inputs["role"], each.inputs["schema"], each.inputs["objectType"]): each.inputs["privileges"]
        for each in database.of_type("Grant").values()
        if each.inputs["objectType"] in {"table", "sequence", "routine"}
    }
    later = {
        (each.inputs["role"], each.inputs["schema"], each.inputs["objectType"]): each.inputs["privileges"]
        for each in database.of_type("DefaultPrivileges").values()
        if each.inputs["role"] != "public"
    }
    assert now == later
    assert {each.inputs["owner"] for each in database.of_type("DefaultPrivileges").values()} == {
        "storefront_staging_owner"
    }


def test_no_grant_names_objects_and_the_owner_gets_none_on_what_it_owns(database: Recorded):
    grants = database.of_type("Grant").values()
    assert all("objects" not in each.inputs for each in grants)
    own = [each for each in grants if each.inputs["role"] == "storefront_staging_owner"]
    assert {each.inputs.get("schema") for each in own} == {None, "extensions"}


def test_grants_of_one_schema_are_one_chain(database: Recorded):
    for schema in ("shop", "office", "extensions"):
        grants = [
            each
            for type_ in ("Grant", "DefaultPrivileges")
            for each in database.of_type(type_).values()
            if each.inputs.get("schema") == schema
        ]
        before = {each.name: database.after(each.name) & {one.name for one in grants} for each in grants}
        assert sorted(len(names) for names in before.values()) == list(range(len(grants))), f"{schema} is no chain"


def test_the_database_goes_before_every_role_that_has_privileges_in_it(database: Recorded):
    assert database.after("storefront-database") >= {
        "storefront-owner",
        "storefront-migrator",
        "storefront-readonly",
        "storefront-shop-access",
        "storefront-admin-access",
    }
    assert not any(name.endswith(("-g1", "-g2")) for name in database.after("storefront-database")), (
        "a rotation must not touch the database's dependencies"
    )


def test_everything_inside_goes_with_the_database(database: Recorded):
    inside = [
        each
        for type_ in ("Grant", "DefaultPrivileges", "Schema", "Extension")
        for each in database.of_type(type_).values()
    ]
    urn = database.one("storefront-database").urn
    assert {each.options["deletedWith"] for each in inside} == {urn}


def test_only_the_database_is_protected(database: Recorded):
    assert database.one("storefront-database").options["protect"] is True
    assert [each.name for each in database.resources if each.options.get("protect")] == ["storefront-database"]
    assert not declared(protect=False).one("storefront-database").options.get("protect")


POOLER = Pooler(host="pooler.example.com", port=6543, user="{role}.project")


def test_applications_connect_through_a_pooler_and_migrations_to_the_server():
    outputs = urls(settings=DATABASE.model_copy(update={"pooler": POOLER}))
    place = "/storefront_staging?sslmode=require"
    assert reveal(outputs["shop"]).startswith("postgresql://storefront_staging_shop_g2.project:")
    assert reveal(outputs["shop"]).endswith(f"@pooler.example.com:6543{place}")
    for name in ("migrator", "readonly"):
        assert reveal(outputs[name]).startswith(f"postgresql://storefront_staging_{name}:")
        assert reveal(outputs[name]).endswith(f"@db.example.com:5432{place}")


def urls(**changes: object) -> Mapping[str, Any]:
    def program() -> dict[str, Any]:
        made = Database("storefront", database_args(**changes))
        return {"shop": made.application_url("shop", 2), "migrator": made.migrator_url, "readonly": made.readonly_url}

    return record(program).graph.outputs


def test_a_url_carries_role_and_password_quoted_and_is_secret():
    outputs = urls()
    assert reveal(outputs["shop"]) == (
        "postgresql://storefront_staging_shop_g2:canary%2Fshop%2B2@db.example.com:5432/storefront_staging"
        "?sslmode=require"
    )
    assert reveal(outputs["migrator"]).startswith("postgresql://storefront_staging_migrator:canary-migrator@")
    assert reveal(outputs["readonly"]).startswith("postgresql://storefront_staging_readonly:canary-readonly@")


def test_credentials_are_the_login_and_every_grant_of_its_application():
    names: list[str] = []

    def program() -> None:
        made = Database("storefront", database_args())
        names.extend(each._name for each in made.credentials("shop", 2))

    recorded = record(program)
    every = {
        each.name
        for type_ in ("Grant", "DefaultPrivileges")
        for each in recorded.of_type(type_).values()
        if each.inputs["role"] == "storefront_staging_shop"
    }
    assert set(names) == every | {"storefront-shop-g2", "storefront-extension-vector"}


def test_a_database_without_extensions_has_no_schema_for_them():
    bare = declared(database=parameters.Database(name="storefront", schemas=("shop",)), accesses=())
    assert set(bare.of_type("Schema")) == {"storefront-schema-shop"}
    assert bare.of_type("Extension") == {}
    assert bare.one("storefront-readonly").inputs["searchPaths"] == ["shop"]


def test_a_new_generation_adds_one_role_and_nothing_else():
    one = declared(accesses=(access("shop", ("shop",), 1),))
    two = declared(accesses=(access("shop", ("shop",), 1, 2),))
    assert {each.urn for each in two.resources} - {each.urn for each in one.resources} == {
        two.one("storefront-shop-g2").urn
    }


def test_every_child_belongs_to_the_component(database: Recorded):
    component = database.of_type("parity:components:Database")["storefront"]
    assert {each.parent for each in database.resources if each.custom} == {component.urn}
    assert set(database.graph.component_outputs[component.urn]) == {"name", "migratorUrl", "readonlyUrl"}
