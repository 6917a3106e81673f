"""How `parity check` grows: 1, 10 and 100 applications, time, processor and memory.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.check

Each size is a copy of the program with a generated catalog and stack files, checked by the real command in a process
of its own, Python's start included. Sizes are compared in one run: seconds belong to the machine, ratios to the code.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from support.paths import ROOT

sys.path.insert(0, str(ROOT))

from support.program import copy_program

SIZES = (1, 10, 100)
STACKS = ("staging", "prod")
APPLICATIONS_A_DATABASE = 10


@dataclass(frozen=True)
class Measured:
    applications: int
    resources: int
    facts: int
    evaluations: int
    seconds: float
    processor_seconds: float
    megabytes: float


def catalog(count: int) -> str:
    """The text of infra/catalog.py with so many applications."""
    applications = "\n".join(_application(number) for number in range(count))
    databases = "\n".join(
        f'        Database(name="db{number}", schemas=("main",), extensions=("vector",)),'
        for number in range(_databases(count))
    )
    return f'''"""A catalog of {count} applications, made by benchmarks/check.py."""

from parity.config import parameters
from parity.config.parameters import Application, Catalog, Database, Repository, Telemetry

CATALOG = Catalog(
    vercel_team="acme",
    repository=Repository(owner="acme", name="apps", required_checks=("test",)),
    applications=(
{applications}
    ),
    databases=(
{databases}
    ),
    telemetry=Telemetry(sources=("build",)),
)
'''


def _databases(count: int) -> int:
    return max(1, count // APPLICATIONS_A_DATABASE)


def _application(number: int) -> str:
    return f"""        Application(
            name="app{number}",
            framework="nextjs",
            root_directory="apps/app{number}",
            node_version="22.x",
            function_region="fra1",
            variables=(
                parameters.PlainVariable(name="PLAIN", value="1"),
                parameters.PerStackVariable(name="BASE_URL_{number}", type="url"),
                parameters.PerStackVariable(name="LIMIT_{number}", type="integer"),
                parameters.SensitiveVariable(name="TOKEN_{number}"),
                parameters.DatabaseUrlVariable(
                    name="DATABASE_URL", database="db{number // APPLICATIONS_A_DATABASE}", schemas=("main",)
                ),
            ),
        ),"""


def stack(name: str, count: int) -> str:
    """The text of a stack's file, which is JSON: YAML too, and with no library's own order."""
    prod = name == "prod"
    secure = {"secure": f"v1:c2VhbGVk:{name}"}
    config = {
        "parity:environment": name,
        "parity:secret": secure,
        "parity:managesRepository": prod,
        "parity:protect": False,
        "parity:applications": {
            f"app{number}": {
                "domains": [{"name": f"app{number}.{name}.example.com"}],
                "protection": "preview",
                "variables": {
                    f"BASE_URL_{number}": f"https://app{number}.{name}.example.com",
                    f"LIMIT_{number}": number + 100 * prod,
                    f"TOKEN_{number}": secure,
                },
            }
            for number in range(count)
        },
        "parity:databases": {
            f"db{number}": {
                "host": f"db{number}.{name}.example.com",
                "port": 5432,
                "sslmode": "require",
                "connectionLimit": 200 if prod else 60,
                "applicationConnectionLimit": 20,
                "credentials": {"migrator": 1, "readonly": 1},
            }
            for number in range(_databases(count))
        },
        "parity:delivery": {
            "reviewers": {"teams": ["platform"] if prod else []},
            "waitMinutes": 0,
            "preventSelfReview": prod,
            "branches": ["main"],
        },
        "parity:logs": {"endpoint": f"https://logs.{name}.example.com", "secret": secure},
        "parity:releases": {
            f"app{number}": {
                "live": "r1",
                "kept": {"r1": {"commit": "c" * 40, "config": ("d" if prod else "e") * 32, "credentials": 1}},
            }
            for number in range(count)
        },
        "parity:exceptions": [],
        "parity:acknowledged": [],
    }
    return json.dumps({"config": config}, indent=1)


def measure(count: int) -> Measured:
    """Check a project of so many applications once."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_program(Path(folder) / "program").root
        (project / "infra" / "catalog.py").write_text(catalog(count))
        for name in STACKS:
            (project / f"Pulumi.{name}.yaml").write_text(stack(name, count))
        command = [sys.executable, "-c", "from parity.cli.main import main; main()", "check", "--json"]
        environment = {**os.environ, "PYTHONPATH": str(project)}
        # Once before, so that no size pays for compiling the modules of its copy.
        subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE)
        said, _ = done.communicate()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        found = json.loads(said)
        assert not found["unexplained"], found  # its releases have no fingerprints, so that they count as stale
    return Measured(
        count,
        found["resources"],
        found["facts"],
        found["evaluations"],
        seconds,
        (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime),
        after.ru_maxrss / 1024,
    )


def start_of_python() -> float:
    """Processor seconds of `import pulumi` alone: what no check can go below."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import pulumi"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    floor = start_of_python()
    print(f"`import pulumi` alone: {floor:.2f} s of processor time\n")
    print(
        "| applications | resources a stack | facts | evaluations | seconds | processor seconds | "
        "of it a resource | memory, MB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for count in SIZES:
        each = measure(count)
        a_resource = 1000 * (each.processor_seconds - floor) / (each.evaluations * each.resources)
        print(
            f"| {each.applications} | {each.resources} | {each.facts} | {each.evaluations} | {each.seconds:.1f} | "
            f"{each.processor_seconds:.1f} | {a_resource:.2f} ms | {each.megabytes:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
