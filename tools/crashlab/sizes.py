"""The crash tests' small program with more applications: the same for Parity, for Pulumi alone and for Terraform.

The first application is the small program's own, with its database. Each further one has a project, a variable, a
domain, a deployment and what is published of it for the workflows.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from crashlab import small_catalog, terraform
from crashlab.lab import opened
from crashlab.operations import EMPTY
from crashlab.stack_file import COMMITS, FIRST, STACK, UNKNOWN_DIGEST
from parity.config.digest import config_digest
from support.paths import ROOT

if TYPE_CHECKING:
    from crashlab.lab import Lab
    from parity.config.parameters import Catalog

MORE = ROOT / "benchmarks" / "terraform"
_FILES = ("more.tf", "more_override.tf")
_PROGRAM = """

def more(name: str) -> Application:
    return Application(
        name=name,
        framework="nextjs",
        root_directory=f"apps/{name}",
        node_version="22.x",
        function_region="fra1",
        health=Health(timeout_seconds=2, deadline_seconds=3, promote_deadline_seconds=6),
        variables=(PerStackVariable(name="SEARCH_RESULTS_LIMIT", type="integer"),),
    )


CATALOG = CATALOG.model_copy(update={"applications": (*CATALOG.applications, *map(more, %s))})
"""
_UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", STACK)


@dataclass(frozen=True)
class Size:
    """So many applications, and the snapshots of the world in which they are up."""

    applications: int

    @property
    def by_pulumi(self) -> str:
        return f"pulumi-{self.applications}"

    @property
    def by_terraform(self) -> str:
        return f"terraform-{self.applications}"


def names(count: int) -> list[str]:
    """The further applications of so many in all."""
    return [f"app{number:03}" for number in range(1, count)]


def program(size: Size) -> str:
    """The file infra/catalog.py."""
    text = Path(small_catalog.__file__).read_text()
    return text + (_PROGRAM % names(size.applications) if size.applications > 1 else "")


def _catalog(text: str) -> Catalog:
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # noqa: S102 - the text that this module writes as a file
    return namespace["CATALOG"]


def declare(found: Lab, size: Size) -> None:
    """Put the stack's file and the catalog of this size in place."""
    root = found.instance.project.root
    (root / "infra" / "catalog.py").write_text(program(size))
    document: Any = YAML(typ="safe").load(FIRST.text())  # pyright: ignore[reportUnknownMemberType] - it has no types
    config = document["config"]
    for name in names(size.applications):
        config["parity:applications"][name] = {
            "domains": [{"name": f"{name}.staging.storefront.example"}],
            "protection": "preview",
            "variables": {"SEARCH_RESULTS_LIMIT": 20},
        }
        config["parity:releases"][name] = _released(UNKNOWN_DIGEST)
    found.stack_file.write_text(json.dumps(document, indent=1))
    loaded = opened(found.instance, _catalog(program(size)))
    for application in loaded.catalog.applications:
        config["parity:releases"][application.name] = _released(config_digest(loaded, application.name, 1))
    found.stack_file.write_text(json.dumps(document, indent=1))


def _released(digest: str) -> dict[str, object]:
    return {"live": "r1", "kept": {"r1": {"commit": COMMITS[0], "config": digest, "credentials": 1}}}


def declare_to_terraform(found: Lab, size: Size) -> None:
    """Put Terraform's configuration of this size in place."""
    terraform.declare(found, terraform.ONE)
    folder = found.folder / "terraform"
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
        if size.applications > 1:
            shutil.copyfile(MORE / name, folder / name)
    found.instance.extra |= {"TF_VAR_more": json.dumps(names(size.applications)), "TF_VAR_commit": COMMITS[0]}


def make(found: Lab, size: Size) -> None:
    """The worlds in which all is as declared: one that Pulumi brought up, one that Terraform did."""
    control = found.instance.local.client()
    control.load_snapshot(EMPTY)
    declare(found, size)
    found.instance.run(*_UP, limit=None).ok()
    control.save_snapshot(size.by_pulumi)
    control.load_snapshot(EMPTY)
    declare_to_terraform(found, size)
    found.instance.run(*terraform.command(found, "apply"), limit=None).ok()
    control.save_snapshot(size.by_terraform)
