"""The rules a ruleset may hold: which parameters each takes, and for which targets it is meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from parity_sandbox.github.errors import InvalidRequest, ValidationFailed
from parity_sandbox.narrowing import as_object, part
from parity_sandbox.store import Document

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


def checked(asked: Any, target: str) -> Document:
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
