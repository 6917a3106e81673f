"""A folder and a bucket give the same store: complete objects, created once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from parity.engine.bucket import BucketStore
from parity.engine.engine_files import open_store
from parity.engine.store import FolderStore
from parity.errors import ProjectError


@pytest.fixture(scope="module")
def s3():
    """An S3 server on a port of its own, which decides on one write at a time as S3 does; moto's threads do not."""
    put, one = S3Response.put_object, threading.Lock()

    def put_alone(response):
        with one:
            return put(response)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3Response, "put_object", put_alone)
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"{host}:{port}"
        server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path, monkeypatch):
    if request.param == "folder":
        return open_store(f"file://{tmp_path}?no_tmp_dir=true")
    address = request.getfixturevalue("s3")
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    bucket = f"b-{abs(hash(str(tmp_path)))}"
    boto3.client("s3", endpoint_url=f"http://{address}", region_name="us-east-1").create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}/team/a?region=us-east-1&endpoint={address}&disableSSL=true&s3ForcePathStyle=true")


def test_an_object_is_created_once_and_never_changed(store):
    assert store.create("a/b.json", b"first")
    assert not store.create("a/b.json", b"second"), "the key is taken"
    assert store.read("a/b.json") == b"first"


def test_what_is_not_there_is_none_and_may_be_deleted(store):
    assert store.read("a/nothing") is None
    store.delete("a/nothing")
    assert store.names("a") == []


def test_the_names_in_a_folder_are_its_own_and_in_order(store):
    for key in ("a/2.json", "a/1.json", "ab/3.json"):
        store.create(key, b"x")
    assert store.names("a") == ["1.json", "2.json"], "not those of `ab`"
    store.delete("a/1.json")
    assert store.names("a") == ["2.json"]


def test_of_many_who_create_one_object_one_wins(store):
    barrier = threading.Barrier(6)

    def create(number: int) -> bool:
        barrier.wait()
        return store.create("one.json", str(number).encode() * 1000)

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(create, range(6)))
    assert won.count(True) == 1
    assert store.read("one.json") == str(won.index(True)).encode() * 1000, "complete, and the winner's"


def test_a_folder_shows_no_half_written_object(tmp_path, monkeypatch):
    store = FolderStore(tmp_path)

    def power_off(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parity.engine.store.os.link", power_off)
    with pytest.raises(KeyboardInterrupt):
        store.create("a/b.json", b"x")
    assert store.names("a") == []


def test_what_a_killed_writer_leaves_lies_where_the_engine_reads_nothing(tmp_path, monkeypatch):
    store, seen = FolderStore(tmp_path), []
    link = os.link

    def watched(source, target):
        seen.extend(path.name for path in (tmp_path / "a").iterdir())
        assert Path(source).is_relative_to(tmp_path / ".parity")
        link(source, target)

    monkeypatch.setattr("parity.engine.store.os.link", watched)
    assert store.create("a/b.json", b"x")
    assert seen == [], "nothing stands next to a lock while it is being written"
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert left == ["a/b.json"], "and nothing is left of it"


def test_only_a_bucket_is_shared_between_machines(store):
    assert store.shared is isinstance(store, BucketStore)


def test_pulumi_cloud_is_no_store():
    assert open_store("https://api.pulumi.com") is None


def test_a_folder_may_be_named_from_home(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert open_store("file://~") == FolderStore(Path("/somewhere"))


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(ProjectError, match="ftp://"):
        open_store("ftp://somewhere")


def test_the_names_of_one_folder_come_in_order_behind_a_name(store):
    for name in ("b", "a", "c"):
        store.create(f"folder/{name}.json", b"x")
    store.create("folder-2/d.json", b"x")
    assert store.names("folder") == ["a.json", "b.json", "c.json"]
    assert store.names("folder", "a.json") == ["b.json", "c.json"]
    assert store.names("folder", "a~") == ["b.json", "c.json"]
    assert store.names("nowhere") == []
