"""What a vendor accepted and did not keep is said by the update itself: on the real engine, in sandboxes of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.mutations import World

if TYPE_CHECKING:
    from support.program import Box

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

KEPT_OTHERWISE = 15


def record_of(box: Box, stack: str) -> dict[str, Any]:
    """The ledger's newest record."""
    return json.loads(box.run("parity", "ledger", stack, "--json", "--last", "1").ok().stdout)


@pytest.mark.timeout(600)
def test_the_two_faults_that_were_reported(empty_box: Box):
    """A team without access to the repository is dropped; `public` is another role's, so revoking does nothing."""
    box = empty_box
    world = World(box)
    world.github("DELETE", "/orgs/storefront-example/teams/platform/repos/storefront-example/storefront")
    world.sql("update pg_database set datallowconn = true where datname = 'template0'", database="postgres", superuser=True)
    world.sql(
        "alter schema public owner to postgres",
        "grant usage, create on schema public to public",
        database="template0",
        superuser=True,
    )
    world.sql("update pg_database set datallowconn = false where datname = 'template0'", database="postgres", superuser=True)
    box.init("prod")

    done = box.run("parity", "up", "prod", "--yes")
    assert done.code == KEPT_OTHERWISE, done.said
    print(done.said)
    print(json.dumps(record_of(box, "prod")["verify"], indent=1))
