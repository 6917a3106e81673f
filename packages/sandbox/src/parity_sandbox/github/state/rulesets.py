"""A repository's rulesets: which rules hold for which refs, and who may bypass them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import InvalidRequest, ValidationFailed
from parity_sandbox.github.state.collections import add, held
from parity_sandbox.github.state.collections import change as keep
from parity_sandbox.narrowing import as_object, items, part
from parity_sandbox.store import Document

_FIELDS = {
    "name": Field(str),
    "target": Field(str, choices=("branch", "tag", "push")),
    "enforcement": Field(str, choices=("disabled", "active", "evaluate")),
    "bypass_actors": Field(list, elements=(dict,)),
    "conditions": Field(dict, nullable=True),
    "rules": Field(list, elements=(dict,)),
}
_ACTORS = ("Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "EnterpriseOwner", "User")
_WITHOUT_ID = ("DeployKey", "OrganizationAdmin", "EnterpriseOwner")
_MODES = ("always", "pull_request", "exempt")


def guards(found: Document, repository: Document, branch: str) -> bool:
    """Whether an active ruleset is for that branch."""
    if found["target"] != "branch" or found["enforcement"] != "active":
        return False
    names = part(part(found, "conditions"), "ref_name")

    def matches(pattern: str) -> bool:
        wanted = pattern.replace("~DEFAULT_BRANCH", f"refs/heads/{repository['default_branch']}")
        return pattern == "~ALL" or fnmatchcase(f"refs/heads/{branch}", wanted)

    return any(map(matches, items(names, "include"))) and not any(map(matches, items(names, "exclude")))


def create(context: Context, repository: Document, body: Document) -> Document:
    """A new ruleset.

    Raises:
        InvalidRequest: a field is missing or not of its kind.
        ValidationFailed: the name is taken, or a rule does not fit the target.
    """
    required = {name: Field(str, required=True, choices=_FIELDS[name].choices) for name in ("name", "enforcement")}
    check(body, _FIELDS | required)
    made: Document = {
        "repository_id": repository["id"], "target": "branch", "bypass_actors": [], "conditions": {}, "rules": [],
    }  # fmt: skip
    return add(context, "rulesets", _changed(context, made, body))


def change(context: Context, present: Document, body: Document) -> Document:
    """The ruleset with the fields that were sent; others stay. Raises as `create` does."""
    check(body, _FIELDS)
    return keep(context, "rulesets", present, _changed(context, present, body))


def _changed(context: Context, present: Document, body: Document) -> Document:
    changed = present | {name: body[name] for name in ("name", "target", "enforcement") if name in body}
    others = [each for each in held(context, "rulesets", present["repository_id"]) if each["id"] != present.get("id")]
    if any(each["name"] == changed["name"] for each in others):
        raise ValidationFailed("Name must be unique")
    if "bypass_actors" in body:
        changed["bypass_actors"] = [_actor(each) for each in body["bypass_actors"]]
    if "conditions" in body:
        changed["conditions"] = _conditions(body["conditions"] or {}, changed["target"])
    if "rules" in body:
        changed["rules"] = [_rule(each, changed["target"]) for each in body["rules"]]
    return changed


def _actor(asked: Document) -> Document:
    kind, mode = asked.get("actor_type"), asked.get("bypass_mode", "always")
    if kind not in _ACTORS:
        raise InvalidRequest([f'Invalid property /bypass_actors: "{kind}" is not a valid actor_type.'])
    if mode not in _MODES:
        raise InvalidRequest([f'Invalid property /bypass_actors: "{mode}" is not a valid bypass_mode.'])
    number = None if kind in _WITHOUT_ID else asked.get("actor_id")
    if number is None and kind not in _WITHOUT_ID:
        raise ValidationFailed(f"Actor id is required for {kind}")
    return {"actor_id": number, "actor_type": kind, "bypass_mode": mode}


def _conditions(asked: Document, target: str) -> Document:
    check(asked, {"ref_name": Field(dict, nullable=True)})
    names = asked.get("ref_name")
    if names is None:
        return {}
    check(names, dict.fromkeys(("exclude", "include"), Field(list, nullable=True, elements=(str,))))
    if target == "push":
        raise ValidationFailed("Invalid conditions: ref_name is not allowed for push rulesets")
    found = {side: list(names.get(side) or []) for side in ("exclude", "include")}
    for pattern in found["exclude"] + found["include"]:
        if not pattern.startswith(("refs/", "~")):
            raise ValidationFailed(f"Invalid target patterns: '{pattern}'")
    return {"ref_name": found}


# --- The rules: which parameters each takes, and for which targets it is meant ---

_REFS = ("branch", "tag")
_PUSH = ("push",)


@dataclass(frozen=True)
class _Rule:
    """One type of rule."""

    required: tuple[str, ...] = ()
    """The parameters that must be sent."""
    defaults: Document = field(default_factory=Document)
    """The parameters GitHub fills in."""
    targets: tuple[str, ...] = _REFS


_PATTERN = _Rule(required=("operator", "pattern"), defaults={"name": "", "negate": False})

_RULES: dict[str, _Rule] = {
    "creation": _Rule(),
    "update": _Rule(defaults={"update_allows_fetch_and_merge": False}),
    "deletion": _Rule(),
    "required_linear_history": _Rule(),
    "required_signatures": _Rule(),
    "non_fast_forward": _Rule(),
    "merge_queue": _Rule(
        required=(
            "check_response_timeout_minutes",
            "grouping_strategy",
            "max_entries_to_build",
            "max_entries_to_merge",
            "merge_method",
            "min_entries_to_merge",
            "min_entries_to_merge_wait_minutes",
        ),
        targets=("branch",),
    ),
    "required_deployments": _Rule(required=("required_deployment_environments",)),
    "pull_request": _Rule(
        required=(
            "dismiss_stale_reviews_on_push",
            "require_code_owner_review",
            "require_last_push_approval",
            "required_approving_review_count",
            "required_review_thread_resolution",
        ),
        defaults={"required_reviewers": [], "allowed_merge_methods": ["merge", "squash", "rebase"]},
        targets=("branch",),
    ),
    "required_status_checks": _Rule(
        required=("required_status_checks", "strict_required_status_checks_policy"),
        defaults={"do_not_enforce_on_create": False},
    ),
    "commit_message_pattern": _PATTERN,
    "commit_author_email_pattern": _PATTERN,
    "committer_email_pattern": _PATTERN,
    "branch_name_pattern": _Rule(_PATTERN.required, _PATTERN.defaults, ("branch",)),
    "tag_name_pattern": _Rule(_PATTERN.required, _PATTERN.defaults, ("tag",)),
    "workflows": _Rule(required=("workflows",), defaults={"do_not_enforce_on_create": False}),
    "code_scanning": _Rule(required=("code_scanning_tools",)),
    "copilot_code_review": _Rule(
        defaults={"review_on_push": False, "review_draft_pull_requests": False}, targets=("branch",)
    ),
    "file_path_restriction": _Rule(required=("restricted_file_paths",), targets=_PUSH),
    "max_file_path_length": _Rule(required=("max_file_path_length",), targets=_PUSH),
    "file_extension_restriction": _Rule(required=("restricted_file_extensions",), targets=_PUSH),
    "max_file_size": _Rule(required=("max_file_size",), targets=_PUSH),
}


def _rule(asked: Any, target: str) -> Document:
    """The rule as GitHub keeps it, with what it fills in.

    Raises:
        InvalidRequest: no such rule, or a parameter is missing.
        ValidationFailed: the rule is not meant for the ruleset's target.
    """
    rule = as_object(asked)
    name = rule.get("type")
    known = _RULES.get(str(name))
    if known is None:
        raise InvalidRequest([f"Invalid rule '{name}': is not a rule that is known."])
    if target not in known.targets:
        raise ValidationFailed(f"Invalid rule '{name}': it is not allowed for {target} rulesets")
    parameters = part(rule, "parameters")
    if rule.get("parameters") and not parameters:
        raise InvalidRequest([f"Invalid rule '{name}': its parameters are not an object."])
    missing = [each for each in known.required if each not in parameters]
    if missing:
        raise InvalidRequest([f"Invalid rule '{name}': {', '.join(missing)} must be supplied."])
    filled = known.defaults | parameters
    return {"type": name, "parameters": filled} if filled else {"type": name}
