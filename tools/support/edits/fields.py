"""Which fields of the models an edit changes, found by loading what it makes of the files; and which none does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, cast, get_args

from pydantic import BaseModel

from parity.config import settings
from parity.config.parameters import Application, Catalog, Database, Variable
from parity.config.secret import Secret
from parity.config.stack_models import ApplicationSettings, DatabaseSettings, DomainSettings, Releases, StackConfig
from parity.documents import is_mapping
from support.edits.edits import PROD
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.edits.edits import Edit

NOT_EDITED = {
    "Catalog.vercel_team": "renamed at Vercel first: test_edits.py",
    "Repository.owner": "renamed at GitHub first: test_edits.py",
    "Repository.name": "renamed at GitHub first: test_edits.py",
    "Application.name": "by `parity rename`: test_edits.py",
    "Application.formerly": "written by `parity rename`",
    "Application.container": "what `parity check` holds a Dockerfile to: test_containers.py",
    "Container.file": "as Application.container",
    "Container.port": "as Application.container",
    "Container.shared_with": "changes a repository alone: sandbox/test_containers.py",
    "Application.trusted_source": "needs a job: sandbox/test_trusted_source.py",
    "TrustedSource.audience": "as Application.trusted_source",
    "Application.watch": "changes no resource: sandbox/test_watch.py",
    "Watch.minutes": "as Application.watch",
    "Watch.stages": "changes the stages alone: sandbox/test_stages.py",
    "Stage.percent": "as Watch.stages",
    "Stage.minutes": "as Application.watch",
    "Watch.interval_seconds": "as Application.watch",
    "Watch.unhealthy_answers": "as Application.watch",
    "Watch.least_difference": "as Application.watch",
    "Watch.false_aborts": "as Application.watch",
    "Watch.minutes_before": "as Application.watch",
    "WatchSettings.counts": "as Application.watch",
    "WatchSettings.minutes": "as Application.watch",
    "WatchSettings.least_difference": "as Application.watch",
    "Database.name": "by `parity rename`: test_edits.py",
    "Database.formerly": "written by `parity rename`",
    "Database.server": "takes a second server: test_two_servers.py",
    "Database.migrations": "its files are edited: test_migrations.py",
    "Migrations.folder": "as Database.migrations",
    "Migrations.tool": "another tool's folder is another record",
    "Migrations.sources": "what the files are rendered from: test_rendered.py",
    "Migrations.command": "as Migrations.sources",
    "Migrations.follows": "as Migrations.tool: test_team_tools.py",
    "Migrations.lock_timeout_milliseconds": "as Database.migrations",
    "Migrations.attempts": "as Database.migrations",
    "Migrations.large_table_megabytes": "what a preview says: test_preview_rehearsal.py",
    "PlainVariable.name": "a variable of another name is another variable",
    "PerStackVariable.name": "as PlainVariable.name",
    "SensitiveVariable.name": "as PlainVariable.name",
    "DatabaseUrlVariable.name": "as PlainVariable.name",
    "DomainSettings.name": "a domain of another name is another domain",
    "Retention.production": "takes one value",
    "StackConfig.environment": "names the stack; another name is a fault of the file",
    "StackConfig.secret": "sealed, by `parity secret set`",
    "LogSettings.secret": "sealed, by `parity secret set`",
    "StackConfig.logs": "its parts are edited; without it the step `drain` is put off",
    "Telemetry.trace_drain": "takes secrets of the stack's: sandbox/test_telemetry.py",
    "TraceDrain.delivery_format": "as Telemetry.trace_drain",
    "TraceDrain.sampling": "as Telemetry.trace_drain",
    "TraceDrain.headers": "as Telemetry.trace_drain",
    "StackConfig.traces": "as Telemetry.trace_drain",
    "TraceSettings.endpoint": "as Telemetry.trace_drain",
    "TraceSettings.secret": "as Telemetry.trace_drain",
    "TraceSettings.headers": "as Telemetry.trace_drain",
    "StackConfig.alerts": "as Telemetry.trace_drain",
    "AlertSettings.incident_io_routing_key": "as Telemetry.trace_drain",
    "Releases.live": "written by `parity release` and the like: the worlds have two",
    "Releases.kept": "as Releases.live",
    "Release.commit": "as Releases.live",
    "Release.config": "as Releases.live",
    "Release.credentials": "as Releases.live",
    "Release.migrations": "as Releases.live",
    "Release.deployment": "written by `parity import`: test_import.py",
    "StackConfig.acknowledged": "written by each case where the gate asks",
}
"""Fields that no edit changes, each with the reason."""

_OBJECTS = (
    Application,
    Database,
    ApplicationSettings,
    DatabaseSettings,
    DomainSettings,
    Releases,
    *get_args(get_args(Variable)[0]),
)
"""What is added and removed as one: a new one says nothing of its fields."""


def every(model: type[BaseModel]) -> set[str]:
    """All fields of a model and of those in it that hold a value, a list or a mapping, not just one other model."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        annotation: Any = field.annotation
        inner = list(_models(annotation))
        found |= {each for one in inner for each in every(one)}
        if inner != [annotation]:
            found.add(f"{model.__name__}.{name}")
    return found


def changed(edit: Edit, folder: Path) -> set[str]:
    """The fields that an edit changes; raises ConfigError where the files have a fault then."""
    for path in (*ROOT.glob("Pulumi.*"), ROOT / "pyproject.toml"):
        shutil.copy(path, folder)
    for name in ("infra", "migrations"):
        shutil.copytree(ROOT / name, folder / name)
    edit.make(folder)
    return {each for one, other in zip(_read(ROOT), _read(folder), strict=True) for each in _differences(one, other)}


def _read(folder: Path) -> tuple[Catalog, StackConfig]:
    read = settings.load(PROD.split(".")[1], folder, None)
    given = {name: getattr(read, name) for name in StackConfig.model_fields}
    return read.catalog, StackConfig.model_construct(**given)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _differences(one: BaseModel | None, other: BaseModel | None) -> Iterator[str]:
    """The fields in which two models differ; of one that is there alone each of them, unless it is an object's own."""
    there = one or other
    if one == other or there is None:
        return
    if one is None or other is None:
        yield from () if isinstance(there, _OBJECTS) else every(type(there))
    elif type(one) is not type(other):
        yield from (f"{type(each).__name__}.kind" for each in (one, other))
    else:
        for name in type(one).model_fields:
            before, after = (_written(getattr(each, name)) for each in (one, other))
            mine, theirs = _parts(before), _parts(after)
            if before != after and (mine.keys() != theirs.keys() or not mine):
                yield f"{type(one).__name__}.{name}"
            for key in mine.keys() | theirs.keys():
                yield from _differences(mine.get(key), theirs.get(key))


def _written(value: Any) -> Any:
    """The value with each secret as the file has it."""
    if is_mapping(value):
        return {name: _written(each) for name, each in value.items()}
    return value.ciphertext if isinstance(value, Secret) else value


def _parts(value: Any) -> dict[str, BaseModel]:
    """The models that a value holds, by name where they have one."""
    if isinstance(value, BaseModel):
        return {"": value}
    if is_mapping(value):
        return {str(name): each for name, each in value.items() if isinstance(each, BaseModel)}
    if isinstance(value, tuple):
        items = enumerate(cast("tuple[Any, ...]", value))
        return {getattr(each, "name", str(index)): each for index, each in items if isinstance(each, BaseModel)}
    return {}
