"""One difference, and the vendors of a running sandbox that it is made at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.program import Instance

STACK = "prod"
DATABASE = "storefront_prod"
OWNER = "storefront_prod_owner"
REPOSITORY = "storefront"
ORGANIZATION = "/orgs/storefront-example"
REPO = "/repos/storefront-example/storefront"
ENVIRONMENT = f"{REPO}/environments/{STACK}"
RULESET_NAME = "parity-main"


@dataclass
class World:
    """The vendors of a running sandbox, as an administrator reaches them."""

    instance: Instance
    ids: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self._environment = self.instance.environment()
        common: dict[str, Any] = {
            "proxy": self._environment["HTTPS_PROXY"],
            "verify": self._environment["SSL_CERT_FILE"],
            "timeout": 60,
        }
        tokens = {name: self._environment[name] for name in ("VERCEL_API_TOKEN", "GITHUB_TOKEN")}
        self._vercel = httpx.Client(
            base_url="https://api.vercel.com",
            headers={"authorization": f"Bearer {tokens['VERCEL_API_TOKEN']}"},
            params={"slug": "storefront"},
            **common,
        )
        self._github = httpx.Client(
            base_url="https://api.github.com",
            headers={"authorization": f"Bearer {tokens['GITHUB_TOKEN']}"},
            **common,
        )

    def vercel(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        return self._send(self._vercel, method, path, body, query)

    def github(self, method: str, path: str, body: Any = None) -> Any:
        return self._send(self._github, method, path, body)

    @staticmethod
    def _send(client: httpx.Client, method: str, path: str, body: Any, query: dict[str, str] | None = None) -> Any:
        answer = client.request(method, path, json=body, params=query)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sql(self, *statements: str, database: str = DATABASE, superuser: bool = False, role: str = "") -> None:
        with self.connected(database, superuser=superuser) as connection:
            if role:
                connection.execute(f"set role {role}")  # pyright: ignore[reportArgumentType]
            for statement in statements:
                connection.execute(statement)  # pyright: ignore[reportArgumentType]

    def connected(self, database: str, *, superuser: bool = False) -> psycopg.Connection:
        """A connection as the administrator, or as the superuser; each statement is its own transaction."""
        credentials = json.loads((self.instance.local.directory / "credentials.json").read_text())
        user = "postgres" if superuser else self._environment["PGUSER"]
        password = credentials["postgres_superuser"] if superuser else self._environment["PGPASSWORD"]
        return psycopg.connect(
            host=self._environment["PGHOST"],
            port=self._environment["PGPORT"],
            user=user,
            password=password,
            dbname=database,
            autocommit=True,
        )

    def variable(self, project: str, key: str) -> str:
        """Vercel's id of a variable."""
        rows = self.vercel("GET", f"/v9/projects/{project}/env")["envs"]
        return next(row["id"] for row in rows if row["key"] == key)

    def deployment(self, project: str, release: str) -> str:
        """Vercel's id of a release's deployment."""
        own = self.vercel("GET", f"/v9/projects/{project}")["id"]
        rows = self.vercel("GET", "/v6/deployments")["deployments"]
        return next(row["uid"] for row in rows if row["projectId"] == own and row["meta"].get("release") == release)

    def drain(self) -> dict[str, Any]:
        """The stack's log drain."""
        rows = self.vercel("GET", "/v1/drains")["drains"]
        return next(row for row in rows if row["name"] == f"storefront-{STACK}")

    def ruleset(self) -> dict[str, Any]:
        """The repository's ruleset."""
        rows = self.github("GET", f"{REPO}/rulesets")
        number = next(row["id"] for row in rows if row["name"] == RULESET_NAME)
        return self.github("GET", f"{REPO}/rulesets/{number}")

    def with_rules(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the ruleset's rules, by type."""
        found = self.ruleset()
        rules = {rule["type"]: rule for rule in found["rules"]}
        change(rules)
        self.github("PUT", f"{REPO}/rulesets/{found['id']}", {"rules": list(rules.values())})


@dataclass(frozen=True)
class Mutation:
    """One difference, made by hand."""

    kind: str
    """The class of findings that must report it: `changed`, `missing`, `unmanaged`, `cross-stack`."""
    type: str
    """The type of the finding."""
    name: str
    """Held in the finding's name."""
    path: str
    """How the finding's property begins; empty for all of the object."""
    make: Callable[[World], Any] = field(repr=False)
    of: str = ""
    """The provider's property that is changed, where the denominator has it; by default the path's first part."""
    also: tuple[str, ...] = ()
    """Other kinds that report it as well."""

    @property
    def label(self) -> str:
        return f"{self.kind} {self.type.split(':')[-1]} {self.name} {self.path}".strip()

    @property
    def vendor(self) -> str:
        return {"vercel": "Vercel", "parity": "Vercel", "github": "GitHub"}.get(self.type.split(":")[0], "PostgreSQL")
