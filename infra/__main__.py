"""The Pulumi program: load the stack's settings, build the components, export the outputs."""

import pulumi

from infra import build, settings

for name, output in build.build(settings.from_engine()).items():
    pulumi.export(name, output)
