"""What recover writes down of an object that exists: the program's inputs, with what only a vendor knew filled in."""

from __future__ import annotations

import json

import pytest

from parity.evaluate.resource import Resource, SecretInput, computed
from parity.masked import SECRET, SIGNATURE
from parity.recover.state_edit import UNREAD, Known, Unknown, entry, sealed, unread
from parity.resources import kinds

PROJECT = "urn:pulumi:staging::storefront::vercel:index/project:Project::shop"
OTHER = "urn:pulumi:staging::storefront::vercel:index/project:Project::other"
KNOWN = Known({PROJECT: {"id": "prj_1", "teamId": "team_1", "port": 5432, "names": ["a"]}})


def resource(type_=kinds.RETENTION, inputs=None, **more):
    given = {
        "urn": "urn:d", "type": type_, "name": "d", "parent": "", "custom": True, "inputs": inputs or {},
        "dependencies": frozenset(), "property_dependencies": {}, "provider": "", "options": {}, **more,
    }  # fmt: skip
    return Resource(**given)


def test_an_output_is_filled_in_wherever_an_input_names_it():
    mark = computed(PROJECT, "id")
    assert KNOWN.resolve({"a": mark, "b": [mark, 1], "c": f"x-{mark}"}) == {
        "a": "prj_1",
        "b": ["prj_1", 1],
        "c": "x-prj_1",
    }
    assert KNOWN.resolve(SecretInput(mark)).value == "prj_1"
    assert KNOWN.resolve(None) is None


def test_an_output_keeps_its_form_where_it_is_all_of_an_input_and_is_a_text_inside_one():
    assert KNOWN.resolve([computed(PROJECT, "port"), computed(PROJECT, "names")]) == [5432, ["a"]]
    assert KNOWN.resolve(f"db:{computed(PROJECT, 'port')}") == "db:5432"


@pytest.mark.parametrize("mark", [computed(PROJECT, "name"), computed(OTHER, "id"), f"x-{computed(OTHER, 'id')}"])
def test_an_output_that_is_not_known_is_not_guessed(mark):
    with pytest.raises(Unknown):
        KNOWN.resolve({"a": [mark]})


def test_secrets_are_marked_for_the_engine_at_every_depth():
    found = sealed({"a": [SecretInput({"b": SecretInput("deep")})], "c": "plain"})
    assert found["c"] == "plain"
    (outer,) = found["a"]
    assert outer[SIGNATURE] == SECRET
    inner = json.loads(outer["plaintext"])["b"]
    assert (inner[SIGNATURE], json.loads(inner["plaintext"])) == (SECRET, "deep")


def test_an_entry_has_what_the_engine_would_have_written():
    declared = resource(
        inputs={"name": "d"},
        parent="urn:app",
        dependencies=frozenset({PROJECT, OTHER}),
        property_dependencies={"projectId": frozenset({PROJECT, OTHER})},
        options={"protect": True, "retainOnDelete": False, "deletedWith": PROJECT, "deleteBeforeReplace": True},
    )
    found = entry(declared, "d_1", "urn:provider::1", KNOWN, frozenset({PROJECT}))
    assert found == {
        "urn": "urn:d",
        "custom": True,
        "type": declared.type,
        "id": "d_1",
        "inputs": {"name": "d"},
        "outputs": {"name": "d", "id": "d_1"},
        "parent": "urn:app",
        "dependencies": [PROJECT],
        "provider": "urn:provider::1",
        "propertyDependencies": {"projectId": [PROJECT]},
        "protect": True,
        "deletedWith": PROJECT,
    }


def test_an_entry_has_nothing_that_there_is_not():
    assert entry(resource("parity:components:App", custom=False), "", "", KNOWN, frozenset()) == {
        "urn": "urn:d",
        "custom": False,
        "type": "parity:components:App",
    }


def test_outputs_that_no_provider_reads_are_those_that_it_sets():
    found = entry(resource(kinds.SCHEMA, {"name": "s"}), "s", "", KNOWN, frozenset())
    assert found["outputs"] == {"ifNotExists": True, "dropCascade": False, "name": "s", "id": "s"}
    assert entry(resource(kinds.LIVE), "t", "", KNOWN, frozenset())["outputs"] == {"previous": ""}


def test_only_what_a_record_has_is_made_unknown():
    record = {"urn": "u", "inputs": {"value": "1", "key": "A"}, "outputs": {"key": "A"}}
    found = unread(record, ("value", "password"))
    assert json.loads(found["inputs"]["value"]["plaintext"]) == UNREAD
    assert found["inputs"]["key"] == "A"
    assert "password" not in found["inputs"]
    assert found["outputs"] == {"key": "A"}
    assert unread({"urn": "u"}, ("value",))["inputs"] == {}
    assert record["inputs"]["value"] == "1", "the record itself stays"
