"""Reads the stack's environment with all that is in it, the repository's rulesets and its Actions permissions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from parity.documents import Document, is_list, is_mapping, mapping
from parity.inventory.documents import part, rows
from parity.inventory.github_access import VARIABLES_PAGE, Access
from parity.inventory.model import LiveObject, VendorState, live_object, moment
from parity.inventory.reading import Reading
from parity.resources import kinds
from parity.resources.github_restore import FLAGS, LISTS, WITH_PARAMETERS, camel
from parity.vendors.http import Client, VendorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.documents import Document

_PAGE = 100
_INSIDE = kinds.inside(kinds.ENVIRONMENT)
_ENVIRONMENT_TYPES = _INSIDE | {kinds.ENVIRONMENT}
_REPOSITORY_TYPES = frozenset(
    {kinds.RULESET, kinds.PERMISSIONS, kinds.REPOSITORY_SECRET, kinds.REPOSITORY_VARIABLE}
    | {kinds.COLLABORATOR, kinds.TEAM_ACCESS, kinds.DEPLOY_KEY, kinds.REPOSITORY_WEBHOOK}
    | {kinds.ORGANIZATION_SECRET, kinds.ORGANIZATION_VARIABLE}
    | {kinds.RUNNER, kinds.DEFAULT_BRANCH}
)
_KNOWN_RULES = ("wait_timer", "required_reviewers", "branch_policy")


@dataclass(frozen=True)
class Scope:
    """What to read at GitHub."""

    owner: str
    repository: str
    environments: tuple[str, ...]
    teams: tuple[str, ...]
    """Slugs of teams whose ids are needed."""
    settings: bool
    """Whether the stack owns the repository's ruleset and Actions permissions."""
    branch: str = ""
    """The branch that the ruleset guards and that must be the default one; empty where none is declared."""


async def read(client: Client, scope: Scope) -> VendorState:
    """Read everything in the scope; a read that fails is recorded and the others go on."""
    reader = _Reader(Reading("GitHub", client, per_page=_PAGE), scope)
    types = _ENVIRONMENT_TYPES | _REPOSITORY_TYPES if scope.settings else _ENVIRONMENT_TYPES
    repository = await reader.reading.get(reader.path, f"the repository {scope.owner}/{scope.repository}", types)
    if repository is None:
        return reader.reading.seen()
    private = repository.get("visibility") != "public"
    access = Access(reader.reading, scope.repository, reader.path)
    shared = part(repository, "owner").get("type") == "Organization"
    settings = (
        [reader.rulesets(), reader.permissions(private=private), access.everything(of_organization=shared)]
        if scope.settings
        else []
    )
    account, parts = await asyncio.gather(reader.teams(), asyncio.gather(reader.environments(), *settings))
    found = [each for part in (*parts, _default_branch(scope, repository)) for each in part]
    # After a rename the old name leads to the repository, whose id stays; a new one under the old name has another.
    account |= {"repository": str(repository["id"]), "repository name": str(repository["full_name"])}
    return reader.reading.seen(found, account)


def _default_branch(scope: Scope, repository: Document) -> list[LiveObject]:
    branch = str(repository.get("default_branch") or "")
    if not scope.branch or branch == scope.branch:
        return []
    properties = {"repository": scope.repository, "branch": branch, "declared": scope.branch}
    return [live_object(kinds.DEFAULT_BRANCH, branch, "", properties)]


class _Reader:
    def __init__(self, reading: Reading, scope: Scope) -> None:
        self.reading, self.scope = reading, scope
        self.path = f"/repos/{scope.owner}/{scope.repository}"

    async def teams(self) -> dict[str, str]:
        """The teams' ids by `team:<slug>`."""
        found = await asyncio.gather(*(self._team(slug) for slug in self.scope.teams))
        return {f"team:{slug}": number for slug, number in zip(self.scope.teams, found, strict=True) if number}

    async def _team(self, slug: str) -> str:
        path, what = f"/orgs/{self.scope.owner}/teams/{quote(slug, safe='')}", f"the team {slug}, which reviews"
        team = await self.reading.get(path, what, (kinds.ENVIRONMENT,))
        return str(team["id"]) if team else ""

    async def environments(self) -> list[LiveObject]:
        """The stack's environments, all that is in them, and the repository's other environments by name."""
        repository = self.scope.repository
        path, what = f"{self.path}/environments", f"the environments of {repository}"
        listed = await self.reading.rows(path, "environments", what, _ENVIRONMENT_TYPES, (repository,))
        if listed is None:
            return []
        ours = [row for row in listed if row["name"] in self.scope.environments]
        inside = await asyncio.gather(*(self._inside(str(row["name"])) for row in ours))
        shown = listed if self.scope.settings else ours
        return [*(self._environment(row) for row in shown), *(each for part in inside for each in part)]

    async def _inside(self, environment: str) -> list[LiveObject]:
        parts = await asyncio.gather(
            self._listed(environment, "deployment-branch-policies", "branch_policies", kinds.POLICY, _policy),
            self._listed(environment, "secrets", "secrets", kinds.SECRET, lambda row: {"secretName": row["name"]}),
            self._listed(
                environment,
                "variables",
                "variables",
                kinds.GITHUB_VARIABLE,
                lambda row: {"variableName": row["name"], "value": row["value"]},
                per_page=VARIABLES_PAGE,
            ),
        )
        return [each for part in parts for each in part]

    async def _listed(
        self,
        environment: str,
        path: str,
        field: str,
        type_: str,
        properties: Callable[[Document], Document],
        **size: int,
    ) -> list[LiveObject]:
        """A list of what is in an environment; GitHub numbers its policies, and knows the others by their names."""
        at, what = f"{self.path}/environments/{quote(environment, safe='')}/{path}", path.replace("-", " ")
        key = (self.scope.repository, environment)
        listed = await self.reading.rows(at, field, f"the {what} of {environment}", (type_,), key, query=size)
        place = {"repository": self.scope.repository, "environment": environment}
        owner = f"{self.scope.repository}:{_part(environment)}"
        named = [(f"{owner}:{row.get('id') or row['name']}", row) for row in listed or []]
        return [
            live_object(type_, own, own, {**place, **properties(row)}, written_at=moment(row.get("updated_at")))
            for own, row in named
        ]

    def _environment(self, row: Document) -> LiveObject:
        gates = rows(row, "protection_rules")
        by_kind = {str(gate.get("type")): gate for gate in gates}
        review = by_kind.get("required_reviewers", {})
        policy: Document | None = row.get("deployment_branch_policy")
        beyond: Document = {}
        others = sorted(kind for kind in by_kind if kind not in _KNOWN_RULES)
        if others:
            beyond["protection_rules"] = others
        identity = f"{self.scope.repository}:{_part(row['name'])}"
        return live_object(
            kinds.ENVIRONMENT,
            identity,
            identity,
            {
                "repository": self.scope.repository,
                "environment": row["name"],
                "canAdminsBypass": row.get("can_admins_bypass", True),
                "preventSelfReview": bool(review.get("prevent_self_review")),
                "waitTimer": by_kind.get("wait_timer", {}).get("wait_timer", 0),
                "reviewers": _reviewers(review),
                "deploymentBranchPolicy": {
                    "protectedBranches": policy["protected_branches"],
                    "customBranchPolicies": policy["custom_branch_policies"],
                }
                if policy
                else None,
            },
            beyond=beyond,
            written_at=moment(row.get("updated_at")),
        )

    # --- The repository -----------------------------------------------------------------------------------------------

    async def rulesets(self) -> list[LiveObject]:
        """The repository's own rulesets, each with all its rules."""
        repository, types = self.scope.repository, (kinds.RULESET,)
        path, what = f"{self.path}/rulesets", f"the rulesets of {repository}"
        found = await self.reading.rows(path, "", what, types, (repository,), query={"includes_parents": "false"}) or []
        try:
            full = await asyncio.gather(*(self.reading.client.get(f"{path}/{row['id']}") for row in found))
        except VendorError as error:
            self.reading.failed(error, what, types, (repository,))
            return []
        return [self._ruleset(row) for row in full]

    def _ruleset(self, row: Document) -> LiveObject:
        given, beyond = _rules(rows(row, "rules"))
        names = part(part(row, "conditions"), "ref_name")
        bypass = {"bypassActors": _actors(row)} if "bypass_actors" in row else {}
        return live_object(
            kinds.RULESET,
            str(row["id"]),
            f"{self.scope.repository}:{row['id']}",
            {
                "repository": self.scope.repository,
                "name": row["name"],
                "target": row.get("target"),
                "enforcement": row.get("enforcement"),
                "conditions": {
                    "refName": {
                        "includes": sorted(names.get("include") or []),
                        "excludes": sorted(names.get("exclude") or []),
                    }
                }
                if names
                else None,
                "rules": given,
                **bypass,
            },
            beyond=beyond,
            written_at=moment(row.get("updated_at")),
        )

    async def permissions(self, *, private: bool) -> list[LiveObject]:
        """Which actions may run, and what a workflow may do; a public repository's actions are open to all."""
        path, repository = f"{self.path}/actions/permissions", self.scope.repository
        try:
            row = await self.reading.client.get(path)
            selected = row.get("allowed_actions") == "selected"
            chosen = await self.reading.client.get(f"{path}/selected-actions") if selected else None
            workflow = await self.reading.client.get(f"{path}/workflow")
            access = await self.reading.client.get(f"{path}/access") if private else {}
            forks = await self.reading.client.get(f"{path}/fork-pr-workflows-private-repos") if private else {}
            subject = await self.reading.client.get(f"{self.path}/actions/oidc/customization/sub")
        except VendorError as error:
            self.reading.failed(error, f"the Actions permissions of {repository}", (kinds.PERMISSIONS,), (repository,))
            return []
        return [
            live_object(
                kinds.PERMISSIONS,
                repository,
                repository,
                {
                    "repository": repository,
                    "enabled": row.get("enabled"),
                    "allowedActions": row.get("allowed_actions"),
                    "shaPinningRequired": bool(row.get("sha_pinning_required")),
                    "allowedActionsConfig": {
                        "githubOwnedAllowed": chosen["github_owned_allowed"],
                        "verifiedAllowed": chosen["verified_allowed"],
                        "patternsAlloweds": sorted(chosen.get("patterns_allowed") or []),
                    }
                    if chosen
                    else None,
                },
                beyond=_allowed({**workflow, **access, **forks, **subject}),
            )
        ]


def _policy(row: Document) -> Document:
    return {"tagPattern" if row.get("type") == "tag" else "branchPattern": row["name"]}


def _actors(row: Document) -> list[Document]:
    found = [
        {
            "actorId": actor.get("actor_id") or 0,
            "actorType": actor["actor_type"],
            "bypassMode": actor["bypass_mode"],
        }
        for actor in rows(row, "bypass_actors")
    ]
    return sorted(found, key=str)


_RESTRICTED = {
    "default_workflow_permissions": ("defaultWorkflowPermissions", "read"),
    "can_approve_pull_request_reviews": ("canApprovePullRequestReviews", False),
    "access_level": ("accessLevel", "none"),
    "run_workflows_from_fork_pull_requests": ("forks.runWorkflows", False),
    "send_write_tokens_to_workflows": ("forks.sendWriteTokens", False),
    "send_secrets_and_variables": ("forks.sendSecrets", False),
    "use_default": ("oidcSubject.useDefault", True),
}
"""What a new repository's workflows may do: GitHub's field, its name here, its value."""


def _allowed(row: Document) -> Document:
    """What workflows may do beyond that."""
    return {name: row[wire] for wire, (name, usual) in _RESTRICTED.items() if row.get(wire, usual) != usual}


def _part(name: Any) -> str:
    """Write a name as part of an id of GitHub's provider, with `??` for a colon."""
    return str(name).replace(":", "??")


def _reviewers(review: Document) -> list[Document]:
    """Give teams' and users' ids as the provider does: one object with both, or none."""
    ids: dict[str, list[int]] = {"teams": [], "users": []}
    for row in rows(review, "reviewers"):
        ids["teams" if row.get("type") == "Team" else "users"].append(int(row["reviewer"]["id"]))
    found = {kind: sorted(numbers) for kind, numbers in ids.items() if numbers}
    return [found] if found else []


# --- Rules ------------------------------------------------------------------------------------------------------------


def _rules(given: list[Document]) -> tuple[Document, Document]:
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
