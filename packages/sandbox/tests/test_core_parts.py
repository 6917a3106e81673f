"""The small parts of the sandbox's core: redaction, locks, ports, certificates, which PostgreSQL and as whom."""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from parity_sandbox import lifecycle
from parity_sandbox.authority import load_authority
from parity_sandbox.credentials import load_credentials
from parity_sandbox.errors import AlreadyServed, PortBusy, PostgresError
from parity_sandbox.layout import Layout, write_json
from parity_sandbox.locks import hold, is_held
from parity_sandbox.logs import _JsonFormatter
from parity_sandbox.ports import free_port, listen, port_of
from parity_sandbox.postgres.binaries import Binaries, find_binaries
from parity_sandbox.postgres.identity import _reachable, identity_for
from parity_sandbox.postgres.processes import is_alive
from parity_sandbox.redaction import Redactor

CANARY = "canary-91c4d7"
REDACTOR = Redactor("key")


@pytest.mark.parametrize(
    "document",
    [
        {"type": "sensitive", "value": CANARY},
        {"type": "encrypted", "value": CANARY},
        {"value": CANARY},
        {"password": CANARY},
        {"a": [{"b": {"secret": CANARY}}]},
        {"snapshot": {"variables": {"NAME": CANARY}}},
        {"env": {"NAME": CANARY}},
        {"headers": {"x-key": CANARY}},
        {"protectionBypass": {CANARY: {"scope": "automation-bypass"}}},
        {"note": f"postgresql://role:{CANARY}@host/db"},
        [f"see postgres://role:{CANARY}@host/db"],
    ],
)
def test_a_secret_in_a_document_becomes_a_fingerprint(document):
    shown = json.dumps(REDACTOR.state("things", document))
    assert CANARY not in shown
    assert "hmac:" in shown


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("env", {"type": "plain", "value": "1", "key": "NAME"}),
        ("variables", {"name": "NAME", "value": "1"}),
        ("projects", {"name": "shop", "env": ["NAME"], "live": True, "n": 1, "url": "https://shop.example/x@y"}),
    ],
)
def test_what_is_no_secret_stays(kind, document):
    assert REDACTOR.state(kind, document) == document


def test_fingerprints_are_equal_for_equal_values_under_one_key_only():
    assert REDACTOR.fingerprint("a") == REDACTOR.fingerprint("a")
    assert REDACTOR.fingerprint("a") != REDACTOR.fingerprint("b")
    assert REDACTOR.fingerprint("a") != Redactor("other").fingerprint("a")


def test_a_requests_body_keeps_its_shape_and_no_text():
    shown = REDACTOR.request_body({"key": "NAME", "list": [{"n": 1, "on": True, "none": None, "text": CANARY}]})
    assert shown["list"][0] | {"text": "?"} == {"n": 1, "on": True, "none": None, "text": "?"}
    assert CANARY not in json.dumps(shown)


def test_the_password_of_credentials_is_in_no_repr(tmp_path):
    credentials = load_credentials(tmp_path / "credentials.json")
    assert credentials.vercel_token not in repr(credentials)
    assert len(credentials.vercel_token) == 24


def test_credentials_are_made_once_and_a_missing_one_is_added(tmp_path):
    path = tmp_path / "credentials.json"
    first = load_credentials(path)
    assert load_credentials(path).github_token == first.github_token
    kept = {"github_token": first.github_token}
    write_json(path, kept)
    assert load_credentials(path).github_token == first.github_token
    assert load_credentials(path).vercel_token == load_credentials(path).vercel_token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_lock_is_held_once_and_free_afterwards(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    with hold(path, 0.1, "taken"):
        assert is_held(path)
        with pytest.raises(AlreadyServed, match="taken"), hold(path, 0.05, "taken"):
            pass
    assert not is_held(path)


def test_a_lock_file_without_a_living_holder_counts_as_free(tmp_path):
    path = tmp_path / "lock"
    path.write_text(str(os.getpid()))
    assert not is_held(path)


def test_a_port_that_is_taken_is_refused_when_asked_for_and_replaced_when_only_remembered():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortBusy, match=f"Port {taken} on 127.0.0.1, asked for as the sandbox's proxy port"):
            listen("proxy", taken, None)
        with listen("proxy", None, taken) as listener:
            assert port_of(listener) != taken
    assert free_port("proxy", taken, None) == taken


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """A TLS handshake in memory; gives the names of the server's certificate."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=host)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        for side in (near, far):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = near.getpeercert()
    assert certificate is not None
    return certificate["subjectAltName"]


def test_each_host_has_a_certificate_of_the_kept_authority(tmp_path):
    layout = Layout(tmp_path)
    layout.create()
    load_authority(layout)
    client = ssl.create_default_context(cafile=layout.authority / "ca.pem")
    again = load_authority(layout).server_context()
    for host in ("api.vercel.com", "shop-a1b2c3.vercel.app"):
        assert handshake(again, client, host) == (("DNS", host),)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(again, ssl.create_default_context(), "api.vercel.com")


def test_the_bundle_holds_the_authority_and_public_roots(tmp_path):
    layout = Layout(tmp_path)
    layout.create()
    load_authority(layout)
    bundle = layout.bundle.read_text()
    assert bundle.startswith((layout.authority / "ca.pem").read_text())
    assert bundle.count("BEGIN CERTIFICATE") > 50


def fake_postgres(folder: Path, version: str, control: str | None) -> Binaries:
    folder.mkdir()
    share = folder / "share"
    (share / "extension").mkdir(parents=True)
    if control is not None:
        (share / "extension/vector.control").write_text(control)
    for name, says in (("postgres", f"postgres (PostgreSQL) {version}"), ("pg_config", str(share)), ("initdb", "")):
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (folder / name).chmod(0o755)
    return Binaries(folder, "setting")


@pytest.mark.parametrize(
    ("version", "control", "reason"),
    [
        ("14.11", "trusted = true", "version 14.11 is older than 15"),
        ("17.2", None, r"the extension vector \(pgvector\) is not in"),
        ("17.2", "comment = 'x'", "only a superuser could create the extension vector"),
        ("17.2", "comment = 'x'\ntrusted = true", None),
        ("18.1 (Debian 18.1-1)", "comment = 'x'", None),
        ("19devel", "comment = 'x'", None),
    ],
)
def test_a_postgresql_will_do_or_the_reason_is_said(tmp_path, version, control, reason):
    folder = fake_postgres(tmp_path / "bin", version, control).folder
    if reason is None:
        assert find_binaries(folder).origin == "setting"
    else:
        with pytest.raises(PostgresError, match=reason):
            find_binaries(folder)


def test_the_machines_own_postgresql_comes_before_the_wheels(tmp_path, monkeypatch):
    fake_postgres(tmp_path / "bin", "18.9", "")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert find_binaries() == Binaries((tmp_path / "bin").resolve(), "machine")
    (tmp_path / "bin/share/extension/vector.control").unlink()
    assert find_binaries().folder != (tmp_path / "bin").resolve()


class Account:
    pw_uid = 65534
    pw_gid = 65534


def test_a_folder_is_reachable_only_through_folders_that_may_be_entered(tmp_path):
    open_, closed = tmp_path / "open", tmp_path / "closed"
    for folder, mode in ((tmp_path, 0o755), (open_, 0o755), (closed, 0o700)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    above = _reachable(tmp_path, Account())
    assert _reachable(open_ / "x", Account()) is above
    assert _reachable(closed / "x", Account()) is False


def test_the_identity_is_never_root(tmp_path):
    assert identity_for(tmp_path).uid != 0


def test_a_process_is_known_by_its_command_line_not_by_its_number():
    assert is_alive(os.getpid(), Path(sys.executable).name)
    assert not is_alive(os.getpid(), "/nowhere/postgres/data")


def test_a_log_line_of_a_fault_has_type_and_place_but_not_the_message():
    try:
        int(CANARY)
    except ValueError:
        record = logging.LogRecord("sandbox", logging.ERROR, __file__, 1, "a handler failed", (), sys.exc_info())
    line = _JsonFormatter().format(record)
    assert CANARY not in line
    said = json.loads(line)
    assert (said["error"], said["event"], said["level"]) == ("ValueError", "a handler failed", "error")
    assert "test_core_parts.py" in said["trace"][0]


def test_the_servers_environment_leads_through_no_proxy_and_to_no_other_postgresql(monkeypatch):
    for name in ("HTTPS_PROXY", "http_proxy", "PGHOST", "PGPASSWORD", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "x")
    assert not {"HTTPS_PROXY", "http_proxy", "PGHOST", "PGPASSWORD", "SSL_CERT_FILE"} & set(
        lifecycle._clean_environment()
    )
    assert "PATH" in lifecycle._clean_environment()


def test_who_asks_a_running_sandbox_does_not_import_its_server():
    program = "import sys, parity_sandbox.lifecycle; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "parity_sandbox" in loaded
    assert not loaded & {"uvicorn", "starlette", "graphql", "psycopg", "cryptography", "pydantic"}
