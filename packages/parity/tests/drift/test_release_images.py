"""What an audit says of a release's image: a tag that was moved, an image that is gone, and one that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from parity.drift.compare import Sides, compare
from parity.engine.state import parse
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource
from parity.inventory.model import LiveState, live_object
from parity.resources import kinds

URN = f"urn:pulumi:prod::storefront::parity:components:WebApp${kinds.IMAGE}::shop-image-r1"
OURS, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
INPUTS = {
    "team": "team_1", "projectId": "prj_1", "repository": "dockerfile", "address": "vcr.vercel.com/a/shop/dockerfile",
    "tag": "c" * 12, "release": "r1", "deploymentId": "dpl_1",
}  # fmt: skip


def findings(recorded: str | None, tag: str | None, *stored: str) -> list[tuple[str, str, str]]:
    """What is reported of a release: how it was recorded, what its tag names, and which images there are."""
    row = {"urn": URN, "type": kinds.IMAGE, "id": "dpl_1", "custom": True, "inputs": INPUTS}
    row["outputs"] = {**INPUTS, "digest": recorded}
    state = parse({"deployment": {"resources": [] if recorded is None else [row]}})
    properties: dict[str, Any] = {**INPUTS, "stored": sorted(stored), **({} if tag is None else {"digest": tag})}
    found = live_object(kinds.IMAGE, "dpl_1", "", properties, project="shop-prod", vacuous=True)
    resource = Resource(URN, kinds.IMAGE, "shop-image-r1", "", True, INPUTS, frozenset(), {}, "", {})
    graph = Graph("storefront", "prod", {URN: resource}, {}, {})
    live = LiveState(keys={URN: found.key}, inputs={URN: INPUTS}, under={URN: (found,)})
    return [(each.kind, each.path, each.cause) for each in compare(Sides(graph, state, live))]


@pytest.mark.parametrize(
    ("recorded", "tag", "stored", "reported"),
    [
        (OURS, OURS, (OURS,), []),
        (OURS, OTHER, (OURS, OTHER), [("changed", "digest", "outside")]),
        (OURS, "", (OURS,), [("changed", "digest", "outside")]),
        (OURS, None, (OURS, OTHER), []),
        (OURS, OTHER, (OTHER,), [("missing", "", "outside")]),
        (OURS, None, (OTHER,), [("missing", "", "outside")]),
        ("", OTHER, (OTHER,), []),
        ("", "", (), []),
        (None, OTHER, (OTHER,), [("missing", "", "not applied")]),
    ],
    ids=[
        "as recorded", "moved", "tag gone", "a newer release has the tag", "image gone", "image gone, no tag",
        "not known", "no container", "never recorded",
    ],
)  # fmt: skip
def test_an_image_is_reported_by_what_was_recorded(
    recorded: str | None, tag: str | None, stored: tuple[str, ...], reported: list[tuple[str, str, str]]
):
    assert findings(recorded, tag, *stored) == reported
