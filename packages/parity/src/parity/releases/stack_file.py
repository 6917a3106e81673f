"""`parity:releases` in a stack's file: read it, record a release, switch, prune; every other byte stays."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from parity.config import source, stack_checks, stack_edit
from parity.config.model_problems import model_faults
from parity.config.stack_models import NAMESPACE, Release, Releases
from parity.documents import mapping
from parity.errors import ConfigError, ProjectError, RefusedError, UsageError
from parity.problems import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY = NAMESPACE + "releases"


@dataclass(frozen=True)
class ReleasesFile:
    """The text of a stack's file and the releases in it; the functions below give a new one, and `write` keeps it."""

    path: Path
    text: str
    releases: Mapping[str, Releases]
    read: str
    """The text as it was read, to notice that the file was changed since."""


def load(path: Path) -> ReleasesFile:
    """Read the releases of a stack's file; raises ProjectError where it is not there, ConfigError with every fault."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise ProjectError("There is no such stack.", where=str(path), remedy="Name a stack that has a file.") from None
    return ReleasesFile(path, text, parse(path.name, text), text)


def parse(name: str, text: str) -> dict[str, Releases]:
    """The releases in a stack file's text, by application; raises ConfigError as `load`."""
    file = source.parse(name, text)
    if isinstance(file, tuple):
        raise ConfigError(file)
    found = source.from_file("", file)
    faults = list(stack_checks.release_faults(found))
    releases: dict[str, Releases] = {}
    for application, entry in mapping(found.values.get(KEY)).items():
        try:
            releases[application] = Releases.model_validate(entry)
        except ValidationError as error:
            faults += model_faults(found, error, (KEY, application))
    if faults:
        raise ConfigError(in_order(faults))
    return releases


def add_release(
    file: ReleasesFile,
    application: str,
    *,
    commit: str,
    config: str,
    credentials: int,
    migrations: Mapping[str, int] | None = None,
    live: bool = False,
    again: bool = False,
) -> tuple[ReleasesFile, str]:
    """Record the next release of an application, and make it live where that is wanted; gives its id too.

    `commit` has 40 hex digits, `config`, its digest, 32; `credentials` is the newest release's generation or a higher
    one; `migrations` says by database which is the newest that the commit has. With `again` the newest release may be
    just this: a deployment that was built otherwise is built once more.

    Raises:
        UsageError: no such application, the same commit, digest and generation as the newest, or a generation that
            goes back, or one of the three is not in its form.
    """
    releases = _of(file, application)
    newest = releases.newest
    release = _release(commit, config, credentials, migrations or {})
    if newest is not None:
        _refuse_repetition(file, application, newest, release, again=again)
    name = f"r{int(newest[0][1:]) + 1 if newest else 1}"
    added = _edited(file, stack_edit.put, (application, "kept", name), stack_edit.release_word(release))
    return (set_live(added, application, name) if live else added), name


def set_live(file: ReleasesFile, application: str, release: str) -> ReleasesFile:
    """Make a kept release the live one; raises UsageError where it is not kept, or there is no such application."""
    releases = _of(file, application)
    if release not in releases.kept:
        kept = ", ".join(releases.kept) or "none"
        raise UsageError(
            f"Release {release} of {application} is not kept.", where=str(file.path), remedy=f"Kept: {kept}."
        )
    return file if releases.live == release else _edited(file, stack_edit.put, (application, "live"), release)


def promote(
    file: ReleasesFile,
    application: str,
    commit: str,
    digest: Callable[[int], str],
    *,
    migrations: Mapping[str, int] | None = None,
    again: bool = False,
    rotate: bool = False,
) -> tuple[ReleasesFile, str]:
    """Make a commit the live release: a new release, or the newest if it is the same; gives its id too.

    `digest` gives the config digest of a generation of credentials, and `rotate` takes a new one; the rest is as for
    `add_release`. Raises RefusedError, unless `again`, where a kept release newer than the live one has this commit, so
    that it was rolled back from, and UsageError where it is live already with this config, or as `add_release`.
    """
    releases = _of(file, application)
    pinned = rolled_back_from(releases, commit)
    if pinned and not again:
        raise RefusedError(
            f"{_stack(file)}/{application} was rolled back from this very commit: {pinned} is {commit[:12]}, is newer "
            f"than the live {releases.live}, and does not serve.",
            where=f"{file.path.name}: {KEY}.{application}",
            remedy="If its fault is corrected outside the commit, say --again; else promote a commit that corrects it.",
        )
    newest = releases.newest
    given: dict[str, Any] = {"commit": commit, "migrations": migrations}
    given |= built_with(releases, digest, rotate=rotate)
    if newest is not None and _is_same(newest[1], _release(**given)):
        if releases.live == newest[0]:
            what = f"{_stack(file)}/{application} {newest[0]} has this commit and config, and is live."
            raise UsageError(what, remedy="Nothing to promote.")
        return set_live(file, application, newest[0]), newest[0]
    return add_release(file, application, **given, live=True)


def built_with(releases: Releases, digest: Callable[[int], str], *, rotate: bool) -> dict[str, Any]:
    """`credentials` and `config` of an application's next release; `digest` gives the config digest of a generation."""
    generation = releases.generation + rotate
    return {"credentials": generation, "config": digest(generation)}


def rolled_back_from(releases: Releases, commit: str) -> str | None:
    """The newest kept release of this commit after the live one, which was rolled back from or never went live."""
    newer = set(newer_than_live(releases))
    return next((name for name, each in reversed(releases.in_order) if name in newer and each.commit == commit), None)


def newer_than_live(releases: Releases) -> tuple[str, ...]:
    """The kept releases after the live one, which were rolled back from or never went live."""
    ids = [name for name, _ in releases.in_order]
    return tuple(ids[ids.index(releases.live) + 1 :]) if releases.live is not None else ()


def prunable(releases: Releases, keep: int) -> tuple[str, ...]:
    """The oldest kept releases beyond the `keep` newest, up to the one before the live one.

    Those after the live one stay: they say what was rolled back from, which `parity promote` must know.
    """
    ids = [name for name, _ in releases.in_order]
    safe = {*ids[-keep:], *newer_than_live(releases), releases.live, releases.before(releases.live)}
    return tuple(name for name in ids if name not in safe)


def prune(file: ReleasesFile, application: str, keep: int) -> tuple[ReleasesFile, tuple[str, ...]]:
    """Drop the releases that `prunable` gives; gives their ids too. Raises UsageError where `keep` is less than 1."""
    if keep < 1:
        raise UsageError("At least one release must be kept.", where="--keep", remedy="Give 1 or more.")
    gone = prunable(_of(file, application), keep)
    for name in gone:
        file = _edited(file, stack_edit.remove, (application, "kept", name))
    return file, gone


def write(file: ReleasesFile) -> None:
    """Replace the stack's file by the new text; raises as `replace_text`."""
    replace_text(file.path, file.read, file.text)


def replace_text(path: Path, before: str, after: str) -> None:
    """Replace a file's text, all of it or nothing; raises ProjectError where it was changed since it was read."""
    if read_text(path) != before:
        raise ProjectError("The file was changed meanwhile.", where=str(path), remedy="Run the command again.")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(path.stat().st_mode)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def read_text(path: Path) -> str:
    """A file's text with its own line breaks."""
    with path.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _stack(file: ReleasesFile) -> str:
    return file.path.stem.partition(".")[2]


def _of(file: ReleasesFile, application: str) -> Releases:
    if application not in file.releases:
        known = ", ".join(file.releases) or "none"
        remedy = f"Applications there: {known}. A new one gets `{application}: {{live: null, kept: {{}}}}` under {KEY}."
        raise UsageError(f"{KEY} has no application {application}.", where=str(file.path), remedy=remedy)
    return file.releases[application]


def _edited(file: ReleasesFile, edit: Callable[..., str], path: tuple[str, ...], *word: str) -> ReleasesFile:
    """The file after an edit of `stack_edit` at a path below `parity:releases`."""
    try:
        text = edit(file.path.name, file.text, (KEY, *path), *word)
        return replace(file, text=text, releases=parse(file.path.name, text))
    except ProjectError as error:
        raise ProjectError(
            "The releases are written in a way that cannot be edited safely; nothing was changed.",
            where=f"{file.path}: {KEY}",
            remedy="Write each application as `live: rN` and `kept:` with one release a line, without anchors.",
        ) from error


def _is_same(one: Release, other: Release) -> bool:
    """Whether two releases are built alike."""
    return all(getattr(one, each) == getattr(other, each) for each in ("commit", "config", "credentials"))


def _release(commit: str, config: str, credentials: int, migrations: Mapping[str, int] | None = None) -> Release:
    try:
        return Release(commit=commit, config=config, credentials=credentials, migrations=dict(migrations or {}))
    except ValidationError as error:
        what = "; ".join(f"{detail['loc'][0]} {detail['msg']}" for detail in error.errors(include_url=False))
        raise UsageError(f"{what}.", remedy="Give the full commit, as `git rev-parse <commit>` does.") from None


def _refuse_repetition(
    file: ReleasesFile, application: str, newest: tuple[str, Release], release: Release, *, again: bool
) -> None:
    name, last = newest
    if _is_same(release, last) and not again:
        what = f"{application}'s newest release {name} has this very commit, config and credentials."
        is_live = file.releases[application].live == name
        way = "It is live." if is_live else f"`parity live {_stack(file)} {application} {name} --up` makes it live."
        raise UsageError(what, remedy=f"Nothing to record. {way} --again builds the same once more.")
    if release.credentials < last.credentials:
        what = f"Credentials generation {release.credentials} goes back behind {name}'s {last.credentials}."
        raise UsageError(what, remedy=f"Use {last.credentials}, or {last.credentials + 1} to rotate.")
