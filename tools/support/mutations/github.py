"""Every property at GitHub, changed."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from nacl.encoding import Base64Encoder
from nacl.public import PublicKey, SealedBox

from parity.resources import kinds
from support.mutations.world import ENVIRONMENT, REPO, Mutation, World

if TYPE_CHECKING:
    from collections.abc import Callable


def _environment(path: str, body: dict[str, Any]) -> Mutation:
    def make(world: World) -> Any:
        found = world.github("GET", ENVIRONMENT)
        review = next((each for each in found["protection_rules"] if each["type"] == "required_reviewers"), {})
        wait = next((each for each in found["protection_rules"] if each["type"] == "wait_timer"), {})
        reviewers = [{"type": each["type"], "id": each["reviewer"]["id"]} for each in review.get("reviewers", [])]
        environment = {
            "wait_timer": wait.get("wait_timer", 0),
            "prevent_self_review": review.get("prevent_self_review", False),
            "can_admins_bypass": found["can_admins_bypass"],
            "reviewers": reviewers,
            "deployment_branch_policy": found["deployment_branch_policy"],
        }
        return world.github("PUT", ENVIRONMENT, {**environment, **body})

    return Mutation("changed", kinds.ENVIRONMENT, "delivery-environment", path, make)


def _rule(path: str, change: Callable[[dict[str, Any]], None]) -> Mutation:
    return Mutation("changed", kinds.RULESET, "delivery-ruleset", path, lambda world: world.with_rules(change))


def _set(kind: str, **parameters: Any) -> Callable[[dict[str, Any]], None]:
    def change(rules: dict[str, Any]) -> None:
        old = rules.get(kind, {}).get("parameters", {})
        rules[kind] = {"type": kind, "parameters": {**old, **parameters}} if parameters else {"type": kind}

    return change


_PATTERN = {"operator": "starts_with", "pattern": "x"}
_QUEUE = {
    "check_response_timeout_minutes": 10, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
    "max_entries_to_merge": 5, "merge_method": "MERGE", "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}  # fmt: skip
_TOOLS = [{"tool": "CodeQL", "alerts_threshold": "errors", "security_alerts_threshold": "all"}]


def _ruleset(path: str, body: dict[str, Any]) -> Mutation:
    def make(world: World) -> Any:
        return world.github("PUT", f"{REPO}/rulesets/{world.ruleset()['id']}", body)

    return Mutation("changed", kinds.RULESET, "delivery-ruleset", path, make)


def seal(world: World, name: str, place: str = ENVIRONMENT, **more: Any) -> None:
    """Write a secret as `gh secret set` does."""
    key = world.github("GET", f"{place}/secrets/public-key")
    sealed = b64encode(SealedBox(PublicKey(key["key"].encode(), Base64Encoder)).encrypt(b"by hand")).decode()
    world.github("PUT", f"{place}/secrets/{name}", {"encrypted_value": sealed, "key_id": key["key_id"], **more})


def _reseal(world: World) -> None:
    """Write the declared secret again; GitHub's times have no fractions of a second, so it is written until the time is another."""
    name = "MIGRATOR_DATABASE_URL_STOREFRONT"
    before = world.github("GET", f"{ENVIRONMENT}/secrets/{name}")["updated_at"]
    while world.github("GET", f"{ENVIRONMENT}/secrets/{name}")["updated_at"] == before:
        seal(world, name)


GITHUB = (
    _environment("canAdminsBypass", {"can_admins_bypass": True}),
    _environment("preventSelfReview", {"prevent_self_review": False}),
    _environment("waitTimer", {"wait_timer": 30}),
    _environment("deploymentBranchPolicy", {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}),
    _environment("reviewers", {"reviewers": []}),
    Mutation("changed", kinds.SECRET, "MIGRATOR_DATABASE_URL_STOREFRONT", "value", _reseal),
    Mutation(
        "changed", kinds.GITHUB_VARIABLE, "delivery-variable-LIVE_URL_SHOP", "value",
        lambda world: world.github("PATCH", f"{ENVIRONMENT}/variables/LIVE_URL_SHOP", {"value": "https://elsewhere.example"}),
    ),
    _ruleset("enforcement", {"enforcement": "disabled"}),
    _ruleset("conditions.refName.excludes", {"conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": ["refs/heads/x"]}}}),
    _ruleset("bypassActors", {"bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]}),
    _rule("rules.creation", _set("creation")),
    _rule("rules.deletion", lambda rules: rules.pop("deletion")),
    _rule("rules.nonFastForward", lambda rules: rules.pop("non_fast_forward")),
    _rule("rules.update", _set("update")),
    _rule("rules.requiredLinearHistory", _set("required_linear_history")),
    _rule("rules.requiredSignatures", _set("required_signatures")),
    _rule("rules.branchNamePattern", _set("branch_name_pattern", **_PATTERN)),
    _rule("rules.commitAuthorEmailPattern", _set("commit_author_email_pattern", **_PATTERN)),
    _rule("rules.commitMessagePattern", _set("commit_message_pattern", **_PATTERN)),
    _rule("rules.committerEmailPattern", _set("committer_email_pattern", **_PATTERN)),
    _rule("rules.copilotCodeReview", _set("copilot_code_review", review_on_push=True)),
    _rule("rules.mergeQueue", _set("merge_queue", **_QUEUE)),
    _rule("rules.requiredCodeScanning", _set("code_scanning", code_scanning_tools=_TOOLS)),
    _rule("rules.requiredDeployments", _set("required_deployments", required_deployment_environments=["prod"])),
    _rule("rules.pullRequest.requiredApprovingReviewCount", _set("pull_request", required_approving_review_count=0)),
    _rule("rules.pullRequest.dismissStaleReviewsOnPush", _set("pull_request", dismiss_stale_reviews_on_push=False)),
    _rule("rules.pullRequest.requireLastPushApproval", _set("pull_request", require_last_push_approval=False)),
    _rule("rules.pullRequest.requireCodeOwnerReview", _set("pull_request", require_code_owner_review=True)),
    _rule("rules.pullRequest.requiredReviewThreadResolution", _set("pull_request", required_review_thread_resolution=True)),
    _rule("rules.pullRequest.allowedMergeMethods", _set("pull_request", allowed_merge_methods=["squash"])),
    _rule("rules.requiredStatusChecks.requiredChecks", _set("required_status_checks", required_status_checks=[{"context": "test"}])),
    _rule("rules.requiredStatusChecks.strictRequiredStatusChecksPolicy", _set("required_status_checks", strict_required_status_checks_policy=False)),
    _rule("rules.requiredStatusChecks.doNotEnforceOnCreate", _set("required_status_checks", do_not_enforce_on_create=True)),
    _rule("rules.workflows", _set("workflows", workflows=[{"path": ".github/workflows/ci.yml", "repository_id": 1}])),
    Mutation(
        "changed", kinds.PERMISSIONS, "delivery-actions", "allowedActionsConfig.verifiedAllowed",
        lambda world: world.github("PUT", f"{REPO}/actions/permissions/selected-actions",
                                   {"verified_allowed": True, "github_owned_allowed": False, "patterns_allowed": ["*"]}),
    ),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "allowedActionsConfig.githubOwnedAllowed", lambda _: None),
    Mutation("changed", kinds.PERMISSIONS, "delivery-actions", "allowedActionsConfig.patternsAlloweds", lambda _: None),
)  # fmt: skip
