"""What GitHub makes of Markdown: its own parser, and the rules that it applies to the text afterwards."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

POST_PROCESSED = {
    "mention": r"(?<![\w/`])@[A-Za-z0-9][\w-]*(?:/[\w.-]+)?",
    "issue": r"(?<!\w)(?:[\w.-]+/)?[\w.-]*#\d+|\bGH-\d+",
    "commit": r"(?<![0-9A-Za-z])[0-9a-fA-F]{7,40}(?![0-9A-Za-z])",
    "advisory": r"\b(?:GHSA-\w{4}-\w{4}-\w{4}|CVE-\d+-\d+)",
    "tracker": r"\b[A-Z]+-\d+",
    "address": r"(?:https?|ftp)://|www\.",
    "emoji": r":(?:[a-z_+-][\w+-]*|100|1234):",
    "formula": r"\$",
}
"""What GitHub makes into something after Markdown, outside of code (docs.github.com, "Autolinked references")."""

HOSTILE = [
    "plain words, with a comma: and (brackets).",
    "https://evil.example/x",
    "HTTP://evil.example",
    "see www.evil.example now",
    "ftp://evil.example",
    "mail me@evil.example or mailto:me@evil.example",
    "xmpp:me@evil.example/x",
    "@team @org/team, cc:@user",
    "fixes #12, org/repo#12, GH-12, gh-12",
    "0123456789abcdef0123456789abcdef01234567",
    "deadbeef org/repo@deadbeef deadbee...cafebab",
    "CVE-2024-12345 GHSA-aaaa-bbbb-cccc ABC-12",
    ":tada: $x$ $`x`$ $$x$$",
    "[x](https://evil.example) ![x](y) [x]: y <https://evil.example>",
    "<img src=x onerror=alert(1)> <!-- --> </details> &copy; &#64;team",
    "*a* _b_ **c** ~~d~~ `e` ``f`` ```",
    "a|b | c \\| d \\",
    "# head",
    "> quote",
    ">quote",
    "- item",
    "- - -",
    "+ item",
    "1. item",
    "1) item",
    "---",
    "===",
    "***",
    "    indented",
    "\tindented",
    "```\ncode",
    "````\n```\n@team",
    "x\n```\n\n@team https://evil.example\n",
    "~~~",
    "a\nb\r\nc\rd",
    "a\x00b\x1b[31m\u202eevil\u2066 \u200b \ud800",
    "a\u2028@team\u0085#12",
    "[^1] [x]",
    "| --- | --- |",
    "``@team`` `#1`",
    "\\@team \\#12 &#35;12",
    "`",
    " ",
    "",
    'don\'t; "quoted" 5% a/b a=b a+b c++ -> b',
]
"""Text that is harmless, text that Markdown reads, and text that GitHub resolves."""


_LEFT_ALONE = {"code", "pre", "a"}


class Rendered(HTMLParser):
    """The tags of a page, its text, and the text outside of code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.shown, self.outside, self.depth = "", "", 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        self.depth += tag in _LEFT_ALONE

    def handle_endtag(self, tag):
        self.depth -= tag in _LEFT_ALONE

    def handle_data(self, data):
        self.shown += data
        self.outside += "\x00" if self.depth else data

    def handle_comment(self, data):
        self.tags.append("comment")


def github(markdown: str) -> Rendered:
    """A comment as GitHub shows it."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    extensions = ["table", "autolink", "strikethrough", "tagfilter", "tasklist"]
    return Rendered(cmarkgfm.markdown_to_html_with_extensions(markdown, options=options, extensions=extensions))


def resolved(page: Rendered) -> list[str]:
    """What GitHub would resolve in the text of a page, besides the links that its Markdown has."""
    return [name for name, pattern in POST_PROCESSED.items() if re.search(pattern, page.outside, re.IGNORECASE)]
