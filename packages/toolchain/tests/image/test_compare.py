"""A difference between two images is explained by file."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import replace

import pytest

from packages.toolchain.tests.image import small
from parity_toolchain.errors import BadSetting
from parity_toolchain.image import assemble, layout
from parity_toolchain.image.compare import differences


@pytest.fixture
def first(tmp_path):
    return small.image(tmp_path / "first", tmp_path / "cache")


def again(image, out, change):
    """The image with its first layer written by `change`, which takes and gives (entry, content) pairs."""
    with tarfile.open(image.layers[0].blob) as archive:
        pairs = [(each, archive.extractfile(each).read() if each.isreg() else b"") for each in archive]
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in change(pairs):
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    blob = out.parent / "layer.tar.gz"
    blob.write_bytes(gzip.compress(written.getvalue(), mtime=0, compresslevel=1))
    digest = f"sha256:{small.assemble.hashlib.sha256(blob.read_bytes()).hexdigest()}"
    layer = replace(image.layers[0], blob=blob, digest=digest, size=blob.stat().st_size)
    return assemble.write([layer, *image.layers[1:]], out, "1.0")


def each(**changes):
    def change(pairs):
        for entry, _ in pairs:
            if entry.name == "usr/bin/program":
                for name, value in changes.items():
                    setattr(entry, name, value)
        return pairs

    return change


def content(pairs):
    return [(entry, b"other" if entry.name == "usr/bin/program" else data) for entry, data in pairs]


PROGRAM = "usr/bin/program"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (content, [(PROGRAM, "content")]),
        (each(mode=0o700), [(PROGRAM, "mode")]),
        (each(uid=7), [(PROGRAM, "owner")]),
        (each(mtime=7), [(PROGRAM, "time")]),
        (each(name="usr/bin/other"), [("usr/bin/other", "added"), (PROGRAM, "missing")]),
        (lambda pairs: [pair for pair in pairs if pair[0].name != PROGRAM], [(PROGRAM, "missing")]),
        (lambda pairs: list(reversed(pairs)), [("", "order")]),
        (lambda pairs: pairs, [("", "compression")]),
    ],
)
def test_what_differs_is_named(first, tmp_path, change, expected):
    second = again(first, tmp_path / "second", change)
    assert second.digest != first.digest
    found = differences(first.folder, second.folder)
    assert [(each.path, each.what) for each in found] == expected
    assert {each.layer for each in found} == {"base"}


def test_a_link_that_leads_elsewhere_is_named(first, tmp_path):
    def change(pairs):
        for entry, _ in pairs:
            if entry.name == "link":
                entry.linkname = "usr/bin/other"
        return pairs

    second = again(first, tmp_path / "second", change)
    assert [str(each) for each in differences(first.folder, second.folder)] == [
        "base: link: link: usr/bin/program != usr/bin/other"
    ]


def test_a_setting_is_named(first, tmp_path, monkeypatch):
    monkeypatch.setitem(layout._CONFIG, "User", "0")
    second = assemble.write(first.layers, tmp_path / "second", "1.0")
    (found,) = differences(first.folder, second.folder)
    assert (found.layer, found.path, found.first, found.second) == ("image", "User", "1001:1001", "0")


def test_a_layer_too_many_is_named(first, tmp_path):
    second = assemble.write(first.layers[:1], tmp_path / "second", "1.0")
    (found,) = differences(first.folder, second.folder)
    assert (found.layer, found.what) == ("tool", "missing")
    assert [each.what for each in differences(second.folder, first.folder)] == ["added"]


def test_two_of_one_digest_do_not_differ(first, tmp_path):
    second = small.image(tmp_path / "second", tmp_path / "cache of another")
    assert differences(first.folder, second.folder / "oci") == []


@pytest.mark.parametrize("index", [None, "{", json.dumps({"manifests": []})])
def test_what_is_no_image_is_said(first, tmp_path, index):
    folder = tmp_path / "second"
    folder.mkdir()
    if index is not None:
        (folder / "index.json").write_text(index)
    with pytest.raises(BadSetting, match="holds no image"):
        differences(first.folder, folder)
