"""Random worlds: what import makes of each is a config without a fault, and nothing that is there would be changed.

A seed stands in each test's name. All 200 are tried with PARITY_EXAMPLES=all.
"""

from __future__ import annotations

import dataclasses
import random
import string
from typing import TYPE_CHECKING, Any

import pytest

from parity import inventory
from parity.config import settings, source
from parity.config.project import Project
from parity.config.secret import Secret
from parity.documents import is_mapping
from parity.drift import audit
from parity.drift.compare import Sides
from parity.engine.state import State
from parity.errors import RefusedError
from parity.evaluate.declared import declared
from parity.inventory.collect import arrange
from parity.inventory.model import LiveObject, VendorState, live_object
from parity.onboarding import compose, left, source_text, wanted, world
from parity.onboarding.world import World
from parity.resources import kinds
from support.amounts import examples
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

STACKS = ("prod", "staging")
SERVERS = {"db0": "", "db1": "@analytics"}
ADDRESSES = {"": ("db.acme.example", 5432), "analytics": ("reports.acme.example", 5433)}
PRIVATE = string.ascii_letters + string.digits + "!/+="


class Team:
    """One team's accounts, random within what vendors take."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a world, no key
        self.applications = [f"app{number}" for number in range(self.random.randint(1, 3))]
        self.databases = [f"db{number}" for number in range(self.random.randint(0, 2))]

    def wanted(self) -> wanted.Wanted:
        pairs = [(stack, each) for stack in STACKS for each in self.applications]
        return wanted.parse(
            "acme",
            "acme-inc/shop",
            [f"{stack}/{each}={self.project(stack, each)}" for stack, each in pairs],
            [f"{stack}/{each}={stack}_{each}{SERVERS[each]}" for stack in STACKS for each in self.databases],
            ["prod=Production"],
        )

    @staticmethod
    def project(stack: str, application: str) -> str:
        return f"acme-{application}" if stack == "prod" else f"{application}.next"

    def state(self) -> VendorState:
        found = [
            each for stack in STACKS for name in self.applications for each in self._project(self.project(stack, name))
        ]
        found += [each for stack in STACKS for name in self.databases for each in self._database(f"{stack}_{name}")]
        found += self._environments()
        if self.random.random() < 0.5:
            names = (self.project(stack, name) for stack in STACKS for name in self.applications)
            found += [self._tracing(name) for name in names]
        return VendorState(tuple(found), account={"team": "team_1"})

    def _project(self, name: str) -> Iterator[LiveObject]:
        pick = self.random.choice
        properties = {
            "name": name,
            "framework": pick(("nextjs", "vite", "remix")),
            "rootDirectory": pick((None, "apps/web")),
            "nodeVersion": pick(("20.x", "22.x", "24.x")),
            "buildCommand": pick((None, "make build")),
            "gitRepository": {"type": "github", "repo": "acme-inc/shop", "productionBranch": pick(("main", "trunk"))},
            "resourceConfig": {"functionDefaultRegions": [pick(("fra1", "iad1"))]},
            "autoAssignCustomDomains": pick((True, False)),
            "gitForkProtection": pick((True, False)),
            "previewDeploymentsDisabled": pick((True, False)),
            "vercelAuthentication": {
                "deploymentType": pick(("none", "all_deployments", "standard_protection", "only_preview_deployments"))
            },
        }
        yield live_object(kinds.PROJECT, f"prj_{name}", "", properties)
        inside = {"projectId": f"prj_{name}"}
        domains = [f"{name.replace('.', '-')}{number}.example" for number in range(self.random.randint(0, 3))]
        for number, domain in enumerate(domains):
            aim = domains[0] if number and pick((True, False)) else None
            given = {**inside, "domain": domain, "redirect": aim, "redirectStatusCode": aim and pick((307, 308))}
            yield live_object(kinds.DOMAIN, domain, "", given, project=name)
        yield live_object(kinds.DOMAIN, "own", "", {**inside, "domain": f"{name}.vercel.app"}, project=name)
        periods = ("expirationPreview", "expirationProduction", "expirationCanceled", "expirationErrored")
        kept = {each: pick(("1m", "6m", "unlimited", "45 days")) for each in periods}
        yield live_object(kinds.RETENTION, f"prj_{name}", "", {**inside, **kept}, project=name, vacuous=False)
        yield from self._variables(name)
        if pick((True, True, False)):
            noted = {"deploymentId": f"dpl_{len(name)}", "commit": "1f" * 20, "release": "unknown"}
            yield live_object(kinds.LIVE, name, "", {**inside, **noted}, project=name)

    def _tracing(self, name: str) -> LiveObject:
        rules = [{"rate": self.random.choice((0.1, 1)), "environment": "production", "requestPath": None}]
        given = {"projectId": f"prj_{name}", "samplingRules": self.random.choice(([], rules))}
        return live_object(kinds.TRACING, f"prj_{name}", "", given, project=name)

    def _variables(self, name: str) -> Iterator[LiveObject]:
        for key in (f"V_{number}" for number in range(8)):
            for targets in self.random.choice(
                ((("production",),), (("production", "preview"),), (("production",), ("preview",)), ())
            ):
                sensitive = self.random.random() < 0.2
                value = {} if sensitive else {"value": self._value()}
                given = {"projectId": f"prj_{name}", "key": key, "sensitive": sensitive, "targets": list(targets)}
                yield live_object(kinds.VARIABLE, f"{name}-{key}-{targets[0]}", "", {**given, **value}, project=name)

    def _value(self) -> str:
        pick = self.random.choice
        secret = "".join(self.random.choices(PRIVATE, k=30))
        return pick(
            ("true", "20", "https://acme.example/x", secret, " stray", "", "a: b # c", "line\nline", "ünï", "null")
        )

    def _database(self, name: str) -> Iterator[LiveObject]:
        limit = self.random.choice((-1, 50))
        given = {"name": name, "owner": "acme", "connectionLimit": limit, "encoding": "UTF8", "allowConnections": True}
        yield live_object(kinds.DATABASE, name, name, given)
        for schema in ("public", *(("shop",) if self.random.random() < 0.7 else ())):
            yield live_object(kinds.SCHEMA, f"{name}.{schema}", "", {"database": name, "name": schema, "owner": "acme"})

    def _environments(self) -> Iterator[LiveObject]:
        for name in ("Production", "staging"):
            if self.random.random() < 0.8:
                approved = self.random.random() < 0.5
                given = {
                    "repository": "shop",
                    "environment": name,
                    "canAdminsBypass": self.random.random() < 0.5,
                    "preventSelfReview": approved,
                    "waitTimer": self.random.choice((0, 5)),
                    "reviewers": [{"teams": [7], "users": []}] if approved else [],
                    "deploymentBranchPolicy": None,
                }
                yield live_object(kinds.ENVIRONMENT, f"shop:{name}", "", given)


@pytest.mark.parametrize("seed", range(examples(12, 200)))
def test_what_is_made_of_a_world_has_no_fault_and_changes_nothing_there(seed: int, monkeypatch: pytest.MonkeyPatch):
    team = Team(seed)
    there, asked, project = team.state(), team.wanted(), Project(ROOT)
    assert list(world.refusals(asked, World(there, ADDRESSES))) == []
    draft = compose.compose(asked, World(there, ADDRESSES))
    monkeypatch.setattr(inventory, "collect_live_state", lambda graph, **_: arrange(graph, {"all": there}))
    exceptions = {stack: list(left.compare(project, draft, stack, {}).exceptions) for stack in STACKS}
    full = {stack: {**draft.configs[stack], "parity:exceptions": exceptions[stack]} for stack in STACKS}
    final = dataclasses.replace(draft, configs=full)
    for stack in STACKS:
        opened = left.opened(final, stack)
        for each in final.catalog.databases:
            where = opened.databases[each.name]
            assert (where.host, where.port) == ADDRESSES[SERVERS[each.name].removeprefix("@")]
            assert opened.server(each.name) == SERVERS[each.name].removeprefix("@")
        _reads_back(final, stack)
        graph = declared(project, opened)
        found = audit.find(Sides(graph, State((), (), {}), arrange(graph, {"all": there})), [])
        loose = [each for each in found if each.kind == "changed" and each.path != "value"]
        ignored = {
            (urn, name) for urn, each in graph.resources.items() for name in each.options.get("ignoreChanges") or ()
        }
        bare = [each for each in loose if (each.urn, each.path.partition(".")[0]) not in ignored]
        assert bare == [], "an update would change it, and no exception says so"
        own = {each["property"] for each in exceptions[stack] if each["resource"].startswith("RepositoryEnvironment ")}
        assert ("reviewers*" in own) == ("preventSelfReview*" in own), "who approves stays, as they were given"


def _reads_back(draft: compose.Draft, stack: str) -> None:
    """The file says what was meant: the same settings as from the config in memory."""
    text = source_text.yaml(stack, draft.configs[stack], lambda secret: f"v1:{secret.key}")
    read = source.parse(f"Pulumi.{stack}.yaml", text)
    assert isinstance(read, source.StackFile), read
    assert _shape(read.values["parity:applications"]) == _shape(draft.configs[stack]["parity:applications"])
    assert settings.faults_of(source.from_file(stack, read), draft.catalog) == [] or draft.unread[stack]


def _shape(value: Any) -> Any:
    if isinstance(value, Secret):
        return "secret"
    if is_mapping(value):
        unread = source_text.NOT_SHOWN
        kept = {
            name: each
            for name, each in value.items()
            if not (isinstance(each, Secret) and each.sealed is False and each.reveal() == unread)
        }
        return {name: _shape(each) for name, each in kept.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else value


def test_what_many_have_alike_is_one_exception_and_a_config_that_no_plugin_takes_is_refused(
    monkeypatch: pytest.MonkeyPatch,
):
    team = Team(0)
    team.applications, team.databases = [f"app{number}" for number in range(12)], []
    monkeypatch.setattr(team.random, "choice", lambda options: options[0])
    there, asked = team.state(), team.wanted()
    draft = compose.compose(asked, World(there, ADDRESSES))
    monkeypatch.setattr(inventory, "collect_live_state", lambda graph, **_: arrange(graph, {"all": there}))
    found = left.compare(Project(ROOT), draft, "prod", {}).exceptions
    assert [each["resource"] for each in found if each["property"] == "autoAssignCustomDomains*"] == ["Project *"]
    left.require_fits("prod", {**draft.configs["prod"], "parity:exceptions": list(found)})
    with pytest.raises(RefusedError, match="the config of prod has"):
        left.require_fits("prod", {"parity:exceptions": [dict.fromkeys("abc", "x" * 50_000)]})
