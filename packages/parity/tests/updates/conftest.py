"""A stack on the road, without the real engine."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from parity.engine.pulumi import Pulumi
from parity.evaluate.stack import Stack
from parity.updates import planning
from support.recovery import STACK, Lab, declared
from support.road import HARMLESS, LIVE, Road

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    lab = Lab(tmp_path, monkeypatch)
    lab.same()
    live = declared(LIVE, {"application": "shop"})
    lab.declares(live)
    found = Road(lab, [copy.deepcopy(HARMLESS)])
    for name in ("infra", "components", "plugin"):
        (lab.root / name).mkdir()
    found.program.write_text("one\n")
    (lab.root / f"Pulumi.{STACK}.yaml").write_text("config: {}\n")
    (lab.root / "Pulumi.yaml").write_text(json.dumps({"name": "storefront"}))
    # A method of the road is not bound to the stack again, so that a function is needed.
    monkeypatch.setattr(Stack, "settings", lambda stack: found.settings(stack))  # noqa: PLW0108 - see above
    monkeypatch.setattr(planning.run, "preview", found.preview)
    monkeypatch.setattr(planning.inventory, "collect_live_state", found.look)
    monkeypatch.setattr(Pulumi, "update", lambda _, *given: found.engine(*given))
    return found
