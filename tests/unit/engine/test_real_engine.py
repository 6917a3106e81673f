"""The real engine, as this machine gives it."""

from __future__ import annotations

import os
import subprocess

import pytest

from engine import install_plugins, resolve, versions


@pytest.mark.engine
@pytest.mark.timeout(3600)
def test_the_resolved_engine_runs_and_takes_its_plugins(tmp_path):
    engine = resolve(progress=print)
    environ = {**os.environ, "PULUMI_HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    said = subprocess.run([str(engine.cli.path), "version"], env=environ, check=True, capture_output=True, text=True)
    version = versions.parse(said.stdout)
    assert version is not None
    assert versions.fits(version, versions.installed().engine)

    installed = install_plugins(engine, tmp_path)
    assert {"github", "postgresql"} <= set(installed)
    listed = subprocess.run(
        [str(engine.cli.path), "plugin", "ls", "--json"], env=environ, check=True, capture_output=True, text=True
    )
    for plugin in engine.plugins:
        if plugin.name in installed:
            assert f'"version": "{plugin.version}"' in listed.stdout
