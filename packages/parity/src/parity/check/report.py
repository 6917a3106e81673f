"""The result of a check as text, as Markdown for a pull request, and as a document for programs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.check.facts import ABSENT
from parity.config.stack_checks import RELEASES
from parity.problems import some
from parity.redact import masked
from parity.resources.urn import split_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence, Sized

    from parity.check.compare import Difference, Origin, Result, Verdict
    from parity.check.facts import Place
    from parity.check.proof import Checked
    from parity.problems import ConfigProblem

SEALED = "secrets: not at hand, so where they go was compared and what they are was not; --secrets compares them"
OPENED = "secrets: at hand, compared by keyed fingerprint"

_LONGEST = 160
"""Characters of a value that text and Markdown show; the JSON document has all of it."""

_ROWS = 200
"""Rows of a table in Markdown; a comment has room for some 65 000 characters."""


# --- The parts that all three forms share -----------------------------------------------------------------------------


def headline(checked: Checked) -> str:
    """The result in one line."""
    result = checked.result
    who = f"{result.one} and {result.other}"
    who = f"what {who} really have" if checked.live else who
    be = "is" if checked.live else "are"
    releases = sum(each.key.startswith(RELEASES) for each in checked.stale)
    no_fingerprint = "without a current fingerprint"
    if checked.clean:
        return f"{who} {be} the same but for what their files say"
    found = [
        _count(len(result.unexplained), "unexplained difference"),
        _count(len(result.unused), "exception that holds no longer", "exceptions that hold no longer"),
        _count(releases, "stale release"),
        _count(len(checked.stale) - releases, f"secret {no_fingerprint}", f"secrets {no_fingerprint}"),
        _count(len(checked.shared), "shared secret"),
        _count(len(checked.containers.faults), "fault of a container", "faults of containers"),
    ]
    return f"{who} {be} not the same: {', '.join(each for each in found if each)}"


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return "" if not number else f"{number} {noun if number == 1 else plural or noun + 's'}"


def faults(checked: Checked) -> Iterator[str]:
    """Give a line for each fault that makes the check fail."""
    result = checked.result
    for each in result.unexplained:
        yield f"{_place(each.place)}: {_short(each.one)} in {result.one}, {_short(each.other)} in {result.other}"
    for each in result.unused:
        yield f"exception {each.accepted.where} {each.accepted.resource} {each.accepted.property}: {each.why}"
    for fault in checked.faults:
        yield f"{fault.place}: {fault.what}"


def summary(checked: Checked) -> list[str]:
    """What was compared, and what was not."""
    result = checked.result
    declared, excepted, computed = (len(_judged(result, each)) for each in ("declared", "excepted", "computed"))
    counts = f"{declared} follow keys of the stacks' files, {excepted} excepted, {len(result.unexplained)} unexplained"
    if checked.live:
        return [
            f"{result.resources} objects, {result.facts} facts: {result.equal} equal, {computed} computed, {counts}",
            "secrets: the engine masks them, so whether one is there was compared and what it is was not",
        ]
    return [
        f"{result.resources} resources, {result.facts} facts: {result.equal} equal, {counts}",
        SEALED if result.sealed else OPENED,
        _guard(checked),
        *(f"container: {each} is not in this checkout, so it was not checked" for each in checked.containers.unread),
    ]


def _guard(checked: Checked) -> str:
    if not checked.guarded:
        return "release guard: not run"
    found = "with findings" if checked.stale else "every newest release was recorded with the config as it is now"
    return f"release guard: run, {found}"


def _judged(result: Result, verdict: Verdict) -> list[Difference]:
    return [each for each in result.differences if each.verdict == verdict]


def by_key(differences: Iterable[Difference]) -> dict[tuple[Origin, ...], list[Difference]]:
    """Group differences by the keys that they follow.

    A resource of one stack alone counts once, by its presence; what depends on it is then no difference of its own.
    """
    listed = list(differences)
    alone = {each.place.resource for each in listed if each.place.aspect == "resource"}
    grouped = defaultdict[tuple["Origin", ...], list["Difference"]](list)
    for each in listed:
        needed = each.place.path.rpartition(" on ")[2] if "dependency" in each.place.aspect else ""
        if each.place.aspect == "resource" or not alone.intersection((each.place.resource, needed)):
            grouped[each.origins].append(each)
    return dict(sorted(grouped.items(), key=lambda item: [origin.key for origin in item[0]]))


def exception_entry(difference: Difference) -> str:
    """The line of `parity:exceptions` that would except the difference."""
    entry = {"resource": difference.place.resource, "property": difference.place.path or "*", "reason": "..."}
    return "- {" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in entry.items()) + "}"


def _place(place: Place) -> str:
    """Write a place for people: each resource by type and name, without the components that contain it."""
    return " ".join(part for part in (own(place.resource), place.aspect, own(place.path)) if part)


def own(text: str) -> str:
    """Shorten the resources named in a text by the types of the components that contain them."""
    return re.sub(r"(?:[A-Za-z][\w-]*:[\w/-]+:[\w-]+\$)+", "", text)


def _short(text: str) -> str:
    shown = masked(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


# --- Text -------------------------------------------------------------------------------------------------------------


def text(checked: Checked, *, every: bool = False) -> Iterator[tuple[str, str]]:
    """The report's lines, each with its style: `title`, `bad`, `dim`, or empty.

    With `every` it lists every declared difference, not only the keys that they follow.
    """
    result = checked.result
    yield headline(checked), "good" if checked.clean else "bad"
    for line in summary(checked):
        yield f"  {line}", ""
    yield from _title("unexplained", result.unexplained)
    for each in result.unexplained:
        yield from _unexplained(each, result)
    for each in result.unused:
        yield "", ""
        yield f"exception in {each.accepted.where or each.accepted.stack}: {each.why}", "bad"
        yield f"  {each.accepted.resource} {each.accepted.property}: {each.accepted.reason}", ""
    for fault in checked.faults:
        yield "", ""
        yield f"{fault.place}: {fault.what}", "bad"
        yield f"  to do: {fault.remedy}", ""
    excepted = _judged(result, "excepted")
    yield from _title("excepted", excepted)
    for each in excepted:
        yield f"  {_place(each.place)}: {_short(each.one)} | {_short(each.other)}", ""
        yield f"    {each.why}", "dim"
    yield from _declared(result, every=every)
    yield from _computed(result)


def _title(name: str, below: Sized) -> Iterator[tuple[str, str]]:
    yield from (("", ""), (name, "title")) if below else ()


def _computed(result: Result) -> Iterator[tuple[str, str]]:
    found = _computed_by(result)
    yield from _title("computed", found)
    for why, differences in found.items():
        yield f"  {why}: {_some(differences)}", "dim"


def _computed_by(result: Result) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = defaultdict(list)
    for each in _judged(result, "computed"):
        found[each.why].append(each)
    return found


def _unexplained(each: Difference, result: Result) -> Iterator[tuple[str, str]]:
    width = max(len(result.one), len(result.other), len("to do"))
    yield f"  {_place(each.place)}", "bad"
    yield f"    {result.one:{width}}  {_short(each.one)}", ""
    yield f"    {result.other:{width}}  {_short(each.other)}", ""
    yield f"    {'why':{width}}  {each.why}", ""
    for origin in each.origins:
        if origin.one.where or origin.other.where:
            yield f"    {'also':{width}}  follows {origin.key} ({origin.one.where}, {origin.other.where})", ""
    yield (
        f"    {'to do':{width}}  make it the same in both, or a key of the stacks' files; or except it with a reason:",
        "",
    )
    yield f"    {'':{width}}  {exception_entry(each)}", "dim"


def _declared(result: Result, *, every: bool) -> Iterator[tuple[str, str]]:
    groups = by_key(_judged(result, "declared"))
    yield from _title("declared", groups)
    for origins, differences in groups.items():
        yield "  " + " and ".join(origin.key for origin in origins), ""
        for origin in origins:
            for stack, value in ((result.one, origin.one), (result.other, origin.other)):
                yield f"    {value.where or stack}  {_short(value.text)}", "dim"
        if not every:
            yield f"    → {_count(len(differences), 'difference')}: {_some(differences)}", "dim"
            continue
        for each in differences:
            yield f"    → {_place(each.place)}: {_short(each.one)} | {_short(each.other)}", "dim"


def _some(differences: Sequence[Difference], most: int = 3) -> str:
    return some(list(dict.fromkeys(_brief(each) for each in differences)), most)


def _brief(each: Difference) -> str:
    """A place without its type: `shop-project vercelAuthentication.deploymentType`."""
    return " ".join(part for part in (split_key(each.place.resource)[1], own(each.place.path)) if part)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(checked: Checked) -> str:
    """The report for a pull request's comment or a job's summary; a row for each key, and what follows it folded."""
    result = checked.result
    lines = [f"### {'✅' if checked.clean else '❌'} Parity: {markup.text(headline(checked))}", ""]
    lines += [f"- {line}" for line in summary(checked)]
    if result.unexplained:
        rows = [[*_cells(each), markup.text(_reason(each))] for each in result.unexplained]
        lines += _table(["unexplained", result.one, result.other, "why"], rows)
    if result.unused:
        entries = [(each.accepted, each.why) for each in result.unused]
        rows = [[markup.code(f"{each.where} {each.resource} {each.property}"), why] for each, why in entries]
        lines += _table(["exception", "what is wrong with it"], rows)
    for fault in checked.faults:
        lines += ["", f"**{markup.text(fault.place)}**", "", *markup.fenced(f"{fault.what}\n{fault.remedy}")]
    lines += _keys(result)
    rows = [[*_cells(each), markup.text(each.why)] for each in _judged(result, "excepted")]
    lines += _folded("excepted", len(rows), _table(["what", result.one, result.other, "because of"], rows))
    computed = _computed_by(result)
    items = [f"- {markup.text(why)}: {_places(differences)}" for why, differences in computed.items()]
    return "\n".join([*lines, *_folded("computed", sum(map(len, computed.values())), ["", *items])]) + "\n"


def _reason(each: Difference) -> str:
    keys = ", ".join(f"{origin.key} ({origin.one.where})" for origin in each.origins if origin.one.where)
    return f"{each.why}; also follows {keys}" if keys else each.why


def _keys(result: Result) -> list[str]:
    groups = by_key(_judged(result, "declared"))
    rows = [
        [
            " and ".join(markup.code(origin.key) for origin in origins),
            " and ".join(_value(origin.one.text) for origin in origins),
            " and ".join(_value(origin.other.text) for origin in origins),
            str(len(differences)),
        ]
        for origins, differences in groups.items()
    ]
    items = [
        f"- {', '.join(_where(each) for each in origins)}: {_places(differences)}"
        for origins, differences in groups.items()
    ]
    table = _table(["follows", result.one, result.other, "differences"], rows) if rows else []
    return table + _folded("following keys of the stacks' files", sum(map(len, groups.values())), ["", *items])


def _cells(each: Difference) -> tuple[str, str, str]:
    return markup.code(_place(each.place)), _value(each.one), _value(each.other)


def _value(text: str) -> str:
    return markup.code(text, limit=_LONGEST)


def _where(origin: Origin) -> str:
    return markup.text(f"{origin.key} ({origin.one.where}, {origin.other.where})")


def _places(differences: Sequence[Difference]) -> str:
    return some(list(map(markup.code, dict.fromkeys(_brief(each) for each in differences))), _ROWS)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, with an empty line before it; of a long one the first rows are shown."""
    lines = ["", f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in rows[:_ROWS]]
    left = len(rows) - _ROWS
    return [*lines, "", f"{left} more are in the output of `parity check --json`."] if left > 0 else lines


def _folded(title: str, number: int, body: Sequence[str]) -> list[str]:
    summary_ = f"<summary>{_count(number, 'difference')} {markup.raw(title)}</summary>"
    return ["", f"<details>{summary_}", *body, "", "</details>"] if number else []


# --- For programs -----------------------------------------------------------------------------------------------------


def document(checked: Checked) -> dict[str, Any]:
    """The report as JSON: `from`, `to`, `clean`, counts, each difference with its verdict and origins."""
    result = checked.result
    return {
        "from": result.one,
        "to": result.other,
        "live": checked.live,
        "clean": checked.clean,
        "resources": result.resources,
        "facts": result.facts,
        "equal": result.equal,
        "unexplained": len(result.unexplained),
        "secrets": "not at hand" if result.sealed else "compared",
        "release_guard": ("stale" if checked.stale else "passed") if checked.guarded else "not run",
        "evaluations": result.evaluations,
        "differences": [_difference(each) for each in result.differences],
        "exceptions_without_effect": [
            {
                "stack": each.accepted.stack,
                "where": each.accepted.where,
                "resource": each.accepted.resource,
                "property": each.accepted.property,
                "what": each.why,
            }
            for each in result.unused
        ],
        "stale_releases": _faults(checked.stale),
        "shared_secrets": _faults(checked.shared),
        "containers": {
            "faults": _faults(checked.containers.faults),
            "not_checked": list(checked.containers.unread),
        },
    }


def documents(found: Sequence[Checked]) -> dict[str, Any]:
    """The reports of several comparisons as JSON: `clean`, and each in `comparisons`."""
    return {"clean": all(each.clean for each in found), "comparisons": [document(each) for each in found]}


def _faults(faults: Iterable[ConfigProblem]) -> list[dict[str, str]]:
    return [{"where": each.place, "what": each.what, "remedy": each.remedy} for each in faults]


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "verdict": each.verdict,
        "resource": each.place.resource,
        "aspect": each.place.aspect,
        "property": each.place.path,
        "from": None if each.one == ABSENT else each.one,
        "to": None if each.other == ABSENT else each.other,
        "why": each.why,
        "origins": [
            {
                "key": origin.key,
                "from": {"value": origin.one.text, "where": origin.one.where},
                "to": {"value": origin.other.text, "where": origin.other.where},
            }
            for origin in each.origins
        ],
    }
