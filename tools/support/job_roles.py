"""The roles of docs/delivery.md from which jobs' logins are made, on a sandbox's server."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from parity.vendors.postgres import connect
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DELIVER, PLAN = "parity_deliver", "parity_plan"
PASSWORDS = {DELIVER: "canary-of-who-makes-administrators", PLAN: "canary-of-who-makes-planners"}
OWNER = "parity_admin"
RECORD = "grant usage on schema parity to parity_planner; grant select on parity.migrations to parity_planner"
"""As the page says it, of a database with migrations."""


def set_up(directory: Path, environment: Mapping[str, str], databases: tuple[str, ...] = ()) -> None:
    """Do what the page says, in the sandbox of that folder; its administrator is one that was there already."""
    (block,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "delivery.md").read_text(), re.DOTALL)
    statements = block.replace("another long random text", PASSWORDS[PLAN])
    statements = statements.replace("a long random text", PASSWORDS[DELIVER])
    password = json.loads((directory / "credentials.json").read_text())["postgres_superuser"]
    with connect({**environment, "PGUSER": "postgres", "PGPASSWORD": password}) as connection:
        created = f"create role {OWNER} createdb createrole;\n"
        assert created in statements
        connection.execute(statements.replace(created, ""))
        for name in databases:
            connection.execute(f'grant connect on database "{name}" to parity_planner')  # type: ignore[arg-type]
    for name in databases:
        with connect({**environment, "PGUSER": "postgres", "PGPASSWORD": password, "PGDATABASE": name}) as connection:
            connection.execute(RECORD)


def accepted(text: str) -> str:
    """A stack's file with the exceptions of the page."""
    page = (ROOT / "docs" / "delivery.md").read_text()
    (block,) = re.findall(r"```yaml\n(  parity:exceptions:\n.*?)```", page, re.DOTALL)
    assert text.count("  parity:exceptions: []\n") == 1
    return text.replace("  parity:exceptions: []\n", block)


def login(user: str) -> dict[str, str]:
    """The variables of who makes the logins."""
    return {"PGUSER": user, "PGPASSWORD": PASSWORDS[user]}
