"""Explains why two images have two digests: the layers, and in each the files, that differ, and in what."""

from __future__ import annotations

import hashlib
import json
import tarfile
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from parity_toolchain.errors import BadSetting

if TYPE_CHECKING:
    from pathlib import Path


_ABOUT = ("architecture", "created", "os")


@dataclass(frozen=True)
class Difference:
    """One thing that two images do not share."""

    layer: str
    """The layer's name, or `image`: what all layers run with."""
    path: str
    """The file's path from the image's root, or the name of a setting; empty for the complete layer."""
    what: str
    """`content`, `mode`, `owner`, `time`, `type`, `link`, `order`, `compression`, `setting`, `missing` or `added`."""
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.path or '(all)'}: {self.what}: {self.first or '-'} != {self.second or '-'}"


def differences(first: Path, second: Path) -> list[Difference]:
    """Everything in which two images differ; nothing where their digests are the same.

    Args:
        first: A folder that `build` wrote, or an OCI layout.
        second: Likewise.

    Raises:
        BadSetting: one of them is no image.
    """
    (one, mine), (other, theirs) = _manifest(first), _manifest(second)
    if one == other:
        return []
    here, there = _config(first, mine), _config(second, theirs)
    found = _settings(here, there)
    for index, (left, right) in enumerate(zip_longest(_digests(mine), _digests(theirs), fillvalue="")):
        name = _name(here if left else there, index)
        if not (left and right):
            found.append(Difference(name, "", "missing" if left else "added", left, right))
        elif left != right:
            found += _layer(name, _blob(first, left), _blob(second, right))
    return found


def _digests(manifest: dict[str, Any]) -> list[str]:
    return [layer["digest"] for layer in manifest["layers"]]


def _layout(folder: Path) -> Path:
    return folder / "oci" if (folder / "oci/oci-layout").is_file() else folder


def _blob(folder: Path, name: str) -> Path:
    return _layout(folder) / "blobs" / name.replace(":", "/")


def _manifest(folder: Path) -> tuple[str, dict[str, Any]]:
    try:
        index = json.loads((_layout(folder) / "index.json").read_text())
        name = index["manifests"][0]["digest"]
        return name, json.loads(_blob(folder, name).read_text())
    except (OSError, ValueError, LookupError) as error:
        raise BadSetting(f"{folder} holds no image: {error}. `parity image build` writes one") from error


def _config(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    return json.loads(_blob(folder, manifest["config"]["digest"]).read_text())


def _name(config: dict[str, Any], index: int) -> str:
    return str(config["history"][index]["created_by"]).rpartition(" ")[2]


def _settings(here: dict[str, Any], there: dict[str, Any]) -> list[Difference]:
    left, right = ({**each["config"], **{name: each[name] for name in _ABOUT}} for each in (here, there))
    names = sorted({*left, *right})
    return [
        Difference("image", name, "setting", str(left.get(name, "")), str(right.get(name, "")))
        for name in names
        if left.get(name) != right.get(name)
    ]


@dataclass(frozen=True)
class _Entry:
    type: str
    content: str
    mode: str
    owner: str
    time: str
    link: str


def _entries(blob: Path) -> dict[str, _Entry]:
    found: dict[str, _Entry] = {}
    with tarfile.open(blob) as archive:
        for each in archive:
            file = archive.extractfile(each) if each.isreg() else None
            content = hashlib.file_digest(file, "sha256").hexdigest() if file else ""  # type: ignore[arg-type]
            found[each.name] = _Entry(
                each.type.decode(),
                content,
                f"{each.mode:04o}",
                f"{each.uid}:{each.gid}",
                str(each.mtime),
                each.linkname,
            )
    return found


def _layer(name: str, first: Path, second: Path) -> list[Difference]:
    here, there = _entries(first), _entries(second)
    found = [Difference(name, path, "missing", path, "") for path in here if path not in there]
    found += [Difference(name, path, "added", "", path) for path in there if path not in here]
    for path in here.keys() & there.keys():
        left, right = asdict(here[path]), asdict(there[path])
        found += [Difference(name, path, what, left[what], right[what]) for what in left if left[what] != right[what]]
    if found:
        return sorted(found, key=lambda each: each.path)
    what = "order" if list(here) != list(there) else "compression"
    return [Difference(name, "", what, first.name, second.name)]
