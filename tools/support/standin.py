"""Runs one program with one Vercel plugin in a sandbox of its own, and tells what it sent and left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity_sandbox import lifecycle, standin
from parity_sandbox.options import ServeOptions
from parity_sandbox.redaction import Redactor
from support.paths import DATA

if TYPE_CHECKING:
    from parity_sandbox.client import ControlClient

PROGRAM = DATA / "standin"
KEY = "one key for both, so that equal texts have equal fingerprints"
LIMIT_SECONDS = 300
SEED = {
    "vercel": {
        "teams": [{"slug": "acme", "name": "Acme"}],
        "domains": [{"name": "acme.example", "team": "acme"}],
    },
    "github": {
        "organization": "acme",
        "repositories": [
            {"owner": "acme", "name": "storefront", "default_branch": "main", "branches": ["main"],
             "commits": ["a" * 40, "b" * 40, "c" * 40]},
        ],
        "teams": [],
        "users": [],
    },
}  # fmt: skip
KEPT = ("urn", "type", "id", "inputs", "outputs", "additionalSecretOutputs", "propertyDependencies")
"""What of a resource in the state is compared."""
SHORTEST_ID = 4
_STAMPS = re.compile(r"\b1[6-9]\d{11}\b")


def place(executable: Path, pulumi_home: Path) -> None:
    """Put a released plugin where the engine finds it."""
    folder = pulumi_home / "plugins" / f"resource-vercel-v{standin.VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pulumi-resource-vercel").symlink_to(executable)


@dataclass
class Names:
    """What each random id is called, so that what two plugins did can be compared."""

    known: dict[str, str] = field(default_factory=dict)
    key: str = KEY
    """Of the sandbox's fingerprints."""

    def learn(self, resource: dict[str, Any]) -> None:
        """Call a resource's ids after the resource."""
        name = resource["urn"].rpartition("::")[2]
        outputs = resource.get("outputs", {})
        for key in ("id", "url"):
            value = outputs.get(key)
            if isinstance(value, str) and len(value) >= SHORTEST_ID and "/" not in value:
                self.known.setdefault(value, f"<{key} of {name}>")
        for number, value in enumerate(sorted(outputs.get("domains") or [])):
            self.known.setdefault(value, f"<domain {number} of {name}>")

    def named(self, value: Any) -> Any:
        """A document with random ids under their names, sorted where they stand in a list, and times as `<time>`."""
        if isinstance(value, dict):
            return {self.named(name): self.named(each) for name, each in value.items()}
        if isinstance(value, list):
            return _sorted_names([self.named(each) for each in value])
        if isinstance(value, str):
            for identifier in sorted(self.known, key=len, reverse=True):
                value = value.replace(identifier, self.known[identifier])
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool) and _STAMPS.fullmatch(str(int(value))):
            return "<time>"
        return value

    def kept(self, resource: dict[str, Any]) -> dict[str, Any]:
        """What of a resource in the state is compared; the URNs that a property depends on come in no order."""
        found = {name: resource.get(name) for name in KEPT}
        depends: dict[str, list[str]] = found["propertyDependencies"] or {}
        found["propertyDependencies"] = {name: sorted(urns) for name, urns in depends.items()}
        return self.named(found)

    def calls(self, rows: list[dict[str, Any]]) -> list[tuple[str, str, Any]]:
        """Method, path and body of the calls to Vercel; repeated reads of a deployment are one."""
        redactor = Redactor(self.key)
        prints = {redactor.fingerprint(identifier): name for identifier, name in self.known.items()}
        found: list[tuple[str, str, Any]] = []
        for row in rows:
            if row["service"] != "vercel":
                continue
            path, _, query = row["path"].partition("?")
            path = self.named(path) + "?" + self.named("&".join(sorted(query.split("&"))))
            call = (row["method"], path, _replace(row["body"], prints))
            if not (found and found[-1] == call and "/deployments/" in path):
                found.append(call)
        return found


def _sorted_names(values: list[Any]) -> list[Any]:
    return sorted(values) if all(isinstance(each, str) and each.startswith("<") for each in values) else values


@dataclass
class Bench:
    """A sandbox, a copy of the program, and a stack of it."""

    directory: Path
    engine: Path
    plugin: Path | None
    """The released plugin's executable; None for the stand-in."""
    program: Path = PROGRAM
    names: Names = field(default_factory=Names)
    seen: int = 0

    def start(self) -> Bench:
        """Start everything; the two benches have one fingerprint key."""
        instance = self.directory / "instance"
        instance.mkdir(parents=True)
        (instance / "credentials.json").write_text(json.dumps({"fingerprint_key": KEY}))
        (instance / "credentials.json").chmod(0o600)
        lifecycle.up(instance, ServeOptions(build_seconds=0.2, promote_seconds=0.1))
        self.control.seed(SEED)
        home = instance / "pulumi"
        if self.plugin is None:
            standin.install(home)
        else:
            place(self.plugin, home)
        shutil.copytree(self.program, self.folder)
        self._commit()
        self.pulumi("stack", "init", "staging").check_returncode()
        self.pulumi("config", "set", "vercel:team", "acme").check_returncode()
        return self

    def stop(self) -> None:
        """Stop the sandbox and delete it."""
        lifecycle.down(self.directory / "instance", wipe=True)

    @property
    def folder(self) -> Path:
        """Where the program is."""
        return self.directory / "program"

    @property
    def control(self) -> ControlClient:
        """The sandbox's control API."""
        return lifecycle.require(self.directory / "instance").client()

    @property
    def environment(self) -> dict[str, str]:
        """What the engine is run with."""
        path = os.pathsep.join([str(Path(sys.prefix) / "bin"), str(self.engine), os.environ.get("PATH", "")])
        return {
            **os.environ,
            **lifecycle.environment(self.directory / "instance"),
            "PATH": path,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PARITY_STANDIN_POLL_SECONDS": "0.3",
        }

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the engine on the program."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )

    def _commit(self) -> None:
        """A repository around the program: its commit goes with each deployment."""
        stamp = "2026-01-01T00:00:00Z"
        environment = {
            **os.environ,
            **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "A Tester"),
            **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tester@acme.example"),
            **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), stamp),
        }
        for command in (
            ["init", "-q", "-b", "main"],
            ["remote", "add", "origin", "https://github.com/acme/storefront.git"],
            ["add", "__main__.py"],
            ["commit", "-q", "-m", "first"],
        ):
            subprocess.run(["git", *command], cwd=self.folder, env=environment, check=True, capture_output=True)

    def state(self) -> list[dict[str, Any]]:
        """The stack's resources as it was left, with random ids under their names."""
        done = self.pulumi("stack", "export", "--show-secrets")
        done.check_returncode()
        resources = json.loads(done.stdout)["deployment"].get("resources", [])
        ours = [each for each in resources if ":index/" in each["type"]]
        for each in ours:
            self.names.learn(each)
        return [self.names.kept(each) for each in ours]

    def requests(self) -> list[tuple[str, str, Any]]:
        """The calls to Vercel since the last time."""
        rows = self.control.requests(self.seen)
        self.seen = rows[-1]["id"] if rows else self.seen
        return self.names.calls(rows)


def _replace(value: Any, prints: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replace(each, prints) for name, each in value.items()}
    if isinstance(value, list):
        return _sorted_names([_replace(each, prints) for each in value])
    return prints.get(value, value) if isinstance(value, str) else value
