"""An application in a container on the real engine: its registry, each release's image, and a tag that was moved."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from parity.resources import kinds
from support import shell
from support.amounts import everything
from support.mutations import World, besides
from support.mutations.besides import COMMIT, OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

FULL = pytest.mark.skipif(not everything(), reason="with PARITY_EXAMPLES=all; its parts are tried by themselves")
OWNER = "storefront-example"
STACK, PROJECT = "staging", "shop-staging"
MOVED = (kinds.IMAGE, "digest")


@pytest.fixture
def contained(small_instance: Instance) -> Instance:
    """Staging, whose shop is in a container from its second release on."""
    besides.contain(small_instance, STACK, "shop")
    return small_instance


def build(instance: Instance, *options: str) -> None:
    """Record the next release of the commit and build it."""
    instance.run("parity", "release", STACK, "shop", "--commit", COMMIT, *options, "--up", "--yes").ok()


def releases(instance: Instance) -> dict[str, dict[str, Any]]:
    """What `parity releases --json` says of each."""
    said = json.loads(instance.run("parity", "releases", STACK, "shop", "--json").ok().stdout)
    [application] = said
    return {each["id"]: each for each in application["releases"]}


class Registry:
    """The project's registry, as a person reaches it."""

    def __init__(self, instance: Instance) -> None:
        self.world = World(instance)
        self.project = self.world.vercel("GET", f"/v9/projects/{PROJECT}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.world.vercel(method, f"/v1/vcr/repository{path}", body, projectId=self.project["id"])

    def tag(self) -> str:
        return self.ask("GET", f"/dockerfile/tags/{COMMIT[:12]}")["tag"]["manifestDigest"]

    def build_again(self) -> None:
        """Build the commit as a preview, as a push to a branch does, and wait for it."""
        source = {"type": "github", "org": OWNER, "repo": "storefront", "sha": COMMIT, "ref": "main"}
        body = {"name": PROJECT, "project": self.project["id"], "gitSource": source}
        made = self.world.vercel("POST", "/v13/deployments", body)
        while made["readyState"] != "READY":
            made = self.world.vercel("GET", f"/v13/deployments/{made['id']}")


@dataclass(frozen=True)
class Audit:
    """What `parity drift --plan --json` says; the program is the instance's, in a process of its own."""

    findings: list[dict[str, Any]]
    commands: list[str]

    @property
    def reported(self) -> set[tuple[str, str, str]]:
        return {(each["kind"], each["type"], each["property"]) for each in self.findings}


def audit(instance: Instance) -> Audit:
    said = json.loads(instance.run("parity", "drift", STACK, "--plan", "--json").stdout)
    assert said["read_failures"] == []
    known = [each for each in said["findings"] if each["kind"] != "unknowable"]
    return Audit(known, [each["command"] for each in said["plan"]])


def run(commands: Iterable[str], instance: Instance, folder: Path) -> None:
    """What a person runs, each as it was printed."""
    for each in commands:
        command, environment = each, shell.environment(instance, folder)
        if each.startswith(("pulumi ", "parity ")):
            environment = instance.environment()
            command = f"{each} --yes" + (" --skip-preview --non-interactive" if each.startswith("pulumi ") else "")
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], env=environment, cwd=instance.project.root, capture_output=True,
            text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_a_releases_image_is_recorded_and_a_moved_tag_is_found_and_put_back(contained: Instance, tmp_path: Path):
    registry = Registry(contained)
    shown, digest = releases(contained), registry.tag()
    assert {name: each["image"] for name, each in shown.items()} == {"r1": None, "r2": digest}
    assert shown["r2"]["image_stored"] is True
    said = contained.run("parity", "show", f"{STACK}:@").ok().stdout
    assert f"image of shop r2: {digest}" in " ".join(said.split())
    assert audit(contained).reported == set()

    registry.build_again()
    registry.ask("POST", "/dockerfile/permissions", {"teamSlug": OTHERS})
    registry.ask("POST", "", {"projectId": registry.project["id"], "name": "by-hand"})
    moved = registry.tag()
    assert moved != digest
    found = audit(contained)
    assert found.reported == {
        ("changed", *MOVED), ("unmanaged", kinds.REGISTRY_SHARE, ""), ("unmanaged", kinds.REGISTRY, ""),
    }  # fmt: skip
    [finding] = [each for each in found.findings if (each["type"], each["property"]) == MOVED]
    assert (finding["declared"], finding["live"]) == (digest, moved)
    run(found.commands, contained, tmp_path)
    assert registry.tag() == digest
    assert audit(contained).reported == set()


@FULL
def test_a_second_build_has_the_tag_and_going_back_says_both_images_and_what_is_gone(
    contained: Instance, tmp_path: Path
):
    registry = Registry(contained)
    first = registry.tag()
    build(contained, "--again", "--live")
    second = registry.tag()
    assert {name: each["image"] for name, each in releases(contained).items()} == {
        "r1": None, "r2": first, "r3": second,
    }  # fmt: skip
    assert audit(contained).reported == set(), "the tag is the newer release's"

    image = registry.ask("GET", f"/dockerfile/images/{first}")["image"]["id"]
    registry.ask("DELETE", f"/dockerfile/images/{image}")
    registry.ask("PATCH", "/dockerfile", {"public": True})
    said = contained.run("parity", "rollback", STACK, "shop", "--to", "r2", "--up").ok().said
    assert f"image: {first} instead of {second}; the registry has it no more" in " ".join(said.split())
    found = audit(contained)
    assert found.reported == {("missing", kinds.IMAGE, ""), ("changed", kinds.REGISTRY, "public")}
    run(found.commands, contained, tmp_path)
    shown = releases(contained)
    assert shown["r4"]["image_stored"] is True
    assert shown["r2"]["image_stored"] is False
    contained.run("parity", "live", STACK, "shop", "r4", "--up", "--yes").ok()
    contained.run("parity", "prune", STACK, "shop", "--keep", "2", "--up", "--yes").ok()
    assert audit(contained).reported == set()
