"""What is read from the engine: operations, both values of each property, secrets, what forces a replacement."""

from __future__ import annotations

from parity.masked import MASK
from parity.preview.plan import ABSENT, UNCOVERED, UNKNOWN
from support import plans
from support.plans import DATABASE, GRANT, PROJECT, ROLE, VARIABLE


def only(found):
    assert len(found.changes) == 1
    return found.changes[0]


def values(change):
    return {each.path: (each.before, each.after) for each in change.properties}


def test_what_stays_is_counted_and_not_listed():
    found = plans.plan(plans.same(DATABASE, "db", {"name": "x"}), plans.create(ROLE, "r", {"name": "r"}))
    assert (found.unchanged, [each.operation for each in found.changes]) == (1, ["create"])
    assert found.counts() == {"create": 1}


def test_an_update_has_both_values_of_each_property():
    before = {"name": "x", "connectionLimit": 60, "health": {"path": "/a", "timeoutSeconds": 10}}
    after = {"name": "x", "connectionLimit": 80, "health": {"path": "/b", "timeoutSeconds": 10}}
    change = only(plans.plan(plans.update(DATABASE, "db", before, after, ("connectionLimit", "health"))))
    assert values(change) == {"connectionLimit": (60, 80), "health.path": ("/a", "/b")}


def test_true_is_not_one():
    change = only(plans.plan(plans.update(DATABASE, "db", {"a": 1}, {"a": True}, ("a",))))
    assert values(change) == {"a": (1, True)}


def test_lists_of_mappings_are_compared_item_by_item_and_others_as_one():
    before = {"rules": [{"a": 1}, {"a": 2}], "privileges": ["SELECT"]}
    after = {"rules": [{"a": 1}, {"a": 3}], "privileges": ["INSERT", "SELECT"]}
    change = only(plans.plan(plans.update(GRANT, "g", before, after, ("rules", "privileges"))))
    assert values(change) == {"rules[1].a": (2, 3), "privileges": (["SELECT"], ["INSERT", "SELECT"])}


def test_a_secret_that_changed_is_reported_by_the_engine_alone():
    same = {"key": "TOKEN", "value": MASK}
    change = only(plans.plan(plans.update(VARIABLE, "v", same, dict(same), ("value",))))
    assert values(change) == {"value": (MASK, MASK)}
    assert change.properties[0].secret


def test_a_secret_in_the_events_form_is_masked():
    wire = {"value": {plans.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "canary"}}
    change = only(plans.plan(plans.create(VARIABLE, "v", wire)))
    assert values(change) == {"value": (ABSENT, MASK)}
    assert "canary" not in repr(change.document() if hasattr(change, "document") else change.after)


def test_what_only_the_provider_will_know_is_named():
    mark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    change = only(plans.plan(plans.update(VARIABLE, "v", {"projectId": "prj"}, {"projectId": mark}, ("projectId",))))
    assert values(change) == {"projectId": ("prj", UNKNOWN)}


def test_drift_shows_what_was_read_last():
    old = plans.state(DATABASE, "db", {}, outputs={"connectionLimit": 7})
    new = plans.state(DATABASE, "db", {"connectionLimit": 60})
    change = only(plans.plan(plans.step("update", old, new, diff=("connectionLimit",))))
    assert values(change) == {"connectionLimit": (ABSENT, 60)}
    old = plans.state(DATABASE, "db", {"connectionLimit": 60}, outputs={"connectionLimit": 7, "owner": "stranger"})
    new = plans.state(DATABASE, "db", {"connectionLimit": 60})
    step = plans.step("update", old, new, detailed={"owner": "delete"})
    assert values(only(plans.plan(step))) == {"owner": ("stranger", ABSENT)}


def test_what_the_provider_computes_again_is_no_property_of_ours():
    old = plans.state(PROJECT, "p", {"name": "p"}, outputs={"updatedAt": 1})
    new = plans.state(PROJECT, "p", {"name": "p", "framework": "nextjs"})
    step = plans.step("update", old, new, diff=("framework", "updatedAt"))
    assert values(only(plans.plan(step))) == {"framework": (ABSENT, "nextjs")}


def test_the_engines_own_bookkeeping_and_defaults_are_left_out():
    inputs = {"__defaults": ["inherit"], "inherit": True, "name": "r", "__meta": "x"}
    assert values(only(plans.plan(plans.create(ROLE, "r", inputs)))) == {"name": (ABSENT, "r")}


def test_a_replacement_is_one_change_that_names_what_forces_it():
    for first in ("delete", "create"):
        steps = plans.replacement(GRANT, "g", {"schema": "a"}, {"schema": "b"}, because="schema", first=first)
        change = only(plans.plan(steps))
        assert (change.operation, change.forced_by) == ("replace", ("schema",))
        assert change.deletes_first is (first == "delete")


def test_only_protection_that_changes_is_a_change_of_its_own():
    old = plans.state(DATABASE, "db", {"name": "x"}, protect=True)
    new = plans.state(DATABASE, "db", {"name": "x"}, protect=False)
    change = only(plans.plan(plans.step("same", old, new)))
    assert (change.operation, change.protected) == ("option", (True, False))
    assert values(change) == {"option protect": (True, False)}


def test_what_an_unfinished_replacement_left_is_distinct_by():
    left = plans.step("delete", plans.state(DATABASE, "db", {"name": "x"}, delete=True))
    found = plans.plan(left, plans.same(DATABASE, "db", {"name": "x"}))
    assert only(found).leftover
    assert found.resources[plans.urn(DATABASE, "db")].operation == "same"


def test_a_failed_preview_has_errors_with_their_resource():
    events = (
        {"diagnosticEvent": {"severity": "error", "message": "no such team\n", "urn": plans.urn(PROJECT, "shop")}},
        {"diagnosticEvent": {"severity": "error", "message": "preview failed"}},
        {"diagnosticEvent": {"severity": "warning", "message": "old plugin"}},
        {"diagnosticEvent": {"severity": "info", "message": "hello"}},
    )
    found = plans.plan(plans.create(PROJECT, "p", {}), events=events, failed=True)
    assert found.errors == ("shop: no such team",)
    assert found.warnings == ("old plugin",)
    assert not found.complete


def test_a_failure_without_a_word_is_a_failure():
    assert not plans.plan(failed=True).complete


def test_a_policys_refusal_is_no_failure_of_the_preview():
    said = {
        "resourceUrn": plans.urn(PROJECT, "p"),
        "message": "No deployment goes live by itself.\nset auto_assign_custom_domains to False",
        "policyName": "vercel-live",
        "enforcementLevel": "mandatory",
    }
    found = plans.plan(plans.create(PROJECT, "p", {}), events=({"policyEvent": said},), failed=True)
    assert found.complete
    assert [each.message for each in found.violations] == ["set auto_assign_custom_domains to False"]


def test_what_was_a_secret_until_now_is_not_shown():
    before = {"secret": MASK, "endpoint": MASK}
    change = only(plans.plan(plans.update(DATABASE, "x", before, {"secret": "canary"}, ("secret", "endpoint"))))
    assert values(change) == {"secret": (MASK, UNCOVERED), "endpoint": (MASK, ABSENT)}
    assert "canary" not in str([each.document() for each in change.properties])


def test_a_github_secret_that_becomes_a_variable_is_not_shown_either():
    kind = "github:index/actionsEnvironment{0}:ActionsEnvironment{0}"
    found = plans.plan(
        plans.delete(kind.format("Secret"), "s", {"secretName": "KEY", "value": MASK}),
        plans.create(kind.format("Variable"), "v", {"variableName": "KEY", "value": "canary"}),
        plans.create(kind.format("Variable"), "w", {"variableName": "OTHER", "value": "plain"}),
    )
    said = str([each.document() for change in found.changes for each in change.properties])
    assert "canary" not in said
    assert "plain" in said
