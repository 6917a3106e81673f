"""A program of which the shop is watched after each switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.paths import ROOT

if TYPE_CHECKING:
    from support.program import Instance, Run

NEW = "5" * 40
"""A commit that GitHub gets to know."""
SHOP = "https://shop.staging.storefront.example/"
COUNTS = "https://logs.staging.storefront.example/counts"


def declare(instance: Instance, *, minutes: int = 1, interval: float = 0.5, stages: str = "") -> None:
    """Watch the shop, as a team would write it into catalog and stack file."""
    catalog = instance.project.root / "infra" / "catalog.py"
    text = catalog.read_text().replace("    Telemetry,\n", "    Stage,\n    Telemetry,\n    Watch,\n")
    own = f"minutes={minutes}, interval_seconds={interval}, stages=({stages})"
    watch = f"watch=Watch({own}, minutes_before=5, unhealthy_answers=100),"
    catalog.write_text(text.replace('root_directory="apps/shop",', f'root_directory="apps/shop",\n            {watch}'))
    head = "    shop:\n"
    instance.replace("staging", f"{head}      domains:", f"{head}      watch: {{counts: {COUNTS}}}\n      domains:")
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW]}
    github = {"organization": "storefront-example", "repositories": [repository]}
    instance.local.client().seed({"github": github})


def run(instance: Instance, module: str, *arguments: str) -> Run:
    """Run a command of `parity` as `support.dying` or `support.sooner` has it run."""
    path = {"PYTHONPATH": f"{instance.project.root}:{ROOT / 'tools'}"}
    return instance.run("python", "-P", "-m", f"support.{module}", *arguments, extra=path)
