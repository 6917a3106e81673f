"""The words that the project gave up come back nowhere, neither in docs nor in code."""

from __future__ import annotations

import pytest

from repository import words

SAY = "say it in the field's words (docs/glossary.md)"


@pytest.mark.parametrize("found", [words.docs, words.code])
def test_no_word_that_was_given_up_is_used(found):
    assert list(found()) == [], SAY


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The look finds it.", "look"),
        ("Nobody was told.", "told"),
        ("The release is whole.", "whole"),
        ("one beside the other", "beside"),
        ("Somebody else holds it.", "nobody"),
        ("what is crossed", "crossed"),
        ("It mends the record.", "mend"),
        ("the ways back", "way back"),
        ("The example is led back.", "led back"),
        ("made anew", "anew"),
    ],
)
def test_a_word_that_was_given_up_is_found(text, word):
    assert words.used(text).count(word) == 1


@pytest.mark.parametrize(
    "text", ["a sealed box", "read the whole file", "look at it", "look_at.py", "`--cell`", "nobody", "a whole number"]
)
def test_a_use_in_the_fields_own_sense_is_not_found(text):
    assert words.used(text) == []


@pytest.mark.parametrize(
    "text",
    ['"""It is told."""', "x = 'told'", "x = 1  # told", "def it_is_told(): ...", "class ItIsTold: ...", "x.told"],
)
def test_it_is_found_in_texts_comments_and_names_of_code(text):
    assert list(words.in_python(text)) == ["told"]


@pytest.mark.parametrize("text", ["look_up(x)", "_cell(x)", "SealedBox(x)", "_FENCE"])
def test_names_of_the_field_are_not_found(text):
    assert list(words.in_python(text)) == []
