"""Gives each finding its remediation: an update, or a command if no update would correct it.

Pulumi compares the program with recorded state, and recorded with live state only in a refresh. It sees nothing that
its providers do not read back. docs/drift.md says class by class what the engine was observed to see.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from parity.config import servers
from parity.config.parameters import SensitiveVariable
from parity.documents import texts
from parity.drift import marks, sql_remedies
from parity.inventory.model import Server
from parity.masked import MASK
from parity.resources import kinds
from parity.resources.commands import SUPERUSER, Sql, psql, quoted
from parity.resources.postgresql import type_of
from parity.resources.vercel import set_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity.config.settings import Settings
    from parity.drift.model import Finding
    from parity.inventory.model import LiveState
    from parity.resources.kind import Key, Target

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
    servers: Mapping[str, Server] = field(default_factory=dict[str, Server])
    """PostgreSQL's roles, by the servers' names."""
    secrets: frozenset[Key] = frozenset()
    """Project and name of each variable whose value is a secret of the stack's file."""
    applications: Mapping[str, str] = field(default_factory=dict[str, str])
    """Applications by their project's name."""
    commits: Mapping[Key, str] = field(default_factory=dict["Key", str])
    """The kept releases' commits by project and release."""
    live: frozenset[Key] = frozenset()
    """Project and release of each live one."""

    @classmethod
    def of(cls, settings: Settings, live: LiveState) -> Context:
        """What the commands about a stack are made of."""
        found = [each for under in live.under.values() for each in under if each.type == kinds.PROJECT]
        repository = settings.catalog.repository
        return cls(
            stack=settings.stack,
            team=live.account.get("team", settings.catalog.vercel_team),
            repository=f"{repository.owner}/{repository.name}",
            projects={each.key[0]: each.id for each in found},
            applications={settings.names.project(each): each for each in settings.applications},
            commits={
                (settings.names.project(name), release): each.commit
                for name, releases in settings.releases.items()
                for release, each in releases.kept.items()
            },
            live=frozenset(
                (settings.names.project(name), releases.live)
                for name, releases in settings.releases.items()
                if releases.live
            ),
            teams={int(id_): name[5:] for name, id_ in live.account.items() if name.startswith("team:")},
            servers=live.servers,
            secrets=frozenset(
                (settings.names.project(application.name), each.name)
                for application in settings.catalog.applications
                for each in application.variables
                if isinstance(each, SensitiveVariable)
            ),
        )

    def server(self, finding: Finding) -> Server:
        """The roles of the server that a finding is about."""
        return self.servers.get(str(finding.facts.get(marks.SERVER, "")), Server())

    def psql(self, finding: Finding, statements: Sequence[Sql]) -> str:
        """The commands that run statements at the finding's server, each as a role that may."""
        there = servers.shell(str(finding.facts.get(marks.SERVER, "")))
        commands = dict.fromkeys(self._psql(each, self.server(finding)) for each in statements)
        return " && ".join(f"{there}{each}" for each in commands)

    def _psql(self, sql: Sql, server: Server) -> str:
        role, mine = sql.role, server.administrator
        if not role or role == mine or mine in server.superusers:
            return psql(sql.database, sql.text)
        if role not in server.superusers and server.may_become(mine, role):
            return psql(sql.database, f"set role {quoted(role)}", sql.text)
        if server.may_give(mine, role):
            own = f"{quoted(role)} {{}} {quoted(mine)}"
            lent, back = f"grant {own.format('to')}", f"revoke {own.format('from')}"
            return psql(sql.database, lent, f"set role {quoted(role)}", sql.text, "reset role", back)
        known = role in server.logins and role != SUPERUSER
        return psql(sql.database, sql.text, user=role if known else next(iter(server.superusers), "postgres"))


def plan(findings: tuple[Finding, ...], context: Context) -> list[Step]:
    """Give a step for each finding that needs one, in an order in which the commands can be run."""
    chosen = [each for each in findings if each.counts and each.kind != "unknowable"]
    named = {each.id: (each.key[0], str(each.facts[marks.RENAMED])) for each in chosen if marks.RENAMED in each.facts}
    names = [name for both in named.values() for name in both]
    steps = [
        _beyond(each, "", "a role was renamed: give it its name back first, and ask again")
        if each.id not in named and marks.follows(each, names)
        else _step(each, context)
        for each in sorted(chosen, key=_turn)
    ]
    steps = [_said(each, context) for each in steps]
    return sorted(steps, key=_round)


def _round(step: Step) -> tuple[bool, bool, bool]:
    """What no update does comes first and the refresh after it; what builds is last, since it takes what is there."""
    builds = step.command.startswith("parity release ")
    return builds, step.by != "not by an update", step.command.startswith("pulumi ")


def _said(step: Step, context: Context) -> Step:
    """A step whose reason says what to do where no command does it."""
    if step.command:
        return step
    what = f"by hand; `parity drift {context.stack}` says when it is right"
    return replace(step, why=f"{what}: {step.why}")


_TURNS: tuple[Callable[[Finding], bool], ...] = (
    (lambda each: marks.RENAMED in each.facts),
    (lambda each: (each.type, each.path) in {(kinds.DATABASE, "owner"), (kinds.ROLE, "superuser")}),
    (lambda each: each.path == "owner"),
    (lambda each: each.facts.get("rights") is True and each.type not in _HOLDERS),
    (lambda each: each.type not in {*_HOLDERS, kinds.SCHEMA, kinds.ROLE} or bool(each.path)),
    (lambda each: each.type == "postgresql:index/server:Server"),
    (lambda each: each.type != kinds.ROLE),
)
"""What is put right first: who owns and who may do everything; what depends on others; what others depend on; roles."""
_HOLDERS = {type_of(each) for each in ("foreign server", "foreign data wrapper", "language", "access method")}


def _turn(finding: Finding) -> int:
    return next((number for number, holds in enumerate(_TURNS) if holds(finding)), len(_TURNS))


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


def _by_up(finding: Finding, context: Context, why: str) -> Step:
    return Step(finding, "up", f"parity up {context.stack}", why)


def _by_refresh(finding: Finding, context: Context, why: str) -> Step:
    return Step(finding, "refresh and up", f"pulumi up --refresh --stack {context.stack}", why)


def _beyond(finding: Finding, command: str, why: str) -> Step:
    return Step(finding, "not by an update", command, why)


def _replace(context: Context, *urns: str) -> str:
    return f"pulumi up --stack {context.stack} --replace {' --replace '.join(map(shlex.quote, urns))}"


# --- Missing and changed ----------------------------------------------------------------------------------------------


def _missing(finding: Finding, context: Context) -> Step:
    if marks.RENAMED in finding.facts:
        text = f"alter role {quoted(str(finding.facts[marks.RENAMED]))} rename to {quoted(finding.key[0])}"
        command = context.psql(finding, [Sql("postgres", text)])
        return _beyond(finding, command, "an update would make a second role")
    if given := sql_remedies.of(finding, context.server(finding)):
        return _beyond(finding, context.psql(finding, given), "a migration runs once")
    if finding.cause == "not applied":
        return _by_up(finding, context, "it is not in the record, so an update makes it")
    if finding.type == kinds.IMAGE:
        return _built_again(finding, context)
    if why := _UNSEEN.get(finding.type):
        return _beyond(finding, _replace(context, finding.urn), why)
    return _by_refresh(finding, context, "it is in the record, so a plain update assumes that it exists")


_UNSEEN = {
    kinds.RETENTION: "the provider reads it as unlimited",
    kinds.ROLLING_RELEASE: "where there is none any more, the provider reads the one that it has recorded",
}
"""What a refresh does not find to be gone, and why."""


def _changed(finding: Finding, context: Context) -> Step:
    if finding.cause == "not applied":
        return _by_up(finding, context, "the program was changed and the record was not")
    if finding.path == "id":
        why = "a refresh drops the object that is gone; adopt the other one, or delete it, before the update"
        return _by_refresh(finding, context, why)
    if statements := sql_remedies.of(finding, context.server(finding)):
        blind = "an update has no right to, does not see it, or ends with an error"
        return _beyond(
            finding, context.psql(finding, statements), blind if finding.urn else "no resource stands for it"
        )
    special = _SPECIAL.get((finding.type, finding.top))
    if special is not None:
        return special(finding, context)
    if finding.facts.get("beyond") is True:
        return _beyond(finding, _by_hand(finding, context), "the provider has no name for it")
    if finding.undeclared and kinds.of(finding.type).absorbed:
        why = "the program does not declare it, so a refresh records the new value and leaves it"
        return _beyond(finding, _by_hand(finding, context), why)
    return _by_refresh(finding, context, "a plain update compares with the record, which has not changed")


def _hidden_value(finding: Finding, context: Context) -> Step:
    why = "no API shows the value, so the engine assumes the recorded one; replacing writes it again"
    return _beyond(finding, _replace(context, finding.urn), why)


def _variable_value(finding: Finding, context: Context) -> Step:
    if finding.live.startswith(MASK) and finding.declared.startswith(MASK):
        return _hidden_value(finding, context)
    return _by_refresh(finding, context, "the provider reads a variable that is not sensitive")


def _password(finding: Finding, context: Context) -> Step:
    why = "the provider does not read passwords; replacing drops and makes the login, which owns nothing"
    return _beyond(finding, _replace(context, finding.urn, *texts(finding.facts.get("urns"))), why)


def _live(finding: Finding, context: Context) -> Step:
    why = "the switch reads what is live; an update promotes the declared release again"
    return _by_refresh(finding, context, why)


def _unread(finding: Finding, context: Context) -> Step:
    dropped = _numbers(finding.facts.get("wanted")) - _numbers(finding.facts.get("now"))
    slugs = [context.teams[each] for each in sorted(dropped) if each in context.teams]
    if finding.path == "reviewers" and slugs:
        owner = context.repository.partition("/")[0]
        given = [
            f"gh api -X PUT orgs/{owner}/teams/{slug}/repos/{context.repository} -f permission=pull" for slug in slugs
        ]
        why = (
            "GitHub drops a reviewer without access to the repository, and says nothing: give the team access, then "
            "name it in the environment's settings, which no refresh reads"
        )
        return _beyond(finding, " && ".join([*given, _by_hand(finding, context)]), why)
    why = "the provider keeps what it recorded where GitHub shows no reviewers, so a refresh sees nothing"
    return _beyond(finding, _by_hand(finding, context), why)


def _numbers(value: object) -> set[int]:
    """Every whole number in a value, at any depth: the ids of reviewers."""
    return {int(each) for each in re.findall(r"\d+", str(value or ""))}


def _built_otherwise(finding: Finding, context: Context) -> Step:
    application = context.applications[finding.key[0]]
    command = f"parity release {context.stack} {application} --commit {finding.facts['commit']} --again --live --up"
    return _beyond(finding, command, "a deployment keeps what it was built with; the next one is right")


def _built_again(finding: Finding, context: Context) -> Step:
    application, commit, stack = context.applications[finding.key[0]], context.commits[finding.key], context.stack
    if finding.key in context.live:
        command = f"parity release {stack} {application} --commit {commit} --again --live --up"
        return _beyond(finding, command, "no image comes back: the next release is the same commit, built again")
    accept = f'`parity drift {stack} --suppress {finding.id} --reason "WHY"`'
    why = f"no image comes back, and the release is not live: accept it until it is pruned, {accept}"
    return _beyond(finding, "", why)


def _tag_moved(finding: Finding, context: Context) -> Step:
    why = "the deployment has its image by digest and serves what it did; what pulls by the tag gets another image"
    return _beyond(finding, _by_hand(finding, context), why)


_SPECIAL: dict[tuple[str, str], Callable[[Finding, Context], Step]] = {
    (kinds.VARIABLE, "value"): _variable_value,
    (kinds.SECRET, "value"): _hidden_value,
    (kinds.ENVIRONMENT, "reviewers"): _unread,
    (kinds.ENVIRONMENT, "preventSelfReview"): _unread,
    (kinds.DRAIN, "secret"): _hidden_value,
    (kinds.DRAIN, "headers"): _hidden_value,
    (kinds.TRACE_DRAIN, "secret"): _hidden_value,
    (kinds.TRACE_DRAIN, "headers"): _hidden_value,
    (kinds.ROLE, "password"): _password,
    (kinds.LIVE, "deploymentId"): _live,
    (kinds.DEPLOYMENT, "built"): _built_otherwise,
    (kinds.IMAGE, "digest"): _tag_moved,
}


# --- By hand ----------------------------------------------------------------------------------------------------------


def _by_hand(finding: Finding, context: Context) -> str:
    """The command that writes one property back; empty where there is none."""
    restore = kinds.of(finding.type).restore
    return restore(_target(finding, context), finding.path, finding.facts.get("wanted")) if restore else ""


def _target(finding: Finding, context: Context) -> Target:
    name = finding.key[0]
    return finding.target(
        team=context.team,
        repository=context.repository,
        project=context.projects.get(name, name),
        application=context.applications.get(name, "APP"),
        stack=context.stack,
    )


# --- Unmanaged and cross-stack ----------------------------------------------------------------------------------------


def _unmanaged(finding: Finding, context: Context) -> Step:
    if finding.cause == "removed from the program":
        return _by_up(finding, context, "it is recorded and no longer declared, so an update deletes it")
    if finding.cause == "not recorded":
        command = f"parity adopt {context.stack} {finding.id} --write"
        return _beyond(finding, command, "an update does not know that it exists")
    ways = [f"parity adopt {context.stack} {finding.id}"] if kinds.of(finding.type).declare else []
    ways.append(f'parity drift {context.stack} --suppress {finding.id} --reason "WHY"')
    why = f"no update touches what is not declared; to keep it instead: {', or '.join(ways)}"
    return _beyond(finding, _remove(finding, context), why)


def _cross_stack(finding: Finding, context: Context) -> Step:
    given = finding.facts.get("grantee") or finding.facts.get("member")
    if finding.cause == "outside" and finding.urn and not given:
        return _by_refresh(finding, context, "the declared value is this stack's own")
    if given or finding.cause == "outside":
        return _beyond(finding, _remove(finding, context), "no update touches what is not declared")
    # A value that is no secret of the file, as a database's URL, is derived from the stack's own secret.
    own = finding.type != kinds.VARIABLE or finding.key[:2] in context.secrets
    command = set_secret(finding.type if own else "", _target(finding, context))
    return _beyond(finding, command, "the stack's file itself holds the other stack's value: give it one of its own")


def _remove(finding: Finding, context: Context) -> str:
    if statements := sql_remedies.of(finding, context.server(finding)):
        return context.psql(finding, statements)
    remove = kinds.of(finding.type).remove
    return "" if remove is None else remove(_target(finding, context))
