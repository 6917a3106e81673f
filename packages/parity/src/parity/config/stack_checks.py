"""Checks of a stack's config against the catalog, against itself and against the other stacks' files.

They read the raw values, not the models, so that a fault in one place hides none in another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from parity.config import forms
from parity.config.parameters import DatabaseUrlVariable, PerStackVariable, SensitiveVariable
from parity.config.size import LIMIT, config_bytes
from parity.config.stack_models import NAMESPACE
from parity.config.variable_values import set_plain, set_secret, value_faults
from parity.documents import at, is_mapping, items, mapping
from parity.problems import ConfigProblem, did_you_mean, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from parity.config.parameters import Application, Catalog
    from parity.config.source import Source, StackFile
    from parity.problems import Path

APPLICATIONS = NAMESPACE + "applications"
DATABASES = NAMESPACE + "databases"
RELEASES = NAMESPACE + "releases"
TRACES = NAMESPACE + "traces"
ALERTS = NAMESPACE + "alerts"
_POSTPONED = NAMESPACE + "postponed"
_OWNS = NAMESPACE + "managesRepository"


@dataclass(frozen=True)
class _Read:
    """What the checks read."""

    source: Source
    catalog: Catalog
    others: Sequence[StackFile]

    def mapping(self, *path: str) -> dict[str, Any]:
        """The mapping at a path; empty where there is none (the models report its absence)."""
        return mapping(at(self.source.values, *path))


def check(source: Source, catalog: Catalog, others: Sequence[StackFile]) -> list[ConfigProblem]:
    """Every fault that the models alone cannot see; `others` are the other stacks' files, where at hand."""
    read = _Read(source, catalog, others)
    return [
        *_environment(read),
        *_size(read),
        *_same_names(read),
        *_variables(read),
        *_domains(read),
        *_databases(read),
        *_approvals(read),
        *_postponed(read),
        *_telemetry(read),
        *release_faults(source),
        *_repository_owner(read),
    ]


def _environment(read: _Read) -> Iterator[ConfigProblem]:
    path = (NAMESPACE + "environment",)
    given = read.source.values.get(path[0])
    if isinstance(given, str) and given.strip() and given != read.source.stack:
        what = f"says {given}, but the stack is {read.source.stack}."
        remedy = (
            f"Write `{NAMESPACE}environment: {read.source.stack}`, and check that the rest was meant for it. "
            f"`pulumi stack rename {given} --stack {read.source.stack}` undoes a renaming: what exists has the name."
        )
        yield read.source.fault(path, what, remedy)


def _size(read: _Read) -> Iterator[ConfigProblem]:
    size = config_bytes(read.source.values)
    if size > LIMIT:
        what = f"The config has {size:,} bytes, and the engine hands it to a plugin in one variable of {LIMIT:,}."
        yield read.source.fault((), what, "Move some of the applications into a program of their own.")


def _same_names(read: _Read) -> Iterator[ConfigProblem]:
    """One entry for each application and database of the catalog, no other."""
    applications = [application.name for application in read.catalog.applications]
    databases = [database.name for database in read.catalog.databases]
    empty = "`{live: null, kept: {}}` before its first release"
    yield from _entries(read, APPLICATIONS, applications, "application", "its domains, protection and variables")
    yield from _entries(read, DATABASES, databases, "database", "its host, limits and credentials")
    yield from _entries(read, RELEASES, applications, "application", empty)


def _entries(read: _Read, key: str, declared: Sequence[str], noun: str, content: str) -> Iterator[ConfigProblem]:
    if not isinstance(read.source.values.get(key), dict):
        return
    given = read.mapping(key)
    unknown = [name for name in given if name not in declared]
    missing = [name for name in declared if name not in given]
    for name in unknown:
        renamed = _renamed(noun, name, missing[0]) if len(unknown) == len(missing) == 1 else ""
        remedy = f"{_instead(name, declared)}{renamed}"
        yield read.source.fault((key, name), f"is no {noun} of the catalog.", remedy)
    for name in missing:
        what = f"has no entry for the {noun} {name}."
        yield read.source.fault((key, name), what, f"Add `{name}` with {content}.")


def _renamed(noun: str, old: str, new: str) -> str:
    commands = {
        "application": f"`parity rename application {old} {new}`",
        "database": f"`parity rename database {old} {new}`",
    }
    return f" If it was renamed, write {old} in infra/catalog.py again and run {commands[noun]}."


def _instead(name: str, known: Iterable[str]) -> str:
    known = list(known)
    guess = did_you_mean(name, known) or "Remove it, or declare it in infra/catalog.py. "
    return f"{guess}Known: {', '.join(known) or 'none'}."


# --- Variables --------------------------------------------------------------------------------------------------------


def _variables(read: _Read) -> Iterator[ConfigProblem]:
    for application in read.catalog.applications:
        given = at(read.source.values, APPLICATIONS, application.name, "variables")
        if is_mapping(given):
            yield from _application_variables(read, application, given)


def _application_variables(read: _Read, application: Application, given: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    path: Path = (APPLICATIONS, application.name, "variables")
    declared = {variable.name: variable for variable in application.variables}
    own = {name: item for name, item in declared.items() if isinstance(item, PerStackVariable | SensitiveVariable)}
    for name, value in given.items():
        if name in own:
            yield from value_faults(read.source, (*path, name), own[name], value)
        elif name in declared:
            what = "has one value for every stack, in the catalog."
            if isinstance(declared[name], DatabaseUrlVariable):
                what = "is made by the program from the database."
            yield read.source.fault((*path, name), what, "Remove it here.")
        else:
            yield read.source.fault((*path, name), f"is no variable of {application.name}.", _instead(name, own))
    for name, variable in own.items():
        if name not in given:
            how = set_secret if isinstance(variable, SensitiveVariable) else set_plain
            remedy = how(read.source, (*path, name))
            yield read.source.fault((*path, name), "has no value in this stack.", remedy)


# --- Domains ----------------------------------------------------------------------------------------------------------


def _domains(read: _Read) -> Iterator[ConfigProblem]:
    own = list(_names_of_domains(read.source.values))
    for path, name in own:
        places = [other for other, given in own if given == name]
        if places[0] != path:
            what = f"names the domain {name} again; it is at {spell(places[0])} already."
            yield read.source.fault(path, what, "A domain belongs to one application, once: remove one of them.")
        for other in read.others:
            if any(given == name for _, given in _names_of_domains(other.values)):
                what = f"names the domain {name}, which {other.name} has too."
                yield read.source.fault(path, what, "A domain can serve one stack: give each its own.")
    for application in read.mapping(APPLICATIONS):
        yield from _redirects(read, application)


def _names_of_domains(values: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for application, entry in mapping(values.get(APPLICATIONS)).items():
        for index, item in enumerate(items(at(entry, "domains"))):
            if (name := at(item, "name")) and isinstance(name, str):
                yield (APPLICATIONS, application, "domains", index, "name"), name


def _redirects(read: _Read, application: str) -> Iterator[ConfigProblem]:
    domains = [mapping(item) for item in items(at(read.source.values, APPLICATIONS, application, "domains"))]
    serving = [item.get("name") for item in domains if item.get("redirect") is None]
    for index, item in enumerate(domains):
        target = item.get("redirect")
        path: Path = (APPLICATIONS, application, "domains", index, "redirect")
        if not isinstance(target, str):
            # None serves; what is no text at all is refused by the model.
            continue
        if index == 0:
            yield read.source.fault(path, "redirects the canonical domain.", "Put a domain that serves first.")
        elif target not in serving:
            what = f"redirects to {target}, which is no domain of {application} that serves."
            listed = ", ".join(sorted(name for name in serving if isinstance(name, str))) or "none"
            yield read.source.fault(path, what, f"Redirect to one of: {listed}.")


# --- Databases --------------------------------------------------------------------------------------------------------


def _databases(read: _Read) -> Iterator[ConfigProblem]:
    for name, entry in read.mapping(DATABASES).items():
        values = mapping(entry)
        total, each = values.get("connectionLimit"), values.get("applicationConnectionLimit")
        if isinstance(total, int) and isinstance(each, int) and each > total > 0:
            what = f"lets one role hold {each} connections, but the database takes {total}."
            remedy = "Lower it, or raise connectionLimit."
            yield read.source.fault((DATABASES, name, "applicationConnectionLimit"), what, remedy)


def _approvals(read: _Read) -> Iterator[ConfigProblem]:
    """GitHub keeps `prevent_self_review` in the rule that names the reviewers: without these there is none."""
    delivery = read.mapping(NAMESPACE + "delivery")
    if delivery.get("preventSelfReview") is True and not items(at(delivery, "reviewers", "teams")):
        what, path = "has no effect without reviewers: GitHub keeps it with them alone.", "preventSelfReview"
        yield read.source.fault((NAMESPACE + "delivery", path), what, "Set it to false, or name reviewers.")


def _postponed(read: _Read) -> Iterator[ConfigProblem]:
    """Steps that need one another, and what a step that is taken needs."""
    off = items(read.source.values.get(_POSTPONED))
    if "drain" not in off and NAMESPACE + "logs" not in read.source.values:
        remedy = "Add it: where the logs go; or add `drain` to parity:postponed."
        yield read.source.fault((NAMESPACE + "logs",), "is missing.", remedy)
    if "roles" in off and "public" not in off:
        what = "puts off `roles` and not `public`: without roles of its own nothing could connect."
        yield read.source.fault((_POSTPONED,), what, "Take `roles` first; put off `public` until then.")
    for application in read.catalog.applications if "roles" in off else ():
        for variable in application.variables:
            if isinstance(variable, DatabaseUrlVariable):
                what = f"puts off `roles`, and {application.name} has {variable.name}, which logs in as one of them."
                remedy = "Take the step, or declare the variable as a SensitiveVariable for now."
                yield read.source.fault((_POSTPONED,), what, remedy)
    for database in read.catalog.databases if "roles" in off else ():
        if database.migrations:
            what = f"puts off `roles`, and {database.name} has migrations, which run as one of them."
            yield read.source.fault((_POSTPONED,), what, "Take the step, or leave the migrations to your own tool.")


def _telemetry(read: _Read) -> Iterator[ConfigProblem]:
    """A destination for what the catalog declares, and for nothing else."""
    declared, given = read.catalog.telemetry, read.source.values
    if declared.trace_drain is None and TRACES in given:
        yield read.source.fault((TRACES,), "has no trace drain in the catalog.", "Remove it, or declare one there.")
    if declared.trace_drain is not None:
        if TRACES not in given:
            yield read.source.fault((TRACES,), "is missing.", "Add it: where the traces go.")
        yield from _headers(read, declared.trace_drain.headers)
    if not declared.alerts and ALERTS in given:
        yield read.source.fault((ALERTS,), "has no alert in the catalog.", "Remove it, or declare one there.")


def _headers(read: _Read, declared: Sequence[str]) -> Iterator[ConfigProblem]:
    given = read.mapping(TRACES, "headers")
    for name in given:
        if name not in declared:
            yield read.source.fault((TRACES, "headers", name), "is no header of the catalog.", _instead(name, declared))
    for name in declared if TRACES in read.source.values else ():
        if name not in given:
            path = (TRACES, "headers", name)
            yield read.source.fault(path, "is missing.", set_secret(read.source, path))


# --- Releases ---------------------------------------------------------------------------------------------------------


def release_faults(source: Source) -> Iterator[ConfigProblem]:
    """What is wrong among the releases of each application: ids, their order, `live`, generations."""
    for application, entry in mapping(source.values.get(RELEASES)).items():
        if is_mapping(entry):
            yield from _application_releases(source, application, entry)


def _application_releases(source: Source, application: str, entry: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    kept = mapping(entry.get("kept"))
    path: Path = (RELEASES, application)
    live = entry.get("live")
    if isinstance(live, str) and live not in kept:
        what = f"says {live}, which is not among the kept releases."
        remedy = f"Name one of: {', '.join(kept) or 'none is kept, so write null'}."
        yield source.fault((*path, "live"), what, remedy)
    ids = [name for name in kept if re.fullmatch(forms.RELEASE_ID, name)]
    if RELEASES not in source.unmarked:
        yield from _order(source, path, ids)
    yield from _generations(source, path, {name: kept[name] for name in sorted(ids, key=_number)})


def _number(release: str) -> int:
    return int(release[1:])


def _order(source: Source, path: Path, ids: Sequence[str]) -> Iterator[ConfigProblem]:
    for before, after in pairwise(ids):
        if _number(after) < _number(before):
            what = f"stands after {before}; releases are kept oldest first."
            yield source.fault((*path, "kept", after), what, "Put them in the order of their numbers.")


def _generations(source: Source, path: Path, kept: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    highest, owner = 0, ""
    for name, release in kept.items():
        generation = at(release, "credentials")
        if not isinstance(generation, int):
            continue
        if generation < highest:
            what = f"goes back to credentials generation {generation}; {owner} before it has {highest}."
            remedy = f"Write {highest}, or {highest + 1} for a rotation: a generation is never used again."
            yield source.fault((*path, "kept", name, "credentials"), what, remedy)
        if generation > highest:
            highest, owner = generation, name


# --- The repository ---------------------------------------------------------------------------------------------------


def _repository_owner(read: _Read) -> Iterator[ConfigProblem]:
    """The ruleset exists once: exactly one stack owns it. Only where all stacks' files are at hand can that be seen."""
    if not read.others or read.source.values.get(_OWNS) not in ["true", "false"]:
        return
    owners = [other.name for other in read.others if other.values.get(_OWNS) == "true"]
    if read.source.values.get(_OWNS) == "true":
        for other in owners:
            what = f"says true, and {other} does too: the repository's ruleset would be owned twice."
            yield read.source.fault((_OWNS,), what, "Write false in all stacks but one.")
    elif not owners:
        what = "says false, and no other stack says true: no stack owns the repository's ruleset."
        yield read.source.fault((_OWNS,), what, "Write true in exactly one stack.")


def secret_paths(catalog: Catalog, *, generated: bool = False) -> Iterator[Path]:
    """Where a secret belongs: for config whose `secure:` marks are not at hand.

    With `generated` those alone for which any random text serves, so that none comes from a vendor.
    """
    yield (NAMESPACE + "secret",)
    yield (NAMESPACE + "logs", "secret")
    if (traces := catalog.telemetry.trace_drain) is not None:
        yield (TRACES, "secret")
        yield from ((TRACES, "headers", name) for name in traces.headers if not generated)
    if catalog.telemetry.alerts and not generated:
        yield (ALERTS, "incidentIoRoutingKey")
    for application in catalog.applications:
        for variable in application.variables:
            if isinstance(variable, SensitiveVariable) and (variable.generated or not generated):
                yield (APPLICATIONS, application.name, "variables", variable.name)
