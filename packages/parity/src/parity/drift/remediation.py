"""Gives each finding its remediation: an update, or a command if no update would correct it.

Pulumi compares the program with recorded state, and recorded with live state only in a refresh. It sees nothing that
its providers do not read back. docs/drift.md says class by class what the engine was observed to see.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from parity.documents import texts
from parity.inventory import vercel_project
from parity.masked import MASK
from parity.resources import commands, kinds
from parity.resources.commands import object_, psql, quoted
from parity.resources.vercel import set_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.drift.model import Finding

By = Literal["up", "refresh and up", "not by an update"]


@dataclass(frozen=True)
class Step:
    """The remediation of one finding."""

    finding: Finding
    by: By
    command: str
    why: str

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {"finding": self.finding.id, "by": self.by, "command": self.command, "why": self.why}


@dataclass(frozen=True)
class Context:
    """The names and ids that commands need."""

    stack: str
    team: str
    """Vercel's id of the team."""
    repository: str
    """GitHub's `owner/name`."""
    projects: Mapping[str, str]
    """Vercel's ids of projects by name."""
    teams: Mapping[int, str] = field(default_factory=dict[int, str])
    """Slugs of GitHub's teams by id."""


def plan(findings: tuple[Finding, ...], context: Context) -> list[Step]:
    """Give a step for each finding that needs one."""
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
            return _cross_stack(finding, context)


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
    if finding.type == kinds.RETENTION:
        return Step(finding, "not by an update", _replace(finding, context), "the provider reads it as unlimited")
    return Step(
        finding, "refresh and up", _refreshed(context),
        "it is in the record, so a plain update assumes that it exists",
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
    if finding.facts.get("beyond") is True or (finding.undeclared and kinds.of(finding.type).absorbed):
        return Step(finding, "not by an update", _by_hand(finding, context), _why_absorbed(finding))
    if finding.type.startswith("postgresql:") and "/" not in finding.type:
        return Step(finding, "not by an update", _sql(finding), "no resource stands for it")
    return Step(
        finding, "refresh and up", _refreshed(context), "a plain update compares with the record, which has not changed"
    )


def _why_absorbed(finding: Finding) -> str:
    if finding.facts.get("beyond") is True:
        return "the provider has no name for it"
    return "the program does not declare it, so a refresh records the new value and leaves it"


def _hidden_value(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "not by an update", _replace(finding, context),
        "no API shows the value, so the engine assumes the recorded one; replacing writes it again",
    )  # fmt: skip


def _password(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "not by an update", _replace(finding, context),
        "the provider does not read passwords; replacing drops and makes the login, which owns nothing",
    )  # fmt: skip


def _grant_option(finding: Finding, _: Context) -> Step:
    return Step(finding, "not by an update", _sql(finding), "the provider does not read grant options")


def _grant(finding: Finding, context: Context) -> Step:
    owner, (database, _, _, schema) = str(finding.facts.get("owner") or ""), finding.key
    if not owner or schema != "public":
        return Step(
            finding, "refresh and up", _refreshed(context),
            "a plain update compares with the record, which has not changed"
        )  # fmt: skip
    statement = "alter schema public owner to pg_database_owner"
    return Step(
        finding, "not by an update", f"{psql(database, statement)} -U {shlex.quote(owner)}",
        f"public belongs to {owner}: an update revokes in vain, without an error. Once it belongs to the database's "
        f"owner, {_refreshed(context)} revokes",
    )  # fmt: skip


def _live(finding: Finding, context: Context) -> Step:
    return Step(
        finding, "refresh and up", _refreshed(context),
        "the switch reads what is live; an update promotes the declared release again",
    )  # fmt: skip


def _unread(finding: Finding, context: Context) -> Step:
    dropped = _numbers(finding.facts.get("wanted")) - _numbers(finding.facts.get("now"))
    slugs = [context.teams[each] for each in sorted(dropped) if each in context.teams]
    if finding.path == "reviewers" and slugs:
        owner = context.repository.partition("/")[0]
        given = [
            f"gh api -X PUT orgs/{owner}/teams/{slug}/repos/{context.repository} -f permission=pull" for slug in slugs
        ]
        return Step(
            finding, "not by an update", " && ".join([*given, _by_hand(finding, context)]),
            "GitHub drops a reviewer without access to the repository, and says nothing: give the team access, then "
            "name it in the environment's settings, which no refresh reads",
        )  # fmt: skip
    return Step(
        finding, "not by an update", _by_hand(finding, context),
        "the provider keeps what it recorded where GitHub shows no reviewers, so a refresh sees nothing",
    )  # fmt: skip


def _numbers(value: object) -> set[int]:
    """Every whole number in a value, at any depth: the ids of reviewers."""
    return {int(each) for each in re.findall(r"\d+", str(value or ""))}


def _timeout(finding: Finding, _: Context) -> Step:
    name = {"statementTimeout": "statement_timeout"}.get(finding.path, "idle_in_transaction_session_timeout")
    statement = f"alter role {quoted(finding.key[0])} set {name} = {finding.facts.get('wanted') or 0}"
    return Step(
        finding, "not by an update", psql("postgres", statement),
        "the provider cannot read a time with a unit: the refresh ends with an error until it is a number",
    )  # fmt: skip


def _default(finding: Finding, context: Context) -> Step:
    if finding.key[2] != "public":
        return Step(finding, "refresh and up", _refreshed(context), "the provider reads what the role has")
    _, owner, role, kind, schema = finding.key
    where = f" in schema {quoted(schema)}" if schema else ""
    statement = f"alter default privileges for role {quoted(owner)}{where} revoke all on {kind}s from {quoted(role)}"
    return Step(
        finding, "not by an update", psql(finding.key[0], statement),
        "the provider does not see what PUBLIC has by default",
    )  # fmt: skip


def _built_otherwise(finding: Finding, context: Context) -> Step:
    application = finding.key[0].removesuffix(f"-{context.stack}")
    command = f"parity release {context.stack} {application} --commit {finding.facts['commit']} --again --live --up"
    return Step(
        finding, "not by an update", command, "a deployment keeps what it was built with; the next one is right"
    )


_SPECIAL: dict[tuple[str, str], Callable[[Finding, Context], Step]] = {
    (kinds.VARIABLE, "value"): lambda finding, context: (
        _hidden_value(finding, context)
        if finding.live.startswith(MASK) and finding.declared.startswith(MASK)
        else Step(finding, "refresh and up", _refreshed(context), "the provider reads a variable that is not sensitive")
    ),
    (kinds.SECRET, "value"): _hidden_value,
    (kinds.ENVIRONMENT, "reviewers"): _unread,
    (kinds.ENVIRONMENT, "preventSelfReview"): _unread,
    (kinds.ROLE, "statementTimeout"): _timeout,
    (kinds.ROLE, "idleInTransactionSessionTimeout"): _timeout,
    (kinds.DEFAULT, "privileges"): _default,
    (kinds.DRAIN, "secret"): _hidden_value,
    (kinds.DRAIN, "headers"): _hidden_value,
    (kinds.ROLE, "password"): _password,
    (kinds.GRANT, "privileges"): _grant,
    (kinds.GRANT, "withGrantOption"): _grant_option,
    (kinds.DEFAULT, "withGrantOption"): _grant_option,
    (kinds.LIVE, "deploymentId"): _live,
    (kinds.DEPLOYMENT, "built"): _built_otherwise,
}


# --- By hand ----------------------------------------------------------------------------------------------------------


def _by_hand(finding: Finding, context: Context) -> str:
    if finding.vendor == "Vercel" and finding.type == kinds.PROJECT:
        body = json.dumps(vercel_project.change(finding.path, finding.facts.get("wanted")))
        return commands.vercel(context.team, "PATCH", f"/v9/projects/{finding.id_}", body)
    if finding.vendor == "PostgreSQL":
        return _sql(finding)
    if finding.vendor == "GitHub":
        return f"gh browse --settings --repo {context.repository}"
    return f"put it back at {finding.vendor}; `parity drift {context.stack}` says when it is right"


def _sql(finding: Finding) -> str:
    """The statement that corrects a PostgreSQL finding."""
    facts = finding.facts
    if finding.path == "owner" and len(finding.key) == 4:  # noqa: PLR2004 - database, kind, schema, name
        database, kind, schema, name = finding.key
        return psql(database, f"alter {object_(kind, schema, name)} owner to {quoted(finding.declared)}")
    if facts.get("lacks"):
        database, kind, schema, name = finding.key
        given = ", ".join(texts(facts["lacks"]))
        return psql(database, f"grant {given} on {object_(kind, schema, name)} to {quoted(str(facts['owner']))}")
    if finding.path.startswith("setting."):
        return _setting(finding)
    if finding.path.startswith("roles."):
        role, member = finding.path.removeprefix("roles."), finding.key[0]
        return psql("postgres", f"revoke admin option for {quoted(role)} from {quoted(member)}")
    if finding.path == "withGrantOption":
        return psql(finding.key[0], _without_grant_option(finding))
    return f"alter {finding.type.split(':')[-1].lower()} by hand"


def _setting(finding: Finding) -> str:
    name, _, database = finding.path.removeprefix("setting.").partition(" in ")
    kind = "database" if finding.type == kinds.DATABASE else "role"
    where = f" in database {quoted(database)}" if database else ""
    return psql(database or "postgres", f"alter {kind} {quoted(finding.key[0])}{where} reset {name}")


def _without_grant_option(finding: Finding) -> str:
    if finding.type == kinds.DEFAULT:
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


# --- Unmanaged and cross-stack ----------------------------------------------------------------------------------------


def _unmanaged(finding: Finding, context: Context) -> Step:
    if finding.cause == "removed from the program":
        return Step(finding, "up", _up(context), "it is recorded and no longer declared, so an update deletes it")
    if finding.cause == "not recorded":
        return Step(
            finding, "not by an update", f"parity adopt {context.stack} {finding.id} --write",
            "an update does not know that it exists",
        )  # fmt: skip
    why = "no update touches what is not declared; to keep it instead: "
    return Step(
        finding, "not by an update", _remove(finding, context),
        f"{why}parity adopt {context.stack} {finding.id}, or parity drift {context.stack} --suppress {finding.id}",
    )  # fmt: skip


def _cross_stack(finding: Finding, context: Context) -> Step:
    if finding.facts.get("grantee") or finding.facts.get("member"):
        return Step(finding, "not by an update", _remove(finding, context), "no update touches what is not declared")
    if finding.cause == "outside" and finding.urn:
        return Step(finding, "refresh and up", _refreshed(context), "the declared value is this stack's own")
    if finding.cause == "outside":
        return Step(finding, "not by an update", _remove(finding, context), "no update touches what is not declared")
    return Step(
        finding, "not by an update", set_secret(finding.type, finding.key, context.stack),
        "the stack's file itself holds the other stack's value: give it one of its own",
    )  # fmt: skip


def _remove(finding: Finding, context: Context) -> str:
    remove = kinds.of(finding.type).remove
    if remove is None:
        return f"remove it at {finding.vendor}"
    project = context.projects.get(finding.key[0], finding.key[0])
    return remove(finding.target(team=context.team, repository=context.repository, project=project))
