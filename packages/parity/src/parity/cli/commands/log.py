"""`parity log`, `show`, `diff`: the record of every operation on the stacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, complete_stacks
from parity.errors import LedgerError, ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.backend.deployments import Release
    from parity.backend.ledger import Ledger, Record
    from parity.backend.reading import Asked
    from parity.backend.stack_backend import Backend
    from parity.config.project import Project

Stack = Annotated[
    str | None,
    typer.Argument(
        metavar="[STACK]", help="The stack; every one, where none is named.", autocompletion=complete_stacks
    ),
]
_OPERATION = (
    "An operation: its id or the beginning of it, `@` for the newest, `@-` for the one before; "
    "`STACK:` before it takes that stack's alone."
)
Operation = Annotated[str, typer.Argument(metavar="OP", help=_OPERATION)]
_SHOWN = f"{_OPERATION} Or the id of a deployment, as a log line has it: dpl_9Xk2."
Shown = Annotated[str, typer.Argument(metavar="OP", help=_SHOWN)]


def log(
    chosen: Stack = None,
    last: Annotated[int, typer.Option("--last", "-n", metavar="COUNT", help="How many of the newest.", min=1)] = 20,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a table for an auditor: every operation, or those of a time.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="WHEN", help="With --csv: from this time on, as 2026-11-24, or 90d for so long ago."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="WHEN", help="With --csv: before this time, as 2026-12-01.")
    ] = None,
    of_github: Annotated[
        bool,
        typer.Option(
            "--github", help="With --csv: ask GitHub who reviewed and approved, and for the checks; with its token."
        ),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every object, and report what was edited, removed, moved or added.")
    ] = False,
) -> None:
    """Show every operation: who, why, and how it ended.

    Oldest first: when, which command, the result, its id, how long it took, by whom, from which commit and pull
    request; why; from which release to which each application went; the keys that caused it; how the plan was approved;
    and what was read again afterwards and is not as declared. An update by plain `pulumi up` is among them. With --json
    one JSON object a line, with everything that is recorded. Exits 22 where the record was changed since it was
    written.
    """
    asked = Arguments()
    asked.exclusive(as_json=as_json, as_csv=as_csv, verify=verify)
    if (since or until or of_github) and not as_csv:
        asked.add("--from, --to, --github", "they belong to --csv", "give --csv too")
    if chosen is not None:
        asked.stack(chosen)
    asked.require()
    from datetime import UTC, datetime

    from parity.backend import ledger as ledgers
    from parity.backend import reading
    from parity.cli import times
    from parity.cli.commands import log_output
    from parity.console import Screen

    places = places_of(asked.project, chosen)
    if verify:
        _verify(places)
        return
    if as_csv:
        now = datetime.now(UTC)
        start, end = times.ago(since, now, "--from"), times.ago(until, now, "--to")
        every = (each for place in places.values() for each in ledger_of(place).records())
        rows = reading.within(every, start, end)
        typer.echo(reading.table(rows, _asked(asked.project, rows) if of_github else None), nl=False)
        return
    found = [_with_foreign(each, last) for each in places.values()]
    records = sorted((record for each in found for record in each), key=lambda each: each.id)[-last:]
    if as_json:
        typer.echo(ledgers.lines(records), nl=False)
    else:
        log_output.show(Screen(), records, ", ".join(ledger_of(each).place for each in places.values()))
    _require_chained(places, records)


def show(operation: Shown, as_json: Json = False) -> None:
    """Show one operation: each property before and after, and why.

    Secrets are shown by their fingerprint. With --json everything that is recorded. Of a deployment's id it says which
    release of which stack that is, and shows the operation that built it.
    """
    from parity.backend import deployments, reading
    from parity.cli.commands import log_output
    from parity.console import Screen

    screen, release = Screen(), _release(operation) if operation.startswith("dpl_") else None
    every = _ledgers()
    if release is not None:
        found = deployments.built_by(every[release.stack], release)
    else:
        found = reading.find(every, operation).record
    if as_json:
        more = {"deployment": release.document()} if release is not None else {}
        typer.echo(json.dumps({**found.document(), **more}, ensure_ascii=False, indent=2))
        return
    if release is not None:
        screen.out.print(f"{release}, built by:", soft_wrap=True, markup=False)
    log_output.show(screen, [found], "")
    for line in log_output.changes(found):
        screen.out.print(line, soft_wrap=True, markup=False)


def diff(one: Operation, other: Operation, as_json: Json = False) -> None:
    """Show what differs in the world between two operations.

    What was changed after the first, up to and with the second; where the second is the older one, the other way round.
    Of an operation whose end is not known everything that it was to do is taken.
    """
    from parity.backend import blame, reading
    from parity.cli.commands import log_output
    from parity.console import Screen

    every = _ledgers()
    first, second = (reading.find(every, text) for text in (one, other))
    if first.ledger.stack != second.ledger.stack:
        raise UsageError(
            f"they are of two stacks, {first.ledger.stack} and {second.ledger.stack}",
            where="OP",
            remedy="name two operations of one stack; `parity check` compares stacks",
        )
    back = second.record.id < first.record.id
    changed = blame.between(iter(reading.span(first.ledger, first.record, second.record)))
    pairs = {place: (after, before) if back else (before, after) for place, (before, after) in changed.items()}
    if as_json:
        rows_ = [
            {"urn": urn, "property": path, "before": before or None, "after": after or None}
            for (urn, path), (before, after) in pairs.items()
        ]
        typer.echo(json.dumps(rows_, ensure_ascii=False, indent=2))
        return
    for line in log_output.pairs(pairs) or ["Nothing differs."]:
        Screen().out.print(line, soft_wrap=True, markup=False)


def places_of(project: Project, stack: str | None) -> dict[str, Backend]:
    """Where each stack's record is, or that of one; raises ProjectError where no record is kept for a stack."""
    from parity.backend.stack_backend import open_backend
    from parity.cli.session import stack_of
    from parity.engine.store import LEDGER_VARIABLE

    found = {name: open_backend(stack_of(project, name)) for name in ([stack] if stack else project.stack_files())}
    for name, place in found.items():
        if place.ledger is None:
            remedy = f"{LEDGER_VARIABLE} names a folder or bucket for it"
            raise ProjectError(f"no ledger is kept for {name}", where=place.url, remedy=remedy)
    return found


def ledger_of(place: Backend) -> Ledger:
    """The ledger of a place that `places_of` gave."""
    assert place.ledger is not None  # noqa: S101 - `places_of` has seen to it
    return place.ledger


def _ledgers() -> dict[str, Ledger]:
    from parity.config.project import find_project

    return {name: ledger_of(each) for name, each in places_of(find_project(), None).items()}


def _release(identity: str) -> Release:
    """The release of a deployment's id."""
    from parity.backend import deployments
    from parity.cli.session import stack_of
    from parity.config.project import find_project

    project = find_project()
    recorded = {name: stack_of(project, name).recorded() for name in project.stack_files()}
    return deployments.find(recorded, _ledgers(), identity)


def _with_foreign(place: Backend, last: int) -> list[Record]:
    """The newest operations, and what others made that no update has recorded yet."""
    from parity.recover.history import RECORDS
    from parity.updates import foreign

    records = ledger_of(place).records(last=max(last, RECORDS))
    return [*records, *foreign.shown(place, records)]


def _asked(project: Project, records: list[Record]) -> dict[str, Asked]:
    """What GitHub says of the operations; raises UsageError where there is no token."""
    import asyncio

    from parity.releases import release_status, reviews
    from parity.vendors import services

    client = release_status.github()
    if client is None:
        names = " or ".join(services.GITHUB_TOKENS)
        raise UsageError("there is no token for GitHub", where="--github", remedy=f"set {names}, or leave it out")
    repository = project.program.catalog().repository

    async def ask() -> dict[str, Asked]:
        async with client:
            return await reviews.ask(client, f"{repository.owner}/{repository.name}", records)

    return asyncio.run(ask())


def _verify(found: Mapping[str, Backend]) -> None:
    from parity.backend import chain

    faults: list[str] = []
    for stack, place in found.items():
        verified = chain.verify(ledger_of(place))
        faults += [f"{stack}: {each}" for each in verified.faults]
        heads = f"; no later one names {', '.join(verified.heads)}" if verified.heads else ""
        typer.echo(f"{stack}: {verified.objects} objects, {len(verified.faults)} not as they were written{heads}")
    _require(faults)


def _require_chained(found: Mapping[str, Backend], records: list[Record]) -> None:
    """What the records that were read show of each other anyway, and a record that the engine's history names."""
    from parity.backend import chain

    faults = [str(fault) for place in found.values() for fault in chain.broken(ledger_of(place).at_hand())]
    removed = [str(each.begin["removed"]) for each in records if each.begin.get("removed")]
    _require(faults + [f"{each}: is gone; the engine's history names it" for each in removed])


def _require(faults: list[str]) -> None:
    if faults:
        raise LedgerError(
            f"the record is not as it was written, {len(faults)} faults:\n" + "\n".join(f"  {each}" for each in faults),
            remedy="find out who may write to the state's folder or bucket; a copy of before puts the object back",
        )
