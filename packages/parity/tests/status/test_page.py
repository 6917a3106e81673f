"""The page is complete by itself, obeys nothing that it shows, and has what a screen reader goes by."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from parity.status.attention import needs
from parity.status.document import document
from parity.status.page import page
from parity.status.text import lines
from support import statuses

VOID = {"meta", "link", "br", "img"}


class Tree(HTMLParser):
    """Every element with its attributes, and the text of those that are named."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=[statuses.calm, statuses.troubled], ids=["calm", "troubled"])
def tree(request):
    return Tree(page(request.param()))


def test_it_asks_for_nothing_and_its_policy_allows_its_own_style_and_script_alone(tree):
    assert tree.open == []
    for tag in ("img", "link", "iframe", "form", "object", "base"):
        assert tree.of(tag) == []
    assert all("src" not in attributes for _, attributes in tree.elements)
    assert len(tree.of("script")) == len(tree.of("style")) == 1
    (policy,) = [each["content"] for each in tree.of("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    for tag in ("style", "script"):
        text = "".join(data for name, data in tree.texts if name == tag)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "url(" not in text
        assert "@import" not in text
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_nothing_that_is_shown_is_obeyed():
    tree = Tree(page(statuses.troubled()))
    assert not [attributes for _, attributes in tree.elements if any(name.startswith("on") for name in attributes)]
    assert all(str(each["href"]).startswith(("https://", "#")) for each in tree.of("a"))
    shown = "".join(data for _, data in tree.texts)
    assert shown.count(statuses.HOSTILE) == 12, "each is shown as it is"


def test_each_stack_has_a_column_and_each_application_a_row(tree):
    scopes = [each.get("scope") for each in tree.of("th")]
    assert None not in scopes
    heads = [data for name, data in tree.texts if name == "th"]
    assert heads.index("staging") < heads.index("prod") < heads.index("shop") < heads.index("Drift")
    assert {"header", "main", "footer"} <= {name for name, _ in tree.elements}
    labels = {each["aria-labelledby"] for each in tree.of("section")}
    assert labels <= {each.get("id") for each in tree.of("h2")}


def test_what_needs_a_person_comes_first_the_most_urgent_on_top():
    said = [each.what for each in needs(statuses.troubled())]
    order = [
        "shop is held by ada",
        "shop fails",
        "an update was interrupted",
        "drift: served 1, rights 2",
        "parity",
        "run waits",
        "pull request",
    ]
    assert len(said) == len(order)
    assert all(what.startswith(begin) for what, begin in zip(said, order, strict=True))
    assert needs(statuses.calm()) == ()
    text = page(statuses.troubled())
    assert text.index('id="needs"') < text.index('id="stacks"') < text.index('id="record"') < text.index('id="unknown"')


def test_a_terminal_of_80_columns_shows_it_all_and_obeys_none_of_it():
    status = statuses.troubled()
    prod = status.stacks[-1]
    row = statuses.application("shop", subject="\x1b[31mred\x07\nand a second line")
    status = statuses.replace(status, stacks=(statuses.replace(prod, applications=(row,)),))
    said = [line for line, _ in lines(status)]
    assert all(line.isprintable() for line in said)
    assert max(map(len, said)) <= 80
    text = "\n".join(said)
    for part in ("Needs a person now", "pull request #41; kept r3, r4", "served 1, rights 2, rest 4; 1 reads failed",
                 "parity releases prod", "interrupted: process 4711", "2026-11-30 07:30:00 UTC"):  # fmt: skip
        assert part in text


def test_the_document_says_the_same_and_is_json():
    made = json.loads(json.dumps(document(statuses.troubled())))
    assert [each["name"] for each in made["stacks"]] == ["staging", "qa", "prod"]
    assert made["time"] == "2026-11-30T07:30:00+00:00"
    assert len(made["needs"]) == 7
    assert made["stacks"][2]["applications"][0]["kept"][1]["release"] == "r4"


def luminance(color: str) -> float:
    digits = color if len(color) == 6 else "".join(each * 2 for each in color)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    ("text", "page"), ("text", "card"), ("dim", "page"), ("dim", "card"), ("dim", "soft"), ("link", "card"),
    ("link", "page"), ("link", "warn-soft"), ("text", "bad-soft"), ("text", "warn-soft"), ("good", "good-soft"),
    ("bad", "bad-soft"), ("warn", "warn-soft"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_each_text_has_contrast_in_both_schemes(scheme, pair):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    roots = re.findall(r":root\{(--page[^}]*)\}", page(statuses.calm()))
    colors = dict(re.findall(r"--([\w-]+):#(\w+)", roots[scheme]))
    assert contrast(*(colors[each] for each in pair)) >= 4.5
