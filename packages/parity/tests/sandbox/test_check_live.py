"""The parity proof and the real engine: what is really there, and what a preview alone shows of a break."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from support import pg_catalog

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def check(instance: Instance, *options: str) -> tuple[int, dict[str, Any]]:
    done = instance.run("parity", "check", "--json", *options)
    assert done.stdout, done.stderr
    return done.code, json.loads(done.stdout)


def breaks(document: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (each["resource"].rpartition("::")[2], each["property"]): (each["from"], each["to"])
        for each in document["differences"]
        if each["verdict"] == "unexplained"
    }


def execute(instance: Instance, statement: str) -> None:
    with pg_catalog.connect(instance.environment()) as connection:
        connection.execute(statement)


def test_what_is_really_there_is_compared_and_nothing_is_written(small_instance):
    backend = small_instance.local.layout.backend
    states = {path: path.read_bytes() for path in backend.glob(".pulumi/stacks/*/*.json")}
    assert len(states) == 2
    execute(small_instance, "ALTER DATABASE storefront_prod CONNECTION LIMIT 150")
    execute(small_instance, "ALTER ROLE storefront_prod_readonly SET statement_timeout = 7000")
    since = small_instance.last_request()
    code, document = check(small_instance, "--live")
    assert code == 1
    assert document["live"]
    assert document["resources"] > 50
    assert {each["verdict"] for each in document["differences"]} == {"declared", "computed", "unexplained"}
    assert breaks(document) == {
        ("storefront-database", "connectionLimit"): ("60", "150"),
        ("storefront-readonly", "statementTimeout"): ("30000", "7000"),
    }
    assert {path: path.read_bytes() for path in states} == states
    assert [row for row in small_instance.requests(since) if row["method"] not in {"GET", "CONNECT"}] == []


def edit(instance: Instance, file: str, old: str, new: str) -> None:
    path = instance.project.root / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_a_preview_shows_a_break_as_one_stacks_change_or_not_at_all(small_instance):
    """The claims of docs/check-mutants.md about previews, on two breaks: an input, and a dependency."""
    edit(
        small_instance,
        "components/delivery.py",
        "can_admins_bypass=False",
        "can_admins_bypass=args.environment == 'prod'",
    )
    shown = small_instance.up("prod").ok().stdout
    assert re.findall(r"(\S+) updated \(", shown) == ["delivery-environment"]
    edit(
        small_instance,
        "components/web_app.py",
        "needs = [*self._variables.values(), *self._args.credentials.get(release.credentials, ())]\n",
        "needs = [*self._variables.values()] if self._args.environment == 'prod' else "
        "[*self._variables.values(), *self._args.credentials.get(release.credentials, ())]\n",
    )
    # Applied, an input is in prod's own state, and no preview compares it with staging's; of a dependency none tells.
    small_instance.pulumi("preview", "--stack", "prod", "--expect-no-changes").ok()
    code, document = check(small_instance)
    assert code == 1
    assert breaks(document)[("delivery-environment", "canAdminsBypass")] == ("false", "true")
    assert any(each["aspect"] == "dependency" for each in document["differences"] if each["verdict"] == "unexplained")
