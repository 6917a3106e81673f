"""The control API of a running sandbox: its documents, its refusals, snapshots, reset, and what it never tells."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import psycopg
import pytest
from nacl import public

from parity_sandbox.credentials import load_credentials
from parity_sandbox.errors import SandboxError

pytestmark = pytest.mark.sandbox

REPOSITORY = "/repos/acme/shop"
SEED = {
    "github": {"organization": "acme", "repositories": [{"owner": "acme", "name": "shop", "default_branch": "main"}]},
    "vercel": {"teams": [{"id": "team_acme", "slug": "acme", "name": "Acme"}]},
}
CANARY = "canary-5e2d81c4"


@pytest.fixture
def box(shared_sandbox):
    """The module's sandbox, emptied and seeded."""
    shared_sandbox.control.reset()
    for each in shared_sandbox.control.snapshots():
        shared_sandbox.control.delete_snapshot(each["name"])
    shared_sandbox.control.seed(SEED)
    return shared_sandbox


def write_everywhere(box, name: str) -> None:
    with box.github() as http:
        assert http.put(f"{REPOSITORY}/environments/{name}", json={}).status_code == 200
    with box.postgres() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    (box.directory / "backend" / name).write_text(name)


def what_is_there(box) -> tuple[set[str], set[str], set[str]]:
    with box.postgres() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
        databases = {row[0] for row in rows}
    environments = {each["name"] for each in box.control.state()["github"].get("environments", [])}
    return environments, databases, {path.name for path in (box.directory / "backend").iterdir()}


def test_a_snapshot_brings_every_part_back_to_one_moment(box):
    write_everywhere(box, "before")
    box.control.save_snapshot("one")
    write_everywhere(box, "after")
    assert what_is_there(box) == ({"before", "after"},) * 3
    box.control.load_snapshot("one")
    assert what_is_there(box) == ({"before"},) * 3
    write_everywhere(box, "after")
    assert what_is_there(box) == ({"before", "after"},) * 3, "what was undone can be done again"


def test_a_snapshot_survives_a_restart_of_the_sandbox_and_loads_twice(box):
    write_everywhere(box, "kept")
    box.control.save_snapshot("one")
    box.restart()
    for _ in range(2):
        box.control.reset()
        assert what_is_there(box) == (set(), set(), set())
        box.control.load_snapshot("one")
        assert what_is_there(box) == ({"kept"},) * 3


def test_snapshots_are_listed_in_order_and_deleted(box):
    for name in ("b", "a"):
        box.control.save_snapshot(name)
    assert [each["name"] for each in box.control.snapshots()] == ["b", "a"]
    box.control.delete_snapshot("b")
    assert [each["name"] for each in box.control.snapshots()] == ["a"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda control: control.save_snapshot("../out"), r"'\.\./out' cannot name a snapshot"),
        (lambda control: control.call("POST", "snapshots", {}), "None cannot name a snapshot"),
        (lambda control: control.load_snapshot("none"), "There is no snapshot 'none'. There are: .*there"),
        (lambda control: control.save_snapshot("there"), "There is already a snapshot 'there'"),
        (lambda control: control.call("POST", "faults", {"nth": "2"}), "A fault's nth is of type int, not str"),
        (lambda control: control.call("POST", "faults", {"servise": "vercel"}), "A fault has no field 'servise'"),
        (
            lambda control: control.call("POST", "faults", {"service": "versel"}),
            "one of vercel, github, edge, not 'versel'",
        ),
        (lambda control: control.call("POST", "faults", {"method": "post"}), "in capitals, as POST, not 'post'"),
        (lambda control: control.call("POST", "builds", {"state": "BROKEN"}), "one of READY, ERROR, CANCELED"),
        (lambda control: control.call("PUT", "latency", {"vercel": -1}), "Latency is 0 to 86400 seconds"),
        (lambda control: control.call("POST", "postgres", {"action": "explode"}), "stop, start, restart, kill"),
        (lambda control: control.call("POST", "seed", {"gitlab": {}}), "A seed has no part gitlab"),
        (lambda control: control.call("GET", "requests", None, since="x"), "since is a number of at most 15 digits"),
        (lambda control: control.call("GET", "nothing"), "The control API has no GET /_sandbox/nothing"),
        (lambda control: control.call("DELETE", "health/x"), "The control API has no DELETE"),
        (lambda control: control.remove_fault("flt_none"), "There is no fault flt_none"),
    ],
)
def test_a_mistake_is_refused_with_what_is_wrong(shared_sandbox, action, message):
    if "there" not in {each["name"] for each in shared_sandbox.control.snapshots()}:
        shared_sandbox.control.save_snapshot("there")
    with pytest.raises(SandboxError, match=message):
        action(shared_sandbox.control)


def test_only_json_from_loopback_names_is_taken(shared_sandbox):
    url = f"{shared_sandbox.running.control_url}/_sandbox/faults"
    with httpx.Client(trust_env=False) as http:
        assert http.post(url, content="{}", headers={"content-type": "text/plain"}).status_code == 400
        assert http.post(url, content="[1]", headers={"content-type": "application/json"}).status_code == 400
        assert http.get(url, headers={"host": "evil.example"}).status_code == 400
        assert http.get(url).status_code == 200


def test_faults_and_latency_survive_a_restart_with_their_counts(box):
    box.control.add_fault(service="github", method="GET", path="/user$", nth=2)
    box.control.latency(github=0.05)
    with box.github() as http:
        assert http.get("/user").status_code == 200
        box.restart()
    with box.github() as http:
        assert http.get("/user").status_code == 500
    (fault,) = box.control.faults()
    assert (fault["seen"], fault["fired"]) == (2, 1)
    row = box.control.requests(service="github")[-1]
    assert (row["fault"], row["applied"], row["duration_ms"] >= 50) == (fault["id"], False, True)
    assert box.control.latency()["github"] == 0.05


def test_the_same_seed_twice_changes_nothing(box):
    before = box.control.state()
    box.control.seed(SEED)
    assert box.control.state() == before


def test_reset_keeps_the_credentials_and_forgets_the_rest(box):
    environment = box.environment
    write_everywhere(box, "gone")
    box.control.add_fault(times=None)
    box.control.latency(edge=1)
    box.control.reset()
    assert what_is_there(box) == (set(), set(), set())
    assert box.control.faults() == []
    assert box.control.latency() == {"vercel": 0, "github": 0, "edge": 0}
    assert box.control.requests() == []
    assert box.environment == environment


def test_hosts_of_nobody_are_refused_and_logged_by_name(box):
    with box.client() as http, pytest.raises(httpx.ProxyError, match="403"):
        http.get("https://registry.example/x")
    row = box.control.requests(service="proxy")[-1]
    assert (row["method"], row["path"], row["status"]) == ("CONNECT", "registry.example:443", 403)
    assert '"host": "registry.example"' in (box.directory / "server.log").read_text()


def test_both_vendors_answer_an_unknown_route_with_a_501_that_names_it(box):
    for http, path in ((box.github(), "/no/such"), (box.vercel(), "/v1/no/such")):
        with http:
            answer = http.patch(path)
            assert answer.status_code == 501
            assert f"PATCH {path}" in answer.text


def test_secrets_are_opened_only_with_the_control_token(box):
    with httpx.Client(trust_env=False) as http:
        url = f"{box.running.control_url}/_sandbox/secrets"
        assert http.get(url).status_code == 401
        assert http.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert set(box.control.secrets()) == {"vercel", "github"}


def put_canaries(box) -> None:
    with box.github() as http:
        assert http.put(f"{REPOSITORY}/environments/prod", json={}).status_code == 200
        key = http.get(f"{REPOSITORY}/environments/prod/secrets/public-key").json()
        sealed = public.SealedBox(public.PublicKey(base64.b64decode(key["key"]))).encrypt(CANARY.encode())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": key["key_id"]}
        assert http.put(f"{REPOSITORY}/environments/prod/secrets/TOKEN", json=body).status_code == 201
        http.get(f"/no/such?token={CANARY}", headers={"authorization": f"Bearer {CANARY}"})
    with box.vercel() as http:
        project = http.post("/v11/projects", params={"teamId": "team_acme"}, json={"name": "shop-prod"}).json()
        variable = {"key": "SECRET", "value": CANARY, "type": "sensitive", "target": ["production"]}
        path = f"/v10/projects/{project['id']}/env"
        assert http.post(path, params={"teamId": "team_acme"}, json=variable).status_code == 201
        broken = http.post(path, params={"teamId": "team_acme"}, json={"value": CANARY, "type": CANARY})
        assert broken.status_code == 400
    with box.postgres() as connection:
        connection.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{CANARY}'")
        with pytest.raises(psycopg.Error):
            connection.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{CANARY}'")
        with pytest.raises(psycopg.Error):
            connection.execute(f"CREATE ROLE another LOGIN PASSWORD '{CANARY}' NONSENSE")


def test_canaries_are_in_no_log_and_no_document_but_the_opened_secrets(box):
    put_canaries(box)
    assert json.dumps(box.control.secrets()).count(CANARY) == 2
    shown = {
        name: json.dumps(box.control.call("GET", name))
        for name in ("state", "requests", "overview", "health", "faults")
    }
    shown["server.log"] = (box.directory / "server.log").read_text()
    shown["postgres.log"] = (box.directory / "postgres/postgres.log").read_text()
    tokens = load_credentials(Path(box.directory) / "credentials.json")
    for where, text in shown.items():
        for secret in (CANARY, tokens.vercel_token, tokens.github_token, tokens.postgres_administrator):
            assert secret not in text, f"a secret is in {where}"
    assert '"hmac:' in shown["state"]


def test_equal_secrets_have_equal_fingerprints_and_different_ones_different(box):
    def fingerprint(value: str) -> str:
        with box.vercel() as http:
            http.delete("/v9/projects/p", params={"teamId": "team_acme"})
            http.post("/v11/projects", params={"teamId": "team_acme"}, json={"name": "p"})
            variable = {"key": "S", "value": value, "type": "sensitive", "target": ["production"]}
            http.post("/v10/projects/p/env", params={"teamId": "team_acme"}, json=variable)
        return box.control.state()["vercel"]["env"][0]["value"]

    assert fingerprint("a" * 20) == fingerprint("a" * 20) != fingerprint("b" * 20)


def test_the_page_is_whole_in_itself_and_its_document_follows_the_state(box):
    with httpx.Client(trust_env=False, base_url=box.running.control_url) as http:
        page = http.get("/").text
        assert "Parity sandbox" in page
        for outside in ("src=", "@import", "url(", 'href="http'):
            assert outside not in page, "no asset comes from elsewhere"
        assert http.get("/_sandbox/overview").json()["environments"] == []
        put_canaries(box)
        (environment,) = http.get("/_sandbox/overview").json()["environments"]
    assert environment["name"] == "prod"
    assert [each["project"] for each in environment["applications"]] == ["shop-prod"]
    assert environment["applications"][0]["live"] is None


def test_the_overview_says_so_when_postgresql_is_down(box):
    box.control.postgres("stop")
    try:
        said = box.control.call("GET", "overview")
        assert (said["postgres"]["running"], said["databases"]) == (False, [])
        assert said["postgres"]["error"] == "OperationalError"
    finally:
        box.control.postgres("start")
