"""A hold is in the ledger too: what is asked of the last update reads on behind it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from parity.backend import stack_backend
from parity.backend.ledger import Ledger
from parity.drift import audit
from parity.engine.store import FolderStore
from parity.releases import switch
from parity.updates import record

if TYPE_CHECKING:
    from pathlib import Path

STACK: Any = SimpleNamespace(name="prod")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    found = Ledger(FolderStore(tmp_path), "storefront", "prod")
    place = SimpleNamespace(store=found.store, ledger=found)
    monkeypatch.setattr(stack_backend, "open_backend", lambda _: place)
    monkeypatch.setattr(audit, "open_backend", lambda _: place)
    return found


def held(ledger: Ledger, times: int = 7) -> None:
    for _ in range(times):
        ledger.end(ledger.begin({"command": "hold"}), {"result": "succeeded"})


def test_the_quick_switch_is_not_taken_where_an_update_did_not_end(ledger):
    ledger.begin({"command": "up", "intent": {}})
    held(ledger)
    assert switch.make(STACK, None, None) == {}  # pyright: ignore[reportArgumentType]


def test_causes_count_from_the_last_update_however_many_holds_followed(ledger):
    ledger.end(ledger.begin({"command": "up", "intent": {}, "commit": "ab" * 20}), {"result": "succeeded"})
    held(ledger)
    assert record._last_commit(ledger) == "ab" * 20


def test_an_audit_says_how_the_last_update_ended(ledger):
    ledger.end(ledger.begin({"command": "up", "intent": {}}), {"result": "failed"})
    held(ledger)
    assert audit._backend(STACK)[1].startswith("failed, begun ")
