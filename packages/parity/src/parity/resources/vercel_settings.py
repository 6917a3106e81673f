"""What of a Vercel project gets into a build: read from the project's document and from a deployment's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.documents import is_mapping, mapping, texts
from parity.resources.equality import flat, same
from parity.resources.vercel_restore import SAME, WATCHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.documents import Document

BUILT = frozenset(
    {"id", "framework", "rootDirectory", "nodeVersion", "buildCommand", "installCommand", "outputDirectory"}
    | {"ignoreCommand", "resourceConfig", "gitRepository", "gitLfs", "automaticallyExposeSystemEnvironmentVariables"}
    | {"buildMachineType", "directoryListing", "protectedSourcemaps", "functionFailover"}
    | {"sourceFilesOutsideRootDirectory", "staticIps", "enableExternalRewriteCaching"}
)
"""The properties of a project that get into a deployment; the last three have no name at the provider."""

_NAMES = {name: wire for name, wire in SAME.items() if name in BUILT} | {name: name for name in WATCHED.keys() & BUILT}


def repository(link: Any) -> Document | None:
    """A project's link by Pulumi's names; None where there is none."""
    if not is_mapping(link) or not link:
        return None
    kind = link.get("type")
    if kind == "github":
        repo = f"{link.get('org', '')}/{link.get('repo', '')}"
    elif kind == "gitlab":
        tail = str(link.get("projectUrl", "")).removesuffix(".git").rpartition("/")[2]
        repo = f"{link.get('projectNamespace', '')}/{tail}"
    else:
        repo = f"{link.get('owner', '')}/{link.get('slug', '')}"
    return {"type": kind, "repo": repo, "productionBranch": link.get("productionBranch")}


def regions(document: Mapping[str, Any]) -> list[str]:
    """Where a project's functions run, sorted."""
    found = texts(mapping(document.get("resourceConfig")).get("functionDefaultRegions"))
    region = document.get("serverlessFunctionRegion")
    return sorted(found or ([str(region)] if region else []))


def undeclared(
    declared: Mapping[str, Any], project: Mapping[str, Any], deployment: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Each setting that is not as declared: its path, and `now` of the project or `when it was built`.

    Args:
        declared: by Pulumi's names; what is not named must be unset, or as Vercel usually has it.
        project: Vercel's document.
        deployment: Vercel's document: `projectSettings` is what it was built with. That has no root directory and no
            regions, and a repository only by its id; of those the project alone is compared.
    """
    wanted = flat(dict(declared))
    has = flat(_of_project(project))
    wrong = [path for path in sorted(wanted.keys() | has.keys()) if _differs(path, wanted, has)]
    yield from ((path, "now") for path in wrong)
    got = flat(_of_deployment(deployment))
    other = [path for path in sorted(got) if path not in wrong and _differs(path, wanted, got)]
    yield from ((path, "when it was built") for path in other)
    linked, built = (mapping(each).get("repoId") for each in (project.get("link"), deployment.get("gitSource")))
    if linked and built and str(linked) != str(built):
        yield "gitRepository", "when it was built"


def _differs(path: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return not same(wanted.get(path), found.get(path), WATCHED.get(path))


def _of_project(document: Mapping[str, Any]) -> Document:
    settings = {name: document.get(wire) for name, wire in _NAMES.items()}
    place = {"functionDefaultRegions": regions(document)}
    return {**settings, "resourceConfig": place, "gitRepository": repository(document.get("link")) or {}}


def _of_deployment(document: Mapping[str, Any]) -> Document:
    settings = mapping(document.get("projectSettings"))
    return {name: settings[wire] for name, wire in _NAMES.items() if wire in settings}
