"""The program served to the engine: the same result as from a language host, and a process that never outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from parity.engine.program_server import ProgramServer, ProgramServers, policy_pack
from parity.engine.pulumi import FailedUpdate, Followed, Pulumi
from parity.errors import UpdateError
from parity.evaluate import sdk, waiting
from support.amounts import examples
from support.paths import ROOT
from support.program import tools

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = "name: small\nruntime: python\n"
PLUGIN = f"plugins: {{providers: [{{name: parity, path: {ROOT / 'plugin'}}}]}}\n"
LAST = 20
"""Seconds in which a process has to end."""


def quiet(_: object) -> None:
    """Take progress and show nothing."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    """The engine on a small project with a stack, its program started by a language host."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "state").mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT + PLUGIN)
    found = tools()
    own = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), str(found.folder), os.environ["PATH"]])
    environment = {
        **own,
        "PATH": path,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_CONFIG_PASSPHRASE": "passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    pulumi = Pulumi(found.cli.path, folder, environment)
    pulumi.run("stack", "init", "one")
    pulumi.run("config", "set", "greeting", "hello", "--stack", "one")
    pulumi.run("config", "set", "--secret", "password", "canary-7f31", "--stack", "one")
    return pulumi


def preview(pulumi: Pulumi, *options: str) -> Followed:
    return pulumi.follow("preview", "--stack", "one", *options, on_progress=quiet)


def diagnostics(done: Followed) -> set[tuple[str, str]]:
    """What the engine was given to show: severity and line, without a traceback's frames and the host's own remark."""
    rows = [each["diagnosticEvent"] for each in done.events if "diagnosticEvent" in each]
    # The host takes what a program writes from two streams; `info#err` is the second.
    texts = [(str(row["severity"]).partition("#")[0], str(row["message"])) for row in rows]
    return {
        (severity, line.strip())
        for severity, text in texts
        for line in text.splitlines()
        if severity != "debug" and line.strip() and not line.startswith(" ") and "exited with" not in line
        # What a plugin may say that the engine ends while it starts.
        if (severity, line) not in {("info", "KeyboardInterrupt"), ("info", "Traceback (most recent call last):")}
    }


def planned(done: Followed) -> dict[str, str]:
    rows = [each["resourcePreEvent"]["metadata"] for each in done.events if "resourcePreEvent" in each]
    return {row["urn"]: row["op"] for row in rows}


OWN = """
import pulumi
from parity.provider.resource import ProjectDomain, Provider
provider, before = Provider("parity"), []
for name, domain in (("one", "a.example"), ("two", "%s")):
    own = pulumi.ResourceOptions(provider=provider, depends_on=before)
    before = [ProjectDomain(name, team="team", project_id="prj_1", domain=domain, opts=own)]
"""
PROGRAMS = {
    "resources of the project's own provider": OWN % "b.example",
    "a fault that the provider finds": OWN % "",
    "a fault that it reports": "import pulumi\nraise pulumi.RunError('the reason')\n",
    "resources and outputs": """
import pulumi
class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("small:index:Group", name)
        self.register_outputs({"name": name})
for each in ("a", "b"):
    Group(each)
pulumi.export("greeting", pulumi.Config().require("greeting"))
pulumi.export("password", pulumi.Config().require_secret("password"))
""",
    "a fault in what an output makes": """
import pulumi
pulumi.export("never", pulumi.Output.from_input(1).apply(lambda _: 1 / 0))
""",
    "a fault in its syntax": "def\n",
    "what it says": """
import sys
import pulumi
print("a line")
sys.stdout.write("two ")
sys.stdout.write("parts\\n")
pulumi.log.warn("a warning")
""",
    "an import that is missing": "import nothing_of_that_name\n",
    "no config": "import pulumi\npulumi.Config().require('never')\n",
    "a fault": "def inner():\n    raise ValueError('the reason')\ninner()\n",
    "an end of its own": "import sys\nsys.exit('the reason')\n",
    "an end that is none of failure": "import sys\nsys.exit(0)\n",
    "an end with a number": "import sys\nsys.exit(3)\n",
}


@pytest.mark.engine
@pytest.mark.parametrize("program", list(PROGRAMS)[:: examples(3, 1)])
def test_a_served_program_gives_what_one_of_a_language_host_gives(engine: Pulumi, program: str):
    (engine.cwd / "__main__.py").write_text(PROGRAMS[program])
    hosted, served = preview(engine), preview(replace(engine, programs=ProgramServers()))
    assert bool(served.code) == bool(hosted.code)
    assert planned(served) == planned(hosted)
    assert diagnostics(served) == diagnostics(hosted)
    assert "canary-7f31" not in served.out + served.error


@pytest.mark.engine
def test_a_preview_has_the_own_provider_of_the_program_s_process_and_an_update_that_of_the_engine(engine: Pulumi):
    (engine.cwd / "__main__.py").write_text(OWN % "b.example")
    file = engine.cwd / "Pulumi.yaml"
    file.write_text(PROJECT)
    pulumi = replace(engine, programs=ProgramServers())
    try:
        assert preview(pulumi).code == 0
        with pytest.raises(FailedUpdate, match="parity"):
            pulumi.update(["up", "--yes", "--skip-preview", "--stack", "one"], engine.cwd / "log", quiet)
    finally:
        file.write_text(PROJECT + PLUGIN)


@pytest.mark.engine
def test_a_preview_has_parity_s_policy_pack_of_the_program_s_process(engine: Pulumi):
    (engine.cwd / "__main__.py").write_text("")
    run: list[list[str]] = []

    def run_process(words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        run.append(words)
        return subprocess.run(words, **options)  # noqa: PLW1510 - it is among the options

    hosted = replace(engine, run_process=run_process)
    pack = str(policy_pack())
    packs = [
        [(name.partition("|")[0], version) for name, version in each["summaryEvent"]["PolicyPacks"].items()]
        for pulumi in (hosted, replace(hosted, programs=ProgramServers()))
        for each in preview(pulumi, "--policy-pack", pack).events
        if "summaryEvent" in each
    ]
    assert packs[0] == packs[1] == [("parity", "0.0.1")]
    assert [pack in words for words in run] == [True, False]


@pytest.mark.engine
def test_a_program_that_was_started_ahead_is_the_one_that_is_run(engine: Pulumi, monkeypatch: pytest.MonkeyPatch):
    (engine.cwd / "__main__.py").write_text("import os\nprint('process', os.getpid())\n")
    pulumi = replace(engine, programs=ProgramServers())
    pulumi.start_program()
    pulumi.start_program()
    begun = [each.pid for each in psutil.Process().children() if "parity.evaluate" in each.cmdline()]
    assert len(begun) == 1
    done = preview(pulumi)
    assert ("info", f"process {begun[0]}") in {(severity, text) for severity, text in diagnostics(done)}
    assert not psutil.pid_exists(begun[0])


def test_where_no_program_may_be_run_the_engine_gets_the_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    server, pack = ProgramServer(tmp_path, environment()), tmp_path / "pack"
    try:
        assert server.policies(pack, tmp_path) != pack
        monkeypatch.setattr(os, "access", lambda *_: False)  # as of a file in a folder mounted `noexec`
        assert server.policies(pack, tmp_path) == pack
    finally:
        server.close()


def environment(**more: str) -> dict[str, str]:
    """This process's environment, with this interpreter first."""
    return {**os.environ, "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}", **more}


def gone(pid: int) -> None:
    """Wait until the process has ended."""
    try:
        psutil.Process(pid).wait(LAST)
    except psutil.NoSuchProcess:
        return


STARTER = """
import os, subprocess, sys
from pathlib import Path
from parity.engine.program_server import ProgramServer
server = ProgramServer(Path(sys.argv[1]), dict(os.environ))
server.address
holder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(server.held,))
print(server._process.pid, holder.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A process that has started one, with the process that holds it too, as the engine does: their ids."""
    words = [sys.executable, "-c", STARTER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, env=environment(), text=True, **pipes) as process:
        assert process.stdout is not None
        server, holder = (int(each) for each in process.stdout.readline().split())
        yield process, server, holder
        process.kill()


def test_it_lasts_as_long_as_the_engine_where_the_command_was_killed(starter: tuple[subprocess.Popen[str], int, int]):
    process, server, holder = starter
    os.kill(holder, signal.SIGSTOP)  # an engine that works on, and does not see that its input has ended
    process.kill()
    process.wait()
    assert psutil.Process(server).is_running()
    os.kill(holder, signal.SIGKILL)
    gone(server)
    assert not psutil.pid_exists(server)


def test_one_that_was_started_ahead_ends_with_what_started_it(tmp_path: Path):
    servers = ProgramServers()
    servers.start_ahead(tmp_path, environment())
    (child,) = [each for each in psutil.Process().children() if "parity.evaluate" in each.cmdline()]
    del servers
    gone(child.pid)
    assert not psutil.pid_exists(child.pid)


def test_one_that_cannot_start_says_why(tmp_path: Path):
    (tmp_path / "grpc.py").write_text("raise ImportError('no grpc here')\n")
    server = ProgramServer(tmp_path, environment(PYTHONPATH=str(tmp_path)))
    try:
        with pytest.raises(UpdateError, match="no grpc here"):
            assert server.address
    finally:
        server.close()


# --- Waiting ----------------------------------------------------------------------------------------------------------


def settings(outputs: list[Any]) -> Any:
    manager = SimpleNamespace(rpcs=[], unhandled_exception=None, exception_traceback=None)
    return SimpleNamespace(rpc_manager=manager, outputs=set(outputs), lock=threading.Lock())


async def waits(count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many callbacks are added until so many outputs, which end one after the other, have ended."""
    added = 0

    class Task(asyncio.Future[int]):
        def add_done_callback(self, *arguments: Any, **named: Any) -> None:
            nonlocal added
            added += 1
            super().add_done_callback(*arguments, **named)

    tasks = [Task() for _ in range(count)]
    monkeypatch.setattr(sdk.settings, "SETTINGS", settings(tasks))

    async def end() -> None:
        for task in tasks:
            await asyncio.sleep(0)
            task.set_result(0)

    ending = asyncio.ensure_future(end())
    await waiting.wait_for_rpcs()
    await ending
    return added


def test_each_output_is_waited_for_once(monkeypatch: pytest.MonkeyPatch):
    assert asyncio.run(waits(100, monkeypatch)) <= 200


def test_an_output_that_fails_ends_the_wait_and_one_that_the_engine_reported_does_not(monkeypatch: pytest.MonkeyPatch):
    async def run(error: Exception) -> None:
        failing: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        failing.set_exception(error)
        monkeypatch.setattr(sdk.settings, "SETTINGS", settings([failing]))
        await waiting.wait_for_rpcs()

    asyncio.run(run(sdk.stack.ResourceRegistrationFailed()))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run(ZeroDivisionError()))


def test_a_call_that_failed_is_raised_with_its_cause(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        found = settings([])
        call: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        call.set_exception(ValueError("a consequence"))
        found.rpc_manager.rpcs.append(call)
        found.rpc_manager.unhandled_exception = KeyError("the cause")
        monkeypatch.setattr(sdk.settings, "SETTINGS", found)
        await waiting.wait_for_rpcs()

    with pytest.raises(ValueError, match="a consequence") as raised:
        asyncio.run(run())
    assert isinstance(raised.value.__cause__, KeyError)
