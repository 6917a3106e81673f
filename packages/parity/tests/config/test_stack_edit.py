"""One value of a stack's file is changed in its own line; every other byte stays."""

from types import SimpleNamespace

import pytest

from infra.catalog import CATALOG
from parity.config import stack_edit
from parity.config.project import Project
from parity.errors import ConfigError, ProjectError, UsageError
from parity.problems import spell
from parity.redact import Redactor
from parity.releases import stack_values

SHOP = "parity:applications.shop"


def lines_changed(before, after):
    old, new = before.splitlines(), after.splitlines()
    return [line for line in new if line not in old]


def stack_of(project, monkeypatch):
    found = Project(project.folder)
    monkeypatch.setattr(Project, "program", SimpleNamespace(catalog=lambda: CATALOG))
    return SimpleNamespace(name="staging", project=found, pulumi=SimpleNamespace(redactor=Redactor()))


@pytest.mark.parametrize("key", ["parity:secret", f"{SHOP}.domains[1].name", 'parity:x["a.b"].c'])
def test_a_key_is_read_as_it_is_spelled(key):
    assert spell(stack_edit.path_of(key)) == key


@pytest.mark.parametrize("key", ["", "a[", "a[x]", 'a["b'])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(UsageError):
        stack_edit.path_of(key)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (f"{SHOP}.variables.SEARCH_RESULTS_LIMIT", "21", "        SEARCH_RESULTS_LIMIT: 21"),
        (f"{SHOP}.domains[0].name", "a.example.com", "        - name: a.example.com  # the canonical one"),
        ("parity:protect", "true", "  parity:protect: true"),
    ],
)
def test_one_line_changes(project, monkeypatch, key, value, line):
    edit = stack_values.set_plain(stack_of(project, monkeypatch), key, value)
    assert lines_changed(edit.read, edit.text) == [line]
    assert len(edit.read.splitlines()) == len(edit.text.splitlines())


def test_a_missing_variable_becomes_the_last_of_its_mapping(project, monkeypatch):
    before = project.text()
    project.edit(("        SEARCH_RESULTS_LIMIT: 20\n", ""))
    edit = stack_values.set_plain(stack_of(project, monkeypatch), f"{SHOP}.variables.SEARCH_RESULTS_LIMIT", "20")
    assert sorted(edit.text.splitlines()) == sorted(before.splitlines())


def test_a_missing_secret_is_added_under_its_key(project):
    text = stack_edit.put("x", project.text(), stack_edit.path_of(f"{SHOP}.variables.NEW.secure"), "v1:a:b==")
    assert "          secure: v1:payment\n        NEW:\n          secure: v1:a:b==\n    admin:" in text


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        (f"{SHOP}.variables.SEARCH_RESULTS_LIMIT", "many", ConfigError),
        (f"{SHOP}.variables.SEARCH_RESULTS_LIMIT", "050", ConfigError),
        (f"{SHOP}.variables.UNKNOWN", "x", ConfigError),
        (f"{SHOP}.variables.PAYMENT_SECRET_KEY", "x", UsageError),
        ("parity:delivery.branches", "main", ProjectError),
        ("parity:unknown", "x", ConfigError),
    ],
)
def test_what_the_catalog_does_not_take_is_refused(project, monkeypatch, key, value, error):
    with pytest.raises(error):
        stack_values.set_plain(stack_of(project, monkeypatch), key, value)


def test_a_secret_too_short_is_refused_before_the_engine_is_asked(project, monkeypatch):
    with pytest.raises(ConfigError, match="shorter than 32"):
        stack_values.set_secret(stack_of(project, monkeypatch), "parity:secret", "short")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("config:\n  a:\n    b: 1  # one\n    c: 2\n", ("a", "b"), "config:\n  a:\n    c: 2\n"),
        ("config:\n  a:\n    b: 1\n    c:\n      d: 2\n    # kept\n  e: 3\n", ("a", "c"),
         "config:\n  a:\n    b: 1\n    # kept\n  e: 3\n"),
        ("config:\n  a:\n    b: 1\n    c: 2", ("a", "c"), "config:\n  a:\n    b: 1\n"),
        ("config:\r\n  a:\r\n    b: 1\r\n    c: [x]\r\n  e: 3\r\n", ("a", "c"),
         "config:\r\n  a:\r\n    b: 1\r\n  e: 3\r\n"),
        ("config:\n  a: {b: 1, c: {d: 2}}\n", ("a", "c"), "config:\n  a: {b: 1}\n"),
        ("config:\n  a: {b: 1, c: 2}\n", ("a", "b"), "config:\n  a: {c: 2}\n"),
        ("config:\n  a:\n    b: 1\n  e: 3\n", ("a", "b"), "config:\n  a: {}\n  e: 3\n"),
        ("config:\n  e: 3\n", ("a", "b"), "config:\n  e: 3\n"),
    ],
)  # fmt: skip
def test_a_key_is_removed_and_every_other_byte_stays(text, path, expected):
    assert stack_edit.remove("f", text, path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "config:\n  a:\n    b: 1\n    # inside\n    c:\n      - y: 2\n  e: 3\n",
            "config:\n  a: {}\n  e: 3\n",
        ),
        ("config:\n  a:\n  - x\n  - y\n", "config:\n  a: {}\n"),
        ("config:\n  a: {b: 1}  # kept\n", "config:\n  a: {}  # kept\n"),
        ("config:\n  a: []\n", "config:\n  a: {}\n"),
        ("config: {a: [x], e: 3}\n", "config: {a: {}, e: 3}\n"),
    ],
)
def test_a_mapping_or_a_list_is_replaced_only_where_that_is_meant(text, expected):
    assert stack_edit.put("f", text, ("a",), "{}", over=True) == expected
    with pytest.raises(ProjectError, match="holds no single value"):
        stack_edit.put("f", text, ("a",), "{}")


def test_a_key_is_added_below_another_one():
    text = "config:\r\n  a: 1  # one\r\n\r\n  b: 2\r\n"
    assert stack_edit.add_below("f", text, "a", "c", "x") == text.replace("# one\r\n", "# one\r\n  c: x\r\n")
    with pytest.raises(ProjectError):
        stack_edit.add_below("f", "config: {a: 1}\n", "a", "c", "x")


def test_a_header_takes_the_place_of_the_other_one():
    text = "# A comment.\nsecretsprovider: awskms://x\nencryptedkey: y\nconfig:\n  a: 1\n"
    assert stack_edit.with_header(text, "encryptionsalt: z\n") == "# A comment.\nencryptionsalt: z\nconfig:\n  a: 1\n"
    assert stack_edit.with_header("config: {}\n", "encryptionsalt: z\n") == "encryptionsalt: z\nconfig: {}\n"
