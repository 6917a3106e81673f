"""What a plugin never uses is not loaded, and is where traces are asked for."""

import json
import os
import subprocess
import sys

import pytest

from parity.evaluate.lazy import TRACES_WANTED

UNWANTED = ("dill", "psutil", "pulumi.automation._stack", "rich", "click", "opentelemetry")
TRACING = "opentelemetry"
NEVER = {"parity.provider": {*UNWANTED} - {TRACING, "psutil"}, "parity_sandbox.standin": set()}


def loaded(plugin, environment):
    start = {
        "parity.provider": "from parity.evaluate import lazy; lazy.install()",
        "parity_sandbox.standin": "from parity_sandbox.standin import lean; lean.leave_out()",
    }
    code = (
        f"import json, sys; {start[plugin]}\nimport {plugin}.server, httpx\nassert httpx.AsyncClient\n"
        f"print(json.dumps([each for each in {UNWANTED} if each in sys.modules]))"
    )
    clean = {name: value for name, value in os.environ.items() if name not in {TRACES_WANTED, "TRACEPARENT"}}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=clean | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("plugin", NEVER)
def test_what_a_plugin_never_uses_is_not_loaded(plugin):
    span = {"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    assert loaded(plugin, span) == []


@pytest.mark.parametrize(("plugin", "never"), NEVER.items())
def test_where_traces_are_asked_for_they_are_loaded(plugin, never):
    """What no trace could need may be left out all the same."""
    wanted = [each for each in UNWANTED if each not in never]
    assert loaded(plugin, {TRACES_WANTED: "127.0.0.1:1"}) == wanted
