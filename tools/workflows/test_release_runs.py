"""`release.yml` and `packages.yml`, run in a runner: what each path publishes, and what it does not.

uv, skopeo and gh are the machine's own; the hosts that they ask are `support.publishers`. A sample of the paths is run
each time, every one with PARITY_EXAMPLES=all (docs/workflow-runs.md).
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.amounts import everything
from support.paths import ROOT
from support.release import BUILD, SMALL, Releases
from support.wheels import PACKAGES, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.act import Ended

MISSING = [name for name in ("gh", "jq", "skopeo") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"a runner of GitHub's has {MISSING}, and this machine has not"),
    pytest.mark.timeout(1800),
]
all_of_it = pytest.mark.skipif(not everything(), reason="each builds the packages again; PARITY_EXAMPLES=all")

IMAGE = "ghcr.io/storefront-example/storefront/job"
FILES = {f"{name.replace('-', '_')}-{VERSION}{end}" for name in PACKAGES for end in (".tar.gz", "-py3-none-any.whl")}
PUBLISH = "publish (pypi)"
BUILT = {"build": "success", "layout": "success"}
DONE = {**BUILT, PUBLISH: "success", "image": "success", "tag": "success"}


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[Releases]:
    with closing(Releases(tmp_path)) as found:
        yield found


def released(releases: Releases, *, approve: bool = True) -> Ended:
    """A run of `release.yml`, whose environment `pypi` is answered once it asks."""
    run = releases.start("release.yml")
    asks = releases.hub.find(run, lambda job: job.status in {"waiting", "failure"})
    if asks.status == "waiting":
        releases.hub.review(run, "pypi", approve=approve)
    return run.end()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def nothing_is_published(releases: Releases) -> bool:
    found = releases.published
    return not (found.files or found.manifests or found.releases or found.attested)


def test_a_release_publishes_what_it_built_with_its_provenance_and_is_tagged(releases: Releases):
    if everything():
        releases.change(".github/workflows/release.yml", SMALL, BUILD)
    ended = released(releases)
    assert ended.jobs == DONE, ended.text
    there = releases.published
    assert not there.uploaders, "PyPI's token ends with the upload"
    assert not [each for each in releases.runs[-1].tokens.github.values() if each in ended.shown]
    assert there.files.keys() == FILES
    for package, module in PACKAGES.items():
        stem = f"{package.replace('-', '_')}-{VERSION}"
        wheel = zipfile.ZipFile(io.BytesIO(there.files[f"{stem}-py3-none-any.whl"]))
        assert f"{module}/py.typed" in wheel.namelist()
        assert f"Name: {package}\nVersion: {VERSION}\n" in wheel.read(f"{stem}.dist-info/METADATA").decode()
        with tarfile.open(fileobj=io.BytesIO(there.files[f"{stem}.tar.gz"])) as sdist:
            assert f"{stem}/src/{module}/py.typed" in sdist.getnames()
    (manifest,) = {sha256(text) for _, text in there.manifests.values()}
    assert there.manifests.keys() == {f"storefront-example/storefront/job:{VERSION}"}
    assert [(each["job"], each["subject"]) for each in there.attested] == [
        ("publish", [{"name": name, "digest": {"sha256": sha256(there.files[name])}} for name in sorted(FILES)]),
        ("image", [{"name": IMAGE, "digest": {"sha256": manifest}}]),
    ]
    (release,) = there.releases
    named = (release["tag_name"], release["target_commitish"], release["draft"])
    assert named == (f"v{VERSION}", releases.git("rev-parse", "HEAD"), False)
    assert release["body"].startswith(f"## [{VERSION}] - ")
    assert release["body"].count("\n## [") == 0, "the notes of other versions"
    assert release["body"].endswith(f"The image of a job: `{IMAGE}@sha256:{manifest}`\n")
    more = {"sbom.cdx.json", "provenance.intoto.json"}
    assert release["assets"].keys() == FILES | more
    assert {name: release["assets"][name] for name in FILES} == there.files


def test_what_is_released_already_and_what_has_no_notes_is_not_built(releases: Releases):
    assert releases.start("release.yml", branch="another").end().jobs == {}
    releases.git("tag", f"v{VERSION}")
    again = releases.start("release.yml").end()
    assert again.jobs == {"build": "failure"}
    assert f"v{VERSION} is released already: raise VERSION" in again.text
    releases.change("VERSION", VERSION, "9.9.9")
    without = releases.start("release.yml").end()
    assert without.jobs == {"build": "failure"}
    assert "CHANGELOG.md has no section for 9.9.9 with its date" in without.text
    assert nothing_is_published(releases)


@all_of_it
def test_what_is_refused_is_not_published(releases: Releases):
    assert released(releases, approve=False).jobs == {**BUILT, PUBLISH: "failure"}
    assert nothing_is_published(releases)


@all_of_it
def test_nothing_is_published_with_a_lock_file_that_does_not_fit(releases: Releases):
    releases.change("packages/parity/pyproject.toml", '"psutil>=7"', '"psutil>=7.0.1"')
    ended = releases.start("release.yml").end()
    assert ended.jobs == {"build": "success", "layout": "failure"}
    assert "The lockfile at `uv.lock` needs to be updated" in ended.text
    assert nothing_is_published(releases)


@all_of_it
def test_a_package_that_does_not_build_is_not_published(releases: Releases):
    releases.change("packages/policy/pyproject.toml", "hatchling==1.33.0", "hatchling==1.32.0")
    assert releases.start("release.yml").end().jobs == {"build": "failure"}
    assert nothing_is_published(releases)


@all_of_it
def test_a_release_that_stopped_in_the_middle_publishes_the_rest_when_it_is_run_again(releases: Releases):
    releases.published.refuse = "toolchain"
    assert released(releases).jobs == {**BUILT, PUBLISH: "failure"}
    before = dict(releases.published.files)
    assert before.keys() < FILES
    assert before
    assert releases.published.releases == []
    releases.published.refuse = ""
    assert released(releases).jobs == DONE
    assert releases.published.files.keys() == FILES
    assert {name: releases.published.files[name] for name in before} == before


@all_of_it
def test_a_file_of_the_version_that_has_other_content_stops_the_release(releases: Releases):
    name = next(iter(sorted(FILES)))
    releases.published.files[name] = b"another build"
    assert released(releases).jobs == {**BUILT, PUBLISH: "failure"}
    assert releases.published.files[name] == b"another build"
    assert releases.published.manifests == {}


@all_of_it
def test_an_image_that_is_not_the_one_that_was_built_is_not_attested_nor_tagged(releases: Releases):
    releases.published.spoil = True
    assert released(releases).jobs == {**BUILT, PUBLISH: "success", "image": "failure"}
    assert [each["job"] for each in releases.published.attested] == ["publish"]
    assert releases.published.releases == []


def test_the_checks_of_the_packages_try_all_examples_at_night_alone():
    text = (ROOT / ".github" / "workflows" / "packages.yml").read_text()
    assert "PARITY_EXAMPLES: ${{ github.event_name == 'schedule' && 'all' || '' }}\n" in text


@all_of_it
@pytest.mark.engine
def test_the_checks_of_the_packages_run(releases: Releases):
    for event, examples in (("schedule", "all."), ("pull_request", ".")):
        ended = releases.start("packages.yml", event).end()
        assert ended.jobs == {"test-all": "success", "dist": "success"}, ended.text
        assert f"test-all: the tests with examples: {examples}" in ended.text
