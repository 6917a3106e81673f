"""Every setting of a repository, its environments and its ruleset that GitHub's description lets one write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support.by_hand.model import Change
from support.mutations.github import seal
from support.mutations.world import ENVIRONMENT, ORGANIZATION, REPO, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OTHERS = "none of them is a way past the ruleset"


def _change(
    what: str, make: Callable[[World], Any], type_: str = "", name: str = "", path: str = "", **more: str
) -> Change:
    return Change("GitHub", what, make, type_, name, path, **more)


# --- The ruleset ------------------------------------------------------------------------------------------------------

_PARAMETERS: dict[str, dict[str, Any]] = {
    "pull_request": {
        "required_approving_review_count": 0, "dismiss_stale_reviews_on_push": False, "require_last_push_approval": False,
        "require_code_owner_review": True, "required_review_thread_resolution": True, "allowed_merge_methods": ["rebase"],
        "dismissal_restriction": {"enabled": True, "allowed_actors": []},
        "required_reviewers": [{"file_patterns": ["*"], "minimum_approvals": 1, "reviewer": {"id": 1, "type": "Team"}}],
    },
    "required_status_checks": {
        "required_status_checks": [{"context": "test", "integration_id": 1}],
        "strict_required_status_checks_policy": False, "do_not_enforce_on_create": True,
    },
}  # fmt: skip
_ACTORS = ("Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey")
_CONDITIONS = {
    "another branch": {"include": ["refs/heads/other"], "exclude": []},
    "every branch": {"include": ["~ALL"], "exclude": []},
    "the default branch": {"include": ["~DEFAULT_BRANCH"], "exclude": []},
    "no branch": {"include": ["refs/heads/main"], "exclude": ["refs/heads/main"]},
}


def _with_rule(kind: str, name: str, value: Any) -> Callable[[World], None]:
    def change(rules: dict[str, Any]) -> None:
        rules[kind] = {"type": kind, "parameters": {**rules[kind]["parameters"], name: value}}

    return lambda world: world.with_rules(change)


def _without_rule(kind: str) -> Callable[[World], None]:
    return lambda world: world.with_rules(lambda rules: rules.pop(kind))


def _put_ruleset(body: dict[str, Any]) -> Callable[[World], Any]:
    return lambda world: world.github("PUT", f"{REPO}/rulesets/{world.ruleset()['id']}", body)


def _ruleset() -> Iterator[Change]:
    for kind, parameters in _PARAMETERS.items():
        for name, value in parameters.items():
            yield _change(f"{kind}: {name}", _with_rule(kind, name, value), kinds.RULESET, "delivery-ruleset", "rules.")
        yield _change(f"{kind} removed", _without_rule(kind), kinds.RULESET, "delivery-ruleset", "rules.")
    for actor in _ACTORS:
        modes = ("always", "exempt") if actor == "DeployKey" else ("always", "pull_request", "exempt")
        for mode in modes:
            row = {"actor_id": None if actor == "DeployKey" else 1, "actor_type": actor, "bypass_mode": mode}
            yield _change(
                f"bypass: {actor} {mode}", _put_ruleset({"bypass_actors": [row]}),
                kinds.RULESET, "delivery-ruleset", "bypassActors",
            )  # fmt: skip
    for what, names in _CONDITIONS.items():
        yield _change(
            f"condition: {what}", _put_ruleset({"conditions": {"ref_name": names}}),
            kinds.RULESET, "delivery-ruleset", "conditions",
        )  # fmt: skip
    for enforcement in ("disabled", "evaluate"):
        yield _change(
            f"enforcement: {enforcement}", _put_ruleset({"enforcement": enforcement}),
            kinds.RULESET, "delivery-ruleset", "enforcement",
        )  # fmt: skip
    yield _change("renamed", _put_ruleset({"name": "by-hand"}), kinds.RULESET, "by-hand")


# --- The environment --------------------------------------------------------------------------------------------------


def _policy(name: str, type_: str = "branch") -> Callable[[World], Any]:
    body = {"name": name, "type": type_}
    return lambda world: world.github("POST", f"{ENVIRONMENT}/deployment-branch-policies", body)


def _environment() -> Iterator[Change]:
    for pattern, type_ in (("*", "branch"), ("release/*", "branch"), ("*", "tag")):
        yield _change(f"policy for the {type_} {pattern}", _policy(pattern, type_), kinds.POLICY, f"{type_}:{pattern}")
    for policy in ({"protected_branches": True, "custom_branch_policies": False}, None):
        yield _change(
            f"branch policy: {policy}",
            lambda world, policy=policy: world.github("PUT", ENVIRONMENT, {"deployment_branch_policy": policy}),
            kinds.ENVIRONMENT, "delivery-environment", "deploymentBranchPolicy",
        )  # fmt: skip
    for name in ("PGHOST", "DATABASE_NAME_STOREFRONT"):
        yield _change(
            f"the repository's variable {name}", lambda world, name=name: world.github(
                "POST", f"{REPO}/actions/variables", {"name": name, "value": "elsewhere.example"}),
            kinds.REPOSITORY_VARIABLE, name,
        )  # fmt: skip
    for name in ("PULUMI_CONFIG_PASSPHRASE", "GH_TOKEN"):
        yield _change(f"the repository's secret {name}", lambda world, name=name: seal(world, name, f"{REPO}/actions"),
                      kinds.REPOSITORY_SECRET, name)  # fmt: skip
    for visibility in ("all", "selected"):
        yield _change(
            f"the organization's secret for {visibility}",
            lambda world, visibility=visibility: _shared(world, "secrets", visibility), kinds.ORGANIZATION_SECRET, "HAND",
        )  # fmt: skip
        yield _change(
            f"the organization's variable for {visibility}",
            lambda world, visibility=visibility: _shared(world, "variables", visibility),
            kinds.ORGANIZATION_VARIABLE, "HAND",
        )  # fmt: skip


def _shared(world: World, kind: str, visibility: str) -> None:
    chosen = {"selected_repository_ids": [world.github("GET", REPO)["id"]]} if visibility == "selected" else {}
    at = f"{ORGANIZATION}/actions"
    if kind == "secrets":
        seal(world, "HAND", at, visibility=visibility, **chosen)
    else:
        world.github("POST", f"{at}/variables", {"name": "HAND", "value": "1", "visibility": visibility, **chosen})


# --- Who may do what --------------------------------------------------------------------------------------------------

_TEAM = "/orgs/storefront-example/teams/platform/repos/storefront-example/storefront"
_WEAK = "who may write without administering"
_PERMISSIONS = {"pull": _WEAK, "triage": _WEAK, "push": _WEAK, "maintain": "", "admin": ""}


def _access() -> Iterator[Change]:
    for permission, unread in _PERMISSIONS.items():
        body = {"permission": permission}
        if permission not in {"pull", "push"}:  # the platform team's own, or less than it
            yield _change(
                f"a team may {permission}", lambda world, body=body: world.github("PUT", _TEAM, body),
                "" if unread else kinds.TEAM_ACCESS, "" if unread else "platform", unread=unread,
            )  # fmt: skip
        yield _change(
            f"a collaborator may {permission}",
            lambda world, body=body: world.github("PUT", f"{REPO}/collaborators/parity-sandbox", body),
            "" if unread else kinds.COLLABORATOR, "" if unread else "parity-sandbox", unread=unread,
        )  # fmt: skip
    for read_only in (False, True):
        key = {"title": "hand", "key": "ssh-ed25519 AAAAByHand", "read_only": read_only}
        yield _change(
            f"a deploy key, read only: {read_only}", lambda world, key=key: world.github("POST", f"{REPO}/keys", key),
            "" if read_only else kinds.DEPLOY_KEY, "" if read_only else "hand",
            unread="deploy keys that only read" if read_only else "",
        )  # fmt: skip
    for events in (["push"], ["deployment"], ["*"]):
        hook = {"config": {"url": "https://hook.example/in"}, "events": events}
        yield _change(f"a webhook on {events[0]}", lambda world, hook=hook: world.github("POST", f"{REPO}/hooks", hook),
                      kinds.REPOSITORY_WEBHOOK, "hook.example")  # fmt: skip
    for allowed in ("all", "local_only"):
        yield _change(
            f"allowed actions: {allowed}", lambda world, allowed=allowed: world.github(
                "PUT", f"{REPO}/actions/permissions", {"enabled": True, "allowed_actions": allowed}),
            kinds.PERMISSIONS, "delivery-actions", "allowedActions",
        )  # fmt: skip
    yield _change(
        "Actions off", lambda world: world.github("PUT", f"{REPO}/actions/permissions", {"enabled": False}),
        kinds.PERMISSIONS, "delivery-actions", "enabled",
    )  # fmt: skip
    yield _change(
        "pinned actions only", lambda world: world.github(
            "PUT", f"{REPO}/actions/permissions",
            {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True}),
        kinds.PERMISSIONS, "delivery-actions", "shaPinningRequired",
    )  # fmt: skip
    for name, value in (("default_workflow_permissions", "write"), ("can_approve_pull_request_reviews", True)):
        yield _change(
            f"workflows: {name}", lambda world, name=name, value=value: world.github(
                "PUT", f"{REPO}/actions/permissions/workflow", {name: value}),
            kinds.PERMISSIONS, "delivery-actions",
        )  # fmt: skip


# --- The repository itself --------------------------------------------------------------------------------------------

_SETTINGS: dict[str, Any] = {
    "description": "by hand", "homepage": "https://by-hand.example", "has_issues": False, "has_projects": False,
    "has_wiki": False, "has_discussions": True, "is_template": True, "allow_squash_merge": False,
    "allow_merge_commit": False, "allow_rebase_merge": False, "allow_auto_merge": True, "delete_branch_on_merge": True,
    "allow_update_branch": True, "allow_forking": False, "web_commit_signoff_required": True,
    "squash_merge_commit_title": "PR_TITLE", "squash_merge_commit_message": "BLANK", "merge_commit_title": "PR_TITLE",
    "merge_commit_message": "BLANK", "visibility": "private",
    "security_and_analysis": {"secret_scanning": {"status": "enabled"}},
}  # fmt: skip


def _repository() -> Iterator[Change]:
    for name, value in _SETTINGS.items():
        yield _change(
            f"the repository's {name}",
            lambda world, body={name: value}: world.github("PATCH", REPO, body),
            unread=_OTHERS,
        )
    yield _change("topics", lambda world: world.github("PUT", f"{REPO}/topics", {"names": ["by-hand"]}), unread=_OTHERS)


CHANGES = (*_ruleset(), *_environment(), *_access(), *_repository())
