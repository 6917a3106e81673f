from __future__ import annotations

from typing import Any

import pulumi_postgresql as postgresql
import pytest

from components.delivery import Delivery, DeliveryArgs
from parity.config.stack_models import DeliverySettings, Reviewers
from parity.testing import Recorded, record, reveal
from tests.components.conftest import REPOSITORY

SETTINGS = DeliverySettings(
    reviewers=Reviewers(teams=("platform",)), waitMinutes=5, preventSelfReview=True, branches=("main", "release/*")
)


def args(**changes: Any) -> DeliveryArgs:
    values: dict[str, Any] = {
        "environment": "prod",
        "repository": REPOSITORY,
        "settings": SETTINGS,
        "secrets": {"MIGRATOR_DATABASE_URL_STOREFRONT": "canary-url"},
        "variables": {"VERCEL_TEAM": "acme", "LIVE_RELEASE_SHOP": "r2"},
        "manages_repository": True,
        "after": {},
    }
    return DeliveryArgs(**{**values, **changes})


def declared(**changes: Any) -> Recorded:
    return record(lambda: Delivery("delivery", args(**changes)) and None)


@pytest.fixture(scope="module")
def delivery() -> Recorded:
    return declared()


def test_the_environment_asks_its_reviewers_and_none_may_be_skipped(delivery: Recorded):
    environment = delivery.one("delivery-environment").inputs
    assert environment["environment"] == "prod"
    assert environment["canAdminsBypass"] is False
    assert environment["preventSelfReview"] is True
    assert environment["waitTimer"] == 5
    assert environment["deploymentBranchPolicy"] == {"protectedBranches": False, "customBranchPolicies": True}
    (reviewers,) = environment["reviewers"]
    assert len(reviewers["teams"]) == 1
    assert isinstance(reviewers["teams"][0], int), "GitHub takes a team's number"


def test_without_reviewers_none_are_asked():
    assert (
        "reviewers"
        not in declared(settings=SETTINGS.model_copy(update={"reviewers": Reviewers(teams=())}))
        .one("delivery-environment")
        .inputs
    )


def test_only_the_named_branches_deploy(delivery: Recorded):
    policies = delivery.of_type("RepositoryEnvironmentDeploymentPolicy").values()
    assert [each.inputs["branchPattern"] for each in policies] == ["main", "release/*"]


def test_secrets_and_variables_are_those_of_the_environment_and_replaced_in_order(delivery: Recorded):
    stored = delivery.one("delivery-secret-MIGRATOR_DATABASE_URL_STOREFRONT")
    assert reveal(stored.inputs["value"]) == "canary-url"
    assert stored.inputs["secretName"] == "MIGRATOR_DATABASE_URL_STOREFRONT"
    assert "plaintextValue" not in stored.inputs
    variables = delivery.of_type("ActionsEnvironmentVariable")
    assert {each.inputs["variableName"]: each.inputs["value"] for each in variables.values()} == {
        "VERCEL_TEAM": "acme",
        "LIVE_RELEASE_SHOP": "r2",
    }
    assert all(each.options["deleteBeforeReplace"] for each in (stored, *variables.values()))
    assert "canary" not in repr([each.inputs for each in delivery.resources])


def test_a_variable_that_names_what_is_live_waits_until_it_is():
    def program() -> None:
        live = postgresql.Role("live", name="stands-for-the-switch")
        Delivery("delivery", args(after={"LIVE_RELEASE_SHOP": [live]}))

    recorded = record(program)
    assert "live" in recorded.after("delivery-variable-LIVE_RELEASE_SHOP")
    assert "live" not in recorded.after("delivery-variable-VERCEL_TEAM")


def test_the_repositorys_rules_exist_where_they_are_owned(delivery: Recorded):
    ruleset = delivery.one("delivery-ruleset").inputs
    assert ruleset["conditions"]["refName"]["includes"] == ["refs/heads/main"]
    assert ruleset["enforcement"] == "active"
    assert ruleset["rules"]["deletion"] is True
    assert ruleset["rules"]["nonFastForward"] is True
    assert ruleset["rules"]["pullRequest"]["requiredApprovingReviewCount"] == 1
    assert ruleset["rules"]["requiredStatusChecks"]["requiredChecks"] == [
        {"context": "test", "integrationId": 15368}
    ], "without the app whoever may write commit statuses could set them"
    permissions = delivery.one("delivery-actions").inputs
    assert permissions["allowedActions"] == "selected"
    assert permissions["allowedActionsConfig"] == {
        "githubOwnedAllowed": True,
        "verifiedAllowed": False,
        "patternsAlloweds": ["pulumi/actions@*"],
    }


def test_the_repositorys_rules_do_not_exist_elsewhere():
    elsewhere = declared(manages_repository=False)
    assert elsewhere.of_type("RepositoryRuleset") == {}
    assert elsewhere.of_type("ActionsRepositoryPermissions") == {}
