"""A bucket opens with what the engine would find; whatever is missing, expired or refused is an error with a remedy."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest
from moto.server import ThreadedMotoServer

from parity import redact
from parity.engine.engine_files import open_store
from parity.errors import StoreError

NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
         "AWS_DEFAULT_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL_S3", "GOOGLE_CREDENTIALS",
         "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY",
         "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_CLIENT_ID")  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A machine with no login to any account."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / ".aws").mkdir()
    return tmp_path


class Answers(BaseHTTPRequestHandler):
    """Says the same to every request, and keeps the key that signed it."""

    keys: list[str]
    answer: tuple[int, str]

    def do_GET(self):
        type(self).keys.append(self.headers.get("Authorization", ""))
        type(self).headers_of_last = self.headers
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def refusing():
    """A bucket that gives one answer to all; gives its address and its class."""
    handler = type("Handler", (Answers,), {"keys": [], "answer": (200, "")})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()


def profile(home, **profiles):
    lines = [
        f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = secret-{key}" for name, key in profiles.items()
    ]
    (home / ".aws" / "credentials").write_text("\n".join(lines))


def s3(address, more=""):
    return f"s3://state?region=us-east-1&endpoint={address}&disableSSL=true&s3ForcePathStyle=true{more}"


def signer(store, handler):
    handler.answer = (200, "<ListBucketResult></ListBucketResult>")
    store.names("a")
    return handler.keys[-1].partition("Credential=")[2].partition("/")[0]


def test_a_profile_in_the_address_wins_over_keys_and_keys_over_the_profile_of_the_environment(
    home, refusing, monkeypatch
):
    address, handler = refusing
    profile(home, default="K-DEFAULT", team="K-TEAM", other="K-OTHER")
    assert signer(open_store(s3(address)), handler) == "K-DEFAULT"
    monkeypatch.setenv("AWS_PROFILE", "other")
    assert signer(open_store(s3(address)), handler) == "K-OTHER"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "K-ENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert signer(open_store(s3(address)), handler) == "K-ENV"
    assert signer(open_store(s3(address, "&profile=team")), handler) == "K-TEAM"


def test_keys_that_a_job_exports_need_no_botocore(refusing, monkeypatch):
    address, handler = refusing
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "K-JOB")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-a-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-of-a-token")
    with redact.command():
        assert signer(open_store(s3(address)), handler) == "K-JOB"
        assert "canary" not in redact.masked("canary-of-a-key canary-of-a-token")
    assert handler.headers_of_last["x-amz-security-token"] == "canary-of-a-token"
    with pytest.raises(ImportError):
        open_store(s3(address).replace("region=us-east-1&", ""))  # its region is in a file


def test_the_encryption_in_the_address_is_asked_for_as_the_engine_does(home, refusing):
    address, handler = refusing
    profile(home, default="K")
    key = "arn:aws:kms:eu-central-1:1:key/k"
    open_store(s3(address, f"&ssetype=aws:kms&kmskeyid={key}")).create("a", b"x")
    sent = handler.headers_of_last
    assert sent["x-amz-server-side-encryption"] == "aws:kms"
    assert sent["x-amz-server-side-encryption-aws-kms-key-id"] == key
    open_store(s3(address)).create("a", b"x")
    assert "x-amz-server-side-encryption" not in handler.headers_of_last


def test_a_login_by_a_program_is_used_as_the_engine_uses_it_and_once_for_state_and_ledger(home, refusing):
    address, handler = refusing
    script, asked = home / "keys.sh", home / "asked"
    script.write_text(
        f'echo once >> {asked}\necho \'{{"Version": 1, "AccessKeyId": "K-PROCESS", "SecretAccessKey": "x"}}\''
    )
    (home / ".aws" / "config").write_text(f"[profile team]\ncredential_process = sh {script}\n")
    with ThreadPoolExecutor() as pool:
        stores = list(pool.map(open_store, [s3(address, "&profile=team")] * 4))
    assert [signer(each, handler) for each in stores] == ["K-PROCESS"] * 4
    assert asked.read_text() == "once\n"


def test_no_login_is_an_error_with_its_place():
    with pytest.raises(StoreError, match="no AWS credentials were found") as raised:
        open_store("s3://state/team")
    assert raised.value.where == "s3://state/team"
    assert "AWS_PROFILE" in raised.value.remedy


def test_a_profile_that_is_not_there_is_named():
    with pytest.raises(StoreError, match="nowhere"):
        open_store("s3://state?profile=nowhere")


def test_an_sso_login_that_is_over_has_the_command_that_renews_it(home):
    (home / ".aws" / "config").write_text(
        "[profile team]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Admin\n"
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n"
    )
    with pytest.raises(StoreError) as raised:
        open_store("s3://state?profile=team")
    assert raised.value.remedy == "`aws sso login --profile team`"


@pytest.mark.parametrize(
    ("answer", "said", "remedy"),
    [
        ((403, "<Error><Code>AccessDenied</Code></Error>"), "AccessDenied", "needs to list, read, create"),
        ((403, "<Error><Code>InvalidAccessKeyId</Code></Error>"), "InvalidAccessKeyId", "Log in as for `pulumi`"),
        ((400, "<Error><Code>ExpiredToken</Code></Error>"), "ExpiredToken", "Log in as for `pulumi`"),
        ((404, "<Error><Code>NoSuchBucket</Code></Error>"), "", "a bucket that exists"),
    ],
)
def test_a_refusal_is_an_error_with_place_and_remedy(home, refusing, answer, said, remedy):
    address, handler = refusing
    profile(home, default="K")
    store = open_store(s3(address))
    handler.answer = answer
    for ask in (lambda: store.names("a"), lambda: store.read("a/b"), lambda: store.create("a/b", b"x")):
        with pytest.raises(StoreError) as raised:
            ask()
        assert said in raised.value.what
        assert remedy in raised.value.remedy
        assert raised.value.where == "s3://state"
        assert "Debug" not in raised.value.what
        assert "\n" not in raised.value.what


@pytest.mark.parametrize("name", ["team-403", "credentials", "metadata-404", "port-40347"])
@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (
            (403, "<Error><Code>AccessDenied</Code><Resource>/{name}/a</Resource></Error>"),
            "needs to list, read, create",
        ),
        ((404, "<Error><Code>NoSuchBucket</Code><BucketName>{name}</BucketName></Error>"), "a bucket that exists"),
        ((400, "<Error><Code>InvalidRequest</Code></Error>"), "See that the address is right"),
    ],
)
def test_a_name_that_reads_like_a_cause_is_none(home, refusing, name, answer, remedy):
    address, handler = refusing
    profile(home, default="K")
    handler.answer = (answer[0], answer[1].format(name=name))
    store = open_store(s3(address).replace("s3://state", f"s3://{name}"))
    for ask in (lambda: store.names(name), lambda: store.read(f"{name}/b"), lambda: store.create(name, b"x")):
        with pytest.raises(StoreError) as raised:
            ask()
        assert remedy in raised.value.remedy


def test_a_bucket_that_is_not_there_is_no_empty_one(home):
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        profile(home, default="K")
        store = open_store(s3(f"{host}:{port}"))
        with pytest.raises(StoreError, match="does not open"):
            store.names("a")
        boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(Bucket="state")
        assert store.names("a") == []
        assert store.read("a/b") is None
        store.delete("a/b")
    finally:
        server.stop()


def test_google_s_logins(home, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "federated.json"))
    (home / "federated.json").write_text('{"type": "external_account"}')
    with pytest.raises(StoreError, match="external_account") as raised:
        open_store("gs://state")
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in raised.value.remedy
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "token")
    assert open_store("gs://state").place == "gs://state"
    monkeypatch.setenv("GOOGLE_CREDENTIALS", "not json")
    with pytest.raises(StoreError, match="does not open") as raised:
        open_store("gs://state")
    assert "gcloud auth" in raised.value.remedy


def test_azure_s_logins(monkeypatch):
    with pytest.raises(StoreError, match="Account must be specified") as raised:
        open_store("azblob://state")
    assert raised.value.where == "azblob://state"
    assert "AZURE_STORAGE_ACCOUNT" in raised.value.remedy
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "team")
    monkeypatch.setenv("AZURE_STORAGE_KEY", "not base64!")
    with pytest.raises(StoreError, match="Invalid Access Key"):
        open_store("azblob://state")
    monkeypatch.setenv("AZURE_STORAGE_KEY", "a2V5")
    assert open_store("azblob://state").place == "azblob://state"
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT")
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName=team;AccountKey=a2V5a2U=;EndpointSuffix=x")
    assert open_store("azblob://state").place == "azblob://state"
