"""A post-mortem as data: what was read of the stacks, the incident, and what follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from parity.backend import blame
from parity.documents import mapping, rows
from parity.postmortem import incident as incidents
from parity.postmortem import missed, served, timeline
from parity.resources.urn import short_urn
from parity.status.document import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parity.backend.blame import Line
    from parity.backend.ledger import Record
    from parity.documents import Document
    from parity.postmortem.incident import Incident
    from parity.postmortem.material import Material
    from parity.postmortem.missed import Missed
    from parity.postmortem.served import Served
    from parity.postmortem.timeline import Event

_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Report:
    """One post-mortem."""

    project: str
    stacks: tuple[str, ...]
    since: datetime
    until: datetime
    operations: int
    """How many are recorded in the time."""
    incident: Incident | None
    """None where the record has no sign of one."""
    events: tuple[Event, ...]
    served: tuple[Served, ...]
    causes: tuple[Line, ...] = ()
    missed: tuple[Missed, ...] = ()
    half_done: tuple[str, ...] = field(default=())
    """What an update that died left, and how each was decided."""

    @property
    def shown(self) -> tuple[datetime, datetime]:
        """What its picture shows: the incident with as much time before and after it, else all of the time."""
        found = self.incident
        start = (found.began or found.detected) if found else None
        if found is None or start is None:
            return self.since, self.until
        end = found.back or found.detected or self.until
        margin = max(end - start, _MARGIN)
        return max(self.since, start - margin), min(self.until, end + margin)

    def document(self) -> dict[str, Any]:
        """For `--json`; times are ISO 8601, UTC, spans are seconds."""
        return plain(
            {
                "project": self.project,
                "stacks": self.stacks,
                "since": self.since,
                "until": self.until,
                "incident": _incident(self.incident) if self.incident else None,
                "served": [asdict(each) for each in self.served],
                "causes": [_cause(each) for each in self.causes],
                "missed": [asdict(each) for each in self.missed],
                "events": [asdict(each) for each in self.events],
                "half_done": self.half_done,
            }
        )


def make(project: str, materials: Sequence[Material], operation: tuple[str, Record] | None = None) -> Report:
    """Draw the conclusions.

    Args:
        project: its name.
        materials: one a stack.
        operation: the stack and the operation that began the incident; None: the one that its signs lead to.
    """
    if operation is None:
        found = incidents.find(materials)
    else:
        stack, culprit = operation
        found = incidents.of(next(each for each in materials if each.stack == stack), culprit)
    events = [event for each in materials for event in timeline.of(each)]
    first = materials[0]
    return Report(
        project,
        tuple(each.stack for each in materials),
        first.since,
        first.until,
        sum(len(each.inside) for each in materials),
        found,
        tuple(sorted(events, key=lambda each: each.time)),
        tuple(_marked(span, found) for each in materials for span in served.of(each)),
        tuple(incidents.causes(found.culprit)) if found and found.culprit else (),
        tuple(missed.of(found)) if found else (),
        tuple(line for each in materials for record in each.inside for line in _decisions(record)),
    )


def _marked(span: Served, incident: Incident | None) -> Served:
    """A span of the release that the incident's operation made live is bad."""
    if incident is None or incident.culprit is None or not incident.signs or span.stack != incident.material.stack:
        return span
    moved = incident.material.moves(incident.culprit).get(span.application, ("", ""))
    mine = span.release == moved[1] and span.earliest >= incident.culprit.started
    return replace(span, bad=True) if mine else span


def _decisions(record: Record) -> list[str]:
    found = rows(mapping(record.end).get("decisions")) or rows(record.begin.get("decisions"))
    return [f"{each['decision']}: {short_urn(str(each['urn']))}: {each['why']}" for each in found]


def _incident(incident: Incident) -> dict[str, Any]:
    culprit, by = incident.culprit, incident.back_by
    return {
        "stack": incident.material.stack,
        "operation": culprit.id if culprit else None,
        "began": incident.began,
        "detected": incident.detected,
        "over": incident.back,
        "over_by": by.id if by else None,
        "seconds_to_detect": seconds(incident.to_detect),
        "seconds_to_go_back": seconds(incident.to_go_back),
        "signs": [{"time": each.time, "what": each.what} for each in incident.signs],
    }


def _cause(each: Line) -> Document:
    return {
        "resource": short_urn(each.urn),
        "property": each.path,
        "before": blame.spelled(each.before),
        "after": blame.spelled(each.after),
        **{name: getattr(each, name) for name in ("key", "values", "line", "commit", "pull_request")},
        "approver": str(each.record.begin.get("approver") or ""),
        "certain": each.certain,
    }


def seconds(span: timedelta | None) -> float | None:
    """A span's seconds, to the tenth."""
    return None if span is None else round(span.total_seconds(), 1)
