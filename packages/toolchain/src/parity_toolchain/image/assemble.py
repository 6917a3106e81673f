"""Puts an image together: each layer once, into the cache; the layout with its records at once, or not at all."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity_toolchain import cache as caches
from parity_toolchain.errors import BadSetting
from parity_toolchain.image import debian, engine, layout, record, wheels
from parity_toolchain.image.interpreter import Interpreter
from parity_toolchain.image.model import Input, Layer, Part
from parity_toolchain.image.places import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_CODE = Path(__file__).parent


@dataclass(frozen=True)
class Image:
    """An image as it was written."""

    digest: str
    """`sha256:` and 64 hex digits: that of its manifest, by which a registry and a workflow name it."""
    inputs: str
    """`sha256:` and 64 hex digits: of everything that it was made from."""
    folder: Path
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        """Bytes that a machine pulls which has none of its layers."""
        return sum(layer.size for layer in self.layers)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        layers = [{"name": each.name, "digest": each.digest, "size": each.size} for each in self.layers]
        return {
            "digest": self.digest,
            "inputs": self.inputs,
            "folder": str(self.folder),
            "size": self.size,
            "layers": layers,
        }


def build(
    project: Path,
    out: Path,
    own: Path,
    environ: Mapping[str, str],
    progress: Callable[[str], None] = lambda _: None,
) -> Image:
    """Build the image of a project's jobs.

    Args:
        project: The folder with pyproject.toml and uv.lock.
        out: The folder that is written: the layout in `oci`, `sbom.cdx.json` and `provenance.intoto.json`. An earlier
            image in it is replaced.
        own: The folder with the wheels of the packages that the lock file names as folders.
        environ: The caller's environment: PATH, HOME, the cache, mirrors and proxies.
        progress: Takes a line about each step that takes a while.

    Raises:
        BadLock: a lock file cannot be used.
        BadSetting: `out` is something else than an image, or this machine cannot run the base.
        DownloadFailed: an input cannot be had, or is not what is pinned.
        BuildFailed: a step failed.
    """
    if (here := f"{platform.system()} {platform.machine()}") != "Linux x86_64":
        raise BadSetting(f"the image is for Linux on amd64 and built by its own interpreter; this is {here}")
    _replaceable(out)
    cache = caches.root(environ)
    base = layer(debian.part(cache, environ, progress), cache, progress)
    python = Interpreter.of(base.blob.parent / "root")
    packages, tool = wheels.parts(project, own, python, cache=cache, environ=environ, progress=progress)
    parts = [engine.part(python, cache, environ, progress), packages, tool]
    inputs = [*base.inputs, *(each for part in parts for each in part.inputs)]
    version = next(each.version for each in tool.inputs if each.name == wheels.TOOL)
    says = {INPUTS: record.text({"inputs": _inputs(inputs), "version": version})}
    parts[-1] = replace(tool, texts=says)
    layers = [base, *(layer(replace(part, made_with=base.digest), cache, progress) for part in parts)]
    return write(layers, out, version)


def layer(part: Part, cache: Path, progress: Callable[[str], None]) -> Layer:
    """The layer of a part, from the cache where it was made before from the same inputs by the same code."""
    name = f"layer-{part.name}-{_key(part)}"

    def make(folder: Path) -> None:
        progress(f"layer {part.name}: making it from {len(part.inputs)} inputs")
        root = folder / "root"
        root.mkdir()
        python = part.fill(root)
        for path, text in part.texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        (folder / "diff_id").write_text(python.pack(root, folder / "layer.tar.gz"))
        if part.name != "base":  # whose interpreter makes the others
            shutil.rmtree(root)

    folder = caches.ensure(cache, name, make, progress)
    blob = folder / "layer.tar.gz"
    digest = hashlib.sha256(blob.read_bytes()).hexdigest()
    return Layer(
        part.name, blob, f"sha256:{digest}", blob.stat().st_size, (folder / "diff_id").read_text(), tuple(part.inputs)
    )


def write(layers: Sequence[Layer], out: Path, version: str) -> Image:
    """Write layers as a layout with its records."""
    _replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        draft = Path(temporary) / "image"
        draft.mkdir()
        digest = layout.write(layers, draft / "oci", version)
        (draft / "sbom.cdx.json").write_text(record.text(record.materials(layers, digest, version)))
        (draft / "provenance.intoto.json").write_text(record.text(record.provenance(layers, digest, version)))
        if out.exists():
            out.rename(Path(temporary) / "earlier")
        draft.rename(out)
    return Image(digest, _inputs([each for layer in layers for each in layer.inputs]), out, tuple(layers))


def _replaceable(out: Path) -> None:
    if out.exists() and not (out / "oci/oci-layout").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise BadSetting(f"{out} is there and is no image: name another folder, or remove it")


def _inputs(inputs: Sequence[Input]) -> str:
    """The digest of everything that goes in, and of what puts it together."""
    digest = hashlib.sha256(json.dumps([asdict(each) for each in inputs]).encode())
    for file in sorted(_CODE.glob("*.py")):
        digest.update(file.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _key(part: Part) -> str:
    """What the cache knows a layer by."""
    made_of = json.dumps([_inputs(part.inputs), dict(part.texts), part.made_with])
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]
