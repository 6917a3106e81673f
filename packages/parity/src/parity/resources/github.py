"""The kinds of resource at GitHub."""

from __future__ import annotations

from typing import Any

from parity.resources import commands
from parity.resources.kind import Hidden, Kind, Part

ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"  # noqa: S105 - a resource's type
GITHUB_VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
RULESET = "github:index/repositoryRuleset:RepositoryRuleset"
PERMISSIONS = "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions"


def in_capitals(name: Any) -> str:
    """A secret's or a variable's name as GitHub stores it: names are case insensitive (its page "Secrets")."""
    return str(name or "").upper()


def policy_pattern(branch: Any, tag: Any) -> str:
    """What a deployment policy lets pass: a branch and a tag of one name are two policies."""
    return f"tag:{tag}" if tag else f"branch:{branch or ''}"


KINDS = (
    Kind(
        ENVIRONMENT,
        key=("repository", "environment"),
        usual={"canAdminsBypass": True},
        remove=lambda target: commands.github(target, f"environments/{target.key[1]}"),
    ),
    Kind(
        POLICY,
        key=("repository", "environment", Part(("branchPattern", "tagPattern"), policy_pattern)),
        container=ENVIRONMENT,
        computed={"policyId": "an id that GitHub numbers by itself"},
        declare=lambda target: f"the stack's file: parity:delivery.branches gets {target.key[2].partition(':')[2]!r}",
        remove=lambda target: commands.github(
            target, f"environments/{target.key[1]}/deployment-branch-policies/{target.id.rpartition(':')[2]}"
        ),
    ),
    Kind(
        SECRET,
        key=("repository", "environment", Part(("secretName",), in_capitals)),
        container=ENVIRONMENT,
        repeatable=True,
        hidden={"value": Hidden("GitHub never shows a secret's value", written_again=True)},
        secret=frozenset({"value"}),
        values=("value",),
        computed={"keyId": "GitHub gives each environment its own key for sealing"},
        declare=lambda target: (
            f"infra/build.py: `_delivery` gets the secret {target.key[2]}, its value from the stack's config"
        ),
        remove=lambda target: f"gh secret delete {target.key[2]} --repo {target.repository} --env {target.key[1]}",
    ),
    Kind(
        GITHUB_VARIABLE,
        key=("repository", "environment", Part(("variableName",), in_capitals)),
        container=ENVIRONMENT,
        values=("value",),
        declare=lambda target: (
            f"infra/build.py: `_delivery` gets the variable {target.key[2]}; the component takes any"
        ),
        remove=lambda target: f"gh variable delete {target.key[2]} --repo {target.repository} --env {target.key[1]}",
    ),
    Kind(
        RULESET,
        key=("repository", "name"),
        usual={"rules.pullRequest.allowedMergeMethods": ["merge", "rebase", "squash"]},
        hidden={"bypassActors": Hidden("GitHub shows it only to who may write to the ruleset", unless_shown=True)},
        computed={"(rulesetId|nodeId|etag)": "ids and the version that GitHub gives by itself"},
        absorbed=True,
        declare=lambda target: f"components/delivery.py: a ruleset {target.key[1]} next to the one of the branch",
        remove=lambda target: commands.github(target, f"rulesets/{target.id}"),
    ),
    Kind(PERMISSIONS, key=("repository",), repeatable=True),
)
