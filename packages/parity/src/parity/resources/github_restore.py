"""The commands that write one property of an object at GitHub back."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from parity.documents import is_mapping, items, mapping, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.resources.kind import Target


def camel(name: str) -> str:
    """A name of GitHub's as Pulumi writes it: `requiredSignatures`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


_FLAGS = ("creation", "deletion", "non_fast_forward", "required_linear_history", "required_signatures", "update")
FLAGS = {name: camel(name) for name in _FLAGS}
"""Rules without parameters: they are set or not."""

_PARAMETERS = (
    "branch_name_pattern", "commit_author_email_pattern", "commit_message_pattern", "committer_email_pattern",
    "tag_name_pattern", "copilot_code_review", "file_extension_restriction", "file_path_restriction",
    "max_file_path_length", "max_file_size", "merge_queue", "pull_request", "required_deployments",
    "required_status_checks",
)  # fmt: skip
WITH_PARAMETERS = {name: camel(name) for name in _PARAMETERS} | {"code_scanning": "requiredCodeScanning"}
LISTS = {"required_status_checks": "requiredChecks", "code_scanning_tools": "requiredCodeScanningTools"}
"""Lists of objects that have another name in the provider."""


_TYPES = {pulumi: wire for wire, pulumi in {**FLAGS, **WITH_PARAMETERS}.items()}
_NAMES = {pulumi: wire for wire, pulumi in LISTS.items()}


def _put(path: str, body: Any) -> str:
    return f"echo {shlex.quote(json.dumps(body))} | gh api -X PUT {shlex.quote(path)} --input -"


_FORKS = {"send_write_tokens_to_workflows": False, "send_secrets_and_variables": False}


def permissions(target: Target, path: str, _: Any) -> str:
    """What a new repository's workflows may do."""
    at = f"repos/{target.repository}/actions/permissions"
    if path == "accessLevel":
        return _put(f"{at}/access", {"access_level": "none"})
    if path.startswith("forks."):
        return _put(f"{at}/fork-pr-workflows-private-repos", {"run_workflows_from_fork_pull_requests": False, **_FORKS})
    if path.startswith("oidcSubject."):
        return _put(f"repos/{target.repository}/actions/oidc/customization/sub", {"use_default": True})
    return _put(f"{at}/workflow", {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False})


def environment(target: Target, path: str, _: Any) -> str:
    """All rules of an environment as declared: GitHub takes them together."""
    given = mapping(target.facts.get("inputs"))
    policy = given.get("deploymentBranchPolicy")
    reviewers = [
        {"type": kind, "id": each}
        for row in rows(given.get("reviewers"))
        for name, kind in (("teams", "Team"), ("users", "User"))
        for each in items(row.get(name))
    ]
    body = {
        "wait_timer": given.get("waitTimer") or 0,
        "prevent_self_review": bool(given.get("preventSelfReview")),
        "can_admins_bypass": given.get("canAdminsBypass", True),
        "reviewers": reviewers,
        "deployment_branch_policy": _wire(policy) if policy else None,
    }
    return _put(f"repos/{target.repository}/environments/{target.key[1]}", body) if path else ""


def ruleset(target: Target, path: str, wanted: Any) -> str:
    """One rule, one of its parameters, or who may bypass, as declared; the others stay as they are."""
    at = f"repos/{target.repository}/rulesets/{target.id}"
    top, rule, *parameter = path.split(".")[:3] if path.startswith("rules.") else (path, "")
    if top == "bypassActors":
        return _put(at, {"bypass_actors": [_wire(each) for each in items(wanted)]})
    if top != "rules":
        return ""
    type_ = _TYPES.get(rule, rule)
    if parameter and rule in mapping(mapping(target.facts.get("inputs")).get("rules")):
        right = json.dumps(_wire(False if wanted is None else wanted))
        change = f'map(if .type == "{type_}" then .parameters.{_snake(parameter[0])} = {right} else . end)'
    else:
        change = f'map(select(.type != "{type_}"))'
    return f"gh api {at} --jq {shlex.quote(f'{{rules: (.rules | {change})}}')} | gh api -X PUT {at} --input -"


def _wire(value: Any) -> Any:
    """A value with GitHub's names."""
    if is_mapping(value):
        found: Mapping[str, Any] = value
        return {_snake(name): _wire(each) for name, each in found.items()}
    return value


def _snake(name: str) -> str:
    return _NAMES.get(name) or re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", name)
