"""A saved plan: one digest over all of it, sealed, of one stack, for a limited time; and what it depends on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parity.config.secret import Secret
from parity.engine import state
from parity.errors import PlanError
from parity.inventory.model import LiveObject, LiveState, Privilege, ReadFailure
from parity.resources import kinds
from parity.updates import conditions, saved_plan

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SECRET = Secret("s" * 40, "parity:secret")
KEY = b"k" * 32
URN = "urn:pulumi:prod::storefront::parity:index:ProjectDomain::shop-domain"


def plan(engine=b'{"resourcePlans": {}}', lasts=saved_plan.LASTS, **changed):
    facts = {
        "project": "storefront",
        "stack": "prod",
        "commit": "1a" * 20,
        "changes": [["update", URN]],
        "removed": [],
        "dangers": [],
        "blocking": [],
        "options": [],
        "differences": [{"urn": URN, "operation": "update", "properties": []}],
        "conditions": {"infra/build.py": "ab" * 32, "the version of pulumi": "3.259.0"},
        "made": NOW.isoformat(),
        "expires": (NOW + lasts).isoformat(),
        "engine": saved_plan.packed(engine),
    }
    return saved_plan.SavedPlan(**{**facts, **changed})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "plan.json"
    plan().write(path, SECRET)
    return path


def test_it_is_read_as_it_was_written_and_for_its_owner_alone(file):
    assert saved_plan.read(file, "prod", SECRET) == plan()
    assert saved_plan.read(file, "prod", SECRET, plan().digest[:12]).engine_plan() == b'{"resourcePlans": {}}'
    assert file.stat().st_mode & 0o077 == 0


def test_the_folder_of_its_file_is_made(tmp_path):
    plan().write(tmp_path / "plan" / "prod.json", SECRET)
    assert saved_plan.read(tmp_path / "plan" / "prod.json", "prod", SECRET) == plan()


FIELDS = ("project", "stack", "made", "expires", "commit", "changes", "dangers", "blocking", "options", "conditions")


@pytest.mark.parametrize("name", [*FIELDS, "engine"])
def test_each_field_is_under_the_seal_and_in_the_digest(file, name):
    document = json.loads(file.read_text())
    given = document["plan"][name]
    other = (
        {**given, "x": "y"}
        if isinstance(given, dict)
        else [*given, "x" if name == "options" else ["delete", URN]]
        if isinstance(given, list)
        else f"{given}0"
    )
    document["plan"][name] = other
    file.write_text(json.dumps(document))
    with pytest.raises(PlanError, match="edited"):
        saved_plan.read(file, "prod", SECRET)
    assert replace(plan(), **{name: other}).digest != plan().digest


def test_a_plan_of_another_secret_is_refused(file):
    with pytest.raises(PlanError, match="another secret"):
        saved_plan.read(file, "prod", Secret("t" * 40, "parity:secret"))


@pytest.mark.parametrize("digest", ["0" * 64, plan().digest[:11], ""])
def test_a_plan_that_was_not_approved_is_refused(file, digest):
    with pytest.raises(PlanError, match="was approved"):
        saved_plan.read(file, "prod", SECRET, digest)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"plan": {}, "seal": ""}', '{"plan": {"form": 2}, "seal": ""}', "\x00"]
)
def test_a_file_that_is_no_plan_is_refused(file, text):
    file.write_text(text)
    with pytest.raises(PlanError, match="cannot be read"):
        saved_plan.read(file, "prod", SECRET)


def test_a_plan_of_another_stack_or_too_old_is_refused():
    plan().require("storefront", "prod", NOW)
    with pytest.raises(PlanError, match="of storefront/prod"):
        plan().require("storefront", "staging", NOW)
    with pytest.raises(PlanError, match="expired"):
        plan().require("storefront", "prod", NOW + timedelta(hours=24))


def test_what_has_changed_is_named():
    now = {"infra/build.py": "cd" * 32, "the version of pulumi": "3.260.0", "the live object of x": "not there"}
    with pytest.raises(PlanError) as caught:
        plan().require_conditions(now)
    said = str(caught.value)
    assert "infra/build.py has changed" in said
    assert "the version of pulumi is 3.260.0, and was 3.259.0" in said
    assert "the live object of x is new" in said
    plan().require_conditions(dict(plan().conditions))


# --- Conditions -------------------------------------------------------------------------------------------------------


def live(*, properties=None, unmanaged=(), failures=(), privileges=()):
    found = LiveObject(
        kinds.DOMAIN, ("shop", "shop.example"), "prj/shop.example", "", properties or {"domain": "shop.example"}
    )
    under = {URN: (found,)} if properties != {} else {URN: ()}
    seen = {"unmanaged": tuple(unmanaged), "read_failures": tuple(failures), "privileges": tuple(privileges)}
    return LiveState(keys={URN: ("shop",)}, inputs={URN: {}}, under=under, **seen)


VARIABLE = LiveObject(kinds.VARIABLE, ("shop", "EXTRA", "production"), "env_1", "", {"value": "canary-value"})
PREVIEW = LiveObject(kinds.DEPLOYMENT, ("dpl_2",), "dpl_2", "", {})
RIGHT = Privilege("d", "table", "shop", "items", "owner", "public", "SELECT", grantable=False)
FAILURE = ReadFailure("Vercel", "the domains of shop", "GET /", 500, "down", frozenset({kinds.DOMAIN}), ())
WORLDS = {
    "a property": live(properties={"domain": "shop.example", "redirect": "other.example"}),
    "an object that is gone": live(properties={}),
    "an undeclared variable": live(unmanaged=[VARIABLE]),
    "a right": live(privileges=[RIGHT]),
    "what cannot be read": live(failures=[FAILURE]),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_world_that_changed_is_another_condition(world):
    before = conditions.of_live_state(live(), KEY)
    found = list(conditions.differences(before, conditions.of_live_state(world, KEY)))
    assert found
    assert "canary" not in str(found)


def test_a_preview_of_a_push_changes_nothing():
    assert conditions.of_live_state(live(unmanaged=[PREVIEW]), KEY) == conditions.of_live_state(live(), KEY)


def test_each_file_of_the_program_is_a_condition(tmp_path):
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "pyproject.toml", "infra/build.py", "components/web_app.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    before = conditions.of_files(tmp_path, "prod")
    assert before["uv.lock"] == "not there"
    for name in before:
        original = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else None
        (tmp_path / name).write_text("other")
        assert len(list(conditions.differences(before, conditions.of_files(tmp_path, "prod")))) == 1, name
        (tmp_path / name).unlink() if original is None else (tmp_path / name).write_bytes(original)
    (tmp_path / "infra" / "more.py").write_text("")
    assert list(conditions.differences(before, conditions.of_files(tmp_path, "prod"))) == ["infra/more.py is new"]


def test_the_state_is_a_condition_and_its_times_are_not():
    row = {"urn": URN, "type": "parity:index:ProjectDomain", "id": "1", "outputs": {"domain": "a"}}
    document = {"deployment": {"manifest": {"time": "1"}, "resources": [row]}}
    before = conditions.of_state(state.parse(document))
    later = {"deployment": {"manifest": {"time": "2"}, "resources": [row]}}
    assert conditions.of_state(state.parse(later)) == before
    other = {"deployment": {"resources": [{**row, "outputs": {"domain": "b"}}]}}
    assert list(conditions.differences(before, conditions.of_state(state.parse(other)))) == [
        "the recorded state has changed"
    ]
