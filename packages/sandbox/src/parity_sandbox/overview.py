"""What the page shows, put together from the vendors' documents, pg_catalog, the request log and the faults."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from parity_sandbox import maintenance
from parity_sandbox.buildrules import rules
from parity_sandbox.postgres.catalog import databases

if TYPE_CHECKING:
    from parity_sandbox.store import Document
    from parity_sandbox.world import World

_REQUESTS = 40
_RELEASES = 8

State = dict[str, dict[str, list[Any]]]


async def overview(world: World) -> Document:
    """The page's document; no secret is in it."""
    state = maintenance.state(world)
    found, error = await asyncio.to_thread(databases, world.cluster)
    return {
        "now": int(world.context.clock() * 1000),
        "directory": str(world.layout.directory),
        "ports": asdict(world.ports) if world.ports else {},
        "postgres": {"running": world.cluster.is_running, "version": world.cluster.binaries.version, "error": error},
        "environments": _environments(state),
        "databases": sorted(found, key=lambda each: (_rank(each["name"].rpartition("_")[2]), each["name"])),
        "github": _repositories(state),
        "faults": [asdict(fault) for fault in world.faults.all()],
        "builds": rules(world.context.store).all(),
        "latency": {name: seconds for name, seconds in world.latency.items() if seconds},
        "requests": [{name: row[name] for name in _SHOWN} for row in world.log.latest(_REQUESTS)],
    }


_SHOWN = ("id", "time", "service", "method", "path", "status", "duration_ms", "fault", "applied")


def _kind(state: State, service: str, kind: str) -> list[Any]:
    return state.get(service, {}).get(kind, [])


def _environments(state: State) -> list[Document]:
    """Applications by the environment that their name ends in, as the environments at GitHub are named."""
    names = {each["name"] for each in _kind(state, "github", "environments")}
    grouped: dict[str, list[Document]] = {name: [] for name in names}
    for project in _kind(state, "vercel", "projects"):
        known = [name for name in names if project["name"].endswith(f"-{name}")]
        grouped.setdefault(max(known, key=len, default=""), []).append(_application(state, project))
    order = sorted(grouped, key=_rank)
    return [{"name": name, "applications": grouped[name]} for name in order if grouped[name]]


def _rank(environment: str) -> tuple[bool, bool, str]:
    """Prod last, as it is brought up; what belongs to no environment after it."""
    return environment == "", environment.startswith("prod"), environment


def _application(state: State, project: Document) -> Document:
    targets: Document = project.get("targets") or {}
    production: Document = targets.get("production") or {}
    live: str | None = production.get("id")
    deployments = [each for each in _kind(state, "vercel", "deployments") if each["projectId"] == project["id"]]
    newest_first = sorted(deployments, key=lambda each: each["createdAt"], reverse=True)
    domains = [each for each in _kind(state, "vercel", "domains") if each["projectId"] == project["id"]]
    return {
        "project": project["name"],
        "framework": project.get("framework"),
        "domains": [{name: each.get(name) for name in ("name", "redirect", "verified")} for each in domains],
        "variables": sum(1 for each in _kind(state, "vercel", "env") if each["projectId"] == project["id"]),
        "live": live,
        "releases": [_release(each, live) for each in newest_first[:_RELEASES]],
        "more": max(0, len(newest_first) - _RELEASES),
    }


def _release(deployment: Document, live: str | None) -> Document:
    meta: dict[str, str] = deployment.get("meta") or {}
    return {
        "id": deployment["id"],
        "release": meta.get("release"),
        "commit": deployment.get("sha") or meta.get("commit"),
        "state": deployment["readyState"],
        "target": deployment.get("target"),
        "created": deployment["createdAt"],
        "host": deployment["url"],
        "live": deployment["id"] == live,
    }


def _repositories(state: State) -> list[Document]:
    environments = sorted(_kind(state, "github", "environments"), key=lambda each: _rank(each["name"]))
    return [
        {
            "repository": f"{each['owner']}/{each['name']}",
            "rulesets": [rule["name"] for rule in _kind(state, "github", "rulesets") if _of(rule, each)],
            "environments": [_environment(state, found) for found in environments if _of(found, each)],
        }
        for each in _kind(state, "github", "repositories")
    ]


def _of(document: Document, repository: Document) -> bool:
    return document.get("repository_id") == repository["id"]


def _environment(state: State, environment: Document) -> Document:
    def inside(kind: str) -> list[str]:
        found = _kind(state, "github", kind)
        return sorted(each["name"] for each in found if each.get("environment_id") == environment["id"])

    return {
        "name": environment["name"],
        "wait": environment.get("wait_timer") or 0,
        "reviewers": len(environment.get("reviewers") or ()),
        "self_review": not environment.get("prevent_self_review"),
        "branches": inside("deployment_branch_policies"),
        "secrets": inside("secrets"),
        "variables": inside("variables"),
    }
