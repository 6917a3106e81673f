"""The words that the project gave up come back nowhere: their counts in docs and code may only fall."""

from __future__ import annotations

import pytest

from repository import words

LOWER = "say it in the field's words (docs/glossary.md); the counts are in tools/repository/words.json"


@pytest.mark.parametrize("part", ["docs", "code"])
def test_no_word_that_was_given_up_is_used_more_often(part):
    found, most = words.now()[part], words.allowed()[part]
    assert {word: f"{found[word]}, at most {most[word]}" for word in found if found[word] > most[word]} == {}, LOWER


def test_every_word_has_a_limit():
    limits = words.allowed()
    assert [set(limits[part]) for part in ("docs", "code")] == [set(words.WORDS)] * 2


def test_the_docs_use_none_of_them():
    assert {word: count for word, count in words.now()["docs"].items() if count} == {}, LOWER


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
def test_a_word_that_was_given_up_is_counted(text, word):
    assert words.counts([text])[word] == 1


@pytest.mark.parametrize("text", ["a sealed box", "read the whole file", "look at it", "drift_beside.py", "`--cell`"])
def test_a_use_in_the_fields_own_sense_is_not_counted(text):
    assert sum(words.counts([text]).values()) == 0
