"""What every test is given."""

import asyncio

import pytest


@pytest.fixture(autouse=True)
def loop_for_the_sdk():
    """Give each test an event loop of its own: Pulumi's SDK takes the current one, and `asyncio.run` leaves none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
