"""Two machines compared: what differs, the most important first, and no secret in the report."""

from __future__ import annotations

import json
import os

import pytest

from parity.engine.toolchain import Part
from parity.errors import UsageError
from parity.local import machine
from parity_toolchain.image import places
from support import command_line
from support.paths import ROOT


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """An engine, whatever this machine has."""
    plugins = [Part("plugin github", "6.15.0", "build", ""), Part("plugin vercel", "5.21.1", "stand-in", "")]
    parts = [Part("pulumi", "3.259.0", "PATH", ""), Part("language host", "3.259.0", "PATH", ""), *plugins]
    monkeypatch.setattr(machine.toolchain, "inspect", lambda: parts)
    return parts


@pytest.fixture
def facts():
    return machine.facts(ROOT)


def test_a_stand_in_and_a_missing_engine_are_said(facts, monkeypatch):
    assert facts["plugin vercel"] == "5.21.1, stand-in"
    assert facts["plugin github"] == "6.15.0"
    monkeypatch.setattr(machine.toolchain, "inspect", lambda: [Part("engine", "", "", "", "gone", "make")])
    assert machine.facts(ROOT)["engine"] == "none"


def test_a_report_has_each_kind_of_fact(facts):
    kinds = {machine._kind(name) for name in facts}
    known = {kind for kind, _ in machine._WHY}
    assert known - kinds <= {"setting", "packages", "engine"}
    assert kinds <= known


def test_the_facts_stand_in_the_order_of_what_they_matter_for(facts):
    order = [kind for kind, _ in machine._WHY]
    places_ = [order.index(machine._kind(name)) for name in facts]
    assert places_ == sorted(places_)


def test_a_machine_does_not_differ_from_itself(facts):
    assert machine.differences(facts, json.loads(json.dumps(facts))) == []


def test_no_value_of_a_variable_is_in_a_report(monkeypatch):
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "PGPASSWORD", "PARITY_X", "VERCEL_API_TOKEN"):
        monkeypatch.setenv(name, f"canary of {name}")
    text = json.dumps(machine.facts(ROOT))
    assert "canary" not in text
    assert '"setting PGPASSWORD": "set"' in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parity", "0.0.1"),
        ("pulumi", "3.1.0"),
        ("plugin vercel", "5.0.0"),
        ("package httpx", "0.28.1 of another wheel"),
        ("Python", "CPython 3.13.0"),
        ("libpq", "170000 (c)"),
        ("certificates", "sha256:0"),
        ("setting PULUMI_EXPERIMENTAL", "set"),
        ("git", "1.0"),
        ("locale", "C, ascii"),
        ("umask", "077"),
        ("time zone", "Asia/Kolkata"),
        ("system", "Darwin arm64"),
        ("image", "sha256:0"),
    ],
)
def test_one_difference_is_named_alone_with_both_sides(facts, name, value):
    (found,) = machine.differences(facts, {**facts, name: value})
    assert (found.name, found.there) == (name, value)
    assert found.here == facts.get(name, "none")
    assert found.matters


def test_what_matters_most_is_named_first(facts):
    other = {
        **facts,
        "umask": "077",
        "image": "sha256:0",
        "package httpx": "1",
        "pulumi": "3.1.0",
        "plugin vercel": "1",
    }
    found = [each.name for each in machine.differences(facts, other)]
    assert found == ["pulumi", "plugin vercel", "package httpx", "umask", "image"]


def test_what_one_machine_lacks_is_a_difference_on_either_side(facts):
    less = {name: value for name, value in facts.items() if name != "package httpx"}
    (here,) = machine.differences(less, facts)
    (there,) = machine.differences(facts, less)
    assert (here.here, there.there) == ("none", "none")


def test_a_wheel_is_the_same_however_it_was_installed(monkeypatch):
    lines = ["a/x.py,sha256=1,3", "a/y.py,sha256=2,3", "a-1.dist-info/METADATA,sha256=3,3"]

    class Found:
        version = "1"

        def __init__(self, record):
            self.record = record

        def read_text(self, _):
            return "\n".join(self.record)

    def digest(record):
        monkeypatch.setattr(machine.importlib.metadata, "distribution", lambda _: Found(record))
        return machine._installed("a")

    installed = [
        "../../../bin/a,sha256=9,3",
        "a-1.dist-info/INSTALLER,sha256=8,3",
        *reversed(lines),
        "a-1.dist-info/RECORD,,",
        "a/__pycache__/x.pyc,,",
    ]
    assert digest(installed) == digest(lines)
    assert digest([*lines, "a/z.py,sha256=4,3"]) != digest(lines)


def test_the_umask_is_read_and_kept():
    before = os.umask(0o027)
    try:
        assert machine._umask() == "027"
        assert machine._umask() == "027"
    finally:
        os.umask(before)


def test_the_time_zone_that_is_set_is_named(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    assert machine._zone() == "Asia/Kolkata"
    monkeypatch.setenv("TZ", "Etc/UTC")
    assert machine._zone() == "UTC"


def test_an_image_says_what_it_was_made_from(tmp_path, monkeypatch):
    (tmp_path / "image.json").write_text('{"inputs": "sha256:1", "version": "1"}')
    monkeypatch.setattr(machine, "INPUTS", str(tmp_path / "image.json"))
    assert machine._image() == "sha256:1"
    monkeypatch.setattr(machine, "INPUTS", str(tmp_path / "gone"))
    assert machine._image() == "none"
    assert places.INPUTS.endswith("image.json")


def test_a_project_without_a_lock_file_still_has_a_report(tmp_path):
    assert machine.facts(tmp_path)["packages"].startswith("unknown")


@pytest.mark.parametrize("text", [None, "{", "[]", "{}", '{"machine": 1}'])
def test_what_is_no_report_is_refused_with_the_command_that_makes_one(tmp_path, text):
    path = tmp_path / "report.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError) as raised:
        machine.report(path)
    assert raised.value.remedy == "there run `parity doctor --json > report.json`"


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "report.json").write_text(command_line.parity("doctor", "--json").stdout)
    return tmp_path / "report.json"


def test_the_command_compares_says_and_exits(report):
    same = command_line.parity("doctor", "--against", str(report))
    assert (same.returncode, same.stdout) == (0, "The two machines do not differ in anything that is compared.\n")
    document = json.loads(report.read_text())
    document["machine"] |= {"umask": "777", "pulumi": "3.1.0"}
    report.write_text(json.dumps(document))
    other = command_line.parity("doctor", "--against", str(report))
    assert other.returncode == 1
    first, second = other.stdout.splitlines()
    assert first.endswith("3.1.0 there (plans and state are the engine's own)")
    assert second.startswith("umask: ")
    assert second.endswith("here, 777 there")
    answer = json.loads(command_line.parity("doctor", "--against", str(report), "--json").stdout)
    assert answer["same"] is False
    assert [each["name"] for each in answer["differences"]] == ["pulumi", "umask"]
