"""Names that GitHub takes and names that it does not: refused in the stack's file, not at the vendor."""

import pytest
from pydantic import ValidationError

from parity.config.stack_models import DeliverySettings

GIVEN = {"reviewers": {"teams": ["platform"]}, "waitMinutes": 0, "preventSelfReview": True, "branches": ["main"]}


def delivery(branches=("main",), teams=("platform",)):
    return DeliverySettings.model_validate({**GIVEN, "branches": branches, "reviewers": {"teams": teams}})


@pytest.mark.parametrize("name", ["main", "release/*", "v[0-9]*", "feature/a_b-c.d", "trunk@2"])
def test_a_branch_pattern_is_accepted(name):
    assert delivery(branches=(name,)).branches == (name,)


NO_BRANCHES = (
    *("ma in", "../x", "a..b", "a\nb", "a\x00b", "/main", "main/", "a//b", "a.lock", "-x", "a~1", "a^", "a:b", "a\\b"),
    *("a@{1}", ".hidden", "a/.b", "", " main", "x" * 201),
)


@pytest.mark.parametrize("name", NO_BRANCHES)
def test_what_no_branch_can_be_called_is_refused(name):
    with pytest.raises(ValidationError):
        delivery(branches=(name,))


@pytest.mark.parametrize("slug", ["a/b", "Platform", "plat form", "", "@org/team", "a\nb", "-a", "ä"])
def test_what_is_no_slug_of_a_team_is_refused(slug):
    with pytest.raises(ValidationError):
        delivery(teams=(slug,))


def test_a_name_twice_is_refused():
    with pytest.raises(ValidationError, match="names platform twice"):
        delivery(teams=("platform", "platform"))
    with pytest.raises(ValidationError, match="names main twice"):
        delivery(branches=("main", "main"))
