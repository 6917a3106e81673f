"""The Delivery component: a stack's GitHub environment, and, for one stack, what guards the repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_github as github
from pulumi import Input, Output, ResourceOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.config import parameters, stack_models


@dataclass(frozen=True)
class DeliveryArgs:
    """What a Delivery needs."""

    environment: str
    """The GitHub environment's name."""
    repository: parameters.Repository
    settings: stack_models.DeliverySettings
    """Who may approve, how long it waits, and the patterns of the branches that may deploy."""
    secrets: Mapping[str, Input[str]]
    """Environment secrets that workflows need, by name."""
    variables: Mapping[str, Input[str]]
    """Environment variables that workflows need, by name."""
    manages_repository: bool
    """Whether this stack owns what exists once for the repository: its ruleset and Actions permissions."""
    after: Mapping[str, Sequence[pulumi.Resource]]
    """What a variable must wait for, by name: it says what is live only once it is."""
    steps: frozenset[str] = frozenset({"actions", "branches", "ruleset"})
    """Of `actions`, `branches` and `ruleset` those that are taken."""


class Delivery(pulumi.ComponentResource):
    """How a stack is delivered.

    Owns: the GitHub environment with its reviewers, waiting time and branch policy; its secrets and variables; where
    `manages_repository` is set, the ruleset of the default branch and which actions may run.

    Does not own: the repository, its teams and members, workflows (they are files), secrets of the repository or
    organization, and environment secrets that it did not make, such as the tokens that a person puts there.

    Destroying deletes the environment with all its secrets; where it manages the repository, the ruleset goes too, and
    GitHub's default for which actions may run comes back.
    """

    environment: Output[str]

    def __init__(self, name: str, args: DeliveryArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the environment and what is in it."""
        super().__init__("parity:components:Delivery", name, None, opts)
        self._name = name
        self._args = args
        self._child = ResourceOptions(parent=self)

        self._environment = self._make_environment()
        for branch in args.settings.branches if "branches" in args.steps else ():
            self._branch(branch)
        for secret, value in args.secrets.items():
            self._secret(secret, value)
        for variable, value in args.variables.items():
            self._variable(variable, value)
        if args.manages_repository and "ruleset" in args.steps:
            self._ruleset()
        if args.manages_repository and "actions" in args.steps:
            self._permissions()

        self.environment = self._environment.environment
        self.register_outputs({"environment": self.environment})

    def _make_environment(self) -> github.RepositoryEnvironment:
        args, own, taken = self._args, self._args.settings, "branches" in self._args.steps
        policy = github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
            protected_branches=False, custom_branch_policies=True
        )
        left = ResourceOptions(parent=self, ignore_changes=["deploymentBranchPolicy"])
        reviewers = [github.RepositoryEnvironmentReviewerArgs(teams=self._team_ids())] if own.reviewers.teams else None
        return github.RepositoryEnvironment(
            f"{self._name}-environment",
            repository=args.repository.name,
            environment=args.environment,
            can_admins_bypass=False,
            prevent_self_review=own.prevent_self_review,
            wait_timer=own.wait_minutes,
            reviewers=reviewers,
            deployment_branch_policy=policy if taken else None,
            opts=self._child if taken else left,
        )

    def _team_ids(self) -> list[Output[int]]:
        found = [
            github.get_team_output(slug=slug, summary_only=True, opts=pulumi.InvokeOutputOptions(parent=self))
            for slug in self._args.settings.reviewers.teams
        ]
        return [team.id.apply(int) for team in found]

    def _branch(self, branch: str) -> None:
        github.RepositoryEnvironmentDeploymentPolicy(
            f"{self._name}-branch-{branch}",
            repository=self._args.repository.name,
            environment=self._environment.environment,
            branch_pattern=branch,
            opts=self._child,
        )

    def _secret(self, secret: str, value: Input[str]) -> None:
        """A secret. A name is written once, so a replacement deletes first."""
        github.ActionsEnvironmentSecret(
            f"{self._name}-secret-{secret}",
            repository=self._args.repository.name,
            environment=self._environment.environment,
            secret_name=secret,
            value=Output.secret(value),
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _variable(self, variable: str, value: Input[str]) -> None:
        """A variable. A name is written once, so a replacement deletes first."""
        github.ActionsEnvironmentVariable(
            f"{self._name}-variable-{variable}",
            repository=self._args.repository.name,
            environment=self._environment.environment,
            variable_name=variable,
            value=value,
            opts=ResourceOptions(
                parent=self, delete_before_replace=True, depends_on=list(self._args.after.get(variable, ()))
            ),
        )

    def _ruleset(self) -> None:
        repository = self._args.repository
        # Without an app whoever may write commit statuses sets them.
        checks = [
            github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArgs(
                context=check, integration_id=repository.required_checks_app
            )
            for check in repository.required_checks
        ]
        github.RepositoryRuleset(
            f"{self._name}-ruleset",
            name=f"parity-{repository.default_branch}",
            repository=repository.name,
            target="branch",
            enforcement="active",
            conditions=github.RepositoryRulesetConditionsArgs(
                ref_name=github.RepositoryRulesetConditionsRefNameArgs(
                    includes=[f"refs/heads/{repository.default_branch}"], excludes=[]
                )
            ),
            rules=github.RepositoryRulesetRulesArgs(
                deletion=True,
                non_fast_forward=True,
                pull_request=github.RepositoryRulesetRulesPullRequestArgs(
                    required_approving_review_count=repository.required_approvals,
                    dismiss_stale_reviews_on_push=True,
                    require_last_push_approval=repository.required_approvals > 0,
                ),
                required_status_checks=github.RepositoryRulesetRulesRequiredStatusChecksArgs(
                    required_checks=checks, strict_required_status_checks_policy=True
                )
                if checks
                else None,
            ),
            opts=self._child,
        )

    def _permissions(self) -> None:
        repository = self._args.repository
        github.ActionsRepositoryPermissions(
            f"{self._name}-actions",
            repository=repository.name,
            enabled=True,
            allowed_actions="selected",
            allowed_actions_config=github.ActionsRepositoryPermissionsAllowedActionsConfigArgs(
                github_owned_allowed=True,
                verified_allowed=False,
                patterns_alloweds=list(repository.allowed_actions),
            ),
            opts=self._child,
        )
