"""Plain Pulumi with a backend that a team shares: the same program, its state in an S3 bucket."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from crashlab import lab, matrix
from crashlab.operations import EMPTY, ONE_RELEASE

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


@pytest.fixture
def small_instance(shared_folder: Path, tmp_path: Path) -> Iterator[Instance]:
    """A sandbox with the program of one application: the backend's question does not need two."""
    template = lab.template(matrix.ground(shared_folder / "crash") / matrix.TEMPLATE)
    with lab.lab(template, tmp_path / "lab") as found:
        found.instance.local.client().load_snapshot(EMPTY)
        found.declare(ONE_RELEASE)
        # The snapshot's own stack is a local one: nothing of it may be taken for what this test leaves.
        shutil.rmtree(found.backend / ".pulumi" / "stacks")
        found.instance.extra |= found.warm
        yield found.instance


def test_state_lives_in_a_bucket(small_instance: Instance, bucket: tuple[str, object]):
    address, client = bucket
    small_instance.extra["PULUMI_BACKEND_URL"] = address
    small_instance.up("staging").ok()
    small_instance.pulumi("preview", "--stack", "staging", "--refresh", "--expect-no-changes").ok()
    kept = objects(client)
    state = json.loads(kept[".pulumi/stacks/storefront/staging.json"])
    types = {each["type"] for each in state["checkpoint"]["latest"]["resources"]}
    assert {"vercel:index/project:Project", "postgresql:index/role:Role", "parity:index:LiveRelease"} <= types
    shown = small_instance.outputs("staging", secrets=True)["databases"]["storefront"]["migrator_url"]
    assert shown.startswith("postgresql://"), "nothing secret was made, so nothing is proved"
    assert [key for key, text in kept.items() if shown.encode() in text] == [], (
        "a secret stands in the bucket in the clear"
    )
    assert list(small_instance.local.layout.backend.glob("**/staging.json")) == [], "the local backend was used"

    small_instance.destroy("staging").ok()
    small_instance.pulumi("stack", "rm", "staging", "--yes", "--preserve-config").ok()
    assert [key for key in objects(client) if key.endswith("stacks/storefront/staging.json")] == []
