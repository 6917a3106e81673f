"""What every test below is given."""  # noqa: INP001 - pytest's own place for it

from support.fixtures import loop_for_the_sdk  # noqa: F401 - a fixture
