"""Rules for GitHub's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from parity_policy.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENVIRONMENTS = ("github:index/repositoryEnvironment:RepositoryEnvironment",)
_SECRETS = (
    "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
    "github:index/actionsSecret:ActionsSecret",
)
_VARIABLES = (
    "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
    "github:index/actionsVariable:ActionsVariable",
)


def _bypass(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("canAdminsBypass") is not False:
        yield "administrators could deploy without approval: set can_admins_bypass to False"


def _branches(props: Mapping[str, Any]) -> Iterator[str]:
    if not props.get("deploymentBranchPolicy"):
        yield "any branch could deploy with its secrets: give deployment_branch_policy"


def _deprecated(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("plaintextValue") is not None:
        yield "uses plaintext_value, which is deprecated: give `value`"


def _password(props: Mapping[str, Any]) -> Iterator[str]:
    value = props.get("value")
    if isinstance(value, str) and "://" in value and "@" in value.partition("://")[2].partition("/")[0]:
        yield "holds a URL with credentials, and everyone who reads the repository sees variables: make it a secret"


def _enforced(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("enforcement") != "active":
        yield f"is {props.get('enforcement')} and guards nothing: set enforcement to active"
    rules = cast("dict[str, Any]", props.get("rules") or {})
    if props.get("target") == "branch" and rules.get("pullRequest") is None:
        yield "lets changes in without a pull request"
    if props.get("bypassActors"):
        yield "lets some pass by: take bypass_actors out"


def _actions(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("allowedActions") == "all":
        yield "lets any action of the world run with the repository's token: set allowed_actions to selected"


RULES = (
    Rule(
        "github-environment-approvals",
        "A deployment to an environment passes its approvals.",
        _ENVIRONMENTS,
        _bypass,
        about="canAdminsBypass",
    ),
    Rule(
        "github-environment-guarded",
        "A deployment to an environment comes from its branches.",
        _ENVIRONMENTS,
        _branches,
        about="deploymentBranchPolicy",
    ),
    Rule("github-secret-value", "Secrets are given in the form that is not deprecated.", _SECRETS, _deprecated),
    Rule("github-variables-are-public", "Variables hold no credentials.", _VARIABLES, _password),
    Rule(
        "github-ruleset-active",
        "The default branch changes by reviewed pull requests alone.",
        ("github:index/repositoryRuleset:RepositoryRuleset",),
        _enforced,
    ),
    Rule(
        "github-actions-selected",
        "Only known actions run.",
        ("github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions",),
        _actions,
    ),
)
