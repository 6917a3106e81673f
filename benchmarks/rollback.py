"""How long users wait for the old release: `parity rollback --up`, and stock Pulumi that builds the old commit.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.rollback [--latency 0 50 200] [--build-seconds 0.2] [--json FILE]

Both run in one sandbox, with the engine and plugins that `parity engine resolve` finds. Stock Pulumi is a program of
one Vercel project with the same variables and one domain, whose deployment follows the commit, as Vercel's provider
documents it: reverting the commit replaces the deployment, and Vercel assigns the domain when the build is done. It
declares only that; Parity's stack is all of the example: databases, roles, GitHub environment, second application.

Measured from the start of the command: requests that Vercel and GitHub were sent, requests that changed anything, and
seconds, each until the first answer of the old release at the live URL and until the command's end. The build itself
takes `--build-seconds` in the sandbox; a real one takes what it takes, and only stock Pulumi waits for it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox import lifecycle
from parity_sandbox.options import ServeOptions
from support.program import Instance, copy_program
from support.signals import take_interrupts
from support.small_program import SmallProgram

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1", "5" * 40
STOCK_DOMAIN = "stock.example"
STOCK = f"""
import json, pathlib
import pulumi, pulumiverse_vercel as vercel
given = json.loads(pathlib.Path("given.json").read_text())
provider = vercel.Provider("vercel", team="storefront")
own = pulumi.ResourceOptions(provider=provider)
project = vercel.Project("project", name="stock", framework="nextjs", root_directory="apps/shop",
    git_repository=vercel.ProjectGitRepositoryArgs(type="github", repo="storefront-example/storefront"), opts=own)
names = "DATABASE_URL NEXT_PUBLIC_BASE_URL NEXT_TELEMETRY_DISABLED PAYMENT_SECRET_KEY SEARCH_RESULTS_LIMIT".split()
variables = [vercel.ProjectEnvironmentVariable(name, project_id=project.id, key=name, value=name.lower(),
    sensitive=False, targets=["production"], opts=own) for name in names]
domain = vercel.ProjectDomain("domain", project_id=project.id, domain="{STOCK_DOMAIN}", opts=own)
vercel.Deployment("deployment", project_id=project.id, production=True, ref=given["commit"], delete_on_destroy=True,
    environment={{"PARITY_COMMIT": given["commit"]}},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[*variables, domain]))
"""


@dataclass
class Measured:
    """One rollback."""

    first_answer_seconds: float
    end_seconds: float
    calls: int
    """To Vercel and GitHub until the first answer."""
    changing: int
    """Of these, those that changed anything."""
    calls_at_the_end: int
    builds: int


class Watch:
    """Asks a URL without pause until it answers with a commit."""

    def __init__(self, instance: Instance, url: str, commit: str) -> None:
        self.seen: float | None = None
        self.wall: float | None = None
        self._stop = threading.Event()
        self._url, self._commit, environment = url, commit, instance.environment()
        self._proxy, self._ca = environment["HTTPS_PROXY"], environment["SSL_CERT_FILE"]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        import ssl  # noqa: PLC0415 - in the thread's own time

        context = ssl.create_default_context(cafile=self._ca)
        with httpx.Client(proxy=self._proxy, verify=context, trust_env=False, timeout=30) as client:
            while not self._stop.wait(0.02):
                body = client.get(self._url).json()
                if body.get("commit") == self._commit:
                    self.seen, self.wall = time.monotonic(), time.time()
                    return

    def done(self) -> None:
        """The answer must have come; raises where it has not."""
        self._thread.join(timeout=60)
        self._stop.set()
        if self.seen is None:
            raise RuntimeError(f"{self._url} never answered with {self._commit}")


def measure(instance: Instance, url: str, commit: str, command: Callable[[], object]) -> Measured:
    since = time.time()
    watch = Watch(instance, url, commit)
    begun = time.monotonic()
    command()
    ended = time.monotonic()
    watch.done()
    client = instance.local.client()
    asked = [row for service in ("vercel", "github") for row in client.requests(service=service)]
    rows = [row for row in asked if row["time"] >= since]
    until = [row for row in rows if row["time"] <= (watch.wall or 0)]
    builds = [row for row in rows if row["method"] == "POST" and row["path"].partition("?")[0].endswith("/deployments")]
    return Measured(
        first_answer_seconds=(watch.seen or 0) - begun,
        end_seconds=ended - begun,
        calls=len(until),
        changing=sum(row["method"] != "GET" for row in until),
        calls_at_the_end=len(rows),
        builds=len(builds),
    )


def prepare(folder: Path, build_seconds: float) -> tuple[Instance, SmallProgram]:
    """A sandbox in which both are live with the new release and know the old one."""
    project = copy_program(folder / "program")
    local = Local(project, folder / "instance")
    lifecycle.up(local.directory, ServeOptions(build_seconds=build_seconds, promote_seconds=0.1))
    local.seed()
    local.equip(toolchain.resolve())
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW]}
    local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    instance = Instance(project, local)
    instance.init("staging")
    instance.run("parity", "up", "staging", "--yes").ok()
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live", "--up", "--yes").ok()
    environment = {**lifecycle.environment(local.directory)}
    stock = SmallProgram(folder / "stock", environment, STOCK)
    for commit in (OLD, NEW):
        stock.give(commit=commit)
        stock.up().ok()
    return instance, stock


def rounds(instance: Instance, stock: SmallProgram, latency: float, count: int) -> dict[str, list[Measured]]:
    """Go back `count` times with each, and forward again in between, unmeasured and without latency."""
    control = instance.local.client()
    found: dict[str, list[Measured]] = {"parity rollback --up": [], "stock Pulumi, commit reverted": []}

    def slow(seconds: float) -> None:
        control.latency(vercel=seconds, github=seconds, edge=seconds)

    for _ in range(count):
        slow(latency)
        back = measure(
            instance,
            "https://shop.staging.storefront.example/",
            OLD,
            lambda: instance.run("parity", "rollback", "staging", "shop", "--to", "r1", "--up").ok(),
        )
        slow(0)
        found["parity rollback --up"].append(back)
        instance.run("parity", "live", "staging", "shop", "r2", "--up", "--yes").ok()
        stock.give(commit=OLD)
        slow(latency)
        rebuilt = measure(instance, f"https://{STOCK_DOMAIN}/", OLD, lambda: stock.up().ok())
        slow(0)
        found["stock Pulumi, commit reverted"].append(rebuilt)
        stock.give(commit=NEW)
        stock.up().ok()
    return found


def table(results: dict[float, dict[str, list[Measured]]]) -> str:
    lines = [
        "| latency | how | first old answer | command's end | calls until then | changing | builds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for latency, found in results.items():
        for name, all_of in found.items():
            middle = {key: statistics.median(asdict(each)[key] for each in all_of) for key in asdict(all_of[0])}
            lines.append(
                f"| {latency * 1000:.0f} ms | {name} | {middle['first_answer_seconds']:.1f} s "
                f"| {middle['end_seconds']:.1f} s | {middle['calls']:.0f} | {middle['changing']:.0f} "
                f"| {middle['builds']:.0f} |"
            )
    return "\n".join(lines)


def main() -> None:
    take_interrupts()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, nargs="+", default=[0, 50, 200], help="milliseconds")
    parser.add_argument("--build-seconds", type=float, default=0.2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parity-benchmark-"))
    results: dict[float, dict[str, list[Measured]]] = {}
    try:
        instance, stock = prepare(folder, given.build_seconds)
        for milliseconds in given.latency:
            results[milliseconds / 1000] = rounds(instance, stock, milliseconds / 1000, given.rounds)
            print(table(results), flush=True)
    finally:
        lifecycle.down(folder / "instance", wipe=True)
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        given.json.write_text(
            json.dumps(
                {str(k): {n: [asdict(m) for m in v] for n, v in r.items()} for k, r in results.items()}, indent=2
            )
        )


if __name__ == "__main__":
    main()
