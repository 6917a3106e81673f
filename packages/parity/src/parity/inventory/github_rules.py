"""Translates a ruleset's rules to Pulumi's input names, as GitHub's provider does (github/util_rules.go, v6.13.0)."""

from __future__ import annotations

from typing import Any

from parity.documents import Document, is_list, is_mapping, mapping

_FLAGS = {
    "creation": "creation",
    "deletion": "deletion",
    "non_fast_forward": "nonFastForward",
    "required_linear_history": "requiredLinearHistory",
    "required_signatures": "requiredSignatures",
    "update": "update",
}
"""Rules without parameters: they are set or not."""

_WITH_PARAMETERS = {
    "branch_name_pattern": "branchNamePattern",
    "commit_author_email_pattern": "commitAuthorEmailPattern",
    "commit_message_pattern": "commitMessagePattern",
    "committer_email_pattern": "committerEmailPattern",
    "tag_name_pattern": "tagNamePattern",
    "copilot_code_review": "copilotCodeReview",
    "file_extension_restriction": "fileExtensionRestriction",
    "file_path_restriction": "filePathRestriction",
    "max_file_path_length": "maxFilePathLength",
    "max_file_size": "maxFileSize",
    "merge_queue": "mergeQueue",
    "pull_request": "pullRequest",
    "required_deployments": "requiredDeployments",
    "required_status_checks": "requiredStatusChecks",
    "code_scanning": "requiredCodeScanning",
}
_LISTS = {"required_status_checks": "requiredChecks", "code_scanning_tools": "requiredCodeScanningTools"}
"""Lists of objects that have another name in the provider."""


def rules(given: list[Document]) -> tuple[Document, Document]:
    """Give the rules by the provider's names, and the rules that it has no name for by GitHub's."""
    found: Document = dict.fromkeys(_FLAGS.values(), False)
    found["updateAllowsFetchAndMerge"] = False
    beyond: Document = {}
    for rule in given:
        kind, parameters = str(rule.get("type")), mapping(rule.get("parameters"))
        if kind in _FLAGS:
            found[_FLAGS[kind]] = True
            if kind == "update":
                found["updateAllowsFetchAndMerge"] = bool(parameters.get("update_allows_fetch_and_merge"))
        elif kind in _WITH_PARAMETERS:
            found[_WITH_PARAMETERS[kind]] = _renamed(parameters)
        else:
            beyond[f"rules.{kind}"] = parameters or True
    return found, beyond


def _renamed(value: Any) -> Any:
    """Rename parameters as Pulumi writes them and sort lists of objects, because they are sets."""
    if is_mapping(value):
        found = {_LISTS.get(name, _camel(name)): _renamed(each) for name, each in value.items()}
        if "context" in found:
            found["integrationId"] = found.get("integrationId") or 0
        return found
    if is_list(value):
        return sorted((_renamed(each) for each in value), key=str)
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
