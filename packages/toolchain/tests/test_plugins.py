"""Plugins go into a PULUMI_HOME once, and again when their file changes."""

from __future__ import annotations

import pytest

from packages.toolchain.tests import fakes
from parity_toolchain import install_plugins
from parity_toolchain.errors import PluginNotInstalled
from parity_toolchain.model import Engine, Plugin, Program


@pytest.fixture
def engine(tmp_path):
    cli = fakes.cli(tmp_path / "bin", "3.259.0")
    github = fakes.program(tmp_path / "built", "pulumi-resource-github", "echo 6.15.0")
    plugins = (Plugin("github", "6.15.0", "build", github), Plugin("vercel", "5.21.1", "stand-in", None))
    return Engine(Program("3.259.0", "PATH", cli), plugins, ())


@pytest.fixture
def environ():
    return {"PATH": fakes.SHELL}


def test_each_plugin_is_installed_once(engine, environ, tmp_path):
    home = tmp_path / "home"
    stand_in = fakes.program(tmp_path / "sandbox", "stand-in", "echo me")
    assert install_plugins(engine, home, stand_ins={"vercel": stand_in}, environ=environ) == ("github", "vercel")
    assert (home / "plugins/resource-vercel-v5.21.1/pulumi-resource-vercel").read_text() == stand_in.read_text()
    calls = (tmp_path / "bin" / "calls").read_text()
    assert install_plugins(engine, home, stand_ins={"vercel": stand_in}, environ=environ) == ()
    assert (tmp_path / "bin" / "calls").read_text() == calls


def test_a_changed_or_lost_plugin_is_installed_again(engine, environ, tmp_path):
    home = tmp_path / "home"
    install_plugins(engine, home, environ=environ)
    engine.plugins[0].path.write_text("#!/bin/sh\necho another 6.15.0\n")
    assert install_plugins(engine, home, environ=environ) == ("github",)
    (home / "plugins/resource-github-v6.15.0/pulumi-resource-github").unlink()
    assert install_plugins(engine, home, environ=environ) == ("github",)


def test_a_plugin_without_a_stand_in_is_left_out(engine, environ, tmp_path):
    assert install_plugins(engine, tmp_path / "home", environ=environ) == ("github",)


def test_a_refused_plugin_is_an_error_that_names_it(engine, environ, tmp_path):
    fakes.program(tmp_path / "bin", "pulumi", "echo 'error: not a plugin' >&2; exit 255")
    with pytest.raises(PluginNotInstalled, match=r"github 6\.15\.0 in .*home: error: not a plugin"):
        install_plugins(engine, tmp_path / "home", environ=environ)
