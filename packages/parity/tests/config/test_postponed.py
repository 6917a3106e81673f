"""Steps of hardening that a stack puts off: what is not declared then, and what the steps need of one another."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from infra import build
from infra.catalog import CATALOG
from parity.config import settings
from parity.config.parameters import Application, SensitiveVariable
from parity.config.stack_models import STEPS
from parity.errors import ConfigError
from parity.local import doctor
from parity.resources import kinds
from parity.testing import record
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from parity.config.parameters import Catalog
    from parity.evaluate.graph import Graph

SEALED = Application.model_validate(
    {**dict(CATALOG.applications[0]), "variables": (SensitiveVariable(name="DATABASE_URL", shown=True),)}
)
BARE = tuple(each.model_copy(update={"migrations": None}) for each in CATALOG.databases)
WITHOUT_URLS = CATALOG.model_copy(update={"applications": (SEALED,), "databases": BARE})
"""A catalog in which no application, and no migration, logs in to a database by a role of its own."""
PROD = (ROOT / "Pulumi.prod.yaml").read_text()


def declared(folder: Path, *steps: str, catalog: Catalog = CATALOG, exceptions: Any = (), text: str = PROD) -> Graph:
    """What prod declares with these steps put off."""
    for path in ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(path, folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "migrations", folder / "migrations", dirs_exist_ok=True)
    own = text.replace("  parity:exceptions: []", f"  parity:exceptions: {json.dumps(exceptions)}")
    (folder / "Pulumi.prod.yaml").write_text(f"{own}\n  parity:postponed: {json.dumps(steps)}\n")
    read = settings.load("prod", folder, None, catalog=catalog)
    return record(lambda: build.build(read), stack="prod").graph


def names(graph: Graph) -> set[str]:
    return {each.name for each in graph.resources.values() if each.custom}


def without_urls() -> str:
    """Prod's file for `WITHOUT_URLS`."""
    lines, skip = [], False
    for line in PROD.splitlines():
        if not line.startswith("     "):
            skip = line.strip() == "admin:"
        if not skip and "NEXT_PUBLIC_BASE_URL" not in line and "SEARCH_RESULTS_LIMIT" not in line:
            lines.append(line.replace("PAYMENT_SECRET_KEY", "DATABASE_URL"))
    return "\n".join(lines)


STEP = {
    "actions": {"delivery-actions"},
    "branches": {"delivery-branch-main"},
    "drain": {"logs-drain"},
    "public": {
        "storefront-grant-public-database",
        "storefront-grant-public-schema",
        "storefront-grant-public-default-routine",
    },
    "ruleset": {"delivery-ruleset"},
}


@pytest.mark.parametrize("step", STEP)
def test_a_step_that_is_put_off_declares_less_and_nothing_else(step: str, tmp_path: Path):
    everything = names(declared(tmp_path))
    assert everything - names(declared(tmp_path, step)) == STEP[step]


def test_every_step_is_tested():
    assert {*STEP, "roles"} == STEPS


def test_without_roles_a_database_is_itself_alone(tmp_path: Path):
    graph = declared(tmp_path, "roles", "public", catalog=WITHOUT_URLS, text=without_urls())
    inside = {each.type for each in graph.resources.values() if each.type.startswith("postgresql:")}
    assert inside == {kinds.DATABASE}
    assert not [each for each in graph.resources.values() if each.type == kinds.SECRET], "there is no migrator"


def test_a_secret_that_vercel_shows_stays_shown_and_is_a_secret_all_the_same(tmp_path: Path):
    graph = declared(tmp_path, "roles", "public", catalog=WITHOUT_URLS, text=without_urls())
    [variable] = [each for each in graph.resources.values() if each.type == kinds.VARIABLE]
    assert variable.inputs["sensitive"] is False
    assert type(variable.inputs["value"]).__name__ == "SecretInput"


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        (("roles",), "puts off `roles` and not `public`"),
        (("roles", "public"), "puts off `roles`, and shop has DATABASE_URL"),
        (("rules",), "is not one of"),
    ],
)
def test_steps_that_cannot_be_are_refused_with_their_line(steps: tuple[str, ...], what: str, tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        declared(tmp_path, *steps)
    [fault] = [each for each in caught.value.faults if what in each.what]
    assert (fault.file, fault.key.startswith("parity:postponed")) == ("Pulumi.prod.yaml", True)
    assert fault.line is not None


def test_without_a_drain_the_logs_need_no_place_and_with_it_they_do(tmp_path: Path):
    start = PROD.index("  parity:logs:")
    cut = PROD[:start] + PROD[PROD.index("  # Keyed fingerprints", start) :]
    assert "logs-drain" not in names(declared(tmp_path, "drain", text=cut))
    with pytest.raises(ConfigError, match=r"parity:logs\n    is missing"):
        declared(tmp_path, text=cut)


def test_a_property_whose_drift_is_accepted_is_left_as_it_is(tmp_path: Path):
    accepted = {
        "resource": "Project shop-project",
        "property": "autoAssignCustomDomains",
        "reason": "a step not taken yet",
        "accepts": "drift",
    }
    graph = declared(tmp_path, exceptions=[accepted])
    ignored = {each.name: each.options.get("ignoreChanges") for each in graph.resources.values()}
    assert ignored["shop-project"] == ["autoAssignCustomDomains"]
    assert not [each for name, each in ignored.items() if each and name != "shop-project"]


def test_a_release_that_was_there_before_is_never_built_again(tmp_path: Path):
    first = next(line for line in PROD.splitlines() if line.strip().startswith("r1: {commit: "))
    graph = declared(tmp_path, text=PROD.replace(first, f"{first[:-1]}, deployment: dpl_Live}}"))
    deployments = [each for each in graph.resources.values() if each.type == kinds.DEPLOYMENT]
    [deployment] = [each for each in deployments if each.options.get("ignoreChanges")]
    assert deployment.options["ignoreChanges"] == ["environment", "meta", "production", "ref"]
    assert deployment.inputs["meta"]["deployment"] == "dpl_Live"
    assert "environment" not in deployment.inputs
    [live] = [each for each in graph.resources.values() if each.inputs.get("imported")]
    assert live.type == kinds.LIVE


def test_the_doctor_lists_what_is_not_taken_with_what_it_would_break(tmp_path: Path):
    accepted = {
        "resource": "Project shop-project",
        "property": "autoAssignCustomDomains*",
        "reason": "a push goes live by itself",
        "accepts": "drift",
    }
    declared(tmp_path, "public", exceptions=[accepted])
    step, left = doctor.not_taken(settings.load("prod", tmp_path, None, catalog=CATALOG))
    assert step.state == left.state == "note"
    assert "takes CONNECT on the database" in step.detail
    assert "cut off at its next connection" in step.detail
    assert left.detail == "leaves Project shop-project autoAssignCustomDomains as it is: a push goes live by itself"
