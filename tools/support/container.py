"""Runs a program in an image without a daemon: in a user namespace of its own, as the image's numeric user."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTER = """
import ctypes, json, os, sys
root, user, group, mounts, folder, environ, *command = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")

def say(path, text):
    with open(path, "w") as file:
        file.write(text)

uid, gid = os.getuid(), os.getgid()
call("unshare", 0x10000000 | 0x00020000)  # a user and a mount namespace
say("/proc/self/setgroups", "deny")
say("/proc/self/uid_map", f"{user} {uid} 1")
say("/proc/self/gid_map", f"{group} {gid} 1")
for source, target in mounts.items():
    call("mount", source.encode(), (root + target).encode(), None, 0x1000 | 0x4000, None)  # with what is below it
os.chroot(root)
os.chdir(folder)
places = [f"{place}/{command[0]}" for place in environ["PATH"].split(":")]
program = next((place for place in places if os.access(place, os.X_OK)), command[0])
os.execve(program, command, environ)  # no right of root is left to who is not root
"""


def unpack(layout: Path, root: Path) -> dict[str, Any]:
    """Put the layers of an OCI layout one over the other, and give the image's configuration."""

    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/")

    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    for layer in manifest["layers"]:
        with tarfile.open(blob(layer["digest"])) as archive:
            # Links of an image lead from its own root, which the safer filters refuse.
            archive.extractall(root, filter=_as_user)  # noqa: S202 - an archive that this repository made
    return json.loads(blob(manifest["config"]["digest"]).read_text())["config"]


def _as_user(entry: tarfile.TarInfo, _: str) -> tarfile.TarInfo:
    entry.uid = entry.gid = -1
    return entry


def run(
    root: Path,
    config: Mapping[str, Any],
    *command: str,
    mounts: Mapping[str, str] | None = None,
    folder: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in an unpacked image.

    Args:
        root: Where it is unpacked.
        config: Its configuration.
        command: The program and its arguments.
        mounts: Folders of this machine, each with its place in the image.
        folder: Where it runs; the image's own folder where it is not given.
        environ: What comes on top of the image's environment.
    """
    user, _, group = config["User"].partition(":")
    given = {"/dev": "/dev", "/proc": "/proc", **(mounts or {})}
    for target in given.values():
        Path(f"{root}{target}").mkdir(parents=True, exist_ok=True)
    variables = dict(each.split("=", 1) for each in config["Env"]) | dict(environ or {})
    order = [str(root), user, group, given, folder or config["WorkingDir"], variables, *command]
    return subprocess.run(
        [sys.executable, "-c", _ENTER, json.dumps(order)], capture_output=True, text=True, timeout=300, check=False
    )


def refused() -> str | None:
    """Why no program can be run so here; None where one can."""
    config = {"User": "1001:1001", "Env": ["PATH=/usr/bin:/bin"], "WorkingDir": "/"}
    done = run(Path("/"), config, "true")
    return None if done.returncode == 0 else f"no user namespace here: {done.stderr.strip().splitlines()[-1]}"
