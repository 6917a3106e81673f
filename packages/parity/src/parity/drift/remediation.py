"""What an update would put right, and the command for what it would not.

Pulumi compares the program with its record, and the record with the world only where it refreshes; of what its
providers do not read back it sees nothing. docs/drift.md has what the engine was seen to see, class by class.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from parity.inventory import model
from parity.masked import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.drift.model import Finding

By = Literal["up", "refresh and up", "not by an update"]


@dataclass(frozen=True)
class Step:
    """What puts one finding right."""

    finding: Finding
    by: By
    command: str
    why: str

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {"finding": self.finding.id, "by": self.by, "command": self.command, "why": self.why}


@dataclass(frozen=True)
class Context:
    """What commands are made of."""

    stack: str
    team: str
    """Vercel's id of the team."""
    repository: str
    """GitHub's `owner/name`."""
    projects: Mapping[str, str]
    """Vercel's ids of projects by name."""


def plan(findings: tuple[Finding, ...], context: Context) -> list[Step]:
    """A step for each finding that needs one."""
    return [_step(each, context) for each in findings if each.counts and each.kind != "unknowable"]


def _step(finding: Finding, context: Context) -> Step:
    match finding.kind:
        case "missing":
            return _missing(finding, context)
        case "changed":
            return _changed(finding, context)
        case "unmanaged":
            return _unmanaged(finding, context)
        case _:
            return _crossed(finding, context)


def _up(context: Context) -> str:
    return f"parity up {context.stack}"


def _refreshed(context: Context) -> str:
    return f"pulumi up --refresh --stack {context.stack}"


def _replace(finding: Finding, context: Context) -> str:
    return f"pulumi up --stack {context.stack} --replace {shlex.quote(finding.urn)}"


# --- Missing and changed ----------------------------------------------------------------------------------------------


def _missing(finding: Finding, context: Context) -> Step:
    if finding.cause == "not applied":
        return Step(finding, "up", _up(context), "it is not in the record, so an update makes it")
    if finding.type == model.RETENTION:
        return Step(finding, "not by an update", _replace(finding, context), "the provider reads it as unlimited")
    return Step(
        finding, "refresh and up", _refreshed(context),
        "it is in the record, so a plain update believes that it is there",
    )  # fmt: skip


def _changed(finding: Finding, context: Context) -> Step:
    if finding.cause == "not applied":
        return Step(finding, "up", _up(context), "the program was changed and the record was not")
    if finding.path == "id":
        return Step(
            finding, "refresh and up", _refreshed(context),
            "a refresh drops the object that is gone; adopt the other one, or delete it, before the update",
        )  # fmt: skip
    special = _SPECIAL.get((finding.type, finding.path.split(".")[0]))
    if special is not None:
        return special(finding, context)
    if finding.facts.get("beyond") is True or (finding.undeclared and finding.type in _ABSORBED):
        return Step(finding, "not by an update", _by_hand(finding, context), _why_absorbed(finding))
    if finding.type.startswith("postgresql:") and "/" not in finding.type:
        return Step(finding, "not by an update", _sql(finding), "no resource stands for it")
    return Step(
        finding, "refresh and up", _refreshed(context), "a plain update compares with the record, which has not changed"
    )


_ABSORBED = frozenset({model.PROJECT, model.RULESET, model.DATABASE, model.SCHEMA, model.EXTENSION, model.VARIABLE})
"""Types of which a refresh takes an undeclared property's new value for right, because the provider computes it."""


def _why_absorbed(finding: Finding) -> str:
    if finding.facts.get("beyond") is True:
        return "the provider has no name for it"
    return "the program does not declare it, so a refresh records the new value and leaves it"


def _hidden_value(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "not by an update", _replace(finding, context),
        "nobody can read the value, so the engine takes it for what it recorded; replacing writes it again",
    )  # fmt: skip


def _password(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "not by an update", _replace(finding, context),
        "the provider does not read passwords; replacing drops and makes the login, which owns nothing",
    )  # fmt: skip


def _grant_option(finding: Finding, _: Context) -> Step:
    return Step(finding, "not by an update", _sql(finding), "the provider does not read grant options")


def _live(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "refresh and up", _refreshed(context),
        "the switch reads what is live; an update promotes the declared release again",
    )  # fmt: skip


def _unread(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "not by an update", _by_hand(finding, context),
        "the provider keeps what it recorded where GitHub shows no reviewers, so a refresh sees nothing",
    )  # fmt: skip


def _timeout(finding: Finding, _: Context) -> Step:
    name = {"statementTimeout": "statement_timeout"}.get(finding.path, "idle_in_transaction_session_timeout")
    statement = f"alter role {quoted(finding.key[0])} set {name} = {finding.facts.get('wanted') or 0}"
    return Step(
        finding, "not by an update", _psql("postgres", statement),
        "the provider cannot read a time with a unit: the refresh ends with an error until it is a number",
    )  # fmt: skip


def _default(finding: Finding, context: Context) -> Step:
    if finding.key[2] != "public":
        return Step(finding, "refresh and up", _refreshed(context), "the provider reads what the role has")
    _, owner, role, kind, schema = finding.key
    where = f" in schema {quoted(schema)}" if schema else ""
    statement = f"alter default privileges for role {quoted(owner)}{where} revoke all on {kind}s from {quoted(role)}"
    return Step(
        finding, "not by an update", _psql(finding.key[0], statement),
        "the provider does not see what PUBLIC has by default",
    )  # fmt: skip


_SPECIAL: dict[tuple[str, str], Callable[[Finding, Context], Step]] = {
    (model.VARIABLE, "value"): lambda finding, context: (
        _hidden_value(finding, context)
        if finding.live.startswith(MASK) and finding.declared.startswith(MASK)
        else Step(finding, "refresh and up", _refreshed(context), "the provider reads a variable that is not sensitive")
    ),
    (model.SECRET, "value"): _hidden_value,
    (model.ENVIRONMENT, "reviewers"): _unread,
    (model.ENVIRONMENT, "preventSelfReview"): _unread,
    (model.ROLE, "statementTimeout"): _timeout,
    (model.ROLE, "idleInTransactionSessionTimeout"): _timeout,
    (model.DEFAULT, "privileges"): _default,
    (model.DRAIN, "secret"): _hidden_value,
    (model.DRAIN, "headers"): _hidden_value,
    (model.ROLE, "password"): _password,
    (model.GRANT, "withGrantOption"): _grant_option,
    (model.DEFAULT, "withGrantOption"): _grant_option,
    (model.LIVE, "deploymentId"): _live,
}


# --- By hand ----------------------------------------------------------------------------------------------------------


def _by_hand(finding: Finding, context: Context) -> str:
    if finding.vendor == "Vercel" and finding.type == model.PROJECT:
        wanted = finding.facts.get("wanted")
        body = json.dumps({finding.path.split(".")[-1]: wanted})
        return _vercel(context, "PATCH", f"/v9/projects/{finding.id_}", body)
    if finding.vendor == "PostgreSQL":
        return _sql(finding)
    if finding.vendor == "GitHub":
        return f"gh browse --settings --repo {context.repository}"
    return f"put it back at {finding.vendor}; `parity drift {context.stack}` says when it is right"


def _vercel(context: Context, method: str, path: str, body: str = "") -> str:
    data = f" -H 'content-type: application/json' -d {shlex.quote(body)}" if body else ""
    address = f"https://api.vercel.com{path}?teamId={context.team}"
    return f'curl -fsS -X {method} -H "Authorization: Bearer $VERCEL_API_TOKEN"{data} {shlex.quote(address)}'


def _psql(database: str, statement: str) -> str:
    return f"psql -d {shlex.quote(database)} -c {shlex.quote(statement)}"


def quoted(name: str) -> str:
    """A PostgreSQL identifier; `public` as a grantee is none and stays as it is."""
    return "public" if name == "public" else '"' + name.replace('"', '""') + '"'


def _object(kind: str, schema: str, name: str) -> str:
    if kind in {"database", "schema"}:
        return f"{kind} {quoted(name)}"
    bare, arguments, rest = name.partition("(")
    return f"{'table' if kind == 'column' else kind} {quoted(schema)}.{quoted(bare)}{arguments}{rest}"


def _sql(finding: Finding) -> str:
    """The statement that puts a PostgreSQL finding right."""
    facts = finding.facts
    if finding.path == "owner" and len(finding.key) == 4:  # noqa: PLR2004 - database, kind, schema, name
        database, kind, schema, name = finding.key
        return _psql(database, f"alter {_object(kind, schema, name)} owner to {quoted(finding.declared)}")
    if facts.get("lacks"):
        database, kind, schema, name = finding.key
        given = ", ".join(cast("list[str]", facts["lacks"]))
        return _psql(database, f"grant {given} on {_object(kind, schema, name)} to {quoted(str(facts['owner']))}")
    if finding.path.startswith("setting."):
        return _setting(finding)
    if finding.path.startswith("roles."):
        role, member = finding.path.removeprefix("roles."), finding.key[0]
        return _psql("postgres", f"revoke admin option for {quoted(role)} from {quoted(member)}")
    if finding.path == "withGrantOption":
        return _psql(finding.key[0], _without_grant_option(finding))
    return f"alter {finding.type.split(':')[-1].lower()} by hand"


def _setting(finding: Finding) -> str:
    name, _, database = finding.path.removeprefix("setting.").partition(" in ")
    kind = "database" if finding.type == model.DATABASE else "role"
    where = f" in database {quoted(database)}" if database else ""
    return _psql(database or "postgres", f"alter {kind} {quoted(finding.key[0])}{where} reset {name}")


def _without_grant_option(finding: Finding) -> str:
    if finding.type == model.DEFAULT:
        _, owner, role, kind, schema = finding.key
        where = f" in schema {quoted(schema)}" if schema else ""
        return (
            f"alter default privileges for role {quoted(owner)}{where} "
            f"revoke grant option for all on {kind}s from {quoted(role)}"
        )
    database, role, kind, schema = finding.key
    what = (
        f"all {kind}s in schema {quoted(schema)}"
        if kind not in {"database", "schema"}
        else f"{kind} {quoted(schema or database)}"
    )
    return f"revoke grant option for all on {what} from {quoted(role)}"


# --- Unmanaged and crossed --------------------------------------------------------------------------------------------


def _unmanaged(finding: Finding, context: Context) -> Step:
    if finding.cause == "removed from the program":
        return Step(finding, "up", _up(context), "it is recorded and no longer declared, so an update deletes it")
    if finding.cause == "not recorded":
        return Step(
            finding, "not by an update", f"parity adopt {context.stack} {finding.id} --write",
            "an update does not know that it is there",
        )  # fmt: skip
    why = "no update touches what is not declared; to keep it instead: "
    return Step(
        finding, "not by an update", _remove(finding, context),
        f"{why}parity adopt {context.stack} {finding.id}, or parity drift {context.stack} --accept {finding.id}",
    )  # fmt: skip


def _crossed(finding: Finding, context: Context) -> Step:
    if finding.facts.get("grantee") or finding.facts.get("member"):
        return Step(finding, "not by an update", _remove(finding, context), "no update touches what is not declared")
    if finding.cause == "outside" and finding.urn:
        return Step(finding, "refresh and up", _refreshed(context), "the declared value is this stack's own")
    if finding.cause == "outside":
        return Step(finding, "not by an update", _remove(finding, context), "no update touches what is not declared")
    return Step(
        finding, "not by an update", f"pulumi config set --secret --stack {context.stack} ...",
        "the stack's file itself holds the other stack's value: give it one of its own",
    )  # fmt: skip


def _remove(finding: Finding, context: Context) -> str:
    remove = _REMOVE.get(finding.type)
    return remove(finding, context) if remove else f"remove it at {finding.vendor}"


def _project(finding: Finding, context: Context) -> str:
    return context.projects.get(finding.key[0], finding.key[0])


def _revoke(finding: Finding) -> str:
    """The statement that takes an undeclared privilege away."""
    facts = {name: str(each) for name, each in finding.facts.items() if name != "privileges"}
    given = ", ".join(cast("list[str]", finding.facts["privileges"]))
    if facts["owner"]:
        where = f" in schema {quoted(facts['schema'])}" if facts["schema"] else ""
        statement = (
            f"alter default privileges for role {quoted(facts['owner'])}{where} "
            f"revoke {given} on {facts['kind']}s from {quoted(facts['grantee'])}"
        )
    elif facts["kind"] == "column":
        table, _, column = facts["object"].rpartition(".")
        place = f"{quoted(facts['schema'])}.{quoted(table)}"
        statement = f"revoke {given} ({quoted(column)}) on {place} from {quoted(facts['grantee'])}"
    else:
        what = _object(facts["kind"], facts["schema"], facts["object"])
        statement = f"revoke {given} on {what} from {quoted(facts['grantee'])}"
    return _psql(facts["database"], statement)


def _environment(finding: Finding, context: Context, path: str) -> str:
    return f"gh api -X DELETE repos/{context.repository}/environments/{finding.key[1]}{path}"


_REMOVE: dict[str, Callable[[Finding, Context], str]] = {
    model.VARIABLE: lambda f, c: _vercel(c, "DELETE", f"/v9/projects/{_project(f, c)}/env/{f.id_}"),
    model.DOMAIN: lambda f, c: _vercel(c, "DELETE", f"/v9/projects/{_project(f, c)}/domains/{f.key[1]}"),
    model.DEPLOYMENT: lambda f, c: _vercel(c, "DELETE", f"/v13/deployments/{f.id_}"),
    model.DRAIN: lambda f, c: _vercel(c, "DELETE", f"/v1/drains/{f.id_}"),
    model.WEBHOOK: lambda f, c: _vercel(c, "DELETE", f"/v1/webhooks/{f.id_}"),
    model.ALIAS: lambda f, c: _vercel(c, "DELETE", f"/v2/aliases/{f.id_}"),
    model.ROLLING_RELEASE: lambda f, c: _vercel(c, "DELETE", f"/v1/projects/{_project(f, c)}/rolling-release/config"),
    model.CUSTOM_ENVIRONMENT: lambda f, c: _vercel(
        c, "DELETE", f"/v9/projects/{_project(f, c)}/custom-environments/{f.id_}"
    ),
    model.BYPASS: lambda f, _: (
        f"revoke it in the deployment protection of {f.key[0]} at Vercel: its secret is not printed"
    ),
    model.ENVIRONMENT: lambda f, c: _environment(f, c, ""),
    model.POLICY: lambda f, c: _environment(f, c, f"/deployment-branch-policies/{f.id_.rpartition(':')[2]}"),
    model.SECRET: lambda f, c: f"gh secret delete {f.key[2]} --repo {c.repository} --env {f.key[1]}",
    model.GITHUB_VARIABLE: lambda f, c: f"gh variable delete {f.key[2]} --repo {c.repository} --env {f.key[1]}",
    model.RULESET: lambda f, c: f"gh api -X DELETE repos/{c.repository}/rulesets/{f.id_}",
    model.ROLE: lambda f, _: _psql("postgres", f"drop role {quoted(f.key[0])}"),
    model.SCHEMA: lambda f, _: _psql(f.key[0], f"drop schema {quoted(f.key[1])}"),
    model.EXTENSION: lambda f, _: _psql(f.key[0], f"drop extension {quoted(f.key[1])}"),
    model.GRANT: lambda f, _: _revoke(f),
    model.DEFAULT: lambda f, _: _revoke(f),
    "postgresql:index/grantRole:GrantRole": lambda f, _: _psql(
        "postgres", f"revoke {quoted(str(f.facts['role']))} from {quoted(str(f.facts['member']))}"
    ),
}
