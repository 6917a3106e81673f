"""Faults of the catalog: what a stack's report says about infra/catalog.py."""

import re

import pytest
from pydantic import ValidationError

from infra.catalog import CATALOG
from parity.config import catalog_checks, stack_checks
from parity.config.parameters import Application, Database, DatabaseUrlVariable, PlainVariable, SensitiveVariable
from parity.config.secret import Secret
from parity.config.source import Source
from parity.config.telemetry import Alert, AlertTrigger, TraceDrain
from parity.errors import ConfigError

SHOP, ADMIN = CATALOG.applications


def with_shop(**changes):
    shop = Application.model_validate({**dict(SHOP), **changes})
    return CATALOG.model_copy(update={"applications": (shop, ADMIN)})


def with_variable(variable):
    return with_shop(variables=(*SHOP.variables, variable))


def with_telemetry(**changes):
    return CATALOG.model_copy(update={"telemetry": CATALOG.telemetry.model_copy(update=changes)})


ERRORS = AlertTrigger(type="error_anomaly", filter="statusGroup:5xx")

CASES = {
    "two alerts of one name": (
        with_telemetry(alerts=(Alert(name="errors", triggers=(ERRORS,)),) * 2),
        "telemetry.alerts",
        "names errors 2 times.",
    ),
    "a trigger of an alert twice": (
        with_telemetry(alerts=(Alert(name="errors", triggers=(ERRORS, ERRORS)),)),
        "telemetry.alerts.errors.triggers",
        "names error_anomaly 2 times.",
    ),
    "an alert of no application": (
        with_telemetry(alerts=(Alert(name="errors", triggers=(ERRORS,), applications=("shp",)),)),
        "telemetry.alerts.errors",
        "watches shp, which is no application.",
    ),
    "two headers of one name": (
        with_telemetry(trace_drain=TraceDrain(headers=("Authorization", "authorization"))),
        "telemetry.trace_drain.headers",
        "names authorization 2 times.",
    ),
    "two applications of one name": (
        CATALOG.model_copy(update={"applications": (SHOP, SHOP)}),
        "applications",
        "names shop 2 times.",
    ),
    "two databases of one name": (
        CATALOG.model_copy(update={"databases": CATALOG.databases * 2}),
        "databases",
        "names storefront 2 times.",
    ),
    "two variables of one name": (
        with_variable(PlainVariable(name="SEARCH_RESULTS_LIMIT", value="1")),
        "applications.shop.variables",
        "names SEARCH_RESULTS_LIMIT 2 times.",
    ),
    "two schemas of one name": (
        CATALOG.model_copy(
            update={"databases": (Database(name="storefront", schemas=("shop", "backoffice", "shop")),)}
        ),
        "databases.storefront.schemas",
        "names shop 2 times.",
    ),
    "PostgreSQL's own schema": (
        CATALOG.model_copy(
            update={"databases": (Database(name="storefront", schemas=("shop", "backoffice", "pg_shop")),)}
        ),
        "databases.storefront.schemas",
        "pg_shop is PostgreSQL's own schema.",
    ),
    "a URL of no database": (
        with_shop(
            variables=(
                *SHOP.variables[:-1],
                DatabaseUrlVariable(name="DATABASE_URL", database="storefrnt", schemas=("shop",)),
            )
        ),
        "applications.shop.variables.DATABASE_URL",
        "names the database storefrnt, which does not exist.",
    ),
    "a URL of no schema": (
        with_shop(
            variables=(
                *SHOP.variables[:-1],
                DatabaseUrlVariable(name="DATABASE_URL", database="storefront", schemas=("shp",)),
            )
        ),
        "applications.shop.variables.DATABASE_URL",
        "names the schema shp, which the database storefront does not have.",
    ),
    "two URLs of one database": (
        with_variable(DatabaseUrlVariable(name="OTHER_URL", database="storefront", schemas=("shop",))),
        "applications.shop.variables",
        "has 2 URL variables for the database storefront; an application has one role in a database.",
    ),
    "Vercel's reserved name": (
        with_variable(SensitiveVariable(name="AWS_SECRET_KEY")),
        "applications.shop.variables.AWS_SECRET_KEY",
        "is a name that Vercel reserves for its runtimes.",
    ),
    "Vercel's system variable": (
        with_variable(PlainVariable(name="VERCEL_URL", value="x")),
        "applications.shop.variables.VERCEL_URL",
        "is a name that Vercel gives a value itself.",
    ),
    "the program's own name": (
        with_variable(PlainVariable(name="PARITY_RELEASE", value="x")),
        "applications.shop.variables.PARITY_RELEASE",
        "begins with PARITY_: the program sets these itself",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_of_the_catalog_is_found(case):
    catalog, key, what = CASES[case]
    faults = catalog_checks.check(catalog)
    assert any(fault.key == key and what in fault.what for fault in faults), faults
    assert all(fault.file == "infra/catalog.py" and fault.remedy for fault in faults)


def test_the_example_has_none():
    assert catalog_checks.check(CATALOG) == []


def test_faults_of_catalog_and_stack_come_in_one_report(project):
    project.edit(("port: 5432", "prt: 5432"))
    with pytest.raises(ConfigError) as caught:
        project.load(catalog=with_variable(PlainVariable(name="PARITY_RELEASE", value="x")))
    assert {fault.file for fault in caught.value.faults} == {"Pulumi.staging.yaml", "infra/catalog.py"}


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (PlainVariable, {"name": "lower", "value": "x"}),
        (PlainVariable, {"name": "BLANK", "value": " "}),
        (PlainVariable, {"name": "STRAY", "value": "x\n"}),
        (SensitiveVariable, {"name": "S", "targets": ("development",)}),
        (Database, {"name": "Storefront", "schemas": ("a",)}),
        (Application, {**dict(SHOP), "name": "Shop"}),
        (Application, {**dict(SHOP), "root_directory": "/apps/shop"}),
        (Application, {**dict(SHOP), "freamwork": "nextjs"}),
    ],
)
def test_models_refuse(model, values):
    with pytest.raises(ValidationError):
        model.model_validate(values)


def test_a_model_that_refuses_is_reported_with_its_line(project):
    (project.folder / "shared").mkdir()
    lines = [
        "from parity.config.parameters import Database",
        "",
        "CATALOG = Database(",
        "    name='Bad Name',",
        "    schemas=(),",
        ")",
    ]
    (project.folder / "shared" / "declared.py").write_text("\n".join(lines))
    (project.folder / "pyproject.toml").write_text('[tool.parity]\ncatalog = "shared.declared:CATALOG"\n')
    with pytest.raises(ConfigError) as caught:
        project.offline(catalog=None)
    places = [(fault.file, fault.line, fault.key) for fault in caught.value.faults]
    assert places == [("shared/declared.py", 3, "Database.name"), ("shared/declared.py", 3, "Database.schemas")]
    assert not re.search("Traceback", str(caught.value))


def test_an_alert_on_errors_names_a_status():
    with pytest.raises(ValidationError, match="needs a filter with a statusGroup"):
        AlertTrigger(type="error_anomaly", filter="route:/api/*")


# --- A stack's destinations for what the catalog declares -------------------------------------------------------------


def said_of(catalog, values):
    read = Source("staging", values, None, {})
    return [f"{each.key} {each.what}" for each in stack_checks.check(read, catalog, [])]


def test_a_declared_trace_drain_needs_its_destination_and_each_header():
    catalog = with_telemetry(trace_drain=TraceDrain(headers=("authorization",)))
    assert "parity:traces is missing." in said_of(catalog, {})
    said = said_of(catalog, {"parity:traces": {"headers": {"x-other": Secret("x")}}})
    assert "parity:traces.headers.x-other is no header of the catalog." in said
    assert "parity:traces.headers.authorization is missing." in said
    given = {"parity:traces": {"headers": {"authorization": Secret("x")}}}
    assert not [each for each in said_of(catalog, given) if "traces" in each]


def test_a_destination_of_nothing_is_a_fault():
    said = said_of(CATALOG, {"parity:traces": {}, "parity:alerts": {}})
    assert "parity:traces has no trace drain in the catalog." in said
    assert "parity:alerts has no alert in the catalog." in said
