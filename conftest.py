"""What every test of this repository is given; pytest takes plugins from the root folder alone."""

pytest_plugins = ("support.fixtures", "support.instances", "support.sandboxes", "support.order")
