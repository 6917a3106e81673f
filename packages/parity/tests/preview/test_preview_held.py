"""What PostgreSQL refuses halfway is a mandatory violation; the sandbox tests try the drops."""

import pytest

from parity.preview import held
from support import plans
from support.plans import DATABASE, ROLE

IN_USE = {
    "a login": plans.update(ROLE, "x", {"name": "a", "login": True}, {"name": "b", "login": True}),
    "a database": plans.update(DATABASE, "x", {"name": "a"}, {"name": "b"}),
}


@pytest.mark.parametrize("step", IN_USE.values(), ids=IN_USE)
def test_a_name_that_deployments_ask_for_is_not_changed(step):
    (found,) = held.with_violations(plans.plan(step), {}).violations
    assert (found.policy, found.level) == (held.RENAMED, "mandatory")
    assert found.message.startswith("a would be renamed to b, and what is deployed goes on asking for a")


def test_a_role_that_grants_name_is_not_renamed_either():
    step = plans.update(ROLE, "x", {"name": "a"}, {"name": "b"})
    (found,) = held.with_violations(plans.plan(step), {}).violations
    assert "each grant to it would be replaced" in found.message


OTHERS = {
    "another property": plans.update(DATABASE, "x", {"name": "a", "limit": 1}, {"name": "a", "limit": 2}),
    "a login that is made": plans.create(ROLE, "x", {"name": "a", "login": True}),
}


@pytest.mark.parametrize("step", OTHERS.values(), ids=OTHERS)
def test_everything_else_may(step):
    assert held.with_violations(plans.plan(step), {}).violations == ()
