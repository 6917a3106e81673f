"""Plans follow Terraform's framework: defaults, unknown computed fields, kept values, replacement."""

from __future__ import annotations

from parity_sandbox.standin.planning import plan
from parity_sandbox.standin.schema import UNKNOWN, Field

FIELDS = {
    "id": Field("string", computed=True, keep=True),
    "stamp": Field("string", computed=True),
    "name": Field("string", required=True),
    "region": Field("string", required=True, replace="always"),
    "team": Field("string", optional=True, computed=True, replace="if configured", keep=True),
    "targets": Field("set", optional=True, computed=True, keep=True),
    "on": Field("boolean", optional=True, computed=True, default=True),
    "built": Field("list", computed=True, replace="always"),
    "part": Field(
        "object",
        optional=True,
        computed=True,
        fields={"given": Field("string", optional=True), "found": Field("string", computed=True, keep=True)},
    ),
    "issuer": Field(
        "object",
        optional=True,
        computed=True,
        default={"mode": "team"},
        fields={"mode": Field("string", optional=True, computed=True, default="team")},
    ),
}
STATE: dict[str, object] = {
    "id": "1",
    "stamp": "s",
    "name": "a",
    "region": "r",
    "team": "t",
    "targets": ["x", "y"],
    "on": True,
    "built": ["b"],
    "part": None,
    "issuer": {"mode": "team"},
}
GIVEN = {**dict.fromkeys(FIELDS), "name": "a", "region": "r"}


def test_a_creation_knows_what_is_given_and_defaults_and_nothing_else():
    planned = plan(FIELDS, None, GIVEN).planned
    assert planned["name"] == "a"
    assert planned["on"] is True
    assert planned["issuer"] == {"mode": "team"}
    assert [planned[name] for name in ("id", "stamp", "team", "targets", "built", "part")] == [UNKNOWN] * 6


def test_a_creation_replaces_nothing():
    assert plan(FIELDS, None, GIVEN).replaces == ()


def test_the_same_inputs_change_nothing_and_keep_every_computed_value():
    result = plan(FIELDS, STATE, GIVEN)
    assert result.changes == ()
    assert result.planned == STATE


def test_a_change_makes_computed_values_unknown_unless_they_are_kept():
    result = plan(
        {name: each for name, each in FIELDS.items() if name != "built"}, without(STATE), {**GIVEN, "name": "b"}
    )
    assert result.planned["stamp"] is UNKNOWN
    assert result.planned["id"] == "1"
    assert result.planned["targets"] == ["x", "y"]
    assert result.changes == ("name", "part", "stamp")
    assert result.replaces == ()


def test_a_computed_field_that_replaces_and_is_not_kept_replaces_with_any_change():
    assert plan(FIELDS, STATE, {**GIVEN, "name": "b"}).replaces == ("built",)


def test_a_changed_field_that_cannot_change_replaces():
    assert "region" in plan(FIELDS, STATE, {**GIVEN, "region": "other"}).replaces


def test_a_field_that_replaces_if_configured_does_not_where_the_program_is_silent():
    assert "team" not in plan(FIELDS, STATE, {**GIVEN, "region": "other"}).replaces
    assert "team" in plan(FIELDS, STATE, {**GIVEN, "team": "other"}).replaces


def test_an_unknown_input_replaces_where_a_change_would():
    assert "region" in plan(FIELDS, STATE, {**GIVEN, "region": UNKNOWN}).replaces


def test_the_order_in_a_set_is_no_change_and_the_plan_has_it_sorted():
    assert plan(FIELDS, STATE, {**GIVEN, "targets": ["y", "x"]}).changes == ()
    assert plan(FIELDS, None, {**GIVEN, "targets": ["z", "y", "z"]}).planned["targets"] == ["y", "z"]


def test_an_object_that_is_given_keeps_what_was_found_inside():
    state = {**STATE, "part": {"given": "g", "found": "f"}}
    planned = plan(FIELDS, state, {**GIVEN, "part": {"given": "h", "found": None}}).planned
    assert planned["part"] == {"given": "h", "found": "f"}


def test_an_object_that_was_given_and_is_given_no_more_goes():
    state = {**STATE, "part": {"given": "g", "found": "f"}}
    assert plan(FIELDS, state, GIVEN).changes != ()
    assert plan(FIELDS, state, GIVEN).planned["part"] is UNKNOWN


def without(state: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in state.items() if name != "built"}
