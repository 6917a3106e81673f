"""The order of the sources, the record of what was tried, and messages that say what to do."""

from __future__ import annotations

import json
import time

import pytest

from packages.toolchain.tests import fakes
from packages.toolchain.tests.fakes import GITHUB, VERCEL
from parity_toolchain import download, local, recipes, versions
from parity_toolchain.errors import BadSetting, NoEngine, NoPlugin
from parity_toolchain.model import Versions
from parity_toolchain.resolver import resolve


@pytest.fixture
def bin_folder(tmp_path):
    return tmp_path / "bin"


@pytest.fixture
def environ(tmp_path, bin_folder):
    """An environment with fake programs only: a Go that builds at once, no engine."""
    fakes.go(tmp_path / "go", "1.26.8")
    fakes.host_module(tmp_path / "go")
    return {"PATH": f"{bin_folder}:{tmp_path / 'go'}:{fakes.SHELL}", "HOME": str(tmp_path / "home")}


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def find(cache, environ, nowhere):
    """The resolver in these surroundings, with no network unless a site is given."""

    def find(required, site=nowhere, at_hand=False, **variables):
        return resolve(cache, required=required, environ={**environ, **variables}, site=site, at_hand=at_hand)

    return find


def outcomes(engine, part):
    return [(item.source, item.outcome) for item in engine.attempts if item.part.startswith(part)]


def test_what_is_on_path_is_used_and_nothing_else_is_tried(cache, only_cli, bin_folder, find):
    fakes.cli(bin_folder, "3.261.2")
    engine = find(only_cli)
    assert (engine.cli.source, engine.cli.version, engine.cli.path) == ("PATH", "3.261.2", bin_folder / "pulumi")
    assert outcomes(engine, "pulumi") == [("PATH", "used")]
    assert not cache.exists()


@pytest.mark.parametrize("version", ["3.258.9", "2.300.0", "4.0.0"])
def test_a_version_that_does_not_fit_is_passed_over_with_its_reason(only_cli, bin_folder, version, find):
    fakes.cli(bin_folder, version)
    engine = find(only_cli)
    assert outcomes(engine, "pulumi") == [("PATH", "passed over"), ("download", "failed"), ("build", "used")]
    assert engine.attempts[0].detail == (
        f"{bin_folder / 'pulumi'} is {version}; needed is 3.259.0 or later of the same major version"
    )


def test_a_cli_without_its_language_host_is_passed_over(only_cli, bin_folder, find):
    fakes.cli(bin_folder, "3.259.0")
    (bin_folder / "pulumi-language-python").unlink()
    engine = find(only_cli)
    assert "there is no pulumi-language-python in its folder" in engine.attempts[0].detail
    assert engine.cli.source == "build"


def test_a_program_that_never_answers_is_passed_over_in_time(required, bin_folder, monkeypatch, find):
    monkeypatch.setattr(local, "ANSWER_LIMIT", 0.3)
    for name in ("pulumi", "pulumi-resource-github"):
        fakes.program(bin_folder, name, "sleep 600")
    begin = time.monotonic()
    engine = find(required)
    assert time.monotonic() - begin < 20
    assert engine.cli.source == "build"
    assert engine.plugins[0].source == "build"
    assert [item.outcome for item in engine.attempts if item.source == "PATH"][:2] == ["failed", "passed over"]
    assert "did not end within 0.3 s" in engine.attempts[0].detail


INSTALLER = """
while [ $# -gt 0 ]; do case "$1" in --version) version=$2 ;; --install-root) root=$2 ;; esac; shift; done
mkdir -p "$root/bin"
env > "$root/seen"
printf '#!/bin/sh\\necho v%s\\n' "$version" > "$root/bin/pulumi"
chmod 755 "$root/bin/pulumi"
"""


def test_the_official_installer_comes_before_a_build(only_cli, serve, find):
    served = serve(INSTALLER)
    engine = find(only_cli, served.site, GITHUB_TOKEN="canary-token")
    assert outcomes(engine, "pulumi") == [("PATH", "passed over"), ("download", "used")]
    root = engine.folder.parent
    assert "canary-token" not in (root / "seen").read_text()
    assert sorted(path.name for path in root.iterdir()) == ["bin", "seen"]


def test_what_was_downloaded_is_used_without_asking_again(only_cli, serve, find):
    served = serve(INSTALLER)
    first = find(only_cli, served.site)
    asked = served.requests
    second = find(only_cli, served.site)
    assert (second.cli, served.requests) == (first.cli, asked)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (("exit 7", 200), "exit code 7"),
        (("not found", 404), "answers 404"),
        ((INSTALLER.replace("$version", "3.1.0"), 200), "gave version (3, 1, 0)"),
    ],
)
def test_an_installer_that_fails_gives_way_to_the_build(cache, find, serve, answer, detail):
    engine = find(Versions("3.259.0", ()), serve(*answer).site)
    assert outcomes(engine, "pulumi") == [("PATH", "passed over"), ("download", "failed"), ("build", "used")]
    assert detail in engine.attempts[1].detail
    assert not (cache / "engine" / "download-pulumi-3.259.0").exists()


def test_an_installer_that_hangs_gives_way_to_the_build(only_cli, serve, find):
    served = serve("sleep 600")
    site = download.Site(served.site.installer, connect=2.0, limit=0.5)
    begin = time.monotonic()
    engine = find(only_cli, site)
    assert engine.cli.source == "build"
    assert time.monotonic() - begin < 8


def test_no_download_is_tried_after_one_found_no_network(required, find):
    engine = find(required)
    downloads = [item.outcome for item in engine.attempts if item.source == "download"]
    assert downloads == ["failed", "skipped", "skipped", "skipped"]
    assert [plugin.source for plugin in engine.plugins] == ["build", "build", "stand-in"]


def test_a_later_run_does_not_wait_again_for_a_network_that_was_not_there(required, find):
    find(required)
    engine = find(required)
    assert [item.outcome for item in engine.attempts if item.source == "download"] == ["skipped"]
    # Another way out, another try.
    engine = find(required, HTTPS_PROXY="http://127.0.0.1:1")
    assert [item.outcome for item in engine.attempts if item.source == "download"] == ["failed"]


def test_an_hour_later_the_network_is_tried_again(cache, required, find):
    find(required)
    memory = cache / "unreachable.json"
    note = json.loads(memory.read_text())
    memory.write_text(json.dumps({**note, "time": note["time"] - 3601}))
    engine = find(required)
    assert [item.outcome for item in engine.attempts if item.source == "download"] == ["failed"]


def test_what_was_built_is_used_again(required, tmp_path, find):
    first = find(required)
    built = fakes.builds(tmp_path / "go")
    second = find(required)
    assert (second.cli, second.plugins) == (first.cli, first.plugins)
    assert fakes.builds(tmp_path / "go") == built == 4


def test_what_is_not_at_hand_is_said_and_nothing_is_made(cache, required, serve, tmp_path, find):
    served = serve("exit 0")
    with pytest.raises(NoEngine, match="To do: parity engine resolve"):
        find(required, served.site, at_hand=True)
    assert served.requests == 0
    assert fakes.builds(tmp_path / "go") == 0
    assert not cache.exists() or list(cache.iterdir()) == []


def test_what_was_built_is_at_hand(required, tmp_path, find):
    first = find(required)
    built = fakes.builds(tmp_path / "go")
    second = find(required, at_hand=True)
    assert (second.cli, second.plugins) == (first.cli, first.plugins)
    assert fakes.builds(tmp_path / "go") == built


@pytest.mark.parametrize(("choice", "sources"), [("path", {"PATH"}), ("download", {"download"}), ("build", {"build"})])
def test_one_source_can_be_forced(only_cli, choice, sources, find):
    if choice == "build":
        tried = find(only_cli, PARITY_ENGINE=choice).attempts
        assert {item.source for item in tried} == sources
        return
    with pytest.raises(NoEngine) as raised:
        find(only_cli, PARITY_ENGINE=choice)
    lines = str(raised.value).splitlines()
    assert {line.split(":")[0].strip() for line in lines[1:-1]} == sources
    assert f"unset PARITY_ENGINE={choice}" in lines[-1]


def test_a_source_that_is_none_is_refused(only_cli, find):
    with pytest.raises(BadSetting, match="PARITY_ENGINE is 'brew'; it may be path, download, build"):
        find(only_cli, PARITY_ENGINE="brew")


def test_a_version_newer_than_the_pinned_one_is_not_built(find):
    with pytest.raises(NoEngine, match=r"pins 3\.259\.0; needed is 3\.300\.0"):
        find(Versions("3.300.0", ()))


def test_a_plugin_that_is_nowhere_says_what_was_tried(bin_folder, find):
    fakes.cli(bin_folder, "3.259.0")
    with pytest.raises(NoPlugin) as raised:
        find(Versions("3.259.0", (versions.PluginVersion("random", "4.1.0"),)))
    assert "no pulumi-resource-random on PATH" in str(raised.value)
    assert "PARITY_RANDOM_PLUGIN" in str(raised.value)


class TestPlugins:
    @pytest.fixture(autouse=True)
    def with_cli(self, bin_folder):
        fakes.cli(bin_folder, "3.259.0")

    @pytest.fixture
    def one(self, find):
        def one(plugin, **variables):
            return find(Versions("3.259.0", (plugin,)), **variables).plugins[0]

        return one

    @pytest.mark.parametrize(
        ("says", "source"),
        [("6.15.0", "PATH"), ("v6.16.1", "PATH"), ("6.14.9", "build"), ("7.0.0", "build"), ("hello", "build")],
    )
    def test_one_on_path_is_used_where_its_version_fits(self, bin_folder, says, source, one):
        fakes.program(bin_folder, "pulumi-resource-github", f"echo {says}")
        assert one(GITHUB).source == source

    @pytest.mark.parametrize("body", ["echo 5.10.0", "echo 9.9.9", "exit 1"])
    @pytest.mark.parametrize("choice", ["", "build"])
    def test_a_real_vercel_plugin_on_path_always_wins(self, bin_folder, body, choice, one):
        real = fakes.program(bin_folder, "pulumi-resource-vercel", body)
        plugin = one(VERCEL, PARITY_ENGINE=choice)
        assert (plugin.source, plugin.path) == ("PATH", real)

    def test_a_setting_wins_over_path(self, bin_folder, tmp_path, one):
        fakes.program(bin_folder, "pulumi-resource-vercel", "echo 5.21.1")
        mine = fakes.program(tmp_path / "mine", "anything", "echo 1")
        plugin = one(VERCEL, PARITY_VERCEL_PLUGIN=str(mine))
        assert (plugin.source, plugin.path) == ("setting", mine)

    def test_a_setting_that_names_nothing_is_an_error(self, tmp_path, one):
        with pytest.raises(BadSetting, match=r"PARITY_VERCEL_PLUGIN names .*no executable"):
            one(VERCEL, PARITY_VERCEL_PLUGIN=str(tmp_path / "none"))

    def test_the_users_plugin_cache_is_used_at_exactly_the_version(self, tmp_path, one):
        home = tmp_path / "home" / ".pulumi" / "plugins"
        fakes.program(home / "resource-github-v6.14.0", "pulumi-resource-github", "")
        assert one(GITHUB).source == "build"
        path = fakes.program(home / "resource-github-v6.15.0", "pulumi-resource-github", "")
        assert one(GITHUB).path == path
        (home / "resource-github-v6.15.0.partial").touch()
        assert one(GITHUB).source == "build"

    def test_what_parity_put_into_a_plugin_cache_does_not_count_as_the_users(self, cache, tmp_path, one):
        home = tmp_path / "sandbox"
        fakes.program(home / "plugins" / VERCEL.folder, VERCEL.program, "")
        assert one(VERCEL, PULUMI_HOME=str(home)).source == "plugin cache"
        (home / local.RECORD).write_text(json.dumps({VERCEL.folder: {"source": "stand-in"}}))
        assert one(VERCEL, PULUMI_HOME=str(home)).source == "stand-in"

    def test_a_download_comes_before_build_and_stand_in(self, cache, serve, bin_folder, required, find):
        fakes.program(
            bin_folder,
            "pulumi",
            '[ "$1" = version ] && echo v3.259.0 && exit\n'
            'folder="$PULUMI_HOME/plugins/resource-$4-v$5"; mkdir -p "$folder"; touch "$folder/pulumi-resource-$4"\n'
            'echo "$@" > "$PULUMI_HOME/asked"',
        )
        engine = find(required, serve("").site)
        assert [plugin.source for plugin in engine.plugins] == ["download"] * 3
        asked = cache / "engine" / "download-resource-vercel-v5.21.1" / "asked"
        assert asked.read_text().split()[-2:] == ["--server", "github://api.github.com/pulumiverse"]

    def test_a_download_without_network_ends_all_downloads(self, serve, bin_folder, required, find):
        fakes.program(
            bin_folder,
            "pulumi",
            '[ "$1" = version ] && echo v3.259.0 && exit\necho "dial tcp: lookup x: no such host" >&2; exit 255',
        )
        engine = find(required, serve("").site)
        assert [item.outcome for item in engine.attempts if item.source == "download"] == [
            "failed",
            "skipped",
            "skipped",
        ]
        assert [plugin.source for plugin in engine.plugins] == ["build", "build", "stand-in"]


def test_the_pinned_modules_are_the_ones_that_the_installed_sdks_ask_for():
    installed = versions.installed()
    assert recipes.cli_version() == installed.engine
    assert [plugin.name for plugin in installed.plugins] == ["github", "postgresql", "vercel"]
    assert installed.plugins[2].server == "github://api.github.com/pulumiverse"


def test_the_result_can_be_written_as_json(required, find):
    engine = find(required)
    document = json.loads(json.dumps(engine.document()))
    assert document["cli"]["path"] == str(engine.cli.path)
    assert document["plugins"][2] == {"name": "vercel", "version": "5.21.1", "source": "stand-in", "path": None}
    assert document["attempts"][0]["outcome"] == "passed over"
