"""Makes a catalog and the stacks' configs of what was read. It decides and calls nothing."""

from __future__ import annotations

import secrets as random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import PydanticCustomError

from parity.config import forms, parameters
from parity.config.catalog_checks import RESERVED, RESERVED_PREFIXES, SYSTEM
from parity.config.secret import Secret
from parity.config.stack_models import NAMESPACE, STEPS
from parity.documents import items, mapping, texts
from parity.onboarding import telemetry
from parity.onboarding.secrets import may_be_clear
from parity.onboarding.source_text import NOT_SHOWN
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from parity.inventory.model import LiveObject
    from parity.onboarding.wanted import Wanted
    from parity.onboarding.world import World

_PROTECTION = {"none": "none", "standard_protection_new": "preview", "all_deployments": "all"}
_NO_DIGEST = "0" * 32
"""Of a release, until the state is imported: the digest needs every secret."""


@dataclass(frozen=True)
class Draft:
    """What would be written."""

    catalog: parameters.Catalog
    configs: Mapping[str, dict[str, Any]]
    """By stack and full key; secrets are `Secret`."""
    clear: tuple[str, ...]
    """Variables whose values are written in the clear."""
    sealed: tuple[str, ...]
    """Variables whose values are read and sealed."""
    unread: Mapping[str, tuple[str, ...]]
    """By stack, the keys of the secrets that no API shows."""
    proposed: Mapping[str, tuple[str, ...]]
    """By stack, what else is there and how to declare it."""
    unknown: tuple[str, ...]
    """What not every plan of Vercel has and could not be read."""


def compose(wanted: Wanted, world: World, clear: Collection[str] = ()) -> Draft:
    """Make the draft.

    Args:
        wanted: which object is which.
        world: what was read.
        clear: names of variables that are no secrets, whatever their names and values seem.
    """
    made = {application: _Application(wanted, world, application, clear) for application in wanted.applications}
    first = _first(wanted, world, wanted.applications[0])
    link = mapping(first.properties["gitRepository"])
    catalog = parameters.Catalog(
        vercel_team=wanted.team,
        repository=parameters.Repository(
            owner=wanted.owner,
            name=wanted.repository,
            default_branch=str(link.get("productionBranch") or "main"),
            required_checks=("test", "parity"),
            allowed_actions=("pulumi/actions@*", "pulumi/auth-actions@*", "astral-sh/setup-uv@*"),
        ),
        applications=tuple(each.declared() for each in made.values()),
        databases=tuple(_database(wanted, world, name) for name in _names(wanted.databases)),
        telemetry=parameters.Telemetry(
            sources=("build", "edge", "lambda", "static"), tracing=telemetry.tracing(world, wanted.projects.values())
        ),
    )
    configs = {stack: _config(wanted, world, made, stack) for stack in wanted.stacks}
    variables = [each for one in made.values() for each in one.variables]
    return Draft(
        catalog,
        configs,
        tuple(each.name for each in variables if not isinstance(each, parameters.SensitiveVariable)),
        tuple(each.name for each in variables if isinstance(each, parameters.SensitiveVariable)),
        {stack: tuple(_unread(config)) for stack, config in configs.items()},
        {stack: tuple(telemetry.proposed(world, stack, _ids(wanted, world, stack))) for stack in wanted.stacks},
        tuple(str(each) for each in world.state.read_failures),
    )


def _ids(wanted: Wanted, world: World, stack: str) -> dict[str, str]:
    """The projects' ids, by application."""
    found = {name: world.one(kinds.PROJECT, wanted.projects[stack, name]) for name in wanted.applications}
    return {name: each.id for name, each in found.items() if each}


def _names(places: Mapping[tuple[str, str], str]) -> dict[str, None]:
    return dict.fromkeys(name for _, name in places)


def _first(wanted: Wanted, world: World, application: str) -> LiveObject:
    """The application's project in the first stack that has it: what all stacks are declared to share."""
    [found, *_] = world.of(kinds.PROJECT, wanted.projects[wanted.stacks[0], application])
    return found


def _unread(config: Mapping[str, Any]) -> Iterator[str]:
    for application, entry in config[f"{NAMESPACE}applications"].items():
        for name, value in entry["variables"].items():
            if isinstance(value, Secret) and value.reveal() == NOT_SHOWN:
                yield f"{NAMESPACE}applications.{application}.variables.{name}"


# --- Applications -----------------------------------------------------------------------------------------------------


class _Application:
    """One application in all its projects."""

    def __init__(self, wanted: Wanted, world: World, name: str, clear: Collection[str]) -> None:
        self.world, self.name, self.clear = world, name, clear
        self.projects = {stack: wanted.projects[stack, name] for stack in wanted.stacks}
        self.first = _first(wanted, world, name)
        self.found = {stack: self._production(project) for stack, project in self.projects.items()}
        self.variables = tuple(self._variables())

    def declared(self) -> parameters.Application:
        given = self.first.properties
        regions = texts(mapping(given.get("resourceConfig")).get("functionDefaultRegions"))
        return parameters.Application.model_validate(
            {
                "name": self.name,
                "framework": given["framework"],
                "root_directory": given.get("rootDirectory") or None,
                "node_version": given["nodeVersion"],
                **{
                    name: given.get(wire) or None
                    for name, wire in (
                        ("build_command", "buildCommand"),
                        ("install_command", "installCommand"),
                        ("output_directory", "outputDirectory"),
                    )
                },
                "function_region": regions[0] if regions else "iad1",
                "container": self._container(),
                "variables": self.variables,
                "preview_deployments": not given.get("previewDeploymentsDisabled"),
                "retention": self._retention(),
            }
        )

    def _container(self) -> parameters.Container | None:
        """How the first stack's is built, as its registry shows it; None where it is no container."""
        if self.first.properties["framework"] != "container":
            return None
        project = self.first.key[0]
        there = {each.key[1] for each in self.world.of(kinds.REGISTRY, project)}
        repository = "containerfile" if there >= {"containerfile"} and "dockerfile" not in there else "dockerfile"
        plain = (each for each in self.variables if isinstance(each, parameters.PlainVariable))
        return parameters.Container.model_validate(
            {
                "file": f"{repository.capitalize()}.vercel",
                "port": next((int(each.value) for each in plain if each.name == "PORT" and each.value.isdigit()), 80),
                "shared_with": tuple(each.key[2] for each in self.world.of(kinds.REGISTRY_SHARE, project, repository)),
            }
        )

    def _retention(self) -> parameters.Retention:
        """As the first stack's project has it, where the model can say so."""
        [found] = self.world.of(kinds.RETENTION, self.first.key[0])
        known = {"preview": "expirationPreview", "canceled": "expirationCanceled", "errored": "expirationErrored"}
        given = {name: found.properties[wire] for name, wire in known.items()}
        return parameters.Retention.model_validate(
            {name: value for name, value in given.items() if not str(value).endswith(" days")}
        )

    def own(self, stack: str) -> dict[str, Any]:
        """What a stack's file has of it."""
        project = next(iter(self.world.of(kinds.PROJECT, self.projects[stack])))
        protection = mapping(project.properties.get("vercelAuthentication")).get("deploymentType")
        return {
            "project": project.key[0],
            "domains": self._domains(project.key[0]),
            "protection": _PROTECTION.get(str(protection), "preview"),
            "variables": {
                each.name: self._value(each, self.found[stack][each.name])
                for each in self.variables
                if not isinstance(each, parameters.PlainVariable)
            },
        }

    @staticmethod
    def _value(variable: parameters.Variable, found: LiveObject) -> str | Secret:
        value = str(found.properties.get("value", NOT_SHOWN))
        return Secret(value, variable.name) if isinstance(variable, parameters.SensitiveVariable) else value

    def _domains(self, project: str) -> list[dict[str, str]]:
        """Those that serve first, before all the one that most redirect to; Vercel's own where there is no other."""
        every = self.world.of(kinds.DOMAIN, project)
        found = [each for each in every if not each.key[1].endswith(".vercel.app")] or every
        aims = Counter(str(each.properties.get("redirect")) for each in found)
        ordered = sorted(
            found, key=lambda each: (bool(each.properties.get("redirect")), -aims[each.key[1]], each.key[1])
        )
        return [
            {"name": each.key[1], **({"redirect": str(aim)} if (aim := each.properties.get("redirect")) else {})}
            for each in ordered
        ]

    def release(self, stack: str) -> dict[str, Any]:
        """What is live, as the first kept release."""
        live = self.world.one(kinds.LIVE, self.projects[stack])
        if live is None:
            return {"live": None, "kept": {}}
        given = live.properties
        first = {
            "commit": given["commit"], "config": _NO_DIGEST, "credentials": 1, "deployment": given["deploymentId"],
        }  # fmt: skip
        return {"live": "r1", "kept": {"r1": first}}

    # --- Variables ----------------------------------------------------------------------------------------------------

    def _production(self, project: str) -> dict[str, LiveObject]:
        """The variables that a release is built with and that the catalog can name."""
        return {
            each.key[1]: each
            for each in self.world.of(kinds.VARIABLE, project)
            if "production" in texts(each.properties["targets"])
            and not each.properties.get("gitBranch")
            and not each.properties.get("customEnvironmentIds")
            and not each.beyond.get("type")
            and _may_be_declared(each)
        }

    def _variables(self) -> Iterator[parameters.Variable]:
        every = self.found.values()
        for name in sorted(next(iter(every))):
            there = [each[name] for each in every if name in each]
            if len(there) == len(self.found):
                yield self._variable(name, there)

    def _variable(self, name: str, there: Sequence[LiveObject]) -> parameters.Variable:
        targets: Any = tuple(each for each in ("production", "preview", "development") if each in _targets(there[0]))
        values = [each.properties.get("value") for each in there]
        readable = [str(each) for each in values if each is not None]
        clear = name in self.clear or all(may_be_clear(name, each) for each in readable)
        if len(readable) < len(values) or not clear:
            shown = not there[0].properties["sensitive"]
            return parameters.SensitiveVariable(name=name, targets=targets, shown=shown)
        if len(set(readable)) == 1 and len(readable) > 1:
            return parameters.PlainVariable(name=name, value=readable[0], targets=targets)
        return parameters.PerStackVariable(name=name, targets=targets)


def _targets(found: LiveObject) -> list[str]:
    return texts(found.properties["targets"])


def _may_be_declared(found: LiveObject) -> bool:
    """Whether its name and its value are such as the catalog and a stack's file take."""
    name = found.key[1]
    taken = name in RESERVED | SYSTEM or name.startswith(tuple(RESERVED_PREFIXES))
    try:
        parameters.PlainVariable(name=name, value="x")
        forms.clean(str(found.properties.get("value", NOT_SHOWN)))
    except (PydanticCustomError, ValueError):
        return False
    return not taken


# --- Databases, delivery ----------------------------------------------------------------------------------------------


def _database(wanted: Wanted, world: World, name: str) -> parameters.Database:
    """Its schemas, as the first stack has them: its own, or `public` where there is no other."""
    there = [each.key[1] for each in world.of(kinds.SCHEMA, wanted.databases[wanted.stacks[0], name])]
    schemas = tuple(each for each in there if each != "public") or ("public",)
    return parameters.Database(name=name, server=wanted.servers[name] or None, schemas=schemas)


def _config(wanted: Wanted, world: World, made: Mapping[str, _Application], stack: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "environment": stack,
        **({"promotesFrom": wanted.sources[stack]} if stack in wanted.sources else {}),
        "secret": Secret(random.token_urlsafe(48), f"{NAMESPACE}secret"),
        "managesRepository": stack == wanted.stacks[0],
        "protect": True,
        "applications": {name: each.own(stack) for name, each in made.items()},
        "databases": {
            name: _database_settings(world, wanted.databases[stack, name], wanted.servers[name])
            for name in _names(wanted.databases)
        },
        "delivery": _delivery(wanted, world, stack),
        "releases": {name: each.release(stack) for name, each in made.items()},
        "fingerprints": {},
        "exceptions": [],
        "postponed": sorted(STEPS),
        "acknowledged": [],
    }
    return {f"{NAMESPACE}{key}": value for key, value in values.items()}


def _database_settings(world: World, name: str, server: str) -> dict[str, Any]:
    [found] = world.of(kinds.DATABASE, name)
    host, port = world.addresses[server]
    limit = cast("int", found.properties["connectionLimit"])
    return {
        "names": {"database": name},
        "host": host,
        "port": port,
        "sslmode": "require",
        "connectionLimit": limit or -1,
        "applicationConnectionLimit": limit if limit > 0 else 20,
        "credentials": {"migrator": 1, "readonly": 1},
    }


def _delivery(wanted: Wanted, world: World, stack: str) -> dict[str, Any]:
    found = world.one(kinds.ENVIRONMENT, wanted.repository, wanted.environment(stack))
    given: Mapping[str, Any] = found.properties if found else {}
    policies = [each.key[2] for each in world.of(kinds.POLICY, wanted.repository, wanted.environment(stack))]
    branches = [each.removeprefix("branch:") for each in policies if each.startswith("branch:")]
    return {
        "environment": wanted.environment(stack),
        "reviewers": {"teams": items(None)},
        "waitMinutes": given.get("waitTimer", 0),
        "preventSelfReview": False,  # GitHub keeps it with the reviewers, who are left
        "branches": branches or ["main"],
    }
