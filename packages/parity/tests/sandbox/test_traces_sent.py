"""An update gives the collector what the ledger has at its end; what was not taken, `parity traces` sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packages.parity.tests.updates import test_traces

if TYPE_CHECKING:
    from packages.parity.tests.updates.test_traces import Collector
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

collector = test_traces.collector


def test_what_a_collector_did_not_take_at_an_updates_end_is_sent_by_the_command_that_is_for_it(
    small_instance: Instance, collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}"}
    collector.status = 400
    done = small_instance.run("parity", "up", "staging", "--yes", extra=given).ok()
    assert "The traces are sent with the next update's: 127.0.0.1 did not take them: " in done.stderr
    refused = small_instance.run("parity", "traces", "staging", extra=given)
    assert refused.code == 13
    assert "did not take them" in refused.stderr

    collector.status = 200
    sent = small_instance.run("parity", "traces", "staging", extra=given).ok()
    assert sent.stdout.endswith("operations sent.\n")
    (update,) = [each for each in collector.spans if each.name == "RUN parity up"]
    assert update.resource["deployment.environment.name"] == "staging"
    nothing = small_instance.run("parity", "traces", "staging", extra=given).ok()
    assert nothing.stdout == "Nothing is waiting to be sent.\n"
    unnamed = small_instance.run("parity", "traces", "staging")
    assert unnamed.code == 2
