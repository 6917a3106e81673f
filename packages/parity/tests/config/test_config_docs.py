"""The generated page and schema are what the models give, and the schema agrees with the program about the example."""

import json

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from packages.parity.tests.config.conftest import ROOT
from parity.config.stack_models import StackConfig
from reference import parameters
from reference.schema import stack_schema

AGAIN = "out of date: run `make docs`"
SCHEMA = json.loads(stack_schema())


def test_the_page_is_what_the_models_give():
    assert (ROOT / "docs" / "parameters.md").read_text() == parameters.table(), AGAIN


def test_the_schema_is_what_the_models_give():
    assert (ROOT / "docs" / "stack.schema.json").read_text() == stack_schema(), AGAIN


def test_every_field_has_a_meaning():
    models = [*parameters.catalog_models()]
    bare = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert bare == []
    rows = [line for line in parameters.table().splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_key_of_a_stack_is_on_the_page():
    page = parameters.table()
    for field in StackConfig.model_fields.values():
        assert f"`parity:{field.alias}`" in page


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_example_fits_the_schema(stack):
    Draft202012Validator.check_schema(SCHEMA)
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=docs/stack.schema.json\n")
    errors = [error.message for error in Draft202012Validator(SCHEMA).iter_errors(YAML(typ="safe").load(text))]
    assert errors == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("parity:managesRepository", "parity:managesRepositry"),
        ("protection: preview", "protection: previews"),
        ("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: [20]"),
        ("waitMinutes: 0", "waitMinutes: -1"),
        ("live: r1", "live: one"),
        ("1a1a1a", "1a1a1"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(project, old, new):
    project.edit((old, new))
    assert list(Draft202012Validator(SCHEMA).iter_errors(YAML(typ="safe").load(project.text())))


def test_the_schema_takes_other_names_than_the_examples(project):
    text = project.text().replace("shop:", "portal:").replace("SEARCH_RESULTS_LIMIT", "PAGE_SIZE")
    assert "portal" in text
    assert "shop:" not in text
    assert not list(Draft202012Validator(SCHEMA).iter_errors(YAML(typ="safe").load(text)))


def test_the_schema_takes_the_tests_own_file(project):
    assert not list(Draft202012Validator(SCHEMA).iter_errors(YAML(typ="safe").load(project.text())))
