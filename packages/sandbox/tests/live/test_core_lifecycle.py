"""A sandbox's life from outside its process: up, down, killed, two at once, on a busy port, next to a stale record."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from parity_sandbox import lifecycle
from parity_sandbox.credentials import load_credentials
from parity_sandbox.errors import NotRunning, SandboxError, StartFailed, StopFailed
from parity_sandbox.layout import Layout
from parity_sandbox.options import ServeOptions
from parity_sandbox.postgres.binaries import find_binaries
from parity_sandbox.postgres.cluster import AddressTaken, Cluster
from parity_sandbox.postgres.processes import is_alive
from support.sandboxes import FAST, copied, started

pytestmark = pytest.mark.sandbox

SEED = {
    "github": {"organization": "acme", "repositories": [{"owner": "acme", "name": "shop", "default_branch": "main"}]}
}
REPOSITORY = "/repos/acme/shop"


START = lifecycle.spawn


@pytest.fixture(autouse=True)
def real(monkeypatch):
    """Have each server be a process of its own, as in a user's hands; other modules have it forked."""
    monkeypatch.setattr(lifecycle, "spawn", START)


@pytest.fixture
def sandbox(shared_sandbox):
    """The module's, running and empty; a test may stop or kill it."""
    if lifecycle.running(shared_sandbox.directory) is None:
        shared_sandbox.start()
    shared_sandbox.control.reset()
    return shared_sandbox


def kill(sandbox) -> None:
    """SIGKILL the server; server.json stays, and is believed no longer once the lock is gone."""
    os.kill(sandbox.running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while lifecycle.running(sandbox.directory) is not None:
        assert time.monotonic() < deadline, "a killed sandbox still counts as running"
        time.sleep(0.01)
    assert (sandbox.directory / "server.json").exists()


def postmaster(directory: Path) -> int:
    return int((directory / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def environments(sandbox) -> list[str]:
    with sandbox.github() as http:
        answer = http.get(f"{REPOSITORY}/environments", params={"per_page": 100})
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["environments"]]


def make_environment(http: httpx.Client, name: str) -> int:
    return http.put(f"{REPOSITORY}/environments/{name}", json={}).status_code


def test_state_credentials_certificates_and_ports_survive_down_and_up(sandbox):
    sandbox.control.seed(SEED)
    with sandbox.github() as http:
        assert make_environment(http, "kept") == 200
    with sandbox.postgres() as connection:
        connection.execute("CREATE DATABASE kept")
    before, bundle = sandbox.environment, Path(sandbox.environment["SSL_CERT_FILE"]).read_text()
    sandbox.restart()
    assert sandbox.environment == before
    assert Path(sandbox.environment["SSL_CERT_FILE"]).read_text() == bundle
    assert environments(sandbox) == ["kept"]
    with sandbox.postgres("kept") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("parity_admin",)


def test_up_leaves_a_running_sandbox_as_it_is(sandbox):
    assert lifecycle.up(sandbox.directory) == sandbox.running


def test_two_that_start_at_once_share_one_server(tmp_path):
    directory = tmp_path / "instance"
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: lifecycle.up(directory, FAST), range(2))
    try:
        assert first == second
    finally:
        lifecycle.down(directory, wipe=True)


def test_a_second_server_for_the_same_folder_is_refused(sandbox):
    second = subprocess.run(
        [sys.executable, "-m", "parity_sandbox", "serve", "--dir", str(sandbox.directory)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "A sandbox is already served from" in second.stdout
    assert sandbox.control.health()["status"] == "ok"


def test_down_ends_every_process_and_wipe_leaves_no_folder(new_sandbox, tmp_path):
    with copied(new_sandbox, tmp_path / "instance") as sandbox:
        server, database = sandbox.running.pid, postmaster(sandbox.directory)
        data = str(sandbox.directory / "postgres/data")
        assert is_alive(database, data)
        assert lifecycle.down(sandbox.directory) is True
        assert not is_alive(server, str(sandbox.directory))
        assert not is_alive(database, data)
        assert lifecycle.status(sandbox.directory) == {"running": False, "directory": str(sandbox.directory)}
        with pytest.raises(NotRunning, match="parity sandbox up"):
            lifecycle.environment(sandbox.directory)
        assert lifecycle.down(sandbox.directory, wipe=True) is False
        assert not sandbox.directory.exists()


def test_wipe_refuses_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "store.db").write_text("")
    with pytest.raises(StopFailed, match=r"also holds thesis\.txt"):
        lifecycle.down(tmp_path, wipe=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_sigkill_loses_no_acknowledged_write(sandbox):
    sandbox.control.seed(SEED)
    acknowledged: list[str] = []

    def write() -> None:
        with sandbox.github() as http:
            for number in range(5000):
                try:
                    if make_environment(http, f"e{number}") == 200:
                        acknowledged.append(f"e{number}")
                except httpx.HTTPError:
                    return

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        deadline = time.monotonic() + 20
        while len(acknowledged) < 60:
            assert time.monotonic() < deadline, "fewer than 60 writes in 20 s"
            time.sleep(0.005)
        kill(sandbox)
        writing.result(30)
    sandbox.start()
    kept = [each["name"] for each in sandbox.control.state()["github"]["environments"]]
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + 1, "at most the write in flight came on top"
    logged = [row for row in sandbox.control.requests(method="PUT") if row["applied"]]
    assert len(logged) == len(kept), "each effect has its row, and each row its effect"


def test_after_a_sigkill_the_postgresql_left_behind_is_stopped_and_its_data_kept(sandbox):
    with sandbox.postgres() as connection:
        connection.execute("CREATE ROLE kept")
    left = postmaster(sandbox.directory)
    kill(sandbox)
    assert is_alive(left, str(sandbox.directory / "postgres/data")), "PostgreSQL outlives its sandbox"
    sandbox.start()
    assert postmaster(sandbox.directory) != left
    with sandbox.postgres() as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'kept'").fetchone() == (1,)


def test_down_stops_what_a_killed_sandbox_left(sandbox):
    left = postmaster(sandbox.directory)
    kill(sandbox)
    assert lifecycle.down(sandbox.directory) is True
    assert not is_alive(left, str(sandbox.directory / "postgres/data"))


def test_a_reused_process_id_in_a_stale_record_misleads_no_command(sandbox):
    lifecycle.down(sandbox.directory)
    ports = json.loads((sandbox.directory / "ports.json").read_text())
    record = {"pid": os.getpid(), "started": time.time(), "host": "127.0.0.1", "ports": ports}
    (sandbox.directory / "server.json").write_text(json.dumps(record))
    (sandbox.directory / "postgres/data/postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
    assert lifecycle.status(sandbox.directory)["running"] is False
    assert lifecycle.down(sandbox.directory) is False, "nothing of ours runs, so nothing is signalled"
    sandbox.start()
    assert sandbox.running.pid != os.getpid()


def test_two_sandboxes_side_by_side_know_nothing_of_each_other(sandbox, tmp_path):
    with started(tmp_path / "other") as other:
        mine, theirs = sandbox.environment, other.environment
        for name in ("HTTPS_PROXY", "PGPORT", "PGPASSWORD", "VERCEL_API_TOKEN", "GITHUB_TOKEN", "PULUMI_BACKEND_URL"):
            assert mine[name] != theirs[name], name
        other.control.seed(SEED)
        with sandbox.github() as http:
            assert http.get(REPOSITORY).status_code == 404
            http.headers["authorization"] = f"Bearer {theirs['GITHUB_TOKEN']}"
            assert http.get(REPOSITORY).status_code == 401
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host="127.0.0.1", port=mine["PGPORT"], user="parity_admin", password=theirs["PGPASSWORD"])


@pytest.mark.parametrize("name", ["proxy", "tls", "control", "postgres"])
def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_names_it(tmp_path, name):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartFailed, match=f"Port {port} on 127.0.0.1.* is taken"):
            lifecycle.up(tmp_path / "instance", ServeOptions(**{f"{name}_port": port}))
    lifecycle.down(tmp_path / "instance", wipe=True)


def test_a_port_of_last_time_that_is_taken_now_is_replaced(sandbox):
    last = sandbox.running.ports
    lifecycle.down(sandbox.directory)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", last.proxy))
        other.listen()
        sandbox.start()
        assert sandbox.running.ports.proxy != last.proxy
        assert sandbox.running.ports.tls == last.tls


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere two sockets cannot be bound to one port")
def test_while_postgresql_stands_still_its_port_is_given_to_no_other(sandbox):
    port = sandbox.running.ports.postgres
    sandbox.control.postgres("stop")
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    sandbox.control.postgres("start")
    with sandbox.postgres() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_of_another_at_the_port_is_not_taken_for_ours(sandbox, tmp_path):
    credentials = load_credentials(Layout(sandbox.directory).credentials)
    copy = Cluster(
        tmp_path / "copy", find_binaries(), credentials.postgres_superuser, credentials.postgres_administrator
    )
    copy.create()
    with pytest.raises(AddressTaken, match="was taken by another program"):
        copy.start(sandbox.running.ports.postgres)
    assert not copy.is_running


def test_a_postgresql_that_will_not_do_is_refused_with_the_reason(tmp_path):
    with pytest.raises(StartFailed, match=r"The PostgreSQL in .*/empty cannot be used: .* has no postgres and initdb"):
        lifecycle.up(tmp_path / "instance", ServeOptions(postgres=tmp_path / "empty"))
    lifecycle.down(tmp_path / "instance", wipe=True)


def test_a_killed_postgresql_shows_as_degraded_and_starts_again_with_its_data(sandbox):
    with sandbox.postgres() as connection:
        connection.execute("CREATE ROLE kept")
    sandbox.control.postgres("kill")
    assert sandbox.control.health()["status"] == "degraded"
    with pytest.raises(psycopg.OperationalError):
        sandbox.postgres()
    sandbox.control.postgres("start")
    assert sandbox.control.health()["status"] == "ok"
    with sandbox.postgres() as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'kept'").fetchone() == (1,)


def test_the_administrator_is_no_superuser_and_may_do_what_a_managed_one_may(sandbox):
    with sandbox.postgres() as connection:
        attributes = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchone()
        assert attributes == (False, True, True, False, False)
        connection.execute("CREATE DATABASE shop")
    with sandbox.postgres("shop") as connection:
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT '[1,2,3]'::vector <-> '[1,2,4]'").fetchone() == (1.0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO '/tmp/no'")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a folder that others cannot enter")
def test_started_as_root_in_a_folder_that_others_cannot_enter_no_mode_is_changed(new_sandbox, tmp_path_factory):
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    above = closed.parent.stat().st_mode
    with copied(new_sandbox, closed / "instance") as sandbox:
        postgres = sandbox.control.health()["postgres"]
        assert postgres["user"] != "root"
        assert postgres["capability"] in {"dac_read_search", "dac_override"}
        with sandbox.postgres() as connection:
            connection.execute("CREATE DATABASE works")
        assert closed.stat().st_mode & 0o777 == 0o700
        assert closed.parent.stat().st_mode == above


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_started_as_root_in_an_open_folder_no_capability_is_given(new_sandbox):
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    try:
        with copied(new_sandbox, folder / "instance") as sandbox:
            postgres = sandbox.control.health()["postgres"]
            assert (postgres["user"], postgres["capability"]) == ("nobody", None)
    finally:
        shutil.rmtree(folder)


def test_files_with_secrets_are_for_their_user_alone(sandbox):
    for name in ("credentials.json", "store.db", "ca/ca.key", "server.log"):
        assert (sandbox.directory / name).stat().st_mode & 0o077 == 0, name
    for name in ("backend", "snapshots", "pulumi", "postgres/data"):
        assert (sandbox.directory / name).stat().st_mode & 0o077 == 0, name


def test_logs_give_the_last_lines_as_json(sandbox):
    events = [json.loads(line)["event"] for line in lifecycle.logs(sandbox.directory, 5)]
    assert len(events) == 5
    assert "sandbox reset" in events


def test_following_the_log_ends_with_the_sandbox(sandbox):
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(lambda: list(lifecycle.logs(sandbox.directory, follow=True)))
        lifecycle.down(sandbox.directory)
        assert json.loads(following.result(20)[-1])["event"] == "sandbox stopped"


def test_a_control_api_that_is_gone_is_an_error_for_the_user(sandbox):
    control = sandbox.control
    lifecycle.down(sandbox.directory)
    with pytest.raises(SandboxError, match="does not answer"):
        control.state()
