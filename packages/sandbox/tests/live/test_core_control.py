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
def instance(shared_sandbox):
    """The module's sandbox, emptied and seeded."""
    shared_sandbox.control.reset()
    for each in shared_sandbox.control.snapshots():
        shared_sandbox.control.delete_snapshot(each["name"])
    shared_sandbox.control.seed(SEED)
    return shared_sandbox


def write_everywhere(instance, name: str) -> None:
    with instance.github() as http:
        assert http.put(f"{REPOSITORY}/environments/{name}", json={}).status_code == 200
    with instance.postgres() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    (instance.directory / "backend" / name).write_text(name)


def what_is_there(instance) -> tuple[set[str], set[str], set[str]]:
    with instance.postgres() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
        databases = {row[0] for row in rows}
    environments = {each["name"] for each in instance.control.state()["github"].get("environments", [])}
    return environments, databases, {path.name for path in (instance.directory / "backend").iterdir()}


def test_a_snapshot_brings_every_part_back_to_one_moment(instance):
    write_everywhere(instance, "before")
    instance.control.save_snapshot("one")
    write_everywhere(instance, "after")
    assert what_is_there(instance) == ({"before", "after"},) * 3
    instance.control.load_snapshot("one")
    assert what_is_there(instance) == ({"before"},) * 3
    write_everywhere(instance, "after")
    assert what_is_there(instance) == ({"before", "after"},) * 3, "what was undone can be done again"


def test_a_snapshot_survives_a_restart_of_the_sandbox_and_loads_twice(instance):
    write_everywhere(instance, "kept")
    instance.control.save_snapshot("one")
    instance.restart()
    for _ in range(2):
        instance.control.reset()
        assert what_is_there(instance) == (set(), set(), set())
        instance.control.load_snapshot("one")
        assert what_is_there(instance) == ({"kept"},) * 3


def test_snapshots_are_listed_in_order_and_deleted(instance):
    for name in ("b", "a"):
        instance.control.save_snapshot(name)
    assert [each["name"] for each in instance.control.snapshots()] == ["b", "a"]
    instance.control.delete_snapshot("b")
    assert [each["name"] for each in instance.control.snapshots()] == ["a"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda control: control.save_snapshot("../out"), r"'\.\./out' cannot name a snapshot"),
        (lambda control: control.call("POST", "snapshots", {}), "None cannot name a snapshot"),
        (lambda control: control.load_snapshot("none"), "There is no snapshot 'none'. There are: .*there"),
        (lambda control: control.save_snapshot("there"), "There is already a snapshot 'there'"),
        (lambda control: control.call("POST", "faults", {"nth": "2"}), "nth: Input should be a valid integer"),
        (
            lambda control: control.call("POST", "faults", {"servise": "vercel"}),
            "servise: Extra inputs",
        ),
        (lambda control: control.call("POST", "faults", {"service": "versel"}), "'vercel', 'github' or 'edge'"),
        (lambda control: control.call("POST", "faults", {"method": "post"}), "method: String should match pattern"),
        (lambda control: control.call("POST", "builds", {"state": "BROKEN"}), "'READY', 'ERROR' or 'CANCELED'"),
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


def test_faults_and_latency_survive_a_restart_with_their_counts(instance):
    instance.control.add_fault(service="github", method="GET", path="/user$", nth=2)
    instance.control.latency(github=0.05)
    with instance.github() as http:
        assert http.get("/user").status_code == 200
        instance.restart()
    with instance.github() as http:
        assert http.get("/user").status_code == 500
    (fault,) = instance.control.faults()
    assert (fault["seen"], fault["fired"]) == (2, 1)
    row = instance.control.requests(service="github")[-1]
    assert (row["fault"], row["applied"], row["duration_ms"] >= 50) == (fault["id"], False, True)
    assert instance.control.latency()["github"] == 0.05


def test_the_same_seed_twice_changes_nothing(instance):
    before = instance.control.state()
    instance.control.seed(SEED)
    assert instance.control.state() == before


def test_reset_keeps_the_credentials_and_forgets_the_rest(instance):
    environment = instance.environment
    write_everywhere(instance, "gone")
    instance.control.add_fault(times=None)
    instance.control.latency(edge=1)
    instance.control.reset()
    assert what_is_there(instance) == (set(), set(), set())
    assert instance.control.faults() == []
    assert instance.control.latency() == {"vercel": 0, "github": 0, "edge": 0}
    assert instance.control.requests() == []
    assert instance.environment == environment


def test_unknown_hosts_are_refused_and_logged_by_name(instance):
    with instance.client() as http, pytest.raises(httpx.ProxyError, match="403"):
        http.get("https://registry.example/x")
    row = instance.control.requests(service="proxy")[-1]
    assert (row["method"], row["path"], row["status"]) == ("CONNECT", "registry.example:443", 403)
    assert '"host": "registry.example"' in (instance.directory / "server.log").read_text()


def test_both_vendors_answer_an_unknown_route_with_a_501_that_names_it(instance):
    for http, path in ((instance.github(), "/no/such"), (instance.vercel(), "/v1/no/such")):
        with http:
            answer = http.patch(path)
            assert answer.status_code == 501
            assert f"PATCH {path}" in answer.text


def test_secrets_are_opened_only_with_the_control_token(instance):
    with httpx.Client(trust_env=False) as http:
        url = f"{instance.running.control_url}/_sandbox/secrets"
        assert http.get(url).status_code == 401
        assert http.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert set(instance.control.secrets()) == {"vercel", "github"}


def put_canaries(instance) -> None:
    with instance.github() as http:
        assert http.put(f"{REPOSITORY}/environments/prod", json={}).status_code == 200
        key = http.get(f"{REPOSITORY}/environments/prod/secrets/public-key").json()
        sealed = public.SealedBox(public.PublicKey(base64.b64decode(key["key"]))).encrypt(CANARY.encode())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": key["key_id"]}
        assert http.put(f"{REPOSITORY}/environments/prod/secrets/TOKEN", json=body).status_code == 201
        http.get(f"/no/such?token={CANARY}", headers={"authorization": f"Bearer {CANARY}"})
    with instance.vercel() as http:
        project = http.post("/v11/projects", params={"teamId": "team_acme"}, json={"name": "shop-prod"}).json()
        variable = {"key": "SECRET", "value": CANARY, "type": "sensitive", "target": ["production"]}
        path = f"/v10/projects/{project['id']}/env"
        assert http.post(path, params={"teamId": "team_acme"}, json=variable).status_code == 201
        broken = http.post(path, params={"teamId": "team_acme"}, json={"value": CANARY, "type": CANARY})
        assert broken.status_code == 400
    with instance.postgres() as connection:
        connection.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{CANARY}'")
        with pytest.raises(psycopg.Error):
            connection.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{CANARY}'")
        with pytest.raises(psycopg.Error):
            connection.execute(f"CREATE ROLE another LOGIN PASSWORD '{CANARY}' NONSENSE")


def test_canaries_are_in_no_log_and_no_document_but_the_opened_secrets(instance):
    put_canaries(instance)
    assert json.dumps(instance.control.secrets()).count(CANARY) == 2
    shown = {name: json.dumps(instance.control.call("GET", name)) for name in ("state", "requests", "health", "faults")}
    shown["server.log"] = (instance.directory / "server.log").read_text()
    shown["postgres.log"] = (instance.directory / "postgres/postgres.log").read_text()
    tokens = load_credentials(Path(instance.directory) / "credentials.json")
    for where, text in shown.items():
        for secret in (CANARY, tokens.vercel_token, tokens.github_token, tokens.postgres_administrator):
            assert secret not in text, f"a secret is in {where}"
    assert '"hmac:' in shown["state"]


def test_equal_secrets_have_equal_fingerprints_and_different_ones_different(instance):
    def fingerprint(value: str) -> str:
        with instance.vercel() as http:
            http.delete("/v9/projects/p", params={"teamId": "team_acme"})
            http.post("/v11/projects", params={"teamId": "team_acme"}, json={"name": "p"})
            variable = {"key": "S", "value": value, "type": "sensitive", "target": ["production"]}
            http.post("/v10/projects/p/env", params={"teamId": "team_acme"}, json=variable)
        return instance.control.state()["vercel"]["env"][0]["value"]

    assert fingerprint("a" * 20) == fingerprint("a" * 20) != fingerprint("b" * 20)


def test_a_person_who_asks_learns_where_the_page_is(instance):
    with httpx.Client(trust_env=False, base_url=instance.running.control_url) as http:
        assert "parity serve" in http.get("/").text
