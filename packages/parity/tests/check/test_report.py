"""The report says what differs, why, both values, and the key with its file and line; in three forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from packages.parity.tests.check.conftest import graph_of
from parity.check import live, report
from parity.check.compare import Accepted, Side, compare
from parity.check.proof import Checked
from parity.errors import UpdateError
from parity.evaluate.resource import SecretInput
from parity.problems import ConfigProblem

STALE = ConfigProblem("Pulumi.prod.yaml", 70, 5, "parity:releases.shop", "Release r1 is stale.", "Record the next.")


def program(stack, values):
    return graph_of(stack, {"a": {"size": values["parity:size"], "mark|down": "<x>" if stack == "prod" else "`y`"}})


def checked(*accepted, stale=(), guarded=False, program=program):
    places = {"staging": "Pulumi.staging.yaml:7", "prod": "Pulumi.prod.yaml:9"}
    sides = [
        Side(stack, {"parity:environment": stack, "parity:size": size}, own, lambda _, stack=stack: places[stack])
        for stack, size, own in (("staging", 1, accepted), ("prod", 2, ()))
    ]
    return Checked(compare(*sides, program, sealed=not guarded, workers=1), guarded, tuple(stale))


def lines(result, **options):
    return [line for line, _ in report.text(result, **options)]


def exception(property_="mark|down", **more):
    return Accepted("staging", "a", property_, "a reason", "", where="Pulumi.staging.yaml:80", **more)


def test_an_unexplained_difference_is_shown_with_both_values_the_reason_and_what_to_do():
    said = "\n".join(lines(checked()))
    assert "staging and prod are not the same: 1 unexplained difference" in said
    assert "acme:index:Thing::a input mark|down" in said
    assert "staging  `y`" in said
    assert "prod     <x>" in said
    assert "why      follows the stack's name" in said
    assert '- {resource: "acme:index:Thing::a", property: "mark|down", reason: "..."}' in said


def test_a_declared_difference_is_shown_with_its_key_file_and_line():
    said = lines(checked())
    at = said.index("  parity:size")
    assert said[at + 1 : at + 3] == ["    Pulumi.staging.yaml:7  1", "    Pulumi.prod.yaml:9  2"]
    assert "a size" in said[at + 3]
    assert any("acme:index:Thing::a input size: 1 | 2" in line for line in lines(checked(), every=True))


def test_what_was_not_done_is_said():
    said = "\n".join(lines(checked()))
    assert "secrets: not at hand" in said
    assert "release guard: not run" in said
    assert "release guard: run, every newest release" in "\n".join(lines(checked(guarded=True)))


def test_an_exception_that_matches_nothing_is_a_finding_with_its_place():
    said = "\n".join(lines(checked(exception("nothing"))))
    assert "exception in Pulumi.staging.yaml:80: matches no difference; remove it" in said
    assert "1 unexplained difference, 1 exception that holds no longer" in said


def test_an_excepted_difference_shows_its_reason():
    result = checked(exception())
    assert result.clean
    assert "    excepted in staging: a reason" in lines(result)


def test_a_stale_release_has_its_line_as_it_is_to_be_copied_in_markdown():
    line = f"`r2: {{commit: {'1a' * 20}, config: {'2b' * 16}, credentials: 1}}`"
    fault = replace(STALE, remedy=f"{'Record the next release. ' * 20}Add the line {line} below r1.")
    assert f"\n```text\n{fault.what}\n{fault.remedy}\n```\n" in report.markdown(checked(stale=[fault], guarded=True))


def test_a_stale_release_is_a_finding():
    result = checked(exception(), stale=[STALE], guarded=True)
    assert not result.clean
    said = "\n".join(lines(result))
    assert "1 stale release" in said
    secret = replace(STALE, key="parity:applications.shop.variables.KEY", what="has no fingerprint.")
    both = report.headline(checked(stale=[STALE, secret], guarded=True))
    assert "1 stale release, 1 secret without a current fingerprint" in both
    assert "Pulumi.prod.yaml:70:5" in said


def test_markdown_has_unexplained_differences_in_full_and_the_rest_folded():
    text = report.markdown(checked())
    assert text.startswith("### ❌ Parity: staging and prod are not the same: 1 unexplained difference")
    before, folded = text.split("<details>", 1)
    assert "| `acme:index:Thing::a input mark`\\|`down` | `` `y` `` | `<x>` |" in before
    assert "| `parity:size` | `1` | `2` | 1 |" in before
    assert "- parity:size (Pulumi.staging.yaml:7, Pulumi.prod.yaml:9): `a size`" in folded
    assert report.markdown(checked(exception())).startswith("### ✅")


def test_markdown_has_one_row_for_a_key_however_much_follows_it():
    def many(stack, values):
        return graph_of(stack, {f"r{number}": {"size": values["parity:size"]} for number in range(30)})

    text = report.markdown(checked(program=many))
    table, folded = text.split("<details>")
    assert table.count("parity:size") == 1
    assert "| `parity:size` | `1` | `2` | 30 |" in table
    assert folded.count("`, `") == 29


def test_a_value_that_the_file_has_in_the_clear_is_not_masked_and_a_secret_is():
    def wrapped(stack, values):
        size = str(values["parity:size"])
        return graph_of(stack, {"a": {"plain": SecretInput(size), "derived": SecretInput(f"{size}-derived")}})

    found = {each.place.path: (each.one, each.other) for each in checked(program=wrapped).result.differences}
    assert found["plain"] == ("1", "2")
    assert "derived" not in " ".join(found["derived"])
    assert found["derived"][0].startswith("[secret")


def test_the_document_says_the_same_for_programs():
    document = json.loads(json.dumps(report.document(checked(exception("nothing"), stale=[STALE], guarded=True))))
    assert (document["from"], document["to"], document["clean"]) == ("staging", "prod", False)
    assert document["unexplained"] == 1
    assert document["secrets"] == "compared"
    assert document["release_guard"] == "stale"
    by_property = {each["property"]: each for each in document["differences"]}
    size = by_property["size"]
    assert (size["verdict"], size["from"], size["to"]) == ("declared", "1", "2")
    assert size["origins"] == [
        {
            "key": "parity:size",
            "from": {"value": "1", "where": "Pulumi.staging.yaml:7"},
            "to": {"value": "2", "where": "Pulumi.prod.yaml:9"},
        }
    ]
    assert by_property["mark|down"]["verdict"] == "unexplained"
    assert document["exceptions_without_effect"][0]["where"] == "Pulumi.staging.yaml:80"
    assert len(document["stale_releases"]) == 1


def test_a_resource_that_one_stack_alone_has_is_one_row():
    def more(stack, _):
        return graph_of(stack, {"a": {}, **({"b": {"x": 1, "y": 2}} if stack == "prod" else {})})

    sides = [Side(stack, {"parity:environment": stack}) for stack in ("staging", "prod")]
    result = compare(*sides, more, workers=1)
    assert len(result.unexplained) > 2
    assert [each.place.aspect for group in report.by_key(result.unexplained).values() for each in group] == ["resource"]


def test_the_components_that_a_resource_is_in_are_left_out_for_people():
    assert (
        report.own("parity:components:WebApp$parity:index:LiveRelease::shop-live")
        == "parity:index:LiveRelease::shop-live"
    )
    assert report.own("needs on a:b:C$d:e/f:G$h:i/j:K::n") == "needs on h:i/j:K::n"
    assert report.own("parity:applications.shop") == "parity:applications.shop"


def test_what_could_not_be_asked_is_an_error_and_never_clean():
    said = {"diagnosticEvent": {"severity": "error", "message": "statement_timeout is no number\n"}}
    done = SimpleNamespace(code=255, events=[said], error="error: refresh failed\n")
    pulumi = SimpleNamespace(follow=lambda *_, **__: done)
    stack = SimpleNamespace(name="prod", pulumi=pulumi, project=SimpleNamespace(root=Path("/team")))
    with pytest.raises(UpdateError, match="what prod really has could not be read: statement_timeout is no number"):
        live.read(stack)
