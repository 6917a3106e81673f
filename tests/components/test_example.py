"""The example's graph, for both stacks, against a snapshot that reviewers read."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infra import build
from parity.config import settings
from parity.config.parameters import Container
from parity.evaluate.resource import SecretInput
from parity.testing import Recorded, record
from support import mutants
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion


def example(stack: str, root: Path = ROOT) -> Recorded:
    read = settings.load(stack, root, None)
    return record(lambda: build.build(read), stack=stack)


@pytest.fixture(scope="module")
def stacks() -> dict[str, Recorded]:
    return {stack: example(stack) for stack in ("staging", "prod")}


@pytest.fixture
def rotated(tmp_path: Path) -> Recorded:
    """Prod after a second release of the shop with the next generation of credentials, while the first is live."""
    for path in ROOT.glob("Pulumi.*.yaml"):
        text = path.read_text()
        end = text.index("    admin:", text.index("  parity:releases:"))
        second = f"        r2: {{commit: {'e' * 40}, config: {'ab' * 16}, credentials: 2}}\n"
        (tmp_path / path.name).write_text(text[:end] + second + text[end:])
    _copy_rest(tmp_path)
    return example("prod", tmp_path)


def _copy_rest(folder: Path) -> None:
    """What a project needs besides its program and the stacks' files."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "migrations", folder / "migrations")


def shown(recorded: Recorded) -> list[dict[str, Any]]:
    """Resources in the order of their URNs; secrets and the SDKs' versions left out."""
    urns = recorded.graph.resources
    return [
        {
            "urn": urn.split("::", 2)[2],
            "inputs": plain(each.inputs),
            "after": sorted(urns[one].name for one in each.dependencies),
            "options": {
                name: plain(value)
                for name, value in each.options.items()
                if name not in {"version", "pluginDownloadURL", "aliases", "deleteBeforeReplaceDefined"}
            },
        }
        for urn, each in sorted(urns.items())
    ]


def plain(value: Any) -> Any:
    if isinstance(value, SecretInput):
        return "[secret]"
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_graph_is_the_reviewed_one(stacks: dict[str, Recorded], stack: str, snapshot: SnapshotAssertion):
    assert shown(stacks[stack]) == snapshot


def test_what_a_catalog_may_declare_besides_is_the_reviewed_one(
    stacks: dict[str, Recorded], snapshot: SnapshotAssertion
):
    """Traces, alerts, and an application in a container: the resources that are not as the example's."""
    everything = mutants.example("prod")
    shop, admin = everything.catalog.applications
    contained = admin.model_copy(update={"framework": "container", "container": Container(shared_with=("friends",))})
    catalog = everything.catalog.model_copy(update={"applications": (shop, contained)})
    settings = replace(everything, catalog=catalog)
    plain = shown(stacks["prod"])
    assert [
        each for each in shown(record(lambda: build.build(settings), stack="prod")) if each not in plain
    ] == snapshot


def test_given_names_change_names_alone_and_no_urn(stacks: dict[str, Recorded], tmp_path: Path):
    roles: dict[str, Any] = {"database": "acme", "owner": "acme", "migrator": "m", "readonly": "r"}
    roles["applications"] = {"shop": {"access": "web", "login": "web_{generation}"}}
    given = [
        ("    shop:\n      domains", "    shop:\n      project: acme-web\n      domains"),
        ("    waitMinutes", "    environment: Production\n    waitMinutes"),
        ("      port: 5432", f"      names: {json.dumps(roles)}\n      port: 5432"),
    ]
    for path in ROOT.glob("Pulumi.*.yaml"):
        text = path.read_text()
        for old, new in given if path.name == "Pulumi.prod.yaml" else ():
            assert text.count(old) == 1
            text = text.replace(old, new)
        (tmp_path / path.name).write_text(text)
    _copy_rest(tmp_path)
    before, after = (each.graph.resources for each in (stacks["prod"], example("prod", tmp_path)))
    assert after.keys() == before.keys()
    named = {str(each.inputs.get(key)) for each in after.values() for key in ("name", "environment")}
    assert {"acme-web", "acme", "m", "r", "web", "web_1", "Production"} <= named
    assert not named & {"shop-prod", "storefront_prod", "storefront_prod_owner", "storefront_prod_shop_g1", "prod"}


def test_staging_and_prod_declare_the_same_but_for_what_one_stack_owns(stacks: dict[str, Recorded]):
    def names(stack: str) -> set[tuple[str, str]]:
        return {(each.type, each.name.replace(".staging.", ".")) for each in stacks[stack].resources}

    assert names("prod") - names("staging") == {
        ("github:index/repositoryRuleset:RepositoryRuleset", "delivery-ruleset"),
        ("github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions", "delivery-actions"),
    }
    assert names("staging") - names("prod") == set()


def test_every_resource_has_an_explicit_provider_and_name(stacks: dict[str, Recorded]):
    vendors = {"vercel", "github", "postgresql", "parity"}
    for each in stacks["prod"].resources:
        package = each.type.partition(":")[0]
        if package in vendors and each.custom and not each.type.startswith("parity:components:"):
            assert f"pulumi:providers:{package}::{package}" in each.provider, f"{each.name} has no explicit provider"


def test_the_outputs_say_what_people_and_workflows_need(stacks: dict[str, Recorded]):
    outputs = stacks["prod"].graph.outputs
    shop = outputs["applications"]["shop"]
    assert shop["url"] == "https://shop.storefront.example"
    assert shop["live"] == "r1"
    assert shop["commit"] == "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
    assert shop["kept"] == ["r1"]
    assert shop["deployment"].endswith("shop-deployment-r1#id")
    storefront = outputs["databases"]["storefront"]
    assert storefront["roles"]["shop"] == {"1": "storefront_prod_shop_g1"}
    assert isinstance(storefront["migrator_url"], SecretInput)
    assert isinstance(storefront["readonly_url"], SecretInput)
    assert outputs["delivery"] == {
        "environment": "prod",
        "repository": "storefront-example/storefront",
        "manages_repository": True,
    }


def test_each_kept_release_has_its_own_login(rotated: Recorded):
    roles = rotated.graph.outputs["databases"]["storefront"]["roles"]["shop"]
    assert roles == {"1": "storefront_prod_shop_g1", "2": "storefront_prod_shop_g2"}
    assert rotated.graph.outputs["applications"]["shop"]["live"] == "r1"


def test_the_variables_describe_the_newest_release_whatever_is_live(rotated: Recorded):
    after = rotated.after("shop-variable-DATABASE_URL")
    assert "storefront-shop-g2" in after
    assert "storefront-shop-g1" not in after


def test_every_old_deployment_is_gone_before_any_role_it_uses(rotated: Recorded):
    assert "storefront-shop-g1" in rotated.after("shop-deployment-r1")
    assert {"storefront-shop-g2", "storefront-grant-shop-shop-table"} <= rotated.after("shop-deployment-r2")
