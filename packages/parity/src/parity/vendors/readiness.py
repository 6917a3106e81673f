"""What vendors would refuse or drop in silence during an update, asked before anything exists: every fault at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg

from parity.config import servers
from parity.documents import at, rows
from parity.problems import ConfigProblem
from parity.resources import commands
from parity.vendors import addresses, postgres, preflight, services
from parity.vendors.http import Client, Limits, NotFound, VendorError
from parity.vendors.preflight import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.config.settings import Settings
    from parity.documents import Document

NEXT_RUN = timedelta(days=1)
"""Until the next scheduled run: the drift workflow's, once a day."""

_Found = list[ConfigProblem | None]
"""Faults; None stands for something that could not be asked."""
_LIMITS = Limits(request_seconds=10, deadline_seconds=10)
EXPIRES = "github-authentication-token-expiration"
"""GitHub's header on each answer to a token that ends."""
_OLDEST_SERVER = 150000
_SET_OPTION = 160000
_BEFORE_APPROVALS = {"free": "environments, approvals and rulesets", "pro": "approvals", "team": "approvals"}
"""GitHub's plans on which a private repository lacks what is declared (GitHub's page "Managing environments for
deployment"): approvals are required reviewers and wait timers."""


def faults(
    settings: Settings, environ: Mapping[str, str], projects: frozenset[str] = frozenset()
) -> list[ConfigProblem]:
    """Ask GitHub, Vercel and PostgreSQL at the same time what stands against this stack's update.

    Where something cannot be asked, the preflight says whether the vendor opens at all. What else it is (a right to
    read it is missing, a vendor is busy) is no fault here: the providers say that. Nothing is changed.

    Secrets may be sealed. A domain moves between the projects that the stack has already, whose ids are given.
    """
    return asyncio.run(_all(settings, environ, projects))


async def _all(settings: Settings, environ: Mapping[str, str], projects: frozenset[str]) -> list[ConfigProblem]:
    found = await asyncio.gather(
        _github(settings, environ.get(services.GITHUB_TOKEN, "")),
        _vercel(settings, environ.get(services.VERCEL_TOKEN, ""), projects),
        asyncio.to_thread(_postgres, settings, environ),
    )
    faults = [fault for part in found for fault in part if fault]
    if any(None in part for part in found):
        opened = await asyncio.to_thread(preflight.ask, settings.catalog, environ)
        faults = [*(each.fault for each in opened if each.fault), *faults]
    return faults


# --- GitHub -----------------------------------------------------------------------------------------------------------


async def _github(settings: Settings, token: str) -> _Found:
    if not preflight.is_token(token):
        return [None]
    owner, name = settings.catalog.repository.owner, settings.catalog.repository.name
    path = f"/repos/{quote(owner)}/{quote(name)}"
    async with Client(services.github(token), limits=_LIMITS) as client:
        try:
            answer = await client.request("GET", path)
            repository: Document = answer.json()
        except (VendorError, ValueError):
            return [None]
        named = str(repository["full_name"])
        asked = (_team(client, owner, named, slug) for slug in settings.delivery.reviewers.teams)
        plan, teams = await asyncio.gather(_plan(client, owner, repository), asyncio.gather(*asked))
    expires = github_expiry(answer.headers.get(EXPIRES, ""))
    found = [*(each for each in teams if each), *expiring(services.GITHUB_TOKEN, expires, datetime.now(UTC))]
    if repository.get("archived"):
        what = f"{owner}/{name} is archived at GitHub: nothing in it can be written."
        found.append(
            fault_of("repository", what, f"`gh repo unarchive {owner}/{name} --yes`; or correct `repository`.")
        )
    return [*found, *against_the_plan(settings, plan)]


async def _plan(client: Client, owner: str, repository: Document) -> str:
    """The organisation's plan; empty of a public repository, where the token may not see it, and of a person."""
    try:
        found = await client.get(f"/orgs/{quote(owner)}") if repository.get("private") else {}
    except VendorError:
        return ""
    return str(at(found, "plan", "name") or "")


async def _team(client: Client, owner: str, repository: str, slug: str) -> ConfigProblem | None:
    """GitHub drops a reviewer without access to the repository, and says nothing."""
    team = f"/orgs/{quote(owner)}/teams/{quote(slug, safe='')}"
    key = "parity:delivery.reviewers.teams"
    try:
        if await client.get_or_none(team) is None:
            what = f"names the team {slug}, which {owner} does not have, or which the token may not see."
            return fault_of(key, what, "Correct the slug; or give the token the organisation's right `members: read`.")
        await client.request("GET", f"{team}/repos/{quote(repository)}")
    except NotFound:
        what = f"names the team {slug}, which has no access to {repository}: GitHub would drop it without a word."
        grant = f"`gh api -X PUT orgs/{owner}/teams/{slug}/repos/{repository} -f permission=pull`"
        return fault_of(key, what, f"{grant} gives it access.")
    except VendorError:
        pass
    return None


def against_the_plan(settings: Settings, plan: str) -> Iterator[ConfigProblem]:
    """What is declared and this plan of GitHub's lacks in a private repository; nothing where `plan` is not known."""
    if plan not in _BEFORE_APPROVALS:
        return
    repository = settings.catalog.repository
    lacks = f"GitHub's plan {plan} has no {_BEFORE_APPROVALS[plan]} in a private repository"
    other = "take another plan, or make the repository public"
    if plan == "free":
        remedy = f"Parity's workflows need an environment: {other}."
        yield fault_of("repository", f"{repository.owner}/{repository.name}: {lacks}.", remedy)
    if settings.delivery.reviewers.teams:
        key = "parity:delivery.reviewers.teams"
        yield fault_of(key, f"asks for approvals: {lacks}.", f"Set it to `[]`, which leaves them out; or {other}.")
    if settings.delivery.wait_minutes:
        key = "parity:delivery.wait_minutes"
        yield fault_of(key, f"asks for a wait: {lacks}.", f"Set it to 0, which leaves it out; or {other}.")


def github_expiry(header: str) -> datetime | None:
    """When GitHub says that a token expires, `2026-12-01 08:00:00 UTC` or with an offset; None where it does not."""
    try:
        expires = datetime.fromisoformat(header.replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return expires.astimezone(UTC) if expires.tzinfo is not None else None


def expiring(variable: str, expires: datetime | None, now: datetime) -> Iterator[ConfigProblem]:
    """The token of this variable, where it expires before the next scheduled run."""
    if expires is not None and expires < now + NEXT_RUN:
        what = f"expires at {expires:%Y-%m-%d %H:%M} UTC, before the next scheduled run."
        yield fault_of(variable, what, "Make a new one, and put it into the environment and its secrets.")


# --- Vercel -----------------------------------------------------------------------------------------------------------


async def _vercel(settings: Settings, token: str, projects: frozenset[str]) -> _Found:
    if not preflight.is_token(token):
        return [None]
    async with Client(services.vercel(token, settings.catalog.vercel_team), limits=_LIMITS) as client:
        expires, found = await asyncio.gather(
            vercel_expiry(client),
            asyncio.gather(*(_domains(client, settings, name, projects) for name in settings.applications)),
        )
    soon = expiring(services.VERCEL_TOKEN, expires, datetime.now(UTC))
    return [*soon, *(fault for part in found for fault in part)]


async def vercel_expiry(client: Client) -> datetime | None:
    """When the token expires; None where it never does, or may not be asked about itself."""
    try:
        answer = await client.get("/v5/user/tokens/current")
    except VendorError:
        return None
    milliseconds = at(answer, "token", "expiresAt")
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int | float) else None


async def _domains(client: Client, settings: Settings, application: str, projects: frozenset[str]) -> _Found:
    """The application's domains that a project of the team holds which is none of the stack's."""
    project = settings.names.project(application)
    try:
        ours = (await client.get_or_none(f"/v9/projects/{quote(project)}")) or {}
        found: _Found = []
        for domain in settings.applications[application].domains:
            holder = await _holder(client, domain.name)
            if holder and holder not in {ours.get("id"), *projects}:
                other = (await client.get_or_none(f"/v9/projects/{quote(holder)}")) or {}
                what = f"names {domain.name}, which the project {other.get('name', holder)} of the team holds."
                team = str(other.get("accountId") or settings.catalog.vercel_team)
                path = f"/v9/projects/{quote(holder)}/domains/{quote(domain.name)}"
                remedy = f"`{commands.vercel(team, 'DELETE', path)}` takes it from there; or move it in the dashboard."
                found.append(fault_of(f"parity:applications.{application}.domains", what, remedy))
    except VendorError:
        return [None]
    return found


async def _holder(client: Client, domain: str) -> str:
    """The id of the project that holds a domain; empty where no project of the team does.

    Asked is the domain that the team owns, the nearest one above; the request is the one of Vercel's command line.
    """
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        apex = ".".join(labels[start:])
        answer = await client.get_or_none(f"/v1/domains/{quote(apex)}/project-domains", limit=100)
        if answer is not None:
            found = (str(row["projectId"]) for row in rows(answer.get("projectDomains")) if row["name"] == domain)
            return next(found, "")
    return ""


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _postgres(settings: Settings, environ: Mapping[str, str]) -> _Found:
    found: _Found = [*addresses.faults(settings, environ)]
    for server in servers.of(settings.catalog):
        if servers.missing(environ, server):
            found.append(None)
        else:
            databases = [name for name in settings.databases if settings.server(name) == server]
            found += _server(settings, databases, servers.connection(environ, server))
    return found


def _server(settings: Settings, databases: Sequence[str], environ: Mapping[str, str]) -> _Found:
    """What stands against the databases of one server."""
    found: _Found = []
    names = {settings.names.database(name) for name in databases}
    try:
        with postgres.connect(environ) as connection:
            version = connection.info.server_version
            there = {row[0] for row in connection.execute("select datname from pg_database").fetchall()}
            for name in databases:
                found += _owner(connection, settings.names.owner_role(name), version)
        for name in databases:
            database = settings.names.database(name)
            if database in there:
                with postgres.connect(environ, database) as connection:
                    found += _public(connection, database)
                    found += _handed_over(connection, settings, name) if "roles" in settings.steps else ()
    except psycopg.Error:
        return [*found, None]
    if version < _OLDEST_SERVER and not found and not there & names:
        what = (
            f"is version {version // 10000}: a new database's schema `public` belongs to the server's superuser there."
        )
        found.append(fault_of("PostgreSQL", what, "Use PostgreSQL 15 or later, where the database's owner has it."))
    return found


def _owner(connection: psycopg.Connection[Any], role: str, version: int) -> Iterator[ConfigProblem]:
    """Whether the administrator may become the owner role, or give itself that, where the role exists already."""
    right = "SET" if version >= _SET_OPTION else "MEMBER"
    row = connection.execute(
        "select current_user, pg_has_role(rolname, %s) or pg_has_role(rolname, 'MEMBER WITH ADMIN OPTION') "
        "from pg_roles where rolname = %s",
        (right, role),
    ).fetchone()
    if row is not None and not row[1]:
        option = " with set true" if version >= _SET_OPTION else ""
        what = f"does not let {row[0]} `set role {role}`, so nothing can be given to that owner."
        remedy = f"As a role that may: `grant {role} to {row[0]}{option}`; or log in as another administrator."
        yield fault_of("PostgreSQL", what, remedy)


def _public(connection: psycopg.Connection[Any], database: str) -> Iterator[ConfigProblem]:
    """Only the owner of `public` can take rights from PUBLIC there; from anyone else a REVOKE has no effect."""
    row = connection.execute(
        "select r.rolname, current_user, has_schema_privilege('public', n.oid, 'CREATE') "
        "from pg_namespace n join pg_roles r on r.oid = n.nspowner "
        "where n.nspname = 'public' and not pg_has_role(n.nspowner, 'USAGE')"
    ).fetchone()
    if row is not None and row[2]:
        what = f"has the database {database}, whose schema `public` belongs to {row[0]}: every role may create in it."
        remedy = (
            f'As {row[0]}, in {database}: `alter schema public owner to "{row[1]}"`, '
            "or `revoke all on schema public from public`."
        )
        yield fault_of("PostgreSQL", what, remedy)


_FOREIGN = """
with schemas as (
  select n.oid, n.nspname, n.nspowner, b.datdba
  from pg_namespace n join pg_roles r on r.oid = n.nspowner join pg_database b on b.datname = current_database()
  where n.nspname = any(%s) and r.rolname <> %s
), owned(owner, lent, given) as (
  select nspowner, nspowner = datdba, format('alter schema %%I owner to %%I', nspname, current_user) from schemas
  union select datdba, true, format('alter database %%I owner to %%I', current_database(), current_user) from schemas
  union select c.relowner, true, format('alter table %%s owner to %%I', c.oid::regclass, current_user)
  from schemas s join pg_class c on c.relnamespace = s.oid and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  where not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass
                    and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
)
select quote_ident(r.rolname), quote_ident(current_user), r.rolsuper, string_agg(o.given, '; ' order by o.given)
from owned o join pg_roles r on r.oid = o.owner
where not pg_has_role(r.oid, 'USAGE') and r.rolname <> 'pg_database_owner'
  and not (o.lent and not r.rolsuper and pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION'))
group by 1, 2, 3 order by 1
"""
"""Roles that the administrator is not in and that own a schema which is to pass to another role, its database, or what
is in it. The provider lends itself the database's and the tables' for a statement, where the administrator may."""


def _handed_over(connection: psycopg.Connection[Any], settings: Settings, name: str) -> Iterator[ConfigProblem]:
    """What an update would be refused to hand over to the owner role, or to give rights on."""
    declared = settings.catalog.database(name)
    owner, database = settings.names.owner_role(name), settings.names.database(name)
    foreign = connection.execute(_FOREIGN, (list(declared.schemas), owner)).fetchall()
    for role, administrator, superuser, statements in foreign:
        what = f"has {database}, where {role} owns what {owner} gets or rights are given on; {administrator} may not."
        remedy = f"As one who may: `grant {role} to {administrator}`, which can be revoked afterwards."
        if superuser:
            remedy = f"As a superuser, in {database}: `{statements}`."
        yield fault_of("PostgreSQL", what, remedy)
