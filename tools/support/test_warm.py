"""The warm process runs a program as the interpreter itself would, and no longer than the one that asked lives."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from support.warm import WARM_PLUGINS, Warm, _Server
from support.warm_server import spawn

TELLS = """
import json, os, sys
print(json.dumps([sys.argv, os.getcwd(), os.environ["MARK"], "PYTEST_VERSION" in os.environ, __name__, sys.path[0]]))
print("heard", sys.stdin.read(), file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
WAITS = """
import os, sys, threading
print(os.getpid(), flush=True)
threading.Event().wait()
"""
FAILS = "import os, signal\nos.kill(os.getpid(), signal.SIGABRT)\n"
RAISES = "raise RuntimeError('it broke')\n"


def asked(warm: Warm, script: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **warm.environment(dict(os.environ)), "MARK": "mine"}
    command = ["python3", str(script), *words]
    return subprocess.run(  # noqa: PLW1510 - how it ends is what is checked  # type: ignore[call-overload]
        command, env=environment, capture_output=True, text=True, **options
    )


def program(folder: Path, text: str, name: str = "pulumi-language-python-exec") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_program_has_words_folder_environment_and_streams_of_the_one_that_asked(warm: Warm, tmp_path: Path):
    script = program(tmp_path, TELLS)
    done = asked(warm, script, "3", "two words", cwd=tmp_path, input="me")
    given = [[str(script), "3", "two words"], str(tmp_path), "mine", "PYTEST_VERSION" in os.environ, "__main__"]
    assert json.loads(done.stdout) == [*given, str(tmp_path)]
    assert (done.returncode, done.stderr) == (3, "heard me\n")


def test_one_run_leaves_nothing_to_the_next(warm: Warm, tmp_path: Path):
    script = program(tmp_path, "import sys, pulumi\nprint(hasattr(pulumi, 'left'))\npulumi.left = True\n")
    assert [asked(warm, script).stdout for _ in range(2)] == ["False\n", "False\n"]


def test_each_program_has_the_modules_of_its_own(warm: Warm, tmp_path: Path):
    """One process serves many copies of the program; where it began, it has loaded another one's modules."""
    said: list[str] = []
    for name in ("first", "second"):
        for package in ("infra", "components"):
            (tmp_path / name / package).mkdir(parents=True)
            (tmp_path / name / package / "__init__.py").write_text(f"NAME = {name!r}\n")
        # Its own folder is none of a program's: what leads to the modules is the variable alone.
        script = program(tmp_path, "import infra, components\nprint(infra.NAME, components.NAME)\n")
        environment = {**os.environ, **warm.environment(dict(os.environ)), "PYTHONPATH": str(tmp_path / name)}
        said.append(subprocess.check_output(["python3", str(script)], env=environment, cwd=tmp_path, text=True))
    assert said == ["first first\n", "second second\n"]


def test_how_it_ends_is_how_the_asker_ends(warm: Warm, tmp_path: Path):
    assert asked(warm, program(tmp_path, FAILS)).returncode == -6
    raised = asked(warm, program(tmp_path, RAISES))
    assert raised.returncode == 1
    assert "RuntimeError: it broke" in raised.stderr


def test_a_run_ends_with_the_one_that_asked(warm: Warm, tmp_path: Path):
    script = program(tmp_path, WAITS)
    environment = {**os.environ, **warm.environment(dict(os.environ))}
    with subprocess.Popen(["python3", script], env=environment, stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        run = psutil.Process(int(asker.stdout.readline()))
        assert run.is_running()
        asker.kill()
        assert run.wait(timeout=20) is None


def test_the_process_ends_with_the_last_that_shares_it(tmp_path: Path):
    server = threading.Thread(target=_Server(str(tmp_path / "warm.sock")).serve)
    server.start()
    first, last = (Warm.shared(tmp_path, tmp_path, {}) for _ in range(2))
    first.close()
    with socket.socket(socket.AF_UNIX) as stranger:  # whom it refuses after it has seen that the first is gone
        stranger.settimeout(20)
        stranger.connect(str(last.socket))
        stranger.sendall(b"stranger\n")
        assert stranger.recv(1) == b""
    last.close()
    server.join(timeout=20)
    assert not server.is_alive()


def test_several_run_at_once(warm: Warm, tmp_path: Path):
    script = program(tmp_path, "import sys\nsys.stdout.write(sys.stdin.readline())\n")
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: said.append(asked(warm, script, input=f"{n}\n").stdout)) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["0\n", "1\n", "2\n", "3\n"]


def test_the_warm_command_is_the_projects_own(warm: Warm, tmp_path: Path):
    environment = dict(os.environ) | warm.commands(dict(os.environ))
    done, real = (
        subprocess.run([name, "up", "--help"], env=environment, capture_output=True, text=True, check=True)
        for name in ("parity", Path(sys.executable).with_name("parity"))
    )
    assert done.stdout == real.stdout
    assert shutil.which("parity", path=environment["PATH"]) == str(warm.home / "commands" / "parity")
    words = ["parity", "recover", "x", "--json"]
    wrong = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert wrong.returncode != 0
    assert json.loads(wrong.stdout)


def test_a_crashed_command_is_real_and_takes_the_instances_environment_for_its_own(warm: Warm):
    environment = {**os.environ, **warm.environment(dict(os.environ))}
    command = Path(shutil.which("parity", path=environment["PATH"]) or "")
    assert command == warm.programs / "parity"
    assert subprocess.run([command, "--help"], env=environment, capture_output=True, check=True).stdout
    code = "import sys, os, parity; print(sys.prefix, sys.prefix != sys.base_prefix, os.getppid())"
    said = subprocess.check_output([command.read_text().partition("\n")[0][2:], "-c", code], text=True)
    assert said.split() == [str(warm.home), "True", str(os.getpid())]


@pytest.mark.parametrize("module", ["parity.provider", "parity_sandbox.standin"])
@pytest.mark.parametrize("warm_ones", [True, False])
def test_plugins_are_real_unless_warm_ones_are_asked_for(warm: Warm, tmp_path: Path, module: str, warm_ones: bool):
    environment = {**os.environ, **warm.environment(dict(os.environ)), **({WARM_PLUGINS: "1"} if warm_ones else {})}
    command = ["python", "-P", "-m", module, "127.0.0.1:1"]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE) as plugin:
        assert plugin.stdout is not None
        port = int(plugin.stdout.readline())
        listening = [each for each in psutil.net_connections("tcp") if each.laddr[1:] == (port,)]
        assert [each.pid == plugin.pid for each in listening] == [not warm_ones]
        run = psutil.Process(listening[0].pid)
        plugin.kill()
        assert run.wait(timeout=20) in {None, -signal.SIGKILL}


def test_anything_else_is_the_real_interpreter_s(warm: Warm, tmp_path: Path):
    script = program(tmp_path, "import sys, os\nprint(sys.executable, os.getppid())\n", "other.py")
    assert asked(warm, script).stdout == f"{sys.executable} {os.getpid()}\n"


def test_the_version_is_the_real_interpreter_s(warm: Warm):
    environment = {**os.environ, **warm.environment(dict(os.environ))}
    said = [subprocess.check_output([each, "--version"], env=environment) for each in ("python3", sys.executable)]
    assert said[0] == said[1]


def test_the_packages_are_those_that_pip_lists(warm: Warm):
    environment = {**os.environ, **warm.environment(dict(os.environ))}
    words = ["-m", "pip", "list", "-v", "--format", "json"]
    listed = [
        subprocess.run([python, *words], env=environment, capture_output=True, text=True, check=True).stdout
        for python in ("python3", sys.executable)
    ]
    assert json.loads(listed[0]) == json.loads(listed[1])
    assert "pulumi" in {each["name"] for each in json.loads(listed[0])}


def test_a_server_is_a_fork_with_its_words_environment_and_output(warm: Warm, tmp_path: Path):
    (tmp_path / "script.py").write_text(TELLS)
    with (tmp_path / "log").open("w") as log:
        run = spawn(warm, ["-m", "script", "3"], {"MARK": "mine", "PYTHONPATH": str(tmp_path)}, log.fileno())
        process = psutil.Process(run.pid)
        process.wait(timeout=20)
    *_, said, _ = (tmp_path / "log").read_text().splitlines()
    assert json.loads(said)[2:4] == ["mine", False]
    assert select.select([run._channel], [], [], 20)[0], "its end was not said"
    assert (run.poll(), run.poll()) == (3, 3)
