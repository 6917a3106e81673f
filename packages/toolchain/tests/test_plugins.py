"""Plugins go into a PULUMI_HOME once, and again when their file changes."""

from __future__ import annotations

import pytest

from packages.toolchain.tests import fakes
from parity_toolchain import plugins
from parity_toolchain.errors import PluginNotInstalled
from parity_toolchain.model import Engine, Plugin, Program


@pytest.fixture
def engine(tmp_path):
    cli = fakes.cli(tmp_path / "bin", "3.259.0")
    github = fakes.program(tmp_path / "built", "pulumi-resource-github", "echo 6.15.0")
    plugins = (Plugin("github", "6.15.0", "build", github), Plugin("vercel", "5.21.1", "stand-in", None))
    return Engine(Program("3.259.0", "PATH", cli), plugins, ())


@pytest.fixture
def calls(tmp_path):
    def calls():
        return (tmp_path / "bin" / "calls").read_text().splitlines()

    return calls


def test_each_plugin_is_installed_once_and_one_that_has_no_file_is_left_out(engine, calls, tmp_path):
    home = tmp_path / "home"
    for _ in range(2):
        plugins.install(engine, home)
        assert [each.split()[3:5] for each in calls()] == [["github", "6.15.0"]]
    installed = home / "plugins/resource-github-v6.15.0/pulumi-resource-github"
    assert installed.read_text() == engine.plugins[0].path.read_text()


def test_a_changed_or_lost_plugin_is_installed_again(engine, calls, tmp_path):
    home = tmp_path / "home"
    plugins.install(engine, home)
    engine.plugins[0].path.write_text("#!/bin/sh\necho another 6.15.0\n")
    plugins.install(engine, home)
    assert len(calls()) == 2
    (home / "plugins/resource-github-v6.15.0/pulumi-resource-github").unlink()
    plugins.install(engine, home)
    assert len(calls()) == 3


def test_a_refused_plugin_is_an_error_that_names_it(engine, tmp_path):
    fakes.program(tmp_path / "bin", "pulumi", "echo 'error: not a plugin' >&2; exit 255")
    with pytest.raises(PluginNotInstalled, match=r"github 6\.15\.0 in .*home: error: not a plugin"):
        plugins.install(engine, tmp_path / "home")
