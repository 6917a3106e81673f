"""Plain Pulumi with a backend that a team shares: the same program, its state in an S3 bucket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from parity.resources import kinds
from support.amounts import everything
from support.program import tools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

BUCKET = "team-state"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, object]]:
    """An S3 server on loopback with an empty bucket: Pulumi's address of it, and a client."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket=BUCKET)
        options = f"region=us-east-1&endpoint={host}:{port}&disableSSL=true&s3ForcePathStyle=true"
        yield f"s3://{BUCKET}?{options}", client
    finally:
        server.stop()


def objects(client: object) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {each["Key"]: client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed}


def test_state_lives_in_a_bucket(small_instance: Instance, bucket: tuple[str, object]):
    address, client = bucket
    state = small_instance.pulumi("stack", "export", "--stack", "staging").ok().stdout
    local = {path: path.read_bytes() for path in small_instance.local.layout.backend.glob("**/staging.json")}
    small_instance.extra["PULUMI_BACKEND_URL"] = address
    small_instance.init("staging")
    small_instance.run("pulumi", "stack", "import", "--stack", "staging", "--non-interactive", stdin=state).ok()
    small_instance.replace("staging", "waitMinutes: 0", "waitMinutes: 5")
    small_instance.up("staging").ok()
    kept = objects(client)
    resources = json.loads(kept[".pulumi/stacks/storefront/staging.json"])["checkpoint"]["latest"]["resources"]
    assert [each["inputs"]["waitTimer"] for each in resources if each["type"] == kinds.ENVIRONMENT] == [5]
    shown = small_instance.outputs("staging", secrets=True)["databases"]["storefront"]["migrator_url"]
    assert shown.startswith("postgresql://"), "nothing secret was made, so nothing is proved"
    assert [key for key, text in kept.items() if shown.encode() in text] == [], (
        "a secret stands in the bucket in the clear"
    )
    assert {path: path.read_bytes() for path in local} == local, "the local backend was used"

    small_instance.pulumi("stack", "rm", "staging", "--yes", "--force", "--preserve-config").ok()
    assert [key for key in objects(client) if key.endswith("stacks/storefront/staging.json")] == []


SMALL = 'import pulumi\npulumi.export("opened", pulumi.Config().require_secret("given"))\n'


@pytest.mark.skipif(not everything(), reason="what docs/delivery.md says of S3 and KMS; nothing of it is Parity's own")
def test_state_in_a_bucket_and_secrets_by_a_key_open_with_what_a_role_gives_for_an_hour(
    bucket: tuple[str, object], tmp_path: Path
):
    address, _ = bucket
    endpoint = f"http://{parse_qs(urlsplit(address).query)['endpoint'][0]}"
    key = boto3.client("kms", "us-east-1", endpoint_url=endpoint).create_key()["KeyMetadata"]["KeyId"]
    role = {"RoleArn": "arn:aws:iam::123456789012:role/parity-staging", "RoleSessionName": "job"}
    given = boto3.client("sts", "us-east-1", endpoint_url=endpoint).assume_role_with_web_identity(
        **role, WebIdentityToken="a.b.c"
    )
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\nmain: main.py\n")
    (tmp_path / "main.py").write_text(SMALL)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([f"{sys.prefix}/bin", str(tools().folder), os.environ["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": address,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": given["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["Credentials"]["SessionToken"],
    }
    for command in (
        ("stack", "init", "staging", "--secrets-provider", f"awskms://{key}?region=us-east-1"),
        ("config", "set", "--secret", "given", "canary-of-a-secret"),
        ("up", "--yes", "--skip-preview", "--non-interactive"),
    ):
        done = subprocess.run(("pulumi", *command), cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    kept = objects(bucket[1])
    assert ".pulumi/stacks/small/staging.json" in kept
    assert not [name for name, text in kept.items() if b"canary-of-a-secret" in text]
