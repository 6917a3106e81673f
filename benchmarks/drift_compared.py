"""The same applications read by Parity, `pulumi preview --refresh` and `terraform plan`: requests, time, memory.

    PARITY_TERRAFORM=FOLDER PYTHONPATH=tools .venv/bin/python -m benchmarks.drift_compared INSTANCE [APPLICATIONS ...]

INSTANCE holds a stopped sandbox `instance` and its program with both stacks up (tools/support/instances.py makes one);
FOLDER is as tools/crashlab/terraform.py says. An application is a Vercel project with five variables here: complete
ones take longer to bring up than everything else. Pulumi and Terraform bring up as many under names of their own, so
that each finds everything as it is declared, in one world; Parity reads those of Terraform's names. Each runs as a
process of its own, with its start; memory is the most that it and all its children held at one time (resident, shared
pages counted for each). Every request is answered later by 0, 50 and 200 ms.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.drift import LATENCIES, VARIABLES, projects
from crashlab.terraform import VARIABLE
from parity import inventory
from parity.config.project import Project
from parity.evaluate.stack import Stack, ambient
from parity.local.sandbox import Local
from parity.resources import kinds
from parity_sandbox import lifecycle
from support.mutations import STACK
from support.program import Instance
from support.signals import take_interrupts

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAMPLE_SECONDS = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")
_NAME = "bench"

_TERRAFORM = """\
terraform {
  required_providers {
    vercel = { source = "vercel/vercel" }
  }
}

variable "applications" {
  type = number
}

provider "vercel" {
  team = "storefront"
}

locals {
  names = toset([for number in range(1, var.applications + 1) : "bench-${number}"])
  pairs = { for each in setproduct(local.names, range(FIVE)) : "${each[0]}/V${each[1]}" => each }
}

resource "vercel_project" "application" {
  for_each = local.names
  name     = each.key
}

resource "vercel_project_environment_variable" "value" {
  for_each   = local.pairs
  project_id = vercel_project.application[each.value[0]].id
  key        = "V${each.value[1]}"
  value      = "1"
  sensitive  = false
  target     = ["production"]
}
""".replace("FIVE", str(VARIABLES))
_PULUMI = f"""\
import os

import pulumi
import pulumiverse_vercel as vercel

options = pulumi.ResourceOptions(provider=vercel.Provider("vercel", team="storefront"))
for number in range(1, int(os.environ["BENCH_APPLICATIONS"]) + 1):
    project = vercel.Project(f"bench-p-{{number}}", name=f"bench-p-{{number}}", opts=options)
    for variable in range({VARIABLES}):
        vercel.ProjectEnvironmentVariable(
            f"bench-p-{{number}}-V{{variable}}", project_id=project.id, key=f"V{{variable}}", value="1",
            sensitive=False, targets=["production"], opts=options,
        )
"""


def held(pid: int) -> int:
    """Bytes that a process and all its descendants hold."""
    children: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                pages[int(path.name)] = int((path / "statm").read_text().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
            children.setdefault(parent, []).append(int(path.name))
    found, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        found += pages.get(one, 0)
        waiting += children.get(one, [])
    return found * _PAGE


def measured(instance: Instance, latency: float, command: Sequence[str], folder: Path) -> dict[str, Any]:
    """Seconds, requests at Vercel and peak memory of a command, which must end well."""
    control = instance.local.client()
    control.latency(vercel=latency)
    since, begun = instance.last_request(), time.monotonic()
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=instance.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lambda: said.append(process.stdout.read()))  # pyright: ignore[reportOptionalMemberAccess]
        reader.start()
        peak = 0
        while process.poll() is None:
            peak = max(peak, held(process.pid))
            time.sleep(_SAMPLE_SECONDS)
        seconds = round(time.monotonic() - begun, 1)
        reader.join()
    finally:
        control.latency(vercel=0)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{''.join(said)}")
    rows = [each for each in instance.requests(since) if each["service"] == "vercel"]
    return {"latency": latency, "seconds": seconds, "requests": len(rows), "peak MiB": peak >> 20}


def compare(instance: Instance, folder: Path, count: int) -> list[dict[str, Any]]:
    """Bring so many applications up, and read them in three ways."""
    place = Path(os.environ[VARIABLE])
    instance.extra |= {
        "TF_CLI_CONFIG_FILE": str(place / "terraformrc"),
        "TF_VAR_applications": str(count),
        "BENCH_APPLICATIONS": str(count),
    }
    terraform = [str(place / "bin" / "terraform")]
    _ok(instance, folder / "terraform", *terraform, "apply", "-auto-approve", "-no-color")
    stack = ("--stack", _NAME, "--non-interactive")
    _ok(instance, folder / "pulumi", "pulumi", "up", "--yes", "--skip-preview", *stack)
    graph = folder / "graph.pickle"
    own = Stack(STACK, instance.project, ambient(instance.project))
    graph.write_bytes(pickle.dumps(projects(own.declared(own.settings()), count)))
    ways = {
        "parity's inventory": (
            Path.cwd(),
            (sys.executable, "-m", "benchmarks.drift_compared", "inventory", str(graph)),
        ),
        "pulumi preview --refresh": (
            folder / "pulumi",
            ("pulumi", "preview", "--refresh", "--expect-no-changes", *stack),
        ),
        "terraform plan": (folder / "terraform", (*terraform, "plan", "-detailed-exitcode", "-no-color")),
    }
    rows: list[dict[str, Any]] = []
    for latency in LATENCIES:
        for what, (where, command) in ways.items():
            row = measured(instance, latency, command, where)
            load = round(os.getloadavg()[0], 1)
            rows.append({"what": what, "applications": count, **row, "load": load})
            print(json.dumps(rows[-1]), flush=True)
    return rows


def _ok(instance: Instance, folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, env=instance.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def prepare(instance: Instance, folder: Path) -> None:
    """Write both programs, and make Pulumi's stack."""
    for name, file, text in (("terraform", "main.tf", _TERRAFORM), ("pulumi", "__main__.py", _PULUMI)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / file).write_text(text)
    own = "name: bench\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: .venv\n"
    (folder / "pulumi" / "Pulumi.yaml").write_text(own)
    if not (folder / "pulumi" / f"Pulumi.{_NAME}.yaml").exists():
        _ok(instance, folder / "pulumi", "pulumi", "stack", "init", _NAME, "--non-interactive")


def main(folder: Path, counts: Sequence[int]) -> None:
    """Measure, and print the rows as JSON lines."""
    take_interrupts()
    project = Project(folder / "program")
    instance = Instance(project, Local(project, folder / "instance"))
    lifecycle.up(instance.local.directory)
    try:
        os.environ.update(instance.environment())
        prepare(instance, folder)
        for count in counts:
            compare(instance, folder, count)
    finally:
        lifecycle.down(instance.local.directory)


if __name__ == "__main__":
    if sys.argv[1] == "inventory":
        seen = inventory.collect_live_state(pickle.loads(Path(sys.argv[2]).read_bytes()), passwords=False)
        if seen.read_failures or not all(seen.under.get(urn) for urn in seen.keys if kinds.PROJECT in urn):
            sys.exit(f"not everything could be read: {seen.read_failures}")
    else:
        main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]] or [1, 10])
