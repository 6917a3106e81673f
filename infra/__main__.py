"""The Pulumi program: load the settings, see that the vendors open, build the components, export."""

import pulumi

from infra import build
from parity.config import settings
from parity.vendors import preflight

declared = settings.from_engine()
preflight.require(declared.catalog)
for name, output in build.build(declared).items():
    pulumi.export(name, output)
