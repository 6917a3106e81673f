"""What ends soon besides GitHub's token: Vercel's, and the logins at the database servers, a job's above all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import servers
from parity.status.model import Unknown
from parity.vendors import postgres, services
from parity.vendors.http import Client
from parity.vendors.job_logins import PREFIX
from parity.vendors.readiness import vercel_expiry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from parity.vendors.http import Limits

_LOGINS = (
    "select rolname, rolvaliduntil from pg_roles where rolcanlogin and isfinite(rolvaliduntil)"
    " and rolvaliduntil > %s and rolvaliduntil < %s order by rolvaliduntil, rolname"
)


async def read(
    environment: Mapping[str, str], team: str, now: datetime, soon: timedelta, limits: Limits
) -> tuple[list[str], list[Unknown]]:
    """Ask Vercel and each server that the environment leads to; a sentence for each end, and what is not known.

    Args:
        environment: tokens, and libpq's variables.
        team: Vercel's, its slug.
        now: the time.
        soon: how long ahead.
        limits: when to give up.
    """
    logins = [asyncio.to_thread(_logins, each, now, soon, limits) for each in servers.connections(environment)]
    found, asked = await asyncio.gather(_vercel(environment, team, now + soon, limits), asyncio.gather(*logins))
    ending, unknown = [*found], list[Unknown]()
    for each in asked:
        if isinstance(each, Unknown):
            unknown.append(each)
        else:
            ending += each
    return ending, unknown


async def _vercel(environment: Mapping[str, str], team: str, until: datetime, limits: Limits) -> list[str]:
    token = environment.get(services.VERCEL_TOKEN)
    if not token:
        return []
    async with Client(services.vercel(token, team), limits=limits) as client:
        end = await vercel_expiry(client)
    return [f"Vercel's token ends {_shown(end)}"] if end and end < until else []


def _logins(server: Mapping[str, str], now: datetime, soon: timedelta, limits: Limits) -> list[str] | Unknown:
    where = server.get("PGHOST", "")
    try:
        with postgres.connect(server, connect_timeout=int(limits.request_seconds)) as connection:
            rows: list[tuple[str, Any]] = connection.execute(_LOGINS, (now, now + soon)).fetchall()
    except psycopg.Error as error:
        words = next(iter(str(error).splitlines()), type(error).__name__)
        return Unknown(f"which logins at {where} end", words, "parity doctor")
    return [f"the login {name} at {where} ends {_shown(end)}{_whose(name)}" for name, end in rows]


def _whose(login: str) -> str:
    return ", a job's" if login.startswith(PREFIX) else ""


def _shown(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
