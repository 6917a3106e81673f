"""`parity bisect`: the smallest set of changes between two operations that makes a probe fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, Stack, complete_applications
from parity.errors import UsageError

if TYPE_CHECKING:
    from parity.backend.ledger import Ledger, Record
    from parity.bisect.changes import Timeline

_WHERE = ("releases", "sandbox", "both")


def bisect(
    stack: Stack,
    probe: Annotated[
        str,
        typer.Option(
            "--probe",
            metavar="CMD|URL",
            help="What says whether a state is good. A URL, of which path and query are asked at the state's own host "
            "(`{url}/api/search`): 2xx and 3xx are good. Or a command: exit code 0 is good, 125 cannot say, any other "
            "is bad; `{url}` and PARITY_PROBE_URL are the state's address.",
        ),
    ],
    good: Annotated[
        str | None,
        typer.Option(
            "--good",
            metavar="OP",
            help="An operation after which it was good: its id or the beginning of it. [default: the oldest in the "
            "record]",
        ),
    ] = None,
    bad: Annotated[str, typer.Option("--bad", metavar="OP", help="A later operation, after which it was bad.")] = "@",
    application: Annotated[
        str | None,
        typer.Option(
            "--application",
            metavar="NAME",
            help="The application that is asked. [default: the only one whose releases changed]",
            autocompletion=complete_applications,
        ),
    ] = None,
    contains: Annotated[
        str, typer.Option("--contains", metavar="TEXT", help="With a URL: a good answer holds this text.")
    ] = "",
    where: Annotated[
        str,
        typer.Option(
            "--ask",
            metavar="WHERE",
            help="`releases`: kept releases at their own hosts; `sandbox`: states that are stood up in a sandbox of "
            "their own; `both`: a sandbox for what no kept release takes apart.",
        ),
    ] = "both",
    repeat: Annotated[
        int, typer.Option("--repeat", metavar="COUNT", help="How often each state is asked, so that luck shows.", min=1)
    ] = 2,
    seconds: Annotated[
        int, typer.Option("--timeout", metavar="SECONDS", help="Limit of one answer of the probe.", min=1)
    ] = 60,
    as_json: Json = False,
) -> None:
    """Find the smallest set of changes that makes a probe fail.

    Between two operations of the record: the operations are halved, then the changes of the first bad one are taken
    apart: commits, keys, credentials, migrations. Nothing of the stack is written. Exits 18 where the good operation is
    not good or the bad one not bad, with what was seen.
    """
    asked = Arguments()
    asked.stack(stack)
    if application is not None:
        asked.application(stack, application)
    from parity.bisect.probe import Probe, is_url

    if not probe.strip():
        asked.add("--probe", "the probe is empty", "give a URL or a command")
    if contains and not is_url(probe):
        asked.add("--contains", "it belongs to a URL", "have the command compare its text")
    if where not in _WHERE:
        asked.add("--ask", f"{where!r} is none of {', '.join(_WHERE)}", "give one of them")
    asked.require()
    from parity.bisect import show
    from parity.bisect.run import Bisection
    from parity.bisect.timeline import timeline
    from parity.cli.commands.log import ledger_of, places_of
    from parity.cli.session import stack_of
    from parity.console import Screen

    found = stack_of(asked.project, stack)
    ledger = ledger_of(places_of(asked.project, stack)[stack])
    records = ledger.records()
    ends = _ends(ledger, records, good, bad)
    settings = found.sealed_settings()
    every = timeline(records, *ends, settings.catalog)
    name = application or _only(every, ends)
    probing = Probe(probe, contains, repeat, float(seconds))
    search = Bisection(found, name, every, ends[1], probing, Screen())
    outcome = search.run(releases=where != "sandbox", sandbox=where != "releases")
    own = settings.releases.get(name)
    if as_json:
        typer.echo(json.dumps(show.document(outcome, own), ensure_ascii=False, indent=2))
        return
    for line in show.lines(outcome, own):
        Screen().out.print(line, soft_wrap=True, markup=False)


def _ends(ledger: Ledger, records: list[Record], good: str | None, bad: str) -> tuple[str, str]:
    """The ids of the two operations; every fault of the two at once."""
    from parity.backend import reading

    faults = Arguments()
    found: dict[str, str] = {} if good else {"--good": records[0].id if records else ""}
    for option, text in (("--good", good), ("--bad", bad)):
        if text:
            try:
                found[option] = reading.find({ledger.stack: ledger}, text).record.id
            except UsageError as error:
                faults.add(option, error.what, error.remedy or "")
    if len(found) > 1 and found["--good"] >= found["--bad"]:
        faults.add("--good", "it is not older than the bad one", f"`parity log {ledger.stack}` shows their order")
    faults.require()
    return found["--good"], found["--bad"]


def _only(every: Timeline, ends: tuple[str, str]) -> str:
    """The only application whose releases changed."""
    names = sorted({each.application for each in every.places.values() if each.application})
    if len(names) == 1:
        return names[0]
    what = f"releases of {' and '.join(names)} changed" if names else "no application's release changed"
    raise UsageError(
        f"{what} between {ends[0]} and {ends[1]}", where="--application", remedy="name the application that is asked"
    )
