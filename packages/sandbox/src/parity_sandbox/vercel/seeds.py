"""What exists before the first request: teams, domains that an account has, and what DNS says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from parity_sandbox import tokens
from parity_sandbox.context import Context
from parity_sandbox.forms import Form
from parity_sandbox.narrowing import part
from parity_sandbox.store import Document
from parity_sandbox.vercel.scopes import Scoped
from parity_sandbox.vercel.world import SERVICE, USER, stable_id

Name = Annotated[str, Field(min_length=1, max_length=255)]


class Team(Form):
    """A team; its id follows from its slug where none is given."""

    slug: Name
    id: Name | None = None
    name: Name | None = None


class Claim(Form):
    """A domain that a team (by slug) or an account has; the token's own account where neither is named."""

    name: Name
    team: Name | None = None
    accountId: Name | None = None  # noqa: N815 - the API's name


class Record(Form):
    """What DNS says of a domain."""

    name: Name
    misconfigured: bool = False
    txt: Sequence[str] = ()


class Seed(Form):
    """What exists at Vercel before any deployment."""

    teams: Sequence[Team] = ()
    domains: Sequence[Claim] = ()
    dns: Sequence[Record] = ()
    tokens: Sequence[Scoped] = ()


def seed(context: Context, document: Document) -> None:
    """Make what the document, which has the form `Seed`, names and does not exist yet.

    A second time changes nothing; a record of `dns` replaces the earlier one.

    Raises:
        BadDocument: a document of another form.
    """
    given = Seed.read(part(document, "vercel") or document, "seed for Vercel")
    with context.store.transaction():
        for team in given.teams:
            _team(context, team)
        for domain in given.domains:
            _claim(context, domain)
        for record in given.dns:
            context.store.collection(SERVICE, "dns").keep(record.name, record.model_dump())
        for token in given.tokens:
            tokens.put(context, SERVICE, token)


def _team(context: Context, given: Team) -> None:
    teams = context.store.collection(SERVICE, "teams")
    number = given.id or stable_id("team_", given.slug)
    if teams.first(slug=given.slug) is not None or teams.get(number) is not None:
        return
    now = context.now_ms()
    team: Document = {
        "id": number,
        "slug": given.slug,
        "name": given.name or given.slug,
        "avatar": None,
        "description": None,
        "creatorId": USER["id"],
        "createdAt": now,
        "updatedAt": now,
        "stagingPrefix": given.slug,
        "emailDomain": None,
        "previewDeploymentSuffix": None,
        "sensitiveEnvironmentVariablePolicy": "default",
        "remoteCaching": {"enabled": True},
        "enablePreviewFeedback": "default",
        "enableProductionFeedback": "default",
        "hideIpAddresses": False,
        "hideIpAddressesInLogDrains": False,
        "membership": {"uid": USER["id"], "teamId": number,
                       "role": "OWNER", "confirmed": True, "createdAt": now, "created": now, "confirmedAt": now},
    }  # fmt: skip
    teams.insert(team["id"], team)


def _claim(context: Context, given: Claim) -> None:
    claims = context.store.collection(SERVICE, "account_domains")
    if claims.get(given.name) is not None:
        return
    team = context.store.collection(SERVICE, "teams").first(slug=given.team) if given.team else None
    owner = given.accountId or (USER["id"] if team is None else team["id"])
    claims.insert(given.name, {"name": given.name, "accountId": owner})
