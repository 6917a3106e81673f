"""Terraform for comparison: the small program as a configuration, its operations, and the next step after a crash.

PARITY_TERRAFORM names a folder with `bin/terraform`, the three providers, and `terraformrc`, which leads to them.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from crashlab.stack_file import COMMITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crashlab.lab import Lab

VARIABLE = "PARITY_TERRAFORM"
STATE = "terraform.tfstate"
CONFIGURATION = Path(__file__).with_name("terraform") / "main.tf"
_LOGINS = ("readonly", "migrator", "shop_g1", "shop_g2", "payment", "logs")

ONE = {"r1": {"commit": COMMITS[0], "credentials": 1}}
TWO = {**ONE, "r2": {"commit": COMMITS[1], "credentials": 2}}
RELEASES = {"terraform-first-up": ONE, "terraform-rotated-credentials": TWO, "terraform-destroy": TWO}
"""What each operation declares."""


def declare(lab: Lab, releases: Mapping[str, Mapping[str, object]]) -> None:
    """Let the next command declare these releases."""
    folder = lab.folder / "terraform"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(CONFIGURATION, folder / "main.tf")
    place = Path(os.environ[VARIABLE])
    path = lab.instance.environment()["PATH"]
    lab.instance.extra |= {
        "TF_CLI_CONFIG_FILE": str(place / "terraformrc"),
        "TF_VAR_releases": json.dumps(releases),
        "TF_VAR_passwords": json.dumps({name: f"example-{name}-" * 4 for name in _LOGINS}),
        "PATH": path if path.startswith(str(place)) else f"{place / 'bin'}:{path}",
    }


def command(lab: Lab, word: str, *, parallel: int = 10) -> list[str]:
    """`apply` or `destroy`, without questions."""
    return [*_begin(lab, word), "-auto-approve", f"-parallelism={parallel}"]


def plan(lab: Lab) -> list[str]:
    """Ends with 0 where nothing is to be changed, and with 2 where something is."""
    return [*_begin(lab, "plan"), "-detailed-exitcode"]


def _begin(lab: Lab, word: str) -> list[str]:
    folder = lab.folder / "terraform"
    return ["terraform", f"-chdir={folder}", word, "-no-color", "-input=false", f"-state={lab.backend / STATE}"]
