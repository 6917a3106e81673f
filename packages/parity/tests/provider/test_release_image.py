"""Which image a release is recorded with, and what a switch asks of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from packages.parity.tests.provider.conftest import COMMIT, TEAM, World, inputs
from parity.documents import lacking
from parity.provider import live_release, release_image
from parity.provider.errors import NoImage, VercelError

TAG, DIGEST, OTHER = COMMIT[:12], f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
GIVEN = {
    "team": TEAM, "projectId": "prj_1", "repository": "dockerfile", "address": "vcr.vercel.com/acme/shop/dockerfile",
    "tag": TAG, "release": "r2", "deploymentId": "d2",
}  # fmt: skip
IMAGE = {"image": DIGEST, "repository": "dockerfile"}


def create(world: World, **changes: Any) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    return asyncio.run(release_image.create(world.vercel(), {**GIVEN, **changes}, said.append)), said


def switch(world: World) -> list[str]:
    """Make the release live, and give what was said."""
    said: list[str] = []

    async def run() -> None:
        async with world.web() as web:
            await live_release.switch(world.vercel(), inputs(**IMAGE), None, said.append, web=web)

    asyncio.run(run())
    return said


def refusing(**more: Any) -> World:
    """A world whose registry refuses one question."""
    refusal = httpx.Response(403, json={"error": {"code": "forbidden", "message": "no"}})
    return World(images={TAG: DIGEST}, faults={"GET /v1/vcr": [refusal]}, **more)


def test_the_tags_image_is_recorded_where_the_build_pushed_it():
    made, said = create(World(images={TAG: DIGEST}))
    assert (made, said) == ({**GIVEN, "digest": DIGEST}, [])
    assert release_image.id_of(made) == "d2"


def test_a_tag_that_was_moved_after_the_build_says_nothing_of_it():
    made, [said] = create(World(images={TAG: OTHER}, pushed_at="2026-11-30T10:00:01.001Z"))
    assert made["digest"] == ""
    assert "was moved after r2 was built" in said


def test_a_release_that_was_built_as_no_container_has_none():
    world = World()
    made, [said] = create(world)
    assert made["digest"] == ""
    assert "no container" in said
    assert [each for each in world.calls if "vcr" in each] == []


def test_a_build_whose_image_is_elsewhere_is_an_error_that_names_the_place():
    with pytest.raises(NoImage, match=f"vcr.vercel.com/acme/shop/dockerfile:{TAG} is not there"):
        create(World(images={"another": DIGEST}))


def test_what_was_recorded_stays_when_the_tag_moves_and_when_the_address_changes():
    world = World(images={TAG: OTHER})
    state = {**GIVEN, "digest": DIGEST}
    assert asyncio.run(release_image.read(world.vercel(), "d2", state, GIVEN)) == ("d2", state, GIVEN)
    moved = {**GIVEN, "address": "vcr.vercel.com/acme/store/dockerfile"}
    assert release_image.update(state, moved) == {**moved, "digest": DIGEST}
    assert world.calls == []


def test_every_fault_of_the_inputs_is_named():
    assert lacking({"team": ""}, release_image.REQUIRED).keys() == GIVEN.keys()
    assert lacking(GIVEN, release_image.REQUIRED) == {}


# --- The switch ---


def test_a_release_whose_image_is_there_is_promoted():
    world = World(images={TAG: DIGEST})
    switch(world)
    assert world.live == "d2"


def test_a_new_release_whose_image_is_gone_is_not_promoted():
    world = World(images={TAG: OTHER})
    with pytest.raises(NoImage, match="--again --live --up"):
        switch(world)
    assert world.live == "d1"


def test_going_back_is_not_held_up_by_an_image_that_is_gone_or_a_registry_that_fails():
    world = World(images={TAG: OTHER}, served={"d2"})
    said = switch(world)
    assert world.live == "d2"
    assert any("new instances may not start" in each for each in said)
    broken = refusing(served={"d2"})
    said = switch(broken)
    assert broken.live == "d2"
    assert any("could not be asked" in each for each in said)


def test_going_forward_waits_for_a_registry_that_answers():
    world = refusing()
    with pytest.raises(VercelError):
        switch(world)
    assert world.live == "d1"
