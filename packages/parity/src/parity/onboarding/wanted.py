"""What is to be imported, as a person names it: which project is which application in which stack, and so on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config.promotion import Order
from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REPOSITORY = re.compile(r"([^/\s]+)/([^/\s]+)")
_PLACE = re.compile(r"([a-z][A-Za-z0-9-]*)/([a-z][a-z0-9_-]*)=(\S+)")
_NAMED = re.compile(r"([a-z][A-Za-z0-9-]*)=(.+)")


@dataclass(frozen=True)
class Wanted:
    """Which object is which."""

    team: str
    """Vercel's slug."""
    owner: str
    repository: str
    projects: Mapping[tuple[str, str], str]
    """Names of Vercel projects, by stack and application."""
    databases: Mapping[tuple[str, str], str]
    """Names on the server, by stack and the catalog's name."""
    servers: Mapping[str, str]
    """The server of each database of the catalog; empty for the one without a name."""
    environments: Mapping[str, str]
    """Names of GitHub environments, by stack; the stack's own where none is given."""
    sources: Mapping[str, str]
    """By stack, the stack that it takes its releases from; a stack that is not in it is a root."""

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks, the one that owns the repository's rules first."""
        return tuple(dict.fromkeys(stack for stack, _ in self.projects))

    @property
    def applications(self) -> tuple[str, ...]:
        """The applications, in the order in which they were given."""
        return tuple(dict.fromkeys(application for _, application in self.projects))

    def environment(self, stack: str) -> str:
        """The name of a stack's GitHub environment."""
        return self.environments.get(stack, stack)


def parse(
    team: str,
    repository: str,
    projects: Iterable[str],
    databases: Iterable[str],
    environments: Iterable[str],
    *,
    promotes_from: Iterable[str] = (),
) -> Wanted:
    """Read the options.

    Args:
        team: Vercel's slug.
        repository: `owner/name`.
        projects: `STACK/APPLICATION=PROJECT` each.
        databases: `STACK/DATABASE=NAME` each, or `STACK/DATABASE=NAME@SERVER`.
        environments: `STACK=ENVIRONMENT` each.
        promotes_from: `STACK=STACK` each: the second is the one whose releases the first takes.

    Raises:
        UsageError: one is not in its form, or a stack lacks an application or a database that another one has.
    """
    found = _REPOSITORY.fullmatch(repository)
    if not found:
        raise UsageError(f"{repository!r} is no repository", where="--repository", remedy="write OWNER/NAME")
    pairs = [each.rpartition("@") if "@" in each else (each, "", "") for each in databases]
    form = "STACK/DATABASE=NAME or NAME@SERVER, as prod/storefront=acme_production"
    places = _places([each for each, _, _ in pairs], "--database", form)
    wanted = Wanted(
        team,
        found[1],
        found[2],
        _places(projects, "--project", "STACK/APPLICATION=PROJECT, as prod/shop=acme-shop"),
        places,
        _servers(places, [server for _, _, server in pairs]),
        _named(environments, "--environment", "STACK=ENVIRONMENT, as prod=Production"),
        _named(promotes_from, "--promotes-from", "STACK=STACK, as prod=staging"),
    )
    _require_complete(wanted.projects, wanted.stacks, "--project")
    _require_complete(wanted.databases, wanted.stacks, "--database")
    _require_known(wanted.environments, wanted, "--environment")
    _require_known((*wanted.sources, *wanted.sources.values()), wanted, "--promotes-from")
    order = Order({stack: wanted.sources.get(stack) for stack in wanted.stacks})
    if circle := next((way for each in wanted.stacks if (way := order.circle(each))), ()):
        remedy = "leave out the stack that gets each release first"
        raise UsageError(f"a circle: {' from '.join(circle)}", where="--promotes-from", remedy=remedy)
    return wanted


def _require_known(stacks: Iterable[str], wanted: Wanted, option: str) -> None:
    if unknown := set(stacks) - set(wanted.stacks):
        remedy = f"stacks: {', '.join(wanted.stacks)}"
        raise UsageError(f"no project is of {', '.join(sorted(unknown))}", where=option, remedy=remedy)


def _places(given: Iterable[str], option: str, form: str) -> dict[tuple[str, str], str]:
    places: dict[tuple[str, str], str] = {}
    for each in given:
        found = _PLACE.fullmatch(each)
        if not found:
            raise UsageError(f"{each!r} is not in its form", where=option, remedy=f"write {form}")
        if (found[1], found[2]) in places or found[3] in places.values():
            remedy = (
                "name each once. Two databases of one name on two servers: one of them is renamed first, or left out; "
                "its URL is imported as a secret"
                if option == "--database"
                else "name each once"
            )
            raise UsageError(f"{each!r} names one twice", where=option, remedy=remedy)
        places[found[1], found[2]] = found[3]
    return places


def _servers(databases: Iterable[tuple[str, str]], given: Iterable[str]) -> dict[str, str]:
    """The server of each database, by the order of the databases."""
    found: dict[str, str] = {}
    for (_, name), server in zip(databases, given, strict=True):
        if found.setdefault(name, server) != server:
            places = " and in another on ".join(each or "the server of PGHOST" for each in (found[name], server))
            what = f"{name} is in one stack on {places}"
            remedy = "a database has one server in all stacks; leave --database out (docs/how-to/import.md)"
            raise UsageError(what, where="--database", remedy=remedy)
        if server and not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", server):
            remedy = "lower-case letters, digits and underscores: PGHOST_ANALYTICS is that of analytics"
            raise UsageError(f"{server!r} is no server's name", where="--database", remedy=remedy)
    return found


def _named(given: Iterable[str], option: str, form: str) -> dict[str, str]:
    pairs = [_NAMED.fullmatch(each) for each in given]
    if None in pairs:
        raise UsageError("one is not in its form", where=option, remedy=f"write {form}")
    return {found[1]: found[2] for found in pairs if found}


def _require_complete(places: Mapping[tuple[str, str], str], stacks: Iterable[str], option: str) -> None:
    """All stacks are made by one program, so each has every application and every database."""
    names = dict.fromkeys(name for _, name in places)
    lacking = [f"{stack}/{name}" for stack in stacks for name in names if (stack, name) not in places]
    if lacking or (option == "--project" and not places):
        what = f"nothing is given for {', '.join(lacking)}" if lacking else "no project is given"
        remedy = (
            "every stack has every application and database. Where one project serves two stacks, by a branch or a "
            "custom environment: make a second project for one of them first (docs/how-to/import.md)"
        )
        raise UsageError(what, where=option, remedy=remedy)
