"""The image itself: the base in each run, all of it where all examples are asked for; built twice, and run."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

from parity_toolchain import cache as caches
from parity_toolchain.image import assemble, debian
from parity_toolchain.image.compare import differences
from parity_toolchain.image.places import INPUTS
from support import amounts, container
from support.paths import ROOT

_RELEASE = Path("/etc/os-release")
_OWN_APT = _RELEASE.is_file() and "VERSION_CODENAME=bookworm" in _RELEASE.read_text()

needs_packages = pytest.mark.skipif(
    not (_OWN_APT or os.environ.get(debian.MIRROR)),
    reason=f"this is not the base's Debian release, and {debian.MIRROR} names no mirror",
)
_REFUSED = container.refused()
needs_namespace = pytest.mark.skipif(_REFUSED is not None, reason=str(_REFUSED))
all_of_it = pytest.mark.skipif(not amounts.everything(), reason=f"minutes; {amounts.VARIABLE}=all")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The base's layer, as an image of its own."""
    folder = tmp_path_factory.mktemp("base")
    layer = assemble.layer(debian.part(folder / "cache", os.environ, print), folder / "cache", print)
    return assemble.write([layer], folder / "out", "base")


def build_as_another(fetched: Path, out: Path) -> None:
    os.umask(0o077)
    os.environ.update(TZ="Asia/Kolkata", LC_ALL="C", SOURCE_DATE_EPOCH="1234567890", HOME=str(out))
    time.tzset()
    cache = out / "cache"
    shutil.copytree(fetched, caches.entry(cache, fetched.name))
    if os.getuid() == 0:
        for path in (out, *out.rglob("*")):
            os.chown(path, 65534, 65534)
        os.setgid(65534)
        os.setuid(65534)
    layer = assemble.layer(debian.part(cache, os.environ, print), cache, print)
    assemble.write([layer], out / "image", "base")


@all_of_it
@needs_packages
def test_the_base_has_one_digest_in_another_folder_by_another_user(base):
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        fetched = next(base.folder.parent.glob("cache/engine/debian-*"))
        process = multiprocessing.get_context("fork").Process(target=build_as_another, args=(fetched, out))
        process.start()
        process.join(300)
        assert process.exitcode == 0
        assert [str(each) for each in differences(base.folder, out / "image")] == []


@pytest.fixture(scope="module")
def entered(base, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    config = container.unpack(base.folder / "oci", root)
    return lambda *command, **options: container.run(root, config, *command, **options)


_ABOUT = """
import bz2, ctypes, hashlib, locale, lzma, os, sqlite3, ssl, uuid, zlib, zoneinfo
capabilities = open("/proc/self/status").read().partition("CapEff:")[2].split()[0]
print(os.getuid(), os.getgid(), int(capabilities, 16), locale.setlocale(locale.LC_ALL, ""), os.path.expanduser("~"))
"""


@needs_packages
@needs_namespace
def test_the_base_runs_as_a_numeric_user_without_rights(entered):
    done = entered("python3", "-c", _ABOUT)
    assert (done.stdout, done.stderr) == ("1001 1001 0 C.UTF-8 /home/parity\n", "")


@needs_packages
@needs_namespace
def test_git_speaks_https_in_the_base(entered):
    done = entered("git", "ls-remote", "https://127.0.0.1:1/x")
    assert "Failed to connect to 127.0.0.1 port 1" in done.stderr


@needs_packages
@needs_namespace
def test_the_shell_is_small_and_nothing_more_is_there(entered, base):
    assert entered("sh", "-c", "dirname /a/b").stdout == "/a\n"
    with tarfile.open(base.layers[0].blob) as archive:
        programs = {Path(each.name).name for each in archive if each.name.startswith("usr/bin/")}
        unusual = [each.name for each in archive if each.mode & 0o6000 or (each.mode & 0o022 and not each.issym())]
    assert programs == {
        "cat", "dash", "dirname", "env", "git", "python", "python3", "python3.11", "sh", "tail",
    }  # fmt: skip
    assert unusual == ["tmp", "var/tmp"]


def needed(loader, libraries, program):
    """What the loader says of each library that a program asks for."""
    command = [loader, "--library-path", libraries, "--list", program]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


@needs_packages
def test_each_library_that_a_program_of_the_base_asks_for_is_there(base):
    root = base.layers[0].blob.parent / "root"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    loader = libraries / "ld-linux-x86-64.so.2"
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    programs = [path for path in files if path.read_bytes()[:4] == b"\x7fELF" and path != loader]
    assert len(programs) > 60
    # The loader falls back to this machine's own libraries, which the image has not.
    elsewhere = {
        path: line
        for path in programs
        for line in needed(loader, libraries, path)
        if "=>" in line and f"=> {root}/" not in line
    }
    assert elsewhere == {}


def checkout(folder: Path) -> Path:
    """A copy of the files of this checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def build(folder: Path, project: Path, **environ: str) -> Path:
    """The complete image of a project, with nothing from a cache of the project's own."""
    here = {**os.environ, **environ, "PARITY_CACHE": str(folder / "cache")}
    subprocess.run(["make", "dist"], cwd=project, env=here, check=True)
    command = [Path(sys.executable).with_name("parity"), "image", "build", "--out", folder / "image"]
    subprocess.run(command, cwd=project, env=here, check=True)
    return folder / "image"


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    folder = tmp_path_factory.mktemp("complete")
    return build(folder, checkout(folder / "checkout"))


@all_of_it
@needs_packages
@pytest.mark.timeout(3600)
def test_the_complete_image_has_one_digest(complete, tmp_path):
    before = os.umask(0o077)
    try:
        there = checkout(tmp_path / "a folder of another name")
        second = build(tmp_path, there, TZ="Asia/Kolkata", LC_ALL="C", SOURCE_DATE_EPOCH="1234567890")
    finally:
        os.umask(before)
    assert [str(each) for each in differences(complete, second)] == []


@all_of_it
@needs_packages
@needs_namespace
@pytest.mark.timeout(3600)
def test_parity_runs_in_the_complete_image(complete, tmp_path):
    config = container.unpack(complete / "oci", tmp_path / "root")
    work = checkout(tmp_path / "work")

    def run(*command):
        return container.run(tmp_path / "root", config, *command, mounts={str(work): "/work"}, folder="/work")

    version = (ROOT / "VERSION").read_text().strip()
    assert run("parity", "--version").stdout == f"parity {version}\n"
    checked = run("parity", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    engine = json.loads(run("parity", "engine", "resolve", "--json").stdout)
    assert engine["cli"]["path"] == "/usr/local/bin/pulumi"
    found = {plugin["name"]: plugin["path"] for plugin in engine["plugins"]}
    assert found["github"].startswith("/opt/pulumi/plugins/")
    facts = json.loads(run("parity", "doctor", "--json").stdout)["machine"]
    assert [name for name, value in facts.items() if value == "none"] == []
    assert facts["image"] == json.loads((tmp_path / "root" / INPUTS).read_text())["inputs"]
