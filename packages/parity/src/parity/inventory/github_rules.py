"""Translates a ruleset's rules to Pulumi's input names, as GitHub's provider does (github/util_rules.go, v6.13.0)."""

from __future__ import annotations

from typing import Any

from parity.documents import Document, is_list, is_mapping, mapping
from parity.resources.github_restore import FLAGS, LISTS, WITH_PARAMETERS, camel


def rules(given: list[Document]) -> tuple[Document, Document]:
    """Give the rules by the provider's names, and the rules that it has no name for by GitHub's."""
    found: Document = dict.fromkeys(FLAGS.values(), False)
    found["updateAllowsFetchAndMerge"] = False
    beyond: Document = {}
    for rule in given:
        kind, parameters = str(rule.get("type")), mapping(rule.get("parameters"))
        if kind in FLAGS:
            found[FLAGS[kind]] = True
            if kind == "update":
                found["updateAllowsFetchAndMerge"] = bool(parameters.get("update_allows_fetch_and_merge"))
        elif kind in WITH_PARAMETERS:
            found[WITH_PARAMETERS[kind]] = _renamed(parameters)
        else:
            beyond[f"rules.{kind}"] = parameters or True
    return found, beyond


def _renamed(value: Any) -> Any:
    """Rename parameters as Pulumi writes them and sort lists of objects, because they are sets."""
    if is_mapping(value):
        found = {LISTS.get(name, camel(name)): _renamed(each) for name, each in value.items()}
        if "context" in found:
            found["integrationId"] = found.get("integrationId") or 0
        return found
    if is_list(value):
        return sorted((_renamed(each) for each in value), key=str)
    return value
