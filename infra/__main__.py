"""The Pulumi program: load the settings, see that the vendors open, build the components, export."""

import pulumi

from infra import build
from parity.vendors import in_engine

settings = in_engine.settings()
in_engine.require_vendors(settings.catalog)
for name, output in build.build(settings).items():
    pulumi.export(name, output)
