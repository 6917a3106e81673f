"""The real engine and plugins, as this machine gives them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from parity_toolchain import build, cache, plugins, recipes, versions
from parity_toolchain.resolver import resolve

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3600)]


def test_the_resolved_engine_runs_and_takes_its_plugins(tmp_path):
    engine = resolve(progress=print)
    environ = {**os.environ, "PULUMI_HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    said = subprocess.run([str(engine.cli.path), "version"], env=environ, check=True, capture_output=True, text=True)
    version = versions.parse(said.stdout)
    assert version is not None
    assert versions.fits(version, versions.installed().engine)

    plugins.install(engine, tmp_path)
    installed = [each for each in engine.plugins if each.path]
    assert {"github", "postgresql"} <= {each.name for each in installed}
    listed = subprocess.run(
        [str(engine.cli.path), "plugin", "ls", "--json"], env=environ, check=True, capture_output=True, text=True
    )
    for plugin in installed:
        assert f'"version": "{plugin.version}"' in listed.stdout


@pytest.mark.parametrize("name", recipes.PROGRAMS)
def test_a_program_about_workflows_is_built(name):
    folder = build.build(recipes.program(name), cache.root(os.environ), os.environ, print)
    said = subprocess.run([str(folder / name), "--version"], check=True, capture_output=True, text=True).stdout
    assert folder.name.split("-")[1] in said


@pytest.mark.parametrize("name", ["github", "postgresql"])
def test_a_plugin_has_each_resource_of_its_sdk_under_a_token_of_its_own(name):
    (plugin,) = [each for each in resolve(progress=print).plugins if each.name == name]
    dump = subprocess.run([str(plugin.path), "-get-provider-info"], check=True, capture_output=True, text=True).stdout
    tokens = [resource["tok"] for resource in json.loads(dump)["resources"].values()]
    assert len(tokens) == len(set(tokens)), "two resources share a token"
    assert set(tokens) >= sdk_tokens(f"pulumi_{name}")


def sdk_tokens(package: str) -> set[str]:
    """The type tokens of all resources in a provider's Python SDK."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    sources = (path.read_text() for path in Path(spec.origin).parent.glob("*.py"))
    found = {token for source in sources for token in re.findall(r"__init__\(\s*'([^']+:[^']+)'", source)}
    assert len(found) > 10, "the SDK is not written as this test reads it"
    return found
