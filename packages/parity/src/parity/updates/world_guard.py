"""The wrong-state guard: an update stops where state, accounts or names are not those that the stack's updates knew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parity.config import servers
from parity.documents import is_list, mapping
from parity.errors import RefusedError
from parity.inventory import builds
from parity.inventory.keys import server_of
from parity.problems import some
from parity.resources import kinds
from parity.resources.kind import PROJECT_ID
from parity.resources.urn import Urn, short_urn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from parity.backend.ledger import Record
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.inventory.model import LiveObject, LiveState
    from parity.preview.plan import Plan
    from parity.resources.kind import Kind

ACCOUNT = {
    "team": ("the Vercel team", "correct `vercel_team` in infra/catalog.py or VERCEL_API_TOKEN"),
    "repository": ("the GitHub repository's id", "correct `repository` in infra/catalog.py or GITHUB_TOKEN"),
    "server": ("the PostgreSQL server's identifier", "correct PGHOST and PGPORT"),
}
"""What an account is known by, with its name among a plan's conditions and what to do where it is another one."""

FACT = "account"
"""Where a record of the ledger has it."""

_SEALS = {"encryptionsalt": "salt", "encryptedkey": "encryptedkey"}
_SHOWN = 5
_REPOSITORY_NAME = "repository name"
_SERVER, _SERVER_NAME = "server:", "the identifier of the PostgreSQL server "


def _fact(key: str) -> tuple[str, str]:
    """The name of an account's fact and what to do where it is another one; two empty texts where it is none."""
    server = key.removeprefix(_SERVER)
    if server == key:
        return ACCOUNT.get(key, ("", ""))
    variables = " and ".join(servers.variable(name, server) for name in ("PGHOST", "PGPORT"))
    return f"{_SERVER_NAME}{server}", f"correct {variables}"


def of_account(account: Mapping[str, str]) -> dict[str, str]:
    """The account as a plan's conditions: by name, what the vendors say it is; what is not known is left out."""
    found = {_fact(key)[0]: value for key, value in account.items() if value and _fact(key)[0]}
    name = account.get(_REPOSITORY_NAME)
    return {**found, "the GitHub repository's name": name} if name else found


def repository_name(conditions: Mapping[str, str]) -> str:
    """What the repository is called now, `owner/name`, by a plan's conditions; empty where it is not known."""
    return conditions.get("the GitHub repository's name", "")


def recorded(conditions: Mapping[str, str]) -> dict[str, str]:
    """The account in a plan's conditions, as the ledger records it: `team`, `repository`, `server`, `server:<name>`."""
    found = {key: conditions[name] for key, (name, _) in ACCOUNT.items() if name in conditions}
    named = {name.removeprefix(_SERVER_NAME): value for name, value in conditions.items() if _SERVER_NAME in name}
    return {**found, **{f"{_SERVER}{server}": value for server, value in named.items()}}


def require_own_state(project: str, stack: str, state: State, file: str) -> None:
    """Raise RefusedError where the state is another stack's, or the stack's file was sealed for another state.

    `file` is the text of the stack's file.
    """
    known = (Urn.parse(each.urn) for each in state.resources)
    others = sorted({f"{urn.project}/{urn.stack}" for urn in known if (urn.project, urn.stack) != (project, stack)})
    if others:
        raise RefusedError(
            f"the state holds resources of {', '.join(others)}, not of {project}/{stack}; nothing was changed",
            where=stack,
            remedy=f"`pulumi stack import --stack {stack} --file FILE` puts the stack's own state back, from a backup "
            "or the backend's .pulumi/history; or `pulumi login` to the backend that has it",
        )
    provider = mapping(mapping(mapping(state.document.get("deployment")).get("secrets_providers")).get("state"))
    for line, name in _SEALS.items():
        found, sealed = re.search(rf"^{line}: *(\S+)", file, re.MULTILINE), provider.get(name)
        if found and sealed and found[1].strip("'\"") != sealed:
            raise RefusedError(
                f"the stack's file and its state are sealed differently (`{line}`): the file is another stack's, or "
                "the state is; nothing was changed",
                where=f"Pulumi.{stack}.yaml",
                remedy=f"`git log -p -S {line} -- Pulumi.{stack}.yaml` shows where it changed; put the line back. A "
                "new passphrase or key is set in both with "
                f"`pulumi stack change-secrets-provider {provider.get('url', 'passphrase')} --stack {stack}`",
            )


def require_same_account(
    stack: str, records: Sequence[Record], account: Mapping[str, str], acknowledged: Collection[str]
) -> None:
    """Raise RefusedError where an account is another one than that of the last update that recorded it.

    The records are oldest first; `account` is as `recorded` gives it. `team=<id>`, `repository=<id>`,
    `server=<identifier>` or `server:<name>=<identifier>` among `acknowledged` lets that one through, for this update.
    """
    before: dict[str, str] = {}
    for record in records:
        before |= mapping(record.begin.get(FACT))
    changed = [
        (key, before[key], now)
        for key, now in account.items()
        if before.get(key, now) != now and f"{key}={now}" not in acknowledged
    ]
    if changed:
        lines = [f"{_fact(key)[0]} is {now}, and was {old} at the last update" for key, old, now in changed]
        flags = " ".join(f"--acknowledge {key}={now}" for key, _, now in changed)
        correct = "; ".join(_fact(key)[1] for key, _, _ in changed)
        raise RefusedError(
            "what the update would change is not what the last one changed; nothing was changed:\n"
            + "\n".join(f"  {line}" for line in lines),
            where=stack,
            remedy=f"{correct}. Where the stack has moved there: `parity recover {stack}`, then "
            f"`parity up {stack} {flags}`",
        )


def require_unclaimed(plan: Plan, graph: Graph, state: State, live: LiveState) -> None:
    """Raise RefusedError where the plan creates what is there already, under its own name, and the state has not.

    That is an empty state, another stack's, or an object that was made by hand: creating would fail, or make a second
    one.
    """
    found = list(_claimed(plan, graph, state, live))
    if not found:
        return
    real = any(not each.only_recorded for each in state.resources)
    held = "does not have them" if real else "is empty"
    raise RefusedError(
        f"{len(found)} of what the update would create exist already, and the state {held}; nothing was changed: "
        f"{some(list(map(short_urn, found)), _SHOWN)}",
        where=plan.stack,
        remedy=f"where the state is elsewhere: `pulumi login` to its backend. Where these are the stack's: "
        f"`parity recover {plan.stack} --plan` shows how they get into the state, `parity recover {plan.stack}` does "
        "it. Where they are not: declare other names, or remove them at the vendor",
    )


def require_made_there(stack: str, graph: Graph, state: State, live: LiveState) -> None:
    """Raise RefusedError where a database or a role is not on the server that the program names now.

    The engine takes an object of another provider for the same object, so an update would make nothing of it.

    The inventory reads each server that is declared.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for urn, resource in graph.resources.items():
        recorded = state.of(urn)
        if recorded is None or resource.type not in {kinds.DATABASE, kinds.ROLE} or live.under[urn]:
            continue
        before, now = server_of(recorded), server_of(resource)
        if before != now and live.was_read(urn, resource.type):
            found.setdefault((before, now), []).append(str(resource.inputs["name"]))
    if found:
        lines = [
            f"{', '.join(names)}: made on {_server(before)}, declared on {_server(now)}, and not there"
            for (before, now), names in found.items()
        ]
        raise RefusedError(
            "an update does not move a database to another server; nothing was changed:\n"
            + "\n".join(f"  {line}" for line in lines),
            where=stack,
            remedy="put `server` back in infra/catalog.py; or restore the database and its roles on that server first "
            "(`pg_dumpall --roles-only`, `pg_dump`), then run the update again",
        )


def _server(name: str) -> str:
    return f"the server {name}" if name else "the server of PGHOST"


def _claimed(plan: Plan, graph: Graph, state: State, live: LiveState) -> Iterator[str]:
    # A resource that gets another URN in the program is created and deleted; its object is no stranger's.
    kept = {(each.type, each.id) for each in state.resources if each.id}
    kept_keys = {(each.type, kinds.key_of(each.type, each.inputs, "-")) for each in state.resources if each.custom}
    for change in plan.changes:
        kind = kinds.of(change.type)
        declared = live.inputs.get(change.urn, {})
        if change.operation == "create" and change.type == kinds.DEPLOYMENT:
            built = (each for each in live.under.get(change.urn, ()) if _is_built(declared, each))
            if any((change.type, each.id) not in kept for each in built):
                yield change.urn
        if change.operation != "create" or not _is_named(kind) or state.of(change.urn):
            continue
        there = [each for each in live.under.get(change.urn, ()) if _same_one(kind, declared, each)]
        own = (change.type, kinds.key_of(change.type, graph.resources[change.urn].inputs, "-"))
        if own not in kept_keys and any((change.type, each.id) not in kept for each in there):
            yield change.urn


def _is_built(declared: Mapping[str, Any], found: LiveObject) -> bool:
    """Whether it is the declared release's deployment, and its build has not failed: another one would be its twin."""
    ours, theirs = mapping(declared.get("meta")), mapping(found.properties.get("meta"))
    same = all(ours.get(name) == theirs.get(name) for name in ("release", "commit", "config"))
    return same and builds.end(found.beyond) is None


def _is_named(kind: Kind) -> bool:
    """Whether the vendor holds a name of the object's own, which can be taken just once."""
    own = kind.key_inputs() != frozenset({PROJECT_ID})
    return kind.managed and kind.named and own and not kind.single and not kind.repeatable


def _same_one(kind: Kind, declared: Mapping[str, Any], found: LiveObject) -> bool:
    """Whether the object stands where the declared one would: lists that distinguish the two share an entry."""
    for name in kind.distinct_by:
        ours, theirs = declared.get(name), found.properties.get(name)
        if is_list(ours) and is_list(theirs) and not any(each in theirs for each in ours):
            return False
    return True
