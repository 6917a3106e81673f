"""The figures of a run: how many cases came to what, by operation, by fault, by recovery procedure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Result = dict[str, Any]


def outcome(result: Result) -> str:
    """What came of a case before any recovery: `crashed`, or why it does not count as a crash."""
    if "broken" in result:
        return "broken"
    if not result["reached"]:
        return "not reached"
    return "swallowed" if result["swallowed"] else "crashed"


def failed(result: Result) -> bool:
    """Whether a case counts against this project: before any recovery, after its own recovery procedure, or broken."""
    own = [
        result["verdicts"][name] for name in ("recover", "recover-watched", "up-alone") if name in result["verdicts"]
    ]
    return bool(
        "broken" in result
        or result.get("live")
        or result.get("differences")
        or result.get("leaks")
        or any(each["faults"] for each in own)
    )


def report(results: Sequence[Result]) -> str:
    """Tables for people."""
    procedures = sorted({name for each in results for name in each["verdicts"]})
    parts = [
        _table("By operation", results, "operation", procedures),
        _table("By fault", results, "fault", procedures),
        _table("By kind of point", results, "kind", procedures),
    ]
    return "\n\n".join([*parts, _failures(results)])


def _table(title: str, results: Sequence[Result], field: str, procedures: Sequence[str]) -> str:
    groups: dict[str, list[Result]] = defaultdict(list)
    for each in results:
        groups[each[field]].append(each)
    heads = [
        field,
        "cases",
        "not reached",
        "swallowed",
        "broken",
        "crashed",
        "reported done",
        "states",
        "served completely",
        *procedures,
    ]
    rows = [[name, *_counts(group, procedures)] for name, group in groups.items()]
    rows.append(["all", *_counts(results, procedures)])
    return f"{title}\n\n" + markdown(heads, rows)


def _counts(group: Sequence[Result], procedures: Sequence[str]) -> list[str]:
    outcomes = Counter(outcome(each) for each in group)
    crashed = [each for each in group if outcome(each) == "crashed"]
    states = len({each["state"] for each in crashed})
    served = sum(not each["live"] for each in crashed)
    columns = [str(len(group)), *(str(outcomes[name]) for name in ("not reached", "swallowed", "broken", "crashed"))]
    reported = sum(bool(each.get("reported_done")) for each in crashed)
    columns += [str(reported), str(states), f"{served} of {len(crashed)}"]
    for name in procedures:
        judged = [each["verdicts"][name] for each in crashed if name in each["verdicts"]]
        columns.append(f"{sum(not each['faults'] for each in judged)} of {len(judged)}")
    return columns


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _failures(results: Sequence[Result]) -> str:
    """Every failure once, with how often and one case to run it again."""
    seen: dict[str, list[str]] = defaultdict(list)
    for each in results:
        if "broken" in each:
            seen["broken: " + each["broken"].strip().splitlines()[-1]].append(each["case"])
            continue
        for fault in each.get("live", []):
            seen[f"before any recovery: {fault}"].append(each["case"])
        for place in each.get("leaks", []):
            seen[f"a secret in the clear: {place}"].append(each["case"])
        for fault in each.get("differences", []):
            seen[f"swallowed, and yet: {fault}"].append(each["case"])
        for name, verdict in each["verdicts"].items():
            if verdict["faults"]:
                seen[f"{name}: {verdict['faults'][0]}"].append(each["case"])
    lines = [f"- {len(where)} x {what}\n  {where[0]}" for what, where in sorted(seen.items(), key=lambda e: -len(e[1]))]
    return "What failed\n\n" + ("\n".join(lines) or "nothing")
