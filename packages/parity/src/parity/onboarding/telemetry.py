"""Traces, alerts and stages that are there: tracing is declared, what changes more by being declared is proposed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from parity.config.parameters import Watch
from parity.config.telemetry import Alert, TraceDrain, Tracing
from parity.documents import items, mapping, rows, texts
from parity.onboarding.source_text import one_line
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pydantic import BaseModel

    from parity.documents import Document
    from parity.inventory.model import LiveObject
    from parity.onboarding.world import World


def tracing(world: World, projects: Iterable[str]) -> Tracing | None:
    """The first project's; None where one has none, since to declare it would turn it on there."""
    found = [world.one(kinds.TRACING, each) for each in projects]
    if None in found:
        return None
    return Tracing.model_validate({"sampling": _rules(next(each for each in found if each))})


def proposed(world: World, stack: str, projects: Mapping[str, str]) -> Iterator[str]:
    """What a person can declare of a stack, with the way; it stays as it is until then.

    Args:
        world: what was read.
        stack: its name.
        projects: by application, the ids of the stack's projects.
    """
    for type_, propose in ((kinds.TRACE_DRAIN, _drain), (kinds.ALERT, _alert), (kinds.ROLLING_RELEASE, _stages)):
        for found in world.of(type_):
            if watched := _watched(found, projects):
                every = type_ == kinds.ALERT and len(watched) == len(projects)
                said = _said(propose, found, stack, () if every else watched)
                yield f"{kinds.of(type_).name} {found.key[0]} is there: {said}"


def _said(propose: Callable[..., str], found: LiveObject, stack: str, applications: tuple[str, ...]) -> str:
    try:
        return f"to declare one like it: in infra/catalog.py {propose(found, stack, applications)}"
    except ValidationError as error:
        return f"the catalog has no such one ({error.errors()[0]['msg']}), and it stays as it is"


def _watched(found: LiveObject, projects: Mapping[str, str]) -> tuple[str, ...]:
    """The stack's applications that it is about."""
    about = mapping(found.properties.get("ruleScope")) or found.properties
    given, excludes = texts(about.get("projectIds") or [about.get("projectId")]), about.get("type") == "exclude"
    return tuple(name for name, each in projects.items() if not given or (each in given) != excludes)


def _drain(found: LiveObject, stack: str, _applications: tuple[str, ...]) -> str:
    given = found.properties
    headers = sorted(mapping(given.get("headers")))
    declared = _model(TraceDrain, delivery_format=given["deliveryFormat"], sampling=_rules(found), headers=headers)
    keys = ("parity:traces.secret", *(f"parity:traces.headers.{each}" for each in headers))
    secrets = ", ".join(f"`parity secret set {stack} '{key}'`" for key in keys)
    return (
        f"Telemetry(..., trace_drain={one_line(declared)}), in Pulumi.{stack}.yaml parity:traces.endpoint: "
        f"{given['endpoint']}, {secrets}"
    )


def _alert(found: LiveObject, _stack: str, applications: tuple[str, ...]) -> str:
    given = found.properties
    notified: Document = mapping(given.get("notificationSettings"))
    declared = _model(
        Alert,
        name=re.sub(r"[^a-z0-9]+", "-", found.key[0].lower()).strip("-"),
        triggers=rows(given.get("triggers")),
        minimum_severity=given["matchMinimumSeverityLevel"],
        applications=applications,
        owners=bool(notified.get("enableTeamOwnerNotifications")),
    )
    return f"Telemetry(..., alerts=({one_line(declared)},))"


def _stages(found: LiveObject, _stack: str, applications: tuple[str, ...]) -> str:
    """As stages of a watch, which approves each; the last one, all users, is none."""
    stages = [
        {"percent": each["targetPercentage"], **({"minutes": each["duration"]} if each["duration"] else {})}
        for each in rows(found.properties["stages"])[:-1]
    ]
    return f'Application(name="{applications[0]}", ..., watch={one_line(_model(Watch, stages=stages))})'


def _rules(found: LiveObject) -> list[Document]:
    return [
        {"rate": each["rate"], "environment": each["environment"], "request_path": each["requestPath"]}
        for each in items(found.properties["samplingRules"])
    ]


def _model(form: type[BaseModel], **given: Any) -> BaseModel:
    return form.model_validate(given)
