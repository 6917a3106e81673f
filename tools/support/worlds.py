"""Random allowed configs, and a world in which each is exactly as declared: what an audit must call clean."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from parity.config import parameters
from parity.config.project import Project
from parity.config.secret import Secret
from parity.config.settings import Settings
from parity.config.stack_models import StackConfig
from parity.drift.compare import Sides
from parity.engine.state import Recorded, State
from parity.evaluate import declared as program
from parity.inventory.collect import arrange
from parity.inventory.keys import natural_key, opened
from parity.inventory.model import DatabaseObject, LiveObject, Login, Privilege, VendorState
from parity.resources import kinds
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource

STACK = "staging"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Config:
    """One random config, allowed by the models."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a config, no key

    def name(self, least: int = 2, most: int = 12, digits: str = "") -> str:
        letters = string.ascii_lowercase
        rest = "".join(self.random.choice(letters + digits) for _ in range(self.random.randint(least - 1, most - 1)))
        return self.random.choice(letters) + rest

    def secret(self) -> Secret:
        return Secret("".join(self.random.choices(string.ascii_letters + string.digits, k=40)))

    def some(self, values: tuple[Any, ...], least: int = 1) -> tuple[Any, ...]:
        return tuple(self.random.sample(values, self.random.randint(least, len(values))))

    def names(self, least: int, most: int) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < most:
            found[self.name()] = None
        return list(found)[: self.random.randint(least, most)]

    def catalog(self) -> parameters.Catalog:
        databases = tuple(
            parameters.Database(
                name=name,
                schemas=tuple(self.names(1, 3)),
                extensions=tuple(self.some(("vector", "pgcrypto", "citext"), 0)),
                timeouts=parameters.Timeouts(statement_milliseconds=self.random.randint(1, 99_999)),
            )
            for name in self.names(0, 2)
        )
        applications = tuple(self.application(name, databases) for name in self.names(1, 3))
        return parameters.Catalog(
            vercel_team=self.name(),
            repository=parameters.Repository(
                owner=self.name(),
                name=self.name(),
                required_checks=tuple(self.names(0, 3)),
                required_approvals=self.random.randint(0, 6),
                allowed_actions=tuple(f"{name}/*" for name in self.names(0, 3)),
            ),
            applications=applications,
            databases=databases,
            telemetry=parameters.Telemetry(
                sources=cast(
                    "Any", self.some(("build", "edge", "external", "firewall", "lambda", "redirect", "static"))
                ),
                environments=cast("Any", self.some(("production", "preview"))),
                delivery_format=self.random.choice(("json", "ndjson")),
                sampling_rate=self.random.choice((0.1, 0.5, 1.0)),
            ),
        )

    def application(self, name: str, databases: tuple[parameters.Database, ...]) -> parameters.Application:
        r = self.random
        variables: list[Any] = []
        for variable in {each.upper() for each in self.names(0, 6)}:
            targets = self.some(("production", "preview"))
            kinds: list[Any] = [
                parameters.PlainVariable(
                    name=variable, value=self.name(), targets=self.some(("production", "preview", "development"))
                ),
                parameters.PerStackVariable(name=variable, type="string", targets=targets),
                parameters.SensitiveVariable(name=variable, targets=targets),
            ]
            if databases:
                database = r.choice(databases)
                kinds.append(
                    parameters.DatabaseUrlVariable(
                        name=variable, database=database.name, schemas=self.some(database.schemas), targets=targets
                    )
                )
            variables.append(r.choice(kinds))
        return parameters.Application(
            name=name,
            framework=r.choice(("nextjs", "vite", "remix")),
            root_directory=f"apps/{name}",
            node_version=r.choice(("20.x", "22.x", "24.x")),
            build_command=r.choice((None, "make build")),
            install_command=r.choice((None, "make install")),
            output_directory=r.choice((None, "dist")),
            function_region=r.choice(("fra1", "iad1", "sfo1")),
            variables=tuple(variables),
            retention=parameters.Retention(preview=r.choice(("1d", "1m", "1y")), canceled=r.choice(("1d", "2m"))),
        )

    def settings(self) -> Settings:
        r, catalog = self.random, self.catalog()
        document: dict[str, Any] = {
            "environment": STACK,
            "secret": self.secret(),
            "managesRepository": r.random() < 0.5,
            "protect": r.random() < 0.5,
            "applications": {each.name: self._application(each) for each in catalog.applications},
            "databases": {each.name: self._database() for each in catalog.databases},
            "delivery": {
                "reviewers": {"teams": (teams := self.names(0, 3))},
                "waitMinutes": r.choice((0, 10, 43_200)),
                "preventSelfReview": bool(teams) and r.random() < 0.5,
                "branches": [f"{name}/*" for name in self.names(1, 3)],
            },
            "logs": {"endpoint": f"https://{self.name()}.example/drain", "secret": self.secret()},
            "releases": {each.name: self._releases() for each in catalog.applications},
            "exceptions": [],
            "acknowledged": [],
        }
        config = StackConfig.model_validate(document)
        fields = {name: getattr(config, name) for name in StackConfig.model_fields}
        return Settings(stack=STACK, catalog=catalog, origin=cast("Any", None), **fields)

    def _application(self, application: parameters.Application) -> dict[str, Any]:
        first = f"{self.name()}.example"
        domains: list[dict[str, Any]] = [{"name": first}]
        domains += [
            {"name": f"{name}.example.com", "redirect": self.random.choice((None, first))} for name in self.names(0, 2)
        ]
        values: dict[str, Any] = {}
        for variable in application.variables:
            if variable.kind == "per-stack":
                values[variable.name] = self.random.choice((self.name(), 20, True))
            elif variable.kind == "sensitive":
                values[variable.name] = self.secret()
        protection = self.random.choice(("none", "preview", "all"))
        return {"domains": domains, "protection": protection, "variables": values}

    def _database(self) -> dict[str, Any]:
        return {
            "host": f"{self.name()}.example",
            "port": self.random.randint(1, 65_535),
            "sslmode": self.random.choice(("require", "verify-full")),
            "connectionLimit": self.random.randint(50, 500),
            "applicationConnectionLimit": self.random.randint(1, 50),
            "credentials": {"migrator": self.random.randint(1, 9), "readonly": self.random.randint(1, 9)},
        }

    def _releases(self) -> dict[str, Any]:
        count = self.random.randint(0, 3)
        kept = {
            f"r{number}": {
                "commit": f"{self.random.getrandbits(160):040x}",
                "config": f"{self.random.getrandbits(128):032x}",
                "credentials": number,
            }
            for number in range(1, count + 1)
        }
        return {"live": self.random.choice((None, *kept)) if kept else None, "kept": kept}


def declared(settings: Settings) -> Graph:
    return program.declared(Project(ROOT), settings)


class Mirror:
    """A world that is exactly what a graph declares, with the vendors' own defaults and in an order of its own."""

    def __init__(self, graph: Graph, seed: int) -> None:
        self.graph, self.random = graph, random.Random(seed)  # noqa: S311 - an order, no key
        self.ids = {urn: self._id(each, number) for number, (urn, each) in enumerate(graph.resources.items())}
        self.team = "team_" + "1" * 24
        self.account = {"team": self.team}
        for number, (_, given) in enumerate(graph.invokes.values()):
            self.account[f"team:{given['slug']}"] = str(70_000 + number)

    def _id(self, each: Resource, number: int) -> str:
        if each.type in {kinds.ROLE, kinds.DATABASE}:
            return str(each.inputs["name"])
        return f"id_{number}"

    def sides(self) -> Sides:
        found: list[LiveObject] = []
        for urn, each in self.graph.resources.items():
            if each.custom and natural_key(each, self.graph):
                found.append(self._found(urn, each))
        things = list(self._things())
        privileges = list(self._privileges(things))
        logins = [
            Login(str(each.inputs["name"]), "db", True, "it logs in")
            for each in self.graph.resources.values()
            if each.type == kinds.ROLE and each.inputs.get("login")
        ]
        self.random.shuffle(found)
        self.random.shuffle(privileges)
        seen = VendorState(
            tuple(found), (), tuple(privileges), tuple(things), tuple(logins), calls={"all": 1}, account=self.account
        )
        live_state = arrange(self.graph, {"all": seen})
        return Sides(self.graph, self._state(), live_state)

    def _value(self, value: Any, *, ordered: bool = False) -> Any:
        """A declared value as a vendor would give it: ids for markers, lists that are sets in an order of its own."""
        value = opened(value)
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            items = [self._value(each) for each in cast("list[Any]", value)]
            if not ordered:
                self.random.shuffle(items)
            return items
        if isinstance(value, str) and "parity-computed:" in value:
            urn, _, output = value.removeprefix("parity-computed:").partition("#")
            return self.ids[urn] if output == "id" else self.team if output == "teamId" else f"{self.ids[urn]}.example"
        if isinstance(value, int) and str(value) in self.graph.invokes:
            return int(self.account[f"team:{self.graph.invokes[str(value)][1]['slug']}"])
        return value

    def _found(self, urn: str, each: Resource) -> LiveObject:
        lists = kinds.of(each.type).ordered
        inputs = {name: self._value(value, ordered=name in lists) for name, value in each.inputs.items()}
        hidden: dict[str, str] = {}
        properties = {name: value for name, value in inputs.items() if name not in kinds.of(each.type).not_real}
        if each.type == kinds.VARIABLE and inputs["sensitive"]:
            hidden = {"value": "never shown"}
        if each.type == kinds.SECRET:
            hidden = {"value": "never shown"}
        if each.type == kinds.DEPLOYMENT:
            hidden = {"environment": "names only"}
            properties["environment"] = sorted(inputs["environment"])
            properties["url"] = f"{self.ids[urn]}.example"
        properties = {name: value for name, value in properties.items() if name == "environment" or name not in hidden}
        if each.type == kinds.ROLE:
            properties |= {"members": self._members(str(inputs["name"])), "roles": inputs.get("roles", [])}
        for path, usual in kinds.of(each.type).usual.items():
            top, _, inner = path.partition(".")
            if not inner:
                properties.setdefault(top, usual)
        # What a vendor gives of what is not set.
        noise = {"comment": "", "gitBranch": None, "customEnvironmentIds": [], "redirect": None}
        properties |= {name: value for name, value in noise.items() if name not in properties}
        key = tuple(str(part) for part in natural_key(each, self.graph))
        return LiveObject(each.type, key, self.ids[urn], "", properties, hidden, written_at=NOW, by="a person")

    def _members(self, role: str) -> list[str]:
        return [
            str(each.inputs["name"])
            for each in self.graph.resources.values()
            if each.type == kinds.ROLE and role in cast("list[str]", opened(each.inputs.get("roles") or []))
        ]

    def _things(self) -> Iterator[DatabaseObject]:
        for each in self.graph.resources.values():
            if each.type != kinds.SCHEMA:
                continue
            database, schema = str(each.inputs["database"]), str(each.inputs["name"])
            owner = str(each.inputs.get("owner") or "admin")
            yield DatabaseObject(database, "schema", schema, schema, owner)
            if "owner" in each.inputs:
                for kind in ("table", "sequence", "routine", "type"):
                    for number in range(self.random.randint(0, 2)):
                        yield DatabaseObject(database, kind, schema, f"{kind}{number}", owner)

    def _privileges(self, things: list[DatabaseObject]) -> Iterator[Privilege]:
        for each in self.graph.resources.values():
            if each.type == kinds.DEFAULT:
                given = {name: opened(value) for name, value in each.inputs.items()}
                for privilege in given["privileges"]:
                    yield Privilege(
                        given["database"],
                        given["objectType"],
                        given.get("schema", ""),
                        "",
                        given["owner"],
                        given["role"],
                        privilege,
                        False,
                        default=True,
                    )
            if each.type != kinds.GRANT:
                continue
            given = {name: opened(value) for name, value in each.inputs.items()}
            kind, schema, database = given["objectType"], given.get("schema", ""), given["database"]
            names = [one.name for one in things if (one.database, one.kind, one.schema) == (database, kind, schema)]
            if kind in {"schema", "database"}:
                names = [schema or database]
            for name in names:
                for privilege in given["privileges"]:
                    yield Privilege(database, kind, schema, name, "another", given["role"], privilege, False)
        for thing in things:
            if thing.kind == "type":
                yield Privilege(
                    thing.database,
                    "type",
                    thing.schema,
                    thing.name,
                    thing.owner,
                    "public",
                    "USAGE",
                    False,
                    builtin=True,
                )

    def _state(self) -> State:
        rows = []
        for urn, each in self.graph.resources.items():
            inputs = {name: self._value(value) for name, value in each.inputs.items()}
            noted = (NOW + timedelta(seconds=self.random.uniform(0, 3))).isoformat()
            document = {"modified": noted}
            outputs = {**inputs, "url": f"{self.ids[urn]}.example"} if each.type == kinds.DEPLOYMENT else inputs
            rows.append(
                Recorded(
                    urn,
                    each.type,
                    self.ids[urn],
                    each.parent,
                    inputs,
                    outputs,
                    frozenset(),
                    "",
                    each.custom,
                    False,
                    False,
                    (),
                    document,
                )
            )
        return State(tuple(rows), (), {})
