"""A stack on the road, without the real engine."""

from __future__ import annotations

import copy
import json
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from parity.engine import toolchain
from parity.engine.pulumi import Pulumi
from parity.evaluate.stack import Stack
from parity.inventory import domain_health
from parity.updates import planning
from parity.vendors import readiness
from support.recovery import STACK, Lab, declared
from support.road import HARMLESS, LIVE, Road

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    lab = Lab(tmp_path)
    lab.same()
    lab.declares(declared(LIVE, {"application": "shop"}))
    real = subprocess.run

    def run(words: Sequence[str], **given: Any) -> Any:
        return lab.engine.run(words, **given) if words[0] == str(lab.engine.path) else real(words, **given)

    plugin = SimpleNamespace(name="vercel", version="5", source="download", path=None)
    tools = SimpleNamespace(cli=SimpleNamespace(version="3", path=lab.engine.path), plugins=[plugin])
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(toolchain, "resolve", lambda: tools)
    monkeypatch.setattr(Stack, "declared", lambda *_: lab.dependencies().declared())
    monkeypatch.setattr(domain_health, "ask", lambda *_: lab.live)
    found = Road(lab, [copy.deepcopy(HARMLESS)])
    for name in ("infra", "components", "plugin"):
        (lab.root / name).mkdir()
    found.program.write_text("one\n")
    (lab.root / f"Pulumi.{STACK}.yaml").write_text("config: {}\n")
    (lab.root / "Pulumi.yaml").write_text(json.dumps({"name": "storefront"}))
    # A method of the road is not bound to the stack again, so that a function is needed.
    monkeypatch.setattr(Stack, "settings", lambda stack: found.settings(stack))  # noqa: PLW0108 - see above
    monkeypatch.setattr(planning.run, "preview", found.preview)
    monkeypatch.setattr(planning.inventory, "collect_live_state", found.live_state)
    monkeypatch.setattr(readiness, "faults", lambda *_: [])
    monkeypatch.setattr(Pulumi, "update", lambda _, *given: found.engine(*given))
    return found
