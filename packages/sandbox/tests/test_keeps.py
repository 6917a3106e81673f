"""Rules for a vendor that keeps something else than it was sent: what they change, and which are refused."""

from __future__ import annotations

import json

import pytest

from parity_sandbox import keeps
from parity_sandbox.errors import BadDocument
from parity_sandbox.store import Store

RULE = {"service": "github", "method": "PUT", "path": "/environments/prod$"}
BODY = {"wait_timer": 5, "reviewers": [{"type": "Team", "id": 1}, {"type": "User", "id": 2}], "a/b": {"~": 1}}
PATH = "/repos/acme/x/environments/prod"


@pytest.fixture
def store(tmp_path):
    with_rules = Store(tmp_path / "store.db")
    yield with_rules
    with_rules.close()


def kept(store, *, service="github", method="PUT", path=PATH, body=BODY):
    found = keeps.kept(store, service, method, path, json.dumps(body).encode())
    return "dropped" if found.dropped else json.loads(found.body)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"pointer": "/wait_timer", "value": 0}, {"wait_timer": 0}),
        ({"pointer": "/wait_timer", "value": None}, {"wait_timer": None}),
        ({"pointer": "/reviewers/0", "drop": True}, {"reviewers": BODY["reviewers"][1:]}),
        ({"pointer": "/reviewers/1/id", "value": 7}, {"reviewers": [BODY["reviewers"][0], {"type": "User", "id": 7}]}),
        ({"pointer": "/a~1b/~0", "value": 2}, {"a/b": {"~": 2}}),
        ({"pointer": "/reviewers/2", "drop": True}, {}),
        ({"pointer": "/reviewers/-", "value": 1}, {}),
        ({"pointer": "/nothing", "value": 1}, {}),
        ({"pointer": "/wait_timer/x", "value": 1}, {}),
        ({"pointer": "/wait_timer", "value": 0, "where": {"/reviewers/0/type": "Team"}}, {"wait_timer": 0}),
        ({"pointer": "/wait_timer", "value": 0, "where": {"/reviewers/0/type": "User"}}, {}),
        ({"pointer": "/wait_timer", "value": 0, "where": {"/nothing": None}}, {}),
    ],
)
def test_a_rule_changes_what_its_pointer_names_and_counts_it(store, change, differs):
    keeps.add_keep(store, {**RULE, **change})
    assert kept(store) == {**BODY, **differs}
    assert keeps.rules(store).all()[0]["fired"] == (1 if differs else 0)


def test_a_write_can_be_dropped_as_one(store):
    keeps.add_keep(store, {**RULE, "pointer": "", "drop": True})
    assert kept(store) == "dropped"


@pytest.mark.parametrize("other", [{"service": "vercel"}, {"method": "POST"}, {"method": "GET"}, {"path": PATH + "2"}])
def test_another_request_is_kept_as_sent(store, other):
    keeps.add_keep(store, {**RULE, "pointer": "/wait_timer", "drop": True})
    assert kept(store, **other) == BODY


def test_a_body_that_is_no_json_is_kept_as_sent(store):
    keeps.add_keep(store, {**RULE, "pointer": "/wait_timer", "drop": True})
    assert keeps.kept(store, "github", "PUT", PATH, b"\x00").body == b"\x00"


def test_several_rules_add_up(store):
    keeps.add_keep(store, {**RULE, "pointer": "/wait_timer", "drop": True})
    keeps.add_keep(store, {**RULE, "pointer": "/reviewers", "value": []})
    assert kept(store) == {"reviewers": [], "a/b": {"~": 1}}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "service: Field required"),
        ({**RULE, "service": "edge", "pointer": "/x", "drop": True}, "'vercel' or 'github'"),
        ({**RULE, "method": "GET", "pointer": "/x", "drop": True}, "'POST', 'PUT', 'PATCH' or 'DELETE'"),
        ({**RULE, "path": "(", "pointer": "/x", "drop": True}, "regular expression"),
        ({**RULE, "drop": True}, "pointer: Field required"),
        ({**RULE, "pointer": "x", "drop": True}, "should match pattern"),
        ({**RULE, "pointer": "/~2", "drop": True}, "should match pattern"),
        ({**RULE, "pointer": "/x", "drop": True, "where": {"y": 1}}, "should match pattern"),
        ({**RULE, "pointer": "/x"}, "either what is kept"),
        ({**RULE, "pointer": "/x", "drop": False}, "either what is kept"),
        ({**RULE, "pointer": "/x", "drop": True, "value": 1}, "either what is kept"),
        ({**RULE, "pointer": "", "value": 1}, "has no value"),
        ({**RULE, "pointer": 1, "drop": True}, "should be a valid string"),
        ({**RULE, "fired": 1}, "fired: Extra inputs"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_its_fault(store, document, said):
    with pytest.raises(BadDocument, match=said):
        keeps.add_keep(store, document)


def test_an_id_is_given_once(store):
    keeps.add_keep(store, {**RULE, "id": "one", "pointer": "/x", "drop": True})
    with pytest.raises(BadDocument, match="already a keep rule 'one'"):
        keeps.add_keep(store, {**RULE, "id": "one", "pointer": "/y", "drop": True})
