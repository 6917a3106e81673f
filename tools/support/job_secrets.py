"""What GitHub gives to each job of a workflow by its environment, which act knows nothing of: secrets and variables.

The workflows that act reads are copies in which each job asks for names of its own: `secrets.READS_PGUSER`. So a job
has the secrets of its environment, and one without an environment has none.
"""

from __future__ import annotations

import re

READS, APPLIES = KINDS = ("READS", "APPLIES")
"""Environments whose credentials may only read (`<stack>-preview`, `<stack>-pull-request`), and those of the stacks."""

_JOB = re.compile(r"^  ([\w-]+):\n(?:(?:    .*| *#.*)?\n)+", re.MULTILINE)
_ENVIRONMENT = re.compile(r"^    environment: *(?:\n      name: *)?(.+)$", re.MULTILINE)
_NAME = re.compile(r"\b(secrets|vars)\.(?=[A-Z])")


def by_environment(text: str) -> str:
    """The workflow with the names that each job asks for."""

    def job(found: re.Match[str]) -> str:
        environment = _ENVIRONMENT.search(found[0])
        if environment is None:
            return found[0]
        kind = READS if re.search(r"-(preview|pull-request)$", environment[1]) else APPLIES
        return _NAME.sub(rf"\1.{kind}_", found[0])

    head, jobs, rest = text.partition("\njobs:\n")
    return head + jobs + _JOB.sub(job, rest)
