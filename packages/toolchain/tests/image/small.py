"""A small image made by the same code: two layers of a few files, packed by the Python that runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from parity_toolchain.image import assemble
from parity_toolchain.image.interpreter import Interpreter
from parity_toolchain.image.model import Input, Part

HERE = Interpreter((sys.executable,), {"PYTHONHASHSEED": "0"})

BASE = {
    "usr/bin/program": "#!/bin/sh\n",
    "usr/lib/" + "deep/" * 30 + "end": "a path that is longer than an archive's first field",
    "usr/lib/naïve": "a name that is not ASCII",
    "opt/pulumi/plugins/one/file": "x",
    "tmp/.keep": "",
}
TOOL = {"usr/local/lib/module.py": "NAMES = {'a', 'b', 'c'}\n", "usr/local/lib/template.py": "{{ name }}: = 1\n"}


def part(name, files, digest="sha256:" + "1" * 64):
    def fill(root: Path) -> Interpreter:
        for path, text in reversed(files.items()):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            os.utime(root / path)
        for program in root.glob("usr/bin/*"):
            program.chmod(0o700)
        (root / "link").symlink_to("usr/bin/program")
        HERE.compile(root)
        return HERE

    return Part(name, [Input("pypi", f"pulumi-{name}", "1.0", digest)], fill)


def image(out: Path, cache: Path, base=BASE, tool=TOOL):
    layers = [assemble.layer(part(name, files), cache, print) for name, files in (("base", base), ("tool", tool))]
    return assemble.write(layers, out, "1.0")


if __name__ == "__main__":
    sys.stdout.write(image(Path(sys.argv[1]), Path(sys.argv[2])).digest)
