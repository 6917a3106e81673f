"""Builds with a fake Go: into the cache, once, completely or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from packages.toolchain.tests import fakes
from packages.toolchain.tests.fakes import GITHUB, POSTGRESQL
from parity_toolchain import build, golang, process, recipes
from parity_toolchain.errors import BuildFailed, NoGo

HOST = recipes.POLICY_PACKS.edits[0][0]


def quiet(_: str) -> None:
    pass


@pytest.fixture
def tools(tmp_path):
    fakes.go(tmp_path / "go", "1.26.8")
    fakes.host_module(tmp_path / "go")
    return tmp_path / "go"


@pytest.fixture
def environ(tools):
    return {"PATH": f"{tools}:{fakes.SHELL}", "HOME": str(tools)}


def test_the_command_line_comes_with_its_host_and_the_hosts_scripts(tmp_path, environ):
    folder = build.build(recipes.command_line(), tmp_path, environ, quiet)
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi",
        "pulumi-analyzer-policy-python",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    assert all(os.access(path, os.X_OK) for path in folder.iterdir())


def test_the_host_is_built_from_a_copy_with_its_patch(tmp_path, environ, tools):
    fakes.go(tools, "1.26.8", body=f"[ ! -d module ] || cp go.mod {tools}/used.mod")
    build.build(recipes.command_line(), tmp_path, environ, quiet)
    used = (tools / "used.mod").read_text()
    # A program holds the path: a temporary folder's would make each build another program.
    assert used.endswith(f"replace {recipes.SDK_MODULE} => ./module\n")
    assert (tools / "module" / HOST).read_text().count("pluginCommand") == 0


def test_an_image_is_built_with_the_pinned_go_whatever_is_on_path(environ):
    assert golang.choose(environ, "1.26").version == "1.26.8"
    chosen = golang.choose({**environ, golang.PINNED: "1"}, "1.26")
    assert (chosen.version, chosen.executable) == (golang.pinned(), None)


def test_a_host_that_is_not_what_its_patch_expects_is_not_built(tmp_path, environ, tools):
    (tools / "module" / HOST).write_text("package main\n")
    with pytest.raises(BuildFailed, match="not what its patch expects"):
        build.build(recipes.command_line(), tmp_path, environ, quiet)
    assert fakes.builds(tools) == 0


def test_a_build_is_found_again_and_not_repeated(tmp_path, environ, tools):
    recipe = recipes.plugin(GITHUB)
    assert build.find(recipe, tmp_path, environ) is None
    folder = build.build(recipe, tmp_path, environ, quiet)
    assert build.find(recipe, tmp_path, environ) == folder
    build.build(recipe, tmp_path, environ, quiet)
    assert fakes.builds(tools) == 1


def test_each_input_has_a_name_of_its_own(monkeypatch, tmp_path):
    names = {recipes.plugin(GITHUB).entry("1.26.8"), recipes.plugin(GITHUB).entry("1.26.9")}
    names.add(recipes.plugin(POSTGRESQL).entry("1.26.8"))
    names.add(recipes.command_line().entry("1.26.8"))
    for changed in ("plugins/go.sum", "plugins/go.mod", "plugins/pulumi-resource-github/main.go"):
        copy = tmp_path / changed.replace("/", "-")
        subprocess.run(["cp", "-r", str(recipes.MODULES), str(copy)], check=True)
        monkeypatch.setattr(recipes, "MODULES", copy)
        with (copy / changed).open("a") as file:
            file.write("\n")
        names.add(recipes.plugin(GITHUB).entry("1.26.8"))
        monkeypatch.undo()
    assert len(names) == 7


def test_another_plugins_main_does_not_matter(monkeypatch, tmp_path):
    before = recipes.plugin(GITHUB).entry("1.26.8")
    subprocess.run(["cp", "-r", str(recipes.MODULES), str(tmp_path / "modules")], check=True)
    monkeypatch.setattr(recipes, "MODULES", tmp_path / "modules")
    (tmp_path / "modules/plugins/pulumi-resource-postgresql/main.go").write_text("package main")
    assert recipes.plugin(GITHUB).entry("1.26.8") == before


def test_a_failed_build_says_why_and_leaves_nothing(tmp_path):
    fakes.go(tmp_path / "go", "1.26.8", body="echo 'dial tcp: no route to host' >&2; exit 1")
    environ = {"PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}
    with pytest.raises(BuildFailed, match="no route to host") as raised:
        build.build(recipes.plugin(GITHUB), tmp_path, environ, quiet)
    assert "module proxy" in str(raised.value)
    assert not (tmp_path / "engine").exists()
    assert list((tmp_path / "partial").iterdir()) == []


def test_a_program_that_does_not_say_its_version_is_not_kept(tmp_path):
    fakes.go(tmp_path / "go", "1.26.8", body="printf '#!/bin/sh\\necho dev\\n' > $6; chmod 755 $6; exit 0")
    environ = {"PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}
    with pytest.raises(BuildFailed, match=r"does not say that it is 6\.15\.0: dev"):
        build.build(recipes.plugin(GITHUB), tmp_path, environ, quiet)
    assert not (tmp_path / "engine").exists()


def test_a_build_that_never_ends_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LIMIT", 0.5)
    monkeypatch.setattr(process, "BEAT", 0.1)
    fakes.go(tmp_path / "go", "1.26.8", body="sleep 600")
    lines = []
    with pytest.raises(BuildFailed, match=r"did not end within 0\.5 s"):
        build.build(recipes.plugin(GITHUB), tmp_path, {"PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}, lines.append)
    assert any("reading the modules" in line for line in lines)


def test_two_at_once_build_once(tmp_path):
    gate = tmp_path / "gate"
    fakes.go(tmp_path / "go", "1.26.8", body=f"for _ in $(seq 200); do [ -e {gate} ] && break; sleep 0.05; done")
    environ = {"PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}
    found, reported = [], []

    def progress(line: str) -> None:
        reported.append(line)
        if "another process" in line:
            gate.touch()

    def one() -> None:
        found.append(build.build(recipes.plugin(GITHUB), tmp_path, environ, progress))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert fakes.builds(tmp_path / "go") == 1
    assert len(found) == 2
    assert len(set(found)) == 1


def test_an_interrupted_build_ends_its_compiler_and_leaves_nothing(tmp_path):
    """A real process, ended with SIGINT in the middle of a build, as by Ctrl-C."""
    fakes.go(tmp_path / "go", "1.26.8", body=f"echo $$ > {tmp_path}/pid; sleep 600")
    # A shell's background job ignores SIGINT, and what it starts inherits that. The build says that the compiler runs:
    # the compiler itself runs sooner, while the build still starts it and could not end it yet.
    code = f"""
import os, signal
from pathlib import Path
from parity_toolchain import build, process, recipes
from parity_toolchain.model import PluginVersion

def progress(line):
    if "reading the modules" in line and pid.exists() and pid.read_text():
        signal.raise_signal(signal.SIGINT)

folder = Path({str(tmp_path)!r})
pid = folder / "pid"
process.BEAT = 0.05
signal.signal(signal.SIGINT, signal.default_int_handler)
build.build(recipes.plugin(PluginVersion("github", "6.15.0")), folder, dict(os.environ), progress)
"""
    environ = {**os.environ, "PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, stderr=subprocess.PIPE, timeout=120, check=False)
    assert b"KeyboardInterrupt" in done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not (tmp_path / "engine").exists()
    assert list((tmp_path / "partial").iterdir()) == []


@pytest.mark.parametrize(
    ("version", "used"), [("1.26.0", "1.26.0"), ("1.27", "1.27"), ("1.25.11", None), ("1.9.9", None)]
)
def test_a_go_that_is_too_old_gives_way_to_the_pinned_one(tmp_path, version, used):
    fakes.go(tmp_path / "go", version)
    chosen = golang.choose({"PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}, "1.26.0")
    assert chosen.version == (used or golang.pinned())
    assert (chosen.executable is None) == (used is None)
    if used is None:
        assert f"is {version}, go.mod asks for 1.26.0" in chosen.reason


def test_a_missing_go_gives_way_to_the_pinned_one(tmp_path):
    chosen = golang.choose({"PATH": str(tmp_path)}, "1.26.0")
    assert (chosen.executable, chosen.version) == (None, golang.pinned())


def test_a_go_that_never_answers_gives_way_to_the_pinned_one(tmp_path, monkeypatch):
    monkeypatch.setattr(golang, "ANSWER_LIMIT", 0.3)
    fakes.program(tmp_path / "go", "go", "sleep 600")
    chosen = golang.choose({"PATH": f"{tmp_path / 'go'}:{fakes.SHELL}"}, "1.26.0")
    assert chosen.executable is None
    assert "did not end within 0.3 s" in chosen.reason


def test_a_go_that_cannot_be_installed_says_what_to_do(tmp_path):
    fakes.program(tmp_path / "bin", "uv", "echo 'no such registry' >&2; exit 2")
    environ = {"PATH": f"{tmp_path / 'bin'}:{fakes.SHELL}"}
    with pytest.raises(NoGo, match=r"no such registry\. Install Go by hand"):
        golang.provide(golang.choose({"PATH": ""}, "1.26.0"), tmp_path, environ, quiet)
    assert not (tmp_path / "engine").exists()
