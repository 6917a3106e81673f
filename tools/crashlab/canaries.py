"""Whether any secret of the instance stands in the clear in what was printed or kept: states, ledgers, copies, logs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from crashlab import oracle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crashlab.lab import Lab

_PASSWORD = re.compile(r"postgresql://[^:]+:([^@]+)@")
_SHORTEST = 12


def secrets(lab: Lab) -> set[str]:
    """Every secret value that the vendors hold now: passwords of URLs, sensitive variables, the drain's, the bypass."""
    found: set[str] = set()
    for row in oracle.stored(lab):
        found |= set(_PASSWORD.findall(json.dumps(row.document)))
        if row.kind == "vercel env" and row.document.get("type") == "sensitive":
            found.add(row.document["value"])
        if row.kind == "vercel drains":
            found.add(row.document["delivery"].get("secret") or "")
        if row.kind == "vercel projects":
            found |= set(row.document.get("protectionBypass") or {})
    return {each for each in found if len(each) >= _SHORTEST}


def leaks(lab: Lab, known: set[str], printed: str) -> list[str]:
    """Where any of them can be read; never which one."""
    found = ["what was printed"] if any(each in printed for each in known) else []
    for path in _kept(lab):
        text = path.read_bytes().decode(errors="replace")
        if any(each in text for each in known):
            found.append(path.relative_to(lab.instance.local.directory).as_posix())
    return found


def _kept(lab: Lab) -> Iterator[Path]:
    """All that the engine and the tool keep: the backend with state, history, ledger and copies, and their logs."""
    for folder in (lab.backend, lab.instance.local.updates):
        # Terraform keeps its state in the clear, as its documentation says.
        yield from (
            each for each in folder.rglob("*") if each.is_file() and not each.name.startswith("terraform.tfstate")
        )
