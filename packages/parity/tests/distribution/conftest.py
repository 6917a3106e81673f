"""What the tests of the published packages share: the built wheels, and a project made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import wheels as building

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this run that all its processes share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def wheels(shared: Path) -> Path:
    """All four packages, sdists and wheels, as the release builds them."""

    def make(folder: Path) -> None:
        for package in building.PACKAGES:
            building.build(package, folder)

    return building.once(shared / "wheels", make)


@pytest.fixture(scope="session")
def template(shared: Path, wheels: Path) -> Path:
    """The programs of an environment that has `pulumi-parity[template]` alone."""
    requirement = f"pulumi-parity[template]=={building.VERSION}"
    made = building.once(shared / "template", lambda folder: building.install(folder, wheels, requirement) and None)
    return made / "bin"


@pytest.fixture(scope="session")
def project(shared: Path, wheels: Path, template: Path) -> Path:
    """A new project of another team, with its environment set up; tests only read it or run it."""

    def make(folder: Path) -> None:
        env = building.environment(wheels)
        names = ("--application", "portal", "--application", "back-office", "--database", "ledger")
        team = ("--name", "acme", "--team", "acme-web", "--owner", "acme-inc", "--repository", "platform")
        command = (template / "parity", "init", folder, *team, *names, "--domain", "acme.test", "--defaults")
        building.run(*command, cwd=shared, env=env).ok()
        building.set_up(folder, env)

    return building.once(shared / "acme", make)
