"""The form of a stack's file: every spelling that readers of YAML read differently is refused at its line."""

from __future__ import annotations

import os
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.config import source, yaml_form
from parity.config.project import Project
from parity.config.settings import load
from parity.errors import ConfigError, ProjectError
from support.amounts import examples
from support.paths import ROOT

SPELLINGS = {
    # What Go's yaml.v3 gives the engine, and what ruamel gives Parity, where they differ or where YAML 1.1 differs.
    "leading zero": "050",
    "octal port": "05432",
    "octal of YAML 1.2": "0o17",
    "hexadecimal": "0x1F",
    "binary": "0b11",
    "underscores": "1_000",
    "a plus": "+5",
    "sexagesimal": "12:30:45",
    "date": "2026-12-31",
    "date that does not exist": "2026-13-45",
    "date of one digit": "2026-1-2",
    "time": "2026-12-31T10:00:00Z",
    "yes": "yes",
    "on": "On",
    "no": "NO",
    "y": "y",
    "exponent": "1e3",
    "a commit that is a number": "1" * 40,
    "a commit that is a float": "7" * 20 + "e" + "3" * 19,
    "5,000 digits": "9" * 5000,
    "beyond 2^53": str(2**53 + 1),
    "infinity": ".inf",
    "not a number": ".NaN",
    "a float without digits before the point": ".5",
    "merge key": "<<",
}
SAME = ("1", "0", "-3", "20", "5432", "1.5", "true", "False", "null", "~", "", "text", "v1:abc=", "4b8d06e1f27c", "a-1")
UNSAFE = {
    "anchor": "a: &x 1",
    "alias bomb": "a: &a [1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]",
    "Python object": "a: !!python/object/apply:os.system [echo]",
    "own tag": "a: !secret x",
    "2,000 lists": "a: " + "[" * 2000 + "]" * 2000,
    "2,000 mappings": "a: " + "{b: " * 2000 + "1" + "}" * 2000,
    "200,000 keys": "\n".join(f"k{number}: 1" for number in range(100_000)),
    "two documents": "a: 1\n---\nb: 2",
    "a list as a key": "? [a]\n: b",
    "an escape that is no character": 'a: "\\U00110000"',
}


def text_with(value: str) -> str:
    return f"config:\n  parity:wait: {value}\n"


@pytest.mark.parametrize("value", SPELLINGS.values(), ids=SPELLINGS)
def test_a_spelling_that_readers_read_differently_is_refused_at_its_line(value):
    (problem,) = yaml_form.check("Pulumi.staging.yaml", text_with(value)).problems
    assert (problem.file, problem.line, problem.key) == ("Pulumi.staging.yaml", 2, "parity:wait")
    assert problem.remedy


@pytest.mark.parametrize("value", SPELLINGS.values(), ids=SPELLINGS)
def test_in_quotes_it_is_text_to_every_reader(value):
    assert yaml_form.check("f", text_with(f'"{value}"')).problems == ()


@pytest.mark.parametrize("value", SAME)
def test_what_is_the_same_to_every_reader_is_accepted(value):
    assert yaml_form.check("f", text_with(value)).problems == ()


@pytest.mark.parametrize("text", UNSAFE.values(), ids=UNSAFE)
def test_what_could_grow_or_run_is_not_composed(text):
    began = time.process_time()
    read = source.parse("Pulumi.staging.yaml", f"config:\n  parity:x: 1\n{text}\n")
    assert isinstance(read, tuple)
    assert read
    assert time.process_time() - began < 20, "bounded by the number of values, not by what they would become"


def test_a_control_character_is_refused():
    (problem,) = yaml_form.check("f", 'a: "x\\0"').problems
    assert "control" in problem.what


def test_an_environment_of_esc_is_refused(tmp_path):
    read = source.parse("Pulumi.staging.yaml", "environment: [prod]\nconfig:\n  parity:environment: staging\n")
    assert [(each.line, each.key) for each in read.problems] == [(1, "environment")]


FILES = {
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "link to itself": lambda path: path.symlink_to(path.name),
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "no UTF-8": lambda path: path.write_bytes(b"config: \xff\xfe"),
    "3 MB": lambda path: path.write_bytes(b"#" * (yaml_form.LARGEST_BYTES + 1)),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_file_that_is_none_is_a_problem_and_no_traceback(make, tmp_path):
    path = tmp_path / "Pulumi.staging.yaml"
    make(path)
    read = source.read_file(path)
    assert isinstance(read, tuple)
    assert read[0].file == path.name
    assert read[0].remedy


# --- Mutated stack files ----------------------------------------------------------------------------------------------

STAGING = (ROOT / "Pulumi.staging.yaml").read_text()
MARKS = ("&a", "*a", "!!binary x", "[", "{", "}", ": ", "- ", "? ", "| ", "> ", "'", '"', "#", "%", "@", "\n---\n")
VALUES = ("\t", "\x00", "\ud800", "\u2028", "null", "{}", "[]", "secure: x", "../x", "ma in", "a/b", "<<: {a: 1}")
NASTY = st.sampled_from([*SPELLINGS.values(), *MARKS, *VALUES])
PLACE = st.integers(0, len(STAGING))
LINES = len(STAGING.splitlines())


@st.composite
def mutated(draw):
    """A real stack file after one to four changes: text put in, lines taken out, doubled, moved or dedented."""
    text = STAGING
    for _ in range(draw(st.integers(1, 4))):
        lines = text.splitlines(keepends=True)
        at = draw(st.integers(0, max(len(lines) - 1, 0)))
        kind = draw(st.sampled_from(["insert", "value", "drop", "double", "dedent", "swap", "cut"]))
        if kind == "insert":
            place = draw(PLACE)
            text = text[:place] + draw(NASTY) + text[place:]
        elif kind == "cut":
            text = text[: draw(PLACE)]
        elif lines:
            line = lines[at]
            other = draw(st.integers(0, len(lines) - 1))
            if kind == "value":
                lines[at] = line.split(":")[0] + ": " + draw(NASTY) + "\n"
            elif kind == "drop":
                lines[at] = ""
            elif kind == "double":
                lines[at] = line * 2
            elif kind == "dedent":
                lines[at] = line[2:]
            else:
                lines[at], lines[other] = lines[other], lines[at]
            text = "".join(lines)
    return text


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "pyproject.toml"):
        (folder / name).write_text((ROOT / name).read_text())
    return Project(folder)


def faults_of(read):
    """What a reader refuses; any other exception fails the test."""
    try:
        read()
    except ConfigError as error:
        return error.faults
    except ProjectError as error:
        return [error] if error.remedy else None
    return []


@settings(
    max_examples=examples(40, 150),
    deadline=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=mutated())
def test_a_mutated_stack_file_is_read_or_refused_and_never_a_traceback(copied, text):
    path = copied.root / "Pulumi.staging.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert all(fault.what and fault.remedy for fault in faults_of(lambda: load("staging", copied.root, None)))
    assert faults_of(lambda: copied.stack_document(path)) is not None


def test_a_date_where_a_ciphertext_belongs_is_a_fault_and_no_traceback(copied):
    text = re.sub(r"(parity:secret:\n +secure: ).*", r"\g<1>2026-12-31", STAGING)
    (copied.root / "Pulumi.staging.yaml").write_text(text)
    assert "parity:secret" in {each.key for each in faults_of(lambda: load("staging", copied.root, None))}


@pytest.mark.parametrize("spelling", [SPELLINGS["5,000 digits"], SPELLINGS["date that does not exist"]])
def test_what_no_reader_can_read_is_one_fault_at_its_place(spelling: str):
    found = source.parse("Pulumi.x.yaml", f"config:\n  parity:a: {spelling}\n")
    assert isinstance(found, tuple)
    assert [(each.line, each.key) for each in found] == [(2, "parity:a")]
    assert "is read differently" in found[0].what
