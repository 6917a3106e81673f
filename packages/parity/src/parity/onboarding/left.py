"""What is left as it is: each difference from what the program would declare becomes an exception with its reason."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.config import settings
from parity.config.size import LIMIT, as_text, config_bytes
from parity.drift.audit import find
from parity.drift.compare import Sides
from parity.engine.state import State
from parity.errors import RefusedError
from parity.evaluate.declared import declared
from parity.onboarding.world import require_read
from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from parity.config.project import Project
    from parity.drift.model import Finding
    from parity.evaluate.graph import Graph
    from parity.inventory.model import LiveState
    from parity.onboarding.compose import Draft

_PROPERTIES = {
    kinds.PROJECT: {
        "autoAssignCustomDomains": "a push to the production branch goes live by itself; without it only a release "
        "does. Take this before the second release: it would be live before it is asked whether it is healthy",
        "ignoreCommand": "Vercel may skip a build that it takes for a repetition, and a release is always built. Take "
        "this before the second release, which is refused until then",
        "gitForkProtection": "whether a fork's pull request is built with the project's variables",
        "vercelAuthentication": "who may open a deployment; people may hold links that would ask for a login",
    },
    kinds.VARIABLE: {
        "targets": "the environments that get it, as they are here",
        "sensitive": "whether Vercel shows it, as it is here",
    },
    kinds.DOMAIN: {"redirectStatusCode": "browsers keep a permanent redirect (308) for good"},
    kinds.ENVIRONMENT: {
        "canAdminsBypass": "an administrator may deploy without the approvals; without it none may",
        "reviewers": "who approves today; name the teams in `reviewers` to declare them",
        "preventSelfReview": "whether one who starts a deployment may approve it; declare it with the reviewers",
        "deploymentBranchPolicy": "which branches deploy today; the step `branches` declares them",
    },
    kinds.RETENTION: {
        "expirationProduction": "a kept release must stay deployed: set it before the second release",
    },
}
_AS_IT_IS = "set before Parity, and left as it is"
_OBJECTS = {
    kinds.VARIABLE: "was there before Parity and is declared by no release: another target, a branch's, one stack's "
    "alone, or a name or value that the catalog does not take",
    kinds.SECRET: "was there before Parity: workflows of the team read it",
    kinds.GITHUB_VARIABLE: "was there before Parity: workflows of the team read it",
    kinds.BYPASS: "was there before Parity: tests or tools of the team pass by it",
    kinds.REGISTRY: "was there before Parity: it holds images that no release is built to",
    kinds.ROLLING_RELEASE: "was there before Parity: the second release is refused until the stages of a watch declare "
    "it, or it is removed",
    kinds.REGISTRY_SHARE: "was there before Parity: the team pulls images from it",
}
_MANY = 10
"""Resources that have a difference alike from which on it is one exception."""
_WAS_THERE = "was there before Parity, and is left as it is"
_CREATED = {
    kinds.GITHUB_VARIABLE: "Parity's workflows read it; nothing else does",
    kinds.BYPASS: "the health check passes deployment protection by it; nothing else has it",
    kinds.REGISTRY: "holds the images of its releases; Vercel's builder would make it at the next build",
    kinds.RETENTION: "writes down what Vercel does by itself, so that it stays so",
    kinds.ENVIRONMENT: "the stack's workflows run in it; it did not exist",
}


@dataclass(frozen=True)
class Left:
    """One stack's differences."""

    exceptions: tuple[dict[str, str], ...]
    """As the stack's file has them."""
    written: tuple[str, ...]
    """What the first update writes, each with its reason."""
    imported: int
    """Declared objects that exist."""


def compare(project: Project, draft: Draft, stack: str, environment: Mapping[str, str]) -> Left:
    """Compare what the program would declare for a stack with what exists.

    Raises:
        ConfigError: the draft has faults; a bug, or a world that no check foresaw.
        ParityError: the program failed, or a vendor could not be read.
    """
    graph = declared(project, opened(draft, stack))
    live = inventory.collect_live_state(graph, environment=environment, passwords=False)
    require_read(live.read_failures)
    findings = find(Sides(graph, State((), (), {}), live), [])
    there = {each.urn for each in findings if each.cause == "not recorded"}
    return Left(
        tuple(_exceptions((each for each in findings if not _is_secret(each)), graph)),
        tuple(sorted({*_created(findings), *_written(draft, stack, live)})),
        len(there),
    )


def opened(draft: Draft, stack: str) -> settings.Settings:
    """The draft's settings with every secret open."""
    with tempfile.TemporaryDirectory() as folder:
        return settings.load(
            stack,
            Path(folder),
            {key: as_text(value) for key, value in draft.configs[stack].items()},
            catalog=draft.catalog,
        )


def require_fits(stack: str, config: Mapping[str, Any]) -> None:
    """Raise RefusedError where the engine could not hand the stack's config to its plugins."""
    size = config_bytes(config)
    if size > LIMIT:
        raise RefusedError(
            f"the config of {stack} has {size} bytes, and the engine hands it to a plugin in one variable of {LIMIT}",
            where="import",
            remedy="import fewer applications into one program, the others into another one (docs/how-to/import.md)",
        )


def _is_secret(finding: Finding) -> bool:
    """Whether it is a value that was read, or cannot be: the file has it, or a person sets it."""
    return finding.path in {"value", "secret", "password"}


# --- Exceptions -------------------------------------------------------------------------------------------------------


def _kind(resource: str) -> str:
    return resource.partition(" ")[0]


def _exceptions(findings: Iterable[Finding], graph: Graph) -> Iterator[dict[str, str]]:
    """Each resource and property once. What is in a database is one entry for each kind: roles are put off.

    So is what many resources have alike, all of their kind: the engine's plugins take no more than some text.
    """
    given: dict[tuple[str, str], str] = {}
    for each in findings:
        if each.kind == "changed" and each.urn:
            top = each.path.partition(".")[0].partition("[")[0]
            why = _PROPERTIES.get(each.type, {}).get(top, f"{_AS_IT_IS}: {each.live[:60]}")
            given.setdefault((f"{kinds.of(each.type).name} {each.name}", f"{top}*"), why)
        elif each.kind == "unmanaged" and each.cause != "not recorded":
            given.setdefault(*_object(each))
    declared = Counter(kinds.of(each.type).name for each in graph.resources.values())
    alike = Counter((_kind(resource), path, why) for (resource, path), why in given.items())
    entries: dict[tuple[str, str], str] = {}
    for (resource, path), why in given.items():
        kind = _kind(resource)
        entries[f"{kind} *" if _MANY < declared[kind] == alike[kind, path, why] else resource, path] = why
    for (resource, path), why in entries.items():
        yield {"resource": resource, "property": path, "accepts": "drift", "reason": why}


def _object(finding: Finding) -> tuple[tuple[str, str], str]:
    if finding.vendor == "PostgreSQL":
        kind = finding.resource.partition(" ")[0]
        return (f"{kind} *", "*"), "roles and privileges are those of before: the step `roles` is put off"
    return (finding.resource, "*"), _OBJECTS.get(finding.type, _WAS_THERE)


def _written(draft: Draft, stack: str, live: LiveState) -> Iterator[str]:
    """What is written although it exists: what a vendor does by itself until then, and what no API shows."""
    for urn, under in live.under.items():
        parsed = Urn.parse(urn)
        if under and under[0].vacuous and kinds.of(parsed.type).repeatable:
            yield f"{kinds.of(parsed.type).name} {parsed.name}: {_CREATED.get(parsed.type, _AS_IT_IS)}"
    for key in draft.unread[stack]:
        yield f"{key}, again: no API shows what is there"


def _created(findings: Iterable[Finding]) -> Iterator[str]:
    for each in findings:
        if each.kind == "missing":
            why = _CREATED.get(each.type, "it is declared, and it does not exist")
            yield f"{kinds.of(each.type).name} {each.name}: {why}"
