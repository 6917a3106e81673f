"""The Pulumi program: load the settings, see that the vendors open, build the components, export."""

import pulumi

from infra import build, preflight, settings

declared = settings.from_engine()
preflight.require(declared.platform)
for name, output in build.build(declared).items():
    pulumi.export(name, output)
