"""How long and how many requests: `parity import --plan`, `--write` and `--state` of 10, 100 and 500 projects.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.importing [PROJECTS ...]

Each size is a sandbox of its own: half the projects are prod's, half staging's, each with five variables, a domain and
a live deployment, and each stack has a database. The commands run in processes of their own, Python's start included.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox import lifecycle
from parity_sandbox.options import ServeOptions
from support.mutations.world import World
from support.program import Instance, copy_program

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (10, 100, 500)
STACKS = ("prod", "staging")
VARIABLES = 5
REPOSITORY = "storefront-example/storefront"
COMMIT = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
ENTRY = (sys.executable, "-c", "from parity.cli.main import main; main()")


@dataclass(frozen=True)
class Measured:
    """One command."""

    step: str
    seconds: float
    processor_seconds: float
    requests: int


def team(world: World, count: int) -> list[str]:
    """Make so many projects and a database for each stack; gives import's options."""
    options = ["--team", "storefront", "--repository", REPOSITORY]
    names = {f"{stack}/app{number}": f"{stack}-{number}" for number in range(count // len(STACKS)) for stack in STACKS}
    for place, name in names.items():
        _project(world, name)
        options += ["--project", f"{place}={name}"]
    for stack in STACKS:
        world.sql(f"create database acme_{stack}", database="postgres")
        options += ["--database", f"{stack}/main=acme_{stack}"]
    last = f"/v9/projects/{[*names.values()][-1]}"
    while world.vercel("GET", last)["targets"].get("production") is None:
        pass  # the sandbox builds one after another, so the last one is live last
    return options


def _project(world: World, name: str) -> None:
    link = {"type": "github", "repo": REPOSITORY}
    body = {"name": name, "framework": "nextjs", "rootDirectory": "apps/web", "gitRepository": link}
    made = world.vercel("POST", "/v11/projects", body)
    world.vercel("PATCH", f"/v9/projects/{made['id']}", {"nodeVersion": "22.x", "ssoProtection": None})
    world.vercel("POST", f"/v10/projects/{made['id']}/domains", {"name": f"{name}.acme.example"})
    variables = [
        {"key": f"SETTING_{each}", "value": f"value-{each}", "type": "encrypted", "target": ["production"]}
        for each in range(VARIABLES)
    ]
    world.vercel("POST", f"/v10/projects/{made['id']}/env", variables)
    source = {"type": "github", "org": "storefront-example", "repo": "storefront", "ref": "main", "sha": COMMIT}
    deployment = {"name": name, "project": made["id"], "target": "production", "gitSource": source}
    deployment["meta"] = {"githubCommitSha": COMMIT}
    world.vercel("POST", "/v13/deployments?skipAutoDetectionConfirmation=1", deployment)


def timed(instance: Instance, step: str, *options: str) -> Measured:
    """Run one step of the import."""
    since = _log(instance)[-1]["id"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [*ENTRY, "import", *options, f"--{step}"]
    done = subprocess.run(
        command, cwd=instance.project.root, env=instance.environment(), capture_output=True, text=True, check=False
    )
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"import --{step} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    rows = [each for each in _log(instance, since) if each["service"] in {"vercel", "github"}]
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(step, seconds, processor, len(rows))


def _log(instance: Instance, since: int = 0) -> list[dict[str, Any]]:
    return instance.local.client().requests(since, limit=1_000_000)


def measure(count: int) -> Iterator[Measured]:
    """Import so many projects once."""
    with tempfile.TemporaryDirectory(prefix="parity-importing-") as folder:
        project = copy_program(Path(folder) / "program")
        local = Local(project, Path(folder) / "instance")
        lifecycle.up(local.directory, ServeOptions(build_seconds=0.01, promote_seconds=0.01))
        try:
            local.seed()
            local.equip(toolchain.resolve())
            instance = Instance(project, local)
            options = team(World(instance), count)
            steps = {"plan": options, "write": options, "state": []}
            yield from (timed(instance, step, *given) for step, given in steps.items())
        finally:
            lifecycle.down(local.directory)


def main() -> None:
    """Measure, and print the page's table."""
    print("| projects | step | seconds | processor seconds | requests |")
    print("| --- | --- | --- | --- | --- |")
    for count in [int(each) for each in sys.argv[1:]] or SIZES:
        for each in measure(count):
            times = f"{each.seconds:.1f} | {each.processor_seconds:.1f}"
            print(f"| {count} | `--{each.step}` | {times} | {each.requests} |", flush=True)


if __name__ == "__main__":
    main()
