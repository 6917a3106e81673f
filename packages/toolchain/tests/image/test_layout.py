"""An image has one digest, wherever, whenever and by whomever it is built; and it is what its documents say."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import tarfile

import pytest

from packages.toolchain.tests.image import small
from parity_toolchain.errors import BadSetting
from parity_toolchain.image import assemble, record
from support.paths import ROOT


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    return small.image(folder / "out", folder / "cache")


@pytest.mark.parametrize(
    ("umask", "environ"),
    [
        pytest.param(0o022, {}, id="another folder, later"),
        pytest.param(0o077, {}, id="umask 077"),
        pytest.param(0, {}, id="umask 000"),
        pytest.param(0o022, {"TZ": "Asia/Kolkata"}, id="time zone"),
        pytest.param(0o022, {"LC_ALL": "C", "LANG": "tr_TR.UTF-8"}, id="locale"),
        pytest.param(0o022, {"SOURCE_DATE_EPOCH": "1234567890"}, id="a clock that is given"),
        pytest.param(0o022, {"PYTHONHASHSEED": "77", "PYTHONOPTIMIZE": "2"}, id="Python's own settings"),
    ],
)
def test_one_digest(image, tmp_path, umask, environ):
    done = subprocess.run(
        [sys.executable, small.__file__, str(tmp_path / "elsewhere"), str(tmp_path / "cache")],
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/tools", "PATH": "/usr/bin:/bin", **environ},
        umask=umask, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == image.digest


def blob(image, digest):
    return image.folder / "oci/blobs" / digest.replace(":", "/")


def manifest(image):
    return json.loads(blob(image, image.digest).read_text())


def test_each_blob_is_what_its_name_says(image):
    for path in (image.folder / "oci/blobs/sha256").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    named = [manifest(image)["config"], *manifest(image)["layers"]]
    assert [blob(image, each["digest"]).stat().st_size for each in named] == [each["size"] for each in named]


def test_the_configuration_names_each_layer_before_it_was_compressed(image):
    config = json.loads(blob(image, manifest(image)["config"]["digest"]).read_text())
    with gzip.open(blob(image, manifest(image)["layers"][0]["digest"])) as plain:
        assert config["rootfs"]["diff_ids"][0] == f"sha256:{hashlib.sha256(plain.read()).hexdigest()}"
    assert len(config["rootfs"]["diff_ids"]) == len(manifest(image)["layers"]) == 2


def entries(image, index=0):
    with tarfile.open(blob(image, manifest(image)["layers"][index]["digest"])) as archive:
        return {each.name: each for each in archive}


def test_nothing_says_who_made_it_or_when(image):
    found = [*entries(image).values(), *entries(image, 1).values()]
    assert {(each.mtime, each.uname, each.gname) for each in found} == {(0, "", "")}
    names = list(entries(image))
    assert names == sorted(names, key=lambda name: name.split("/")), "not the order of this machine's file system"
    assert [each.name for each in found if each.uid] == ["opt/pulumi", "opt/pulumi/plugins"]


def test_modes_say_only_what_can_be_run(image):
    modes = {name: f"{each.mode:o}" for name, each in entries(image).items()}
    assert modes["usr/bin/program"] == "755"
    assert modes["usr/lib/naïve"] == "644"
    assert modes["usr/lib"] == "755"
    assert modes["tmp"] == "1777"


def test_modules_are_compiled_and_what_is_no_module_stays_as_it_is(image):
    assert [name for name in entries(image, 1) if name.endswith(".pyc")] == [
        f"usr/local/lib/__pycache__/module.{sys.implementation.cache_tag}.pyc"
    ]


def test_a_change_moves_its_layer_alone(image, tmp_path):
    other = small.image(tmp_path / "out", tmp_path / "cache", tool={"usr/local/lib/module.py": "NAMES = {'d'}\n"})
    assert other.layers[0].digest == image.layers[0].digest
    assert other.layers[1].digest != image.layers[1].digest
    assert other.digest != image.digest


def test_an_earlier_image_is_replaced_and_anything_else_is_not(tmp_path):
    first = small.image(tmp_path / "out", tmp_path / "cache")
    (first.folder / "stale").write_text("")
    assert small.image(tmp_path / "out", tmp_path / "cache").digest == first.digest
    assert not (tmp_path / "out/stale").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    with pytest.raises(BadSetting, match="is no image"):
        small.image(tmp_path / "mine", tmp_path / "cache")
    assert (tmp_path / "mine/file").read_text() == "x"


def test_another_platform_is_refused_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(assemble.platform, "machine", lambda: "aarch64")
    with pytest.raises(BadSetting, match=r"Linux on amd64 .* this is Linux aarch64"):
        assemble.build(ROOT, tmp_path / "out", ROOT / "dist", {"PARITY_CACHE": str(tmp_path / "cache"), "PATH": ""})
    assert list(tmp_path.iterdir()) == []


def test_a_layer_is_made_once_and_again_when_its_inputs_change(tmp_path):
    made = []

    def make(digest):
        part = small.part("base", small.BASE, digest)
        assemble.layer(part, tmp_path, made.append)

    for digest in ("sha256:" + "1" * 64, "sha256:" + "1" * 64, "sha256:" + "2" * 64):
        make(digest)
    assert len(made) == 2


def test_records_name_each_input_with_its_digest_and_the_image(image):
    materials = json.loads((image.folder / "sbom.cdx.json").read_text())
    assert [(each["purl"], each["hashes"][0]["content"]) for each in materials["components"]] == [
        ("pkg:pypi/pulumi-base@1.0", "1" * 64),
        ("pkg:pypi/pulumi-tool@1.0", "1" * 64),
    ]
    assert len({each["bom-ref"] for each in materials["components"]}) == 2
    statement = json.loads((image.folder / "provenance.intoto.json").read_text())
    assert statement["subject"] == [{"name": "parity", "digest": {"sha256": image.digest.removeprefix("sha256:")}}]
    assert len(statement["predicate"]["buildDefinition"]["resolvedDependencies"]) == 2


def test_the_sum_of_a_go_module_is_given_in_hex():
    module = small.Input("golang", "example.com/x", "v1.2.3+incompatible", "h1:" + "A" * 43 + "=")
    layer = assemble.Layer("engine", ROOT, "sha256:0", 0, "sha256:0", [module])
    (component,) = record.materials([layer], "sha256:0", "1")["components"]
    assert component["purl"] == "pkg:golang/example.com/x@v1.2.3%2Bincompatible"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    statement = record.provenance([layer], "sha256:0", "1")["predicate"]["buildDefinition"]
    assert statement["resolvedDependencies"][0]["digest"] == {"dirHash": "0" * 64}
