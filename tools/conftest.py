"""What every test below is given."""

from support.fixtures import loop_for_the_sdk  # noqa: F401 - a fixture
