"""The credentials that a run's jobs were given, and what becomes of a call with one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg

from parity.local import jobs
from parity.vendors.postgres import connect
from support import job_roles
from support.act import REPOSITORY
from support.job_secrets import APPLIES, READS
from support.paths import ROOT

if TYPE_CHECKING:
    from support.act import ActRun
    from support.runner import Actions

TABLE = {(each.workflow, each.name): each for each in jobs.of(ROOT / ".github" / "workflows")}
"""What docs/delivery.md says of each job."""
OWN, PUBLIC = "own token", "Pulumi token"
"""The second is the sandbox's passphrase here, which is no secret."""


class Tried:
    """The credentials of a run's jobs, and what becomes of a call with one."""

    def __init__(self, actions: Actions, run: ActRun) -> None:
        self.actions, self.run = actions, run
        values = {job_roles.PASSWORDS[each]: "PostgreSQL password" for each in job_roles.PASSWORDS}
        values |= {run.tokens.github[kind]: "GitHub App token" for kind in (READS, APPLIES)}
        values |= {f"key-of-the-app-that-{kind}": "GitHub App key" for kind in (READS, APPLIES)}
        values |= dict.fromkeys((run.tokens.viewer, actions.value("VERCEL_API_TOKEN")), "Vercel token")
        values |= {value: OWN for name, value in run.tokens.github.items() if name.startswith("TOKEN_")}
        self.values = {**values, actions.value("PULUMI_CONFIG_PASSPHRASE"): PUBLIC}

    def given(self, job: str) -> dict[str, set[str]]:
        """The values that the job's steps have seen, by the name of the credential."""
        found: dict[str, set[str]] = {}
        for each in self.run.seen(job):
            for name, value in each.items():
                login = name == "PGPASSWORD" and each["PGUSER"].startswith("parity_job_")
                if known := "PostgreSQL login" if login else self.values.get(value):
                    found.setdefault(known, set()).add(f"{each['PGUSER']}:{value}" if login else value)
        return found

    def status(self, method: str, url: str, token_: str, body: object = None) -> str:
        command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, url]
        command += ["-H", f"authorization: Bearer {token_}"] + (["-d", json.dumps(body)] if body is not None else [])
        return self.actions.instance.run(*command).ok().stdout

    def says(self, login: str, statement: str) -> str:
        """What the server answers; the name of its refusal."""
        user, _, password = login.partition(":")
        environment = {**self.actions.instance.environment(), "PGUSER": user, "PGPASSWORD": password}
        try:
            with connect(environment) as connection:
                connection.execute(statement)  # type: ignore[arg-type]
        except psycopg.Error as error:
            return type(error).__name__
        return "done"

    def beyond(self) -> list[str]:
        """The jobs that were given what the table does not say of any job of that name."""
        known: dict[str, set[str]] = {}
        for (_, name), job in TABLE.items():
            known.setdefault(name, {OWN}).update(each.name for each in job.credentials)
        return [f"{job}: {more}" for job in known if (more := set(self.given(job)) - known[job])]

    def opens(self) -> list[str]:
        """The jobs whose credentials open anything, of those that end with a job."""
        found: list[str] = []
        for job in {name for _, name in TABLE}:
            given = self.given(job)
            logins = [self.says(each, "select 1") for each in given.get("PostgreSQL login", ())]
            tokens = [each for name in (OWN, "GitHub App token") for each in given.get(name, ())]
            calls = [self.status("GET", f"https://api.github.com/repos/{REPOSITORY}", each) for each in tokens]
            found += [job] if {*logins, *calls} - {"OperationalError", "401"} else []
        return found
