"""How many requests and how long: `parity drift`, `pulumi preview --refresh`, and an inventory of many applications.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.drift FOLDER [APPLICATIONS ...]

FOLDER holds a sandbox `instance` and its program with both stacks up (tools/support/instances.py makes one). Both
commands run on the same stack of two applications at 0, 50 and 200 ms added to each request. Then projects are made
through Vercel's API alone, and only the inventory is timed, because bringing a hundred applications up takes longer
than everything else.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.config.project import Project
from parity.evaluate.stack import Stack, ambient
from parity.local.sandbox import Local
from parity.resources import kinds
from support.mutations import STACK, World
from support.program import Instance

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.evaluate.graph import Graph

LATENCIES = (0.0, 0.05, 0.2)
VARIABLES = 5


def timed(instance: Instance, latency: float, run: Callable[[], Any]) -> dict[str, Any]:
    """Seconds and the requests that the vendors got."""
    control = instance.local.client()
    control.latency(vercel=latency, github=latency)
    since = instance.last_request()
    begun = time.monotonic()
    try:
        run()
    finally:
        control.latency(vercel=0, github=0)
    seconds = round(time.monotonic() - begun, 2)
    rows = [each for each in instance.requests(since) if each["service"] in {"vercel", "github"}]
    return {"latency": latency, "seconds": seconds, "requests": len(rows)}


def both(instance: Instance) -> list[dict[str, Any]]:
    """The two commands on the stack as it is."""
    rows: list[dict[str, Any]] = []
    for latency in LATENCIES:
        command = (sys.executable, "-c", "from parity.cli.main import main; main()", "drift", STACK, "--json")
        rows.append({"what": "parity drift", **timed(instance, latency, partial(instance.run, *command))})
        refresh = ("preview", "--refresh", "--stack", STACK)
        rows.append(
            {"what": "pulumi preview --refresh", **timed(instance, latency, partial(instance.pulumi, *refresh))}
        )
    return rows


def many(instance: Instance, graph: Graph, counts: list[int]) -> list[dict[str, Any]]:
    """An inventory of so many projects with their variables."""
    world = World(instance)
    rows: list[dict[str, Any]] = []
    made = 0
    for count in counts:
        while made < count:
            made += 1
            world.vercel("POST", "/v11/projects", {"name": f"bench-{made}"})
            body = [
                {"key": f"V{number}", "value": "1", "type": "plain", "target": ["production"]}
                for number in range(VARIABLES)
            ]
            world.vercel("POST", f"/v10/projects/bench-{made}/env", body)
        wanted = projects(graph, count)
        for latency in LATENCIES:
            row = timed(instance, latency, lambda wanted=wanted: inventory.collect_live_state(wanted, passwords=False))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            rows.append({"what": "inventory", "applications": count, **row, "peak MiB": peak})
    return rows


def projects(graph: Graph, count: int) -> Graph:
    """A graph with so many projects and nothing else at Vercel."""
    kept = {urn: each for urn, each in graph.resources.items() if each.type.startswith("pulumi:providers")}
    project = next(each for each in graph.resources.values() if each.type == kinds.PROJECT)
    for number in range(1, count + 1):
        urn = f"{project.urn}-{number}"
        kept[urn] = replace(project, urn=urn, inputs={**project.inputs, "name": f"bench-{number}"})
    return replace(graph, resources=kept)


def main(folder: Path, counts: list[int]) -> None:
    """Measure, and print the rows as JSON lines."""
    project = Project(folder / "program")
    instance = Instance(project, Local(project, folder / "instance"))
    os.environ.update(instance.environment())
    stack = Stack(STACK, instance.project, ambient(instance.project))
    graph = stack.declared(stack.settings())
    for row in [*both(instance), *many(instance, graph, counts)]:
        print(json.dumps(row))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]] or [1, 10, 100])
