"""What every test of this repository is given; pytest takes plugins from the root folder alone."""

from support.signals import take_interrupts

pytest_plugins = ("support.fixtures", "support.instances", "support.sandboxes", "support.order")


def pytest_configure() -> None:
    """Have the engine end what it started by its signal, not by its patience."""
    take_interrupts()
