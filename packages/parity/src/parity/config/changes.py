"""Which keys changed since a release was recorded: the stack's file as Git has it then, against the config now."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from parity.config import digest, fingerprints, program, source
from parity.config.model_problems import own_values
from parity.config.parameters import DatabaseUrlVariable, PerStackVariable, SensitiveVariable
from parity.config.rename import Rename
from parity.config.stack_models import NAMESPACE, StackConfig
from parity.errors import ProjectError
from parity.git import Repository
from parity.problems import spell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from parity.config.settings_model import Settings
    from parity.config.stack_models import Release
    from parity.git import Commit
    from parity.problems import Path

_DATABASE = ("host", "port", "sslmode")
"""Of a connection URL, what the stack's file says; the names in it follow from the catalog."""


@dataclass(frozen=True)
class Changes:
    """What changed since a release was recorded."""

    commit: Commit
    """The one that recorded it."""
    places: tuple[str, ...]
    """`Pulumi.staging.yaml:24: parity:applications.shop.variables.NAME`, or a line of the catalog's file."""


def since(settings: Settings, application: str, release: Release) -> Changes | None:
    """The keys that a release is built with and that changed since it was recorded; None where Git cannot say."""
    found = _recorded(settings, release)
    if found is None or settings.root is None:
        return None
    repository, commit, then = found
    places = [_place(settings, key) for key in _keys(then, settings, application, release.credentials)]
    if digest.of(digest.document(then, application, release.credentials)) != release.config:
        if repository.begins_at(commit):
            return None
        # The file of then and the catalog of now do not give the digest: the catalog changed too.
        places += _catalog(settings.root, repository, commit)
    return Changes(commit, tuple(places)) if places else None


def recorded_as(settings: Settings, release: Release) -> tuple[str, ...]:
    """The applications that had a release with this digest in the file as Git has it then; none where it cannot say."""
    found = _recorded(settings, release)
    if found is None:
        return ()
    kept = {name: each.kept.values() for name, each in found[2].releases.items()}
    return tuple(name for name, each in kept.items() if release.config in {one.config for one in each})


def _recorded(settings: Settings, release: Release) -> tuple[Repository, Commit, Settings] | None:
    """The commit that recorded a release, and the settings as its file had them."""
    if settings.root is None or settings.file is None:
        return None
    repository = Repository(settings.root)
    path = settings.root / settings.file
    commit = repository.introduced(release.config, path)
    then = _as_it_was(settings, repository.show(commit, path)) if commit else None
    return (repository, commit, then) if commit and then else None


def _as_it_was(settings: Settings, text: str | None) -> Settings | None:
    read = source.parse(settings.file or "", _with_names_of_now(settings, text)) if text else ()
    if isinstance(read, tuple):
        return None
    origin = source.from_file(settings.stack, read)
    try:
        config = StackConfig.model_validate(own_values(origin.values))
    except ValidationError:
        return None
    fields = {name: getattr(config, name) for name in StackConfig.model_fields}
    databases = {**settings.databases, **cast("dict[str, Any]", fields["databases"])}
    own = {**settings.applications, **cast("dict[str, Any]", fields["applications"])}
    return replace(settings, origin=origin, **{**fields, "databases": databases, "applications": own})


def _with_names_of_now(settings: Settings, text: str) -> str:
    """The stack's file of then, in which an application or a database may have had its first name."""
    for declared in (*settings.catalog.applications, *settings.catalog.databases):
        if declared.formerly:
            with suppress(ProjectError):
                renamed = Rename(type(declared).__name__, declared.formerly, declared.name)
                text = renamed.in_stack_file(settings.file or "", text)
    return text


def _keys(then: Settings, now: Settings, name: str, credentials: int) -> Iterator[Path]:
    """Paths in the stack's file whose part of the digest's document differs."""
    before, after = (digest.document(each, name, credentials) for each in (then, now))
    if before["environment"] != after["environment"]:
        yield (NAMESPACE + "environment",)
    if fingerprints.current(then, fingerprints.STACK_SECRET) != fingerprints.current(now, fingerprints.STACK_SECRET):
        yield fingerprints.STACK_SECRET
    application = now.catalog.application(name)
    for variable in application.variables:
        old, new = (each["variables"].get(variable.name) for each in (before, after))
        if old != new and isinstance(variable, PerStackVariable | SensitiveVariable):
            yield (NAMESPACE + "applications", name, "variables", variable.name)
        elif old != new and isinstance(variable, DatabaseUrlVariable):
            for part in _DATABASE:
                if old[part] != new[part]:
                    yield (NAMESPACE + "databases", variable.database, part)


def _place(settings: Settings, path: Path) -> str:
    return settings.origin.fault(path, "", "").place if settings.origin.file else spell(path)


def _catalog(root: FilePath, repository: Repository, commit: Commit) -> Iterator[str]:
    """The lines of the catalog's file that came since; its name alone where it is what it imports that changed."""
    try:
        file = program.load(root).catalog_file
    except ProjectError:
        return
    lines = sorted(repository.changed_lines(commit, root / file))
    yield f"{file}:{','.join(str(line) for line in lines)}" if lines else f"{file}, or what it imports"
