"""What a plugin never uses is not loaded, and is where traces are asked for."""

import json
import os
import subprocess
import sys

import pytest

from parity.provider import lean

_UNWANTED = ("dill", "psutil", "pulumi.automation._stack", "rich", "click")


def loaded(plugin, environment):
    code = (
        f"import json, sys; from {plugin} import lean; lean.leave_out()\n"
        f"import {plugin}.server, httpx\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "assert httpx.AsyncClient\n"
        f"print(json.dumps([[each for each in {_UNWANTED} if each in sys.modules], TracerProvider is not None]))"
    )
    clean = {name: value for name, value in os.environ.items() if name not in {lean.TRACES_WANTED, "TRACEPARENT"}}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=clean | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("plugin", ["parity.provider", "parity_sandbox.standin"])
def test_what_a_plugin_never_uses_is_not_loaded(plugin):
    span = {"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    assert loaded(plugin, span) == [[], False]


@pytest.mark.parametrize(
    ("plugin", "never"), [("parity.provider", {"rich", "click"}), ("parity_sandbox.standin", set())]
)
def test_where_traces_are_asked_for_the_sdk_is_left_as_it_is(plugin, never):
    """httpx's own command line, with rich and click, is nothing that a trace could need."""
    wanted = [each for each in _UNWANTED if each not in never]
    assert loaded(plugin, {lean.TRACES_WANTED: "127.0.0.1:1"}) == [wanted, True]
