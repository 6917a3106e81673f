"""A stack's config and state, read without the engine where that gives the same, and asked of it where not."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from parity.config.project import Project
from parity.engine import engine_files, passphrase, store
from parity.engine.pulumi import Pulumi
from parity.errors import StoreError, UpdateError
from parity.evaluate.stack import Stack, open_ahead
from parity.masked import SECRET, SIGNATURE
from parity.preview import make
from parity.releases import stack_values
from support.paths import ROOT
from support.program import copy_program

if TYPE_CHECKING:
    from pathlib import Path

PHRASE = "parity-sandbox"
"""Of the example's stack files, which say so."""
OPENED = {"PULUMI_CONFIG_PASSPHRASE": PHRASE}
ASKED = "the engine was asked"


def lines(stack: str = "staging") -> list[str]:
    return (ROOT / f"Pulumi.{stack}.yaml").read_text().splitlines()


def salt(stack: str = "staging") -> str:
    return next(line.split(": ", 1)[1] for line in lines(stack) if line.startswith("encryptionsalt"))


def a_value() -> str:
    return next(line.split(": ", 1)[1] for line in lines() if "secure: " in line)


class TestOpening:
    def test_a_passphrase_opens_values_from_the_variable_or_its_file(self, tmp_path: Path):
        (tmp_path / "phrase").write_text(f"{PHRASE}\n")
        by_variable = passphrase.opener(salt(), OPENED, tmp_path)
        by_file = passphrase.opener(salt(), {"PULUMI_CONFIG_PASSPHRASE_FILE": "phrase"}, tmp_path)
        assert by_variable is not None
        assert by_file is not None
        assert len(by_variable(a_value())) > 20
        assert by_variable(a_value()) == by_file(a_value())

    @pytest.mark.parametrize(
        "environment",
        [
            {},
            {"PULUMI_CONFIG_PASSPHRASE": "another"},
            {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": "phrase"},
            {"PULUMI_CONFIG_PASSPHRASE_FILE": "absent"},
            {"PULUMI_CONFIG_PASSPHRASE_FILE": ""},
        ],
    )
    def test_without_the_passphrase_there_is_no_opener(self, environment, tmp_path: Path):
        (tmp_path / "phrase").write_text(PHRASE)
        assert passphrase.opener(salt(), environment, tmp_path) is None

    @pytest.mark.parametrize("wrong", ["", "v1", "v1:*:v1:a:b", "v2:" + salt()[3:], salt().rpartition(":")[0]])
    def test_a_salt_of_another_form_has_no_opener(self, wrong, tmp_path: Path):
        assert passphrase.opener(wrong, OPENED, tmp_path) is None

    @pytest.mark.parametrize(
        "wrong", ["", "v1:AA==", "v2" + a_value()[2:], a_value()[:-8] + "AAAAAA==", "v1:*:*", "x:y:z"]
    )
    def test_a_value_of_another_key_or_form_is_sealed(self, wrong, tmp_path: Path):
        open_ = passphrase.opener(salt(), OPENED, tmp_path)
        assert open_ is not None
        with pytest.raises(passphrase.Sealed):
            open_(wrong)

    def test_a_key_that_is_being_made_is_waited_for_and_not_made_again(self, monkeypatch, tmp_path: Path):
        made, derive, going_on = [], hashlib.pbkdf2_hmac, threading.Event()

        def slow(*arguments):
            made.append(arguments)
            assert going_on.wait(60)
            return derive(*arguments)

        monkeypatch.setattr(hashlib, "pbkdf2_hmac", slow)
        monkeypatch.setattr(passphrase, "_KEYS", {})
        with ThreadPoolExecutor() as pool:
            asked = [pool.submit(passphrase.opener, salt(), OPENED, tmp_path) for _ in range(3)]
            going_on.set()
            assert all(each.result() is not None for each in asked)
        assert len(made) == 1

    @pytest.mark.parametrize("form", ["encryptionsalt: {}", "encryptionsalt: '{}'", '"encryptionsalt" : "{}" # a salt'])
    def test_a_stack_s_key_is_made_ahead_of_its_settings(self, monkeypatch, tmp_path: Path, form: str):
        opened = stack_in(copy_program(tmp_path / "project").root, OPENED)
        file = opened.project.stack_files()["staging"]
        file.write_text(file.read_text().replace(f"encryptionsalt: {salt()}", form.format(salt())))
        monkeypatch.setattr(passphrase, "_KEYS", {})
        open_ahead(opened).join()
        ((phrase, _),) = passphrase._KEYS
        assert phrase == PHRASE
        assert opened.settings().secret
        assert len(passphrase._KEYS) == 1


class TestSealing:
    def test_what_is_sealed_opens_and_is_never_sealed_alike(self, tmp_path: Path):
        seal, open_ = (each(salt(), OPENED, tmp_path) for each in (passphrase.sealer, passphrase.opener))
        assert seal is not None
        assert open_ is not None
        values = ["", "canary-7f31", "Grüße\n" * 50]
        sealed = [seal(each) for each in (*values, *values)]
        assert [open_(each) for each in sealed] == [*values, *values]
        assert len(set(sealed)) == len(sealed)
        assert passphrase.sealer(salt(), {}, tmp_path) is None

    def test_a_secret_is_set_and_its_fingerprint_made_without_the_engine(self, tmp_path: Path):
        stack = stack_in(copy_program(tmp_path / "project").root, OPENED)
        key = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
        before = stack.settings()
        edit = stack_values.set_secret(stack, key, "canary-" * 8)
        edit.write()
        after = stack.settings()
        changed = [each for each, mark in after.fingerprints.items() if before.fingerprints.get(each) != mark]
        assert len(changed) == 1
        assert after.applications["shop"].variables["PAYMENT_SECRET_KEY"].reveal() == "canary-" * 8
        assert "canary" not in edit.text

    def test_a_fingerprint_of_what_is_declared_no_more_is_removed_and_nothing_else(self, tmp_path: Path):
        stack = stack_in(copy_program(tmp_path / "project").root, OPENED)
        path = stack.project.stack_files()["staging"]
        before = path.read_text()
        old = "    parity:applications.shop.variables.OLD_KEY: 9d0cd3078f1ea910-abbb67f1\n"
        path.write_text(before.replace("  parity:fingerprints:\n", f"  parity:fingerprints:\n{old}", 1))
        assert stack_values.fingerprint(stack).text == before

    @pytest.mark.parametrize("provider", ["secretsprovider: awskms://alias/x\n", "encryptedkey: abc\n"])
    def test_another_provider_s_secret_is_the_engine_s_to_seal(self, tmp_path: Path, provider: str):
        stack = stack_in(copy_program(tmp_path / "project").root, OPENED)
        with pytest.raises(UpdateError, match=ASKED):
            stack_values.encrypted(stack, f"{provider}encryptionsalt: {salt()}\n", "canary")


def stack_in(root: Path, environment: dict[str, str], name: str = "staging") -> Stack:
    """A stack of which the engine answers each question by a failure."""
    engine = root / "engine"
    engine.write_text(f"#!/bin/sh\necho '{ASKED}' >&2\nexit 1\n")
    engine.chmod(engine.stat().st_mode | stat.S_IXUSR)
    return Stack(name, Project(root), Pulumi(engine, root, {"PATH": os.environ["PATH"], **environment}))


class TestConfig:
    @pytest.mark.parametrize("name", ["staging", "prod"])
    def test_the_file_is_enough(self, tmp_path: Path, name: str):
        found = stack_in(copy_program(tmp_path / "project").root, OPENED, name).settings()
        assert not found.sealed
        assert found.origin.file == f"Pulumi.{name}.yaml"

    def changed(self, root: Path, file: str, old: str, new: str) -> Stack:
        copy_program(root)
        path = root / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
        return stack_in(root, OPENED)

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("Pulumi.staging.yaml", "encryptionsalt:", "secretsprovider: awskms://alias/x\nencryptionsalt:"),
            ("Pulumi.staging.yaml", "encryptionsalt:", "environment: [shared]\nencryptionsalt:"),
            ("Pulumi.staging.yaml", salt(), salt("prod")),
            ("Pulumi.staging.yaml", f"encryptionsalt: {salt()}\n", ""),
            ("Pulumi.staging.yaml", a_value(), f"{a_value()[:-8]}AAAAAA=="),
            ("Pulumi.yaml", "main:", "config: {storefront:x: {value: 1}}\nmain:"),
            ("Pulumi.yaml", "main:", "stackConfigDir: stacks\nmain:"),
        ],
    )
    def test_else_the_engine_is_asked(self, tmp_path: Path, file: str, old: str, new: str):
        with pytest.raises(UpdateError, match=ASKED):
            self.changed(tmp_path / "project", file, old, new).settings()

    def test_without_the_passphrase_the_engine_says_so(self, tmp_path: Path):
        with pytest.raises(UpdateError, match=ASKED):
            stack_in(copy_program(tmp_path / "project").root, {}).settings()

    def test_a_passphrase_of_one_stack_is_not_taken_for_another_one(self, tmp_path: Path):
        (tmp_path / "own").write_text("another")
        environment = {**OPENED, "PARITY_PASSPHRASE_FILE_PROD": str(tmp_path / "own")}
        prod = stack_in(copy_program(tmp_path / "project").root, environment, "prod")
        with pytest.raises(UpdateError, match=ASKED):
            prod.settings()
        assert not prod.sibling("staging").settings().sealed


class TestState:
    def checkpoint(self, **changes: Any) -> dict[str, Any]:
        sealed = {SIGNATURE: SECRET, "ciphertext": a_value()}
        latest = {
            "manifest": {"version": "v3.259.0"},
            "secrets_providers": {"type": "passphrase", "state": {"salt": salt()}},
            "resources": [{"urn": "urn:pulumi:staging::p::t:m:T::n", "type": "t:m:T", "outputs": {"list": [sealed]}}],
            **changes,
        }
        return {"version": 3, "checkpoint": {"stack": "staging", "latest": latest}}

    def exported(
        self, folder: Path, document: Any, *, packed: bool = False, show: bool = True, **environment: str
    ) -> dict[str, Any] | None:
        at = folder / ".pulumi" / "stacks" / "storefront" / f"staging.json{'.gz' if packed else ''}"
        at.parent.mkdir(parents=True, exist_ok=True)
        data = json.dumps(document).encode()
        at.write_bytes(gzip.compress(data) if packed else data)
        where = {"PULUMI_BACKEND_URL": f"file://{folder}", **OPENED, **environment}
        return engine_files.exported(where, folder, "storefront", "staging", show_secrets=show)

    @pytest.mark.parametrize("packed", [False, True])
    def test_the_file_is_enough(self, tmp_path: Path, packed: bool):
        document = self.checkpoint()
        sealed = self.exported(tmp_path, document, packed=packed, show=False)
        assert sealed == {"version": 3, "deployment": document["checkpoint"]["latest"]}
        shown = self.exported(tmp_path, document, packed=packed)
        assert shown is not None
        (secret,) = shown["deployment"]["resources"][0]["outputs"]["list"]
        assert secret.keys() == {SIGNATURE, "plaintext"}
        assert secret["plaintext"] not in json.dumps(sealed)

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"version": 3, "checkpoint": {"stack": "staging", "latest": None}},
            {"version": 4, "checkpoint": {"latest": {"resources": []}}},
            {"version": 3, "checkpoint": {"latest": {"resources": [], "features": ["refreshBeforeUpdate"]}}},
        ],
    )
    def test_a_form_that_is_not_known_is_left_to_the_engine(self, tmp_path: Path, document: Any):
        assert self.exported(tmp_path, document, show=False) is None

    def test_what_the_passphrase_does_not_open_is_left_to_the_engine(self, tmp_path: Path):
        service = {"type": "service", "state": {}}
        other = {"type": "passphrase", "state": {"salt": salt("prod")}}
        assert self.exported(tmp_path, self.checkpoint(secrets_providers=service)) is None
        assert self.exported(tmp_path, self.checkpoint(secrets_providers=other)) is None
        assert self.exported(tmp_path, self.checkpoint(), PULUMI_CONFIG_PASSPHRASE="another") is None

    def test_another_backend_and_an_absent_stack_are_left_to_the_engine(self, tmp_path: Path):
        assert self.exported(tmp_path, self.checkpoint(), PULUMI_BACKEND_URL="https://api.pulumi.com") is None
        assert self.exported(tmp_path, self.checkpoint(), PULUMI_BACKEND_URL="ftp://state") is None
        where = {"PULUMI_BACKEND_URL": f"file://{tmp_path}", **OPENED}
        assert engine_files.exported(where, tmp_path, "storefront", "absent", show_secrets=False) is None

    def test_a_relative_folder_starts_from_the_engine_s(self, tmp_path: Path):
        assert self.exported(tmp_path, self.checkpoint(), PULUMI_BACKEND_URL="file://.") is not None


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch):
    """An S3 server with an empty bucket: the engine's address of it, and a client."""
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
    client.create_bucket(Bucket="directly")
    yield f"s3://directly/team?endpoint={host}:{port}&disableSSL=true&s3ForcePathStyle=true", client
    server.stop()


class TestBucket:
    def put(self, client: Any, key: str, document: Any) -> None:
        client.put_object(Bucket="directly", Key=f"team/.pulumi/{key}", Body=json.dumps(document).encode())

    def test_a_bucket_s_state_is_read_without_the_engine_and_an_absent_one_is_left_to_it(self, tmp_path: Path, bucket):
        url, client = bucket
        stack = stack_in(copy_program(tmp_path / "project").root, {**OPENED, "PULUMI_BACKEND_URL": url})
        with pytest.raises(UpdateError, match=ASKED):
            stack.recorded()
        self.put(client, "stacks/storefront/staging.json", TestState().checkpoint())
        (found,) = stack.recorded(show_secrets=True).resources
        assert found.outputs["list"][0].keys() == {SIGNATURE, "plaintext"}
        lost = replace(stack.pulumi, environment={**stack.pulumi.environment, "PULUMI_BACKEND_URL": f"{url}&role=x"})
        with pytest.raises(UpdateError, match=ASKED):
            replace(stack, pulumi=lost).recorded()

    def test_where_it_does_not_open_for_the_engine_either_the_way_on_is_said(self, tmp_path: Path, bucket, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "other")
        stack = stack_in(copy_program(tmp_path / "project").root, {**OPENED, "PULUMI_BACKEND_URL": bucket[0]})
        engine = tmp_path / "project" / "engine"
        engine.write_text(engine.read_text().replace(ASKED, "error: unable to open bucket"))
        with pytest.raises(StoreError, match=r"profile \(other\) could not be found") as caught:
            stack.recorded()
        assert "AWS_PROFILE" in str(caught.value.remedy)

    def test_a_preview_reads_the_last_update_s_commit_there(self, tmp_path: Path, bucket):
        url, client = bucket
        stack = stack_in(copy_program(tmp_path / "project").root, {**OPENED, "PULUMI_BACKEND_URL": url})
        assert make._applied(stack) is None
        rows = (("update", "succeeded", "a" * 40), ("update", "failed", "b" * 40), ("refresh", "succeeded", "c" * 40))
        for number, (kind, result, commit) in enumerate(rows):
            row = {"kind": kind, "result": result, "environment": {"git.head": commit}}
            self.put(client, f"history/storefront/staging/staging-{number}.history.json", row)
        assert make._applied(stack) == "a" * 40


class TestAddress:
    def test_it_is_that_of_the_variable_else_the_project_s_else_the_login_s(self, tmp_path: Path):
        file = tmp_path / "Pulumi.yaml"
        file.write_text("name: p\n")
        home = {"PULUMI_HOME": str(tmp_path)}
        assert store.address_of(home, tmp_path) == ""
        (tmp_path / "credentials.json").write_text('{"current": "s3://login"}')
        assert store.address_of(home, tmp_path) == "s3://login"
        file.write_text("name: p\nbackend: {url: s3://project}\n")
        assert store.address_of(home, tmp_path) == "s3://project"
        assert store.address_of({**home, "PULUMI_BACKEND_URL": "s3://shell"}, tmp_path) == "s3://shell"

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"current": null}'])
    def test_a_login_that_is_not_read_is_left_to_the_engine(self, tmp_path: Path, text: str):
        (tmp_path / "Pulumi.yaml").write_text("name: p\n")
        (tmp_path / "credentials.json").write_text(text)
        assert store.address_of({"PULUMI_HOME": str(tmp_path)}, tmp_path) == ""
