"""The kinds of resource at GitHub."""

from __future__ import annotations

import shlex
from typing import Any

from parity.resources import commands, github_restore
from parity.resources.kind import Hidden, Kind, Part

ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"  # noqa: S105 - a resource's type
GITHUB_VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
RULESET = "github:index/repositoryRuleset:RepositoryRuleset"
PERMISSIONS = "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions"

REPOSITORY_SECRET = "github:index/actionsSecret:ActionsSecret"  # noqa: S105 - a resource's type
REPOSITORY_VARIABLE = "github:index/actionsVariable:ActionsVariable"
COLLABORATOR = "github:index/repositoryCollaborator:RepositoryCollaborator"
TEAM_ACCESS = "github:index/teamRepository:TeamRepository"
DEPLOY_KEY = "github:index/repositoryDeployKey:RepositoryDeployKey"
RUNNER = "github:actions/runner:Runner"
DEFAULT_BRANCH = "github:index/branchDefault:BranchDefault"
REPOSITORY_WEBHOOK = "github:index/repositoryWebhook:RepositoryWebhook"
ORGANIZATION_SECRET = "github:index/actionsOrganizationSecret:ActionsOrganizationSecret"  # noqa: S105 - a resource's type
ORGANIZATION_VARIABLE = "github:index/actionsOrganizationVariable:ActionsOrganizationVariable"

_SHARED = "the organization shares it with the repository, and every workflow reads it"
_ADMINISTERS = "it may change environments, rulesets and secrets"


def in_capitals(name: Any) -> str:
    """A secret's or a variable's name as GitHub stores it: names are case insensitive (its page "Secrets")."""
    return str(name or "").upper()


def policy_pattern(branch: Any, tag: Any) -> str:
    """What a deployment policy lets pass: a branch and a tag of one name are two policies."""
    return f"tag:{tag}" if tag else f"branch:{branch or ''}"


KINDS = (
    Kind(
        ENVIRONMENT, concern="rights", key=("repository", "environment"), written_together=True,
        usual={"canAdminsBypass": True, "reviewers": []},
        restore=github_restore.environment,
        remove=lambda target: commands.github(target, f"environments/{target.key[1]}"),
    ),
    Kind(
        POLICY, concern="rights",
        key=("repository", "environment", Part(("branchPattern", "tagPattern"), policy_pattern)),
        container=ENVIRONMENT,
        computed={"policyId": "an id that GitHub numbers by itself"},
        declare=lambda target: f"the stack's file: parity:delivery.branches gets {target.key[2].partition(':')[2]!r}",
        remove=lambda target: commands.github(
            target, f"environments/{target.key[1]}/deployment-branch-policies/{target.id.rpartition(':')[2]}"
        ),
    ),
    Kind(
        SECRET, concern="secrets", key=("repository", "environment", Part(("secretName",), in_capitals)),
        container=ENVIRONMENT, repeatable=True,
        hidden={"value": Hidden("GitHub never shows a secret's value", written_again=True)},
        secret=frozenset({"value"}),
        values=("value",),
        computed={"keyId": "GitHub gives each environment its own key for sealing"},
        declare=lambda target: (
            f"infra/build.py: `_delivery` gets the secret {target.key[2]}, its value from the stack's config"
        ),
        remove=lambda target: commands.github(target, f"environments/{target.key[1]}/secrets/{target.key[2]}"),
    ),
    Kind(
        GITHUB_VARIABLE, key=("repository", "environment", Part(("variableName",), in_capitals)),
        container=ENVIRONMENT,
        values=("value",),
        restore=lambda target, _, wanted: (
            f"gh api -X PATCH repos/{target.repository}/environments/{target.key[1]}/variables/{target.key[2]} "
            f"-f value={shlex.quote(str(wanted))}"
        ),
        declare=lambda target: (
            f"infra/build.py: `_delivery` gets the variable {target.key[2]}; the component takes any"
        ),
        remove=lambda target: commands.github(target, f"environments/{target.key[1]}/variables/{target.key[2]}"),
    ),
    Kind(
        RULESET, concern="rights", key=("repository", "name"), absorbed=True, written_together=True,
        unguarded="the branch is no longer guarded: anyone who may push may change it, without a review or a check",
        usual={"rules.pullRequest.allowedMergeMethods": ["merge", "rebase", "squash"]},
        hidden={"bypassActors": Hidden("GitHub shows it only to who may write to the ruleset", unless_shown=True)},
        computed={"(rulesetId|nodeId|etag)": "ids and the version that GitHub gives by itself"},
        declare=lambda target: f"components/delivery.py: a ruleset {target.key[1]} next to the one of the branch",
        remove=lambda target: commands.github(target, f"rulesets/{target.id}"),
        restore=github_restore.ruleset,
    ),
    Kind(
        PERMISSIONS, concern="rights", key=("repository",), single=True, repeatable=True,
        unguarded="every action may run in the repository's workflows again, with their secrets",
        restore=github_restore.permissions,
    ),
    Kind(
        REPOSITORY_SECRET, concern="secrets", key=("repository", "secretName"), managed=False,
        why="every workflow of every branch reads it, without an environment's approval",
        remove=lambda target: commands.github(target, f"actions/secrets/{target.key[1]}"),
    ),
    Kind(
        REPOSITORY_VARIABLE, concern="rights", key=("repository", "variableName"), managed=False,
        why="every workflow reads it where its environment has none of that name",
        remove=lambda target: commands.github(target, f"actions/variables/{target.key[1]}"),
    ),
    Kind(
        COLLABORATOR, concern="rights", key=("repository", "username"), managed=False,
        why=_ADMINISTERS,
        remove=lambda target: (
            f"gh api -X PUT repos/{target.repository}/collaborators/{target.key[1]} -f permission=push"
        ),
    ),
    Kind(
        TEAM_ACCESS, concern="rights", key=("repository", "team"), managed=False,
        why=_ADMINISTERS,
        remove=lambda target: (
            f"gh api -X PUT orgs/{target.repository.partition('/')[0]}/teams/{target.key[1]}/repos/{target.repository} "
            "-f permission=push"
        ),
    ),
    Kind(
        DEPLOY_KEY, concern="rights", key=("repository", "name"), managed=False,
        why="who holds it may push, and GitHub gives it the rights of an administrator",
        remove=lambda target: commands.github(target, f"keys/{target.id}"),
    ),
    Kind(
        REPOSITORY_WEBHOOK, concern="rights", key=("repository", "name"), managed=False,
        why="it sends what happens in the repository there, which may deploy on it",
        remove=lambda target: commands.github(target, f"hooks/{target.id}"),
    ),
    Kind(
        RUNNER, concern="rights", key=("repository", "name"), managed=False,
        why="a job whose label it has may run there, with the secrets of its environment",
        remove=lambda target: commands.github(target, f"actions/runners/{target.id}"),
    ),
    Kind(
        DEFAULT_BRANCH, concern="rights", key=("repository", "branch"), managed=False,
        why="workflows that start by schedule or by hand run from it, and the ruleset guards another branch",
        remove=lambda target: (
            f"gh api -X PATCH repos/{target.repository} -f default_branch={shlex.quote(str(target.facts['declared']))}"
        ),
    ),
    Kind(
        ORGANIZATION_SECRET, concern="secrets", key=("repository", "secretName"), managed=False,
        why=f"{_SHARED}, without an environment's approval",
    ),
    Kind(
        ORGANIZATION_VARIABLE, concern="rights", key=("repository", "variableName"), managed=False,
        why=f"{_SHARED} unless its environment or the repository has one of that name",
    ),
)  # fmt: skip
