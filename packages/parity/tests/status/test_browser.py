"""The page in a real browser: wide, narrow, dark, printed, by keyboard, and with hostile texts on it."""

from __future__ import annotations

import pytest

from packages.parity.tests.test_postmortem import incident
from parity.postmortem import write
from parity.status.page import page
from support import browser, statuses

PROGRAM = browser.find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason=f"no browser is on PATH: {', '.join(browser.NAMES)}")
OUT = "[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
FOCUSED = "(e => [e.tagName, e.textContent, getComputedStyle(e).outlineStyle])(document.activeElement)"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    assert PROGRAM
    with browser.opened(tmp_path_factory.mktemp("profile"), PROGRAM) as found:
        yield found


@pytest.fixture(scope="module")
def urls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for make in (statuses.calm, statuses.troubled):
        path = folder / f"{make.__name__}.html"
        path.write_text(page(make()))
        found[make.__name__] = path.as_uri()
    return found


@pytest.mark.parametrize("name", ["calm", "troubled"])
def test_it_is_loaded_without_a_request_or_a_fault_and_hostile_texts_do_nothing(opened, urls, name):
    opened.show(1200)
    opened.open(urls[name])
    assert opened.run("document.title") == "storefront: status"
    asked = [each["params"]["request"]["url"] for each in opened.events if "requestWillBeSent" in each["method"]]
    assert asked == [urls[name]]
    assert [each for each in opened.events if each["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}] == []
    assert opened.run("document.querySelector('time').textContent").endswith(" ago"), "its own script runs"


@pytest.mark.parametrize("width", [360, 800, 1200])
@pytest.mark.parametrize("name", ["calm", "troubled"])
def test_nothing_is_beyond_the_right_edge(opened, urls, name, width):
    opened.show(width)
    opened.open(urls[name])
    assert opened.run("document.documentElement.scrollWidth") <= width
    assert opened.run(OUT) == 0


@pytest.mark.parametrize("width", [360, 800, 1200])
def test_a_post_mortem_is_such_a_page_too(opened, width, tmp_path):
    path = tmp_path / "postmortem.html"
    path.write_text(write.page(incident()))
    opened.show(width)
    opened.open(path.as_uri())
    assert opened.run("document.title") == "Post-mortem: staging, 2026-11-24"
    assert opened.run("document.documentElement.scrollWidth") <= width
    assert opened.run(OUT) == 0
    assert opened.run("document.querySelectorAll('rect').length") == 3
    assert [each for each in opened.events if each["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}] == []
    asked = [each["params"]["request"]["url"] for each in opened.events if "requestWillBeSent" in each["method"]]
    assert asked == [path.as_uri()]


def test_a_narrow_window_says_each_stack_next_to_its_value(opened, urls):
    opened.open(urls["calm"])
    for width, shown in ((1200, "none"), (360, "block")):
        opened.show(width)
        assert opened.run("getComputedStyle(document.querySelector('.label')).display") == shown


def test_the_keyboard_reaches_every_link_in_the_order_of_the_page_and_shows_where_it_is(opened, urls):
    opened.show(1200)
    opened.open(urls["troubled"])
    links = opened.run("[...document.querySelectorAll('a')].map(e => e.textContent)")
    visited = []
    for _ in links:
        opened.press("Tab")
        tag, text, outline = opened.run(FOCUSED)
        assert (tag, outline) == ("A", "solid")
        visited.append(text)
    assert visited == links
    assert len(links) > 10


def test_the_skip_link_goes_to_the_stacks(opened, urls):
    opened.show(1200)
    opened.open(urls["calm"])
    opened.press("Tab")
    opened.press("Enter")
    assert opened.run("document.activeElement.id") == "stacks"


@pytest.mark.parametrize("width", [360, 1200])
def test_a_screen_reader_finds_landmarks_headings_and_tables(opened, urls, width):
    opened.show(width)
    opened.open(urls["troubled"])
    nodes = opened.call("Accessibility.getFullAXTree")["nodes"]
    roles = [each["role"]["value"] for each in nodes if not each.get("ignored")]
    for role, count in {"banner": 1, "main": 1, "contentinfo": 1, "region": 4, "table": 2, "columnheader": 9}.items():
        assert roles.count(role) == count, role
    assert roles.count("rowheader") == 2 + 3 + 3
    names = [each["name"]["value"] for each in nodes if each["role"]["value"] == "heading"]
    assert names[:3] == ["storefront", "What needs a person now", "Stacks, in the order of promotion"]


def test_the_dark_scheme_and_paper_have_colors_of_their_own(opened, urls):
    opened.open(urls["calm"])
    seen = {}
    for scheme, media in (("light", "screen"), ("dark", "screen"), ("light", "print")):
        opened.show(1200, scheme=scheme, media=media)
        seen[scheme, media] = opened.run("getComputedStyle(document.body).backgroundColor")
    assert len(set(seen.values())) == 3
    assert seen["light", "print"] == "rgb(255, 255, 255)"
