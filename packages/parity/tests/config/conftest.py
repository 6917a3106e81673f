"""A project of two stacks in a folder of its own, and the real program run on it with a recording engine."""

import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import pulumi
import pytest
from ruamel.yaml import YAML

from infra.catalog import CATALOG
from parity.config import digest, fingerprints, settings
from parity.releases import stack_values
from support.paths import ROOT

PLAIN = {
    "v1:stack": "stack-secret-of-at-least-thirty-two-characters",
    "v1:payment": "canary-payment-0001",
    "v1:session": "canary-session-0002",
    "v1:drain": "canary-drain-0003-abcdefghijklmnopqrstuvwxyz",
    "v1:short": "too short",
    "v1:blank": "   ",
    "v1:trailing": "canary-payment-0001\n",
    "v1:plain": "20",
}
"""What each ciphertext of the test files means: the engine decrypts them, the file reader never sees it."""

TEXT = """\
encryptionsalt: v1:x:v1:y:z
config:
  parity:environment: {stack}
  parity:secret:
    secure: v1:stack
  parity:managesRepository: {owns}
  parity:protect: false
  parity:applications:
    shop:
      domains:
        - name: shop.{stack}.example.com  # the canonical one
        - name: www.{stack}.example.com
          redirect: shop.{stack}.example.com
      protection: preview
      variables:
        NEXT_PUBLIC_BASE_URL: https://shop.{stack}.example.com
        SEARCH_RESULTS_LIMIT: 20
        PAYMENT_SECRET_KEY:
          secure: v1:payment
    admin:
      domains:
        - name: admin.{stack}.example.com
      protection: all
      variables:
        NEXT_PUBLIC_BASE_URL: https://admin.{stack}.example.com
        SESSION_SECRET:
          secure: v1:session
  parity:databases:
    storefront:
      host: db.{stack}.example.com
      port: 5432
      sslmode: require
      connectionLimit: 60
      applicationConnectionLimit: 20
      credentials:
        migrator: 1
        readonly: 1
  parity:delivery:
    reviewers:
      teams: [platform]
    waitMinutes: 0
    preventSelfReview: false
    branches: [main]
  parity:logs:
    endpoint: https://logs.{stack}.example.com/drain
    secret:
      secure: v1:drain
  parity:releases:
    shop:
      live: r1
      kept:
        r1: {{commit: {one}, config: {old}, credentials: 1}}
        r2: {{commit: {two}, config: {shop}, credentials: 2}}
    admin:
      live: null
      kept: {{}}
  parity:exceptions: []
  parity:acknowledged: []
  parity:fingerprints: {{}}
"""


def engine_config(text: str) -> tuple[dict[str, str], set[str]]:
    """What the engine hands a program for a stack file's text: text and JSON with sorted keys, and the secret keys."""
    config = YAML(typ="safe").load(text)["config"]
    values = {key: _handed_over(_decrypted(value)) for key, value in config.items()}
    return values, {key for key, value in config.items() if '"secure"' in json.dumps(value)}


def _decrypted(value: Any) -> Any:
    if isinstance(value, dict):
        if list(value) == ["secure"]:
            return PLAIN[value["secure"]]
        return {str(key): _decrypted(item) for key, item in value.items()}
    return [_decrypted(item) for item in value] if isinstance(value, list) else value


def _handed_over(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value).lower()


_MADE: dict[str, str] = {}
"""The stacks' files with fingerprints and digest: the same in each folder, and a tenth of a second to make."""


class Project:
    """The folder, and what can be done with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "Pulumi.yaml").write_text("name: storefront\nruntime: python\n")
        (folder / "pyproject.toml").write_text("[tool.parity]\n")
        shutil.copytree(ROOT / "migrations", folder / "migrations")
        if not _MADE:
            for stack, owns in (("staging", "false"), ("prod", "true")):
                fields = {"stack": stack, "owns": owns, "one": "1a" * 20, "two": "2b" * 20, "old": "0f" * 16}
                self.write(stack, TEXT.format(**fields, shop="a" * 32))
                self.fingerprint(stack)
                self.edit(("a" * 32, digest.config_digest(self.load(stack), "shop", 2)), stack=stack)
            _MADE.update({stack: self.text(stack) for stack in ("staging", "prod")})
        for stack, text in _MADE.items():
            self.write(stack, text)

    def path(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def text(self, stack: str = "staging") -> str:
        return self.path(stack).read_text()

    def write(self, stack: str, text: str) -> None:
        self.path(stack).write_text(text)

    def edit(self, *changes: tuple[str, str], stack: str = "staging") -> None:
        text = self.text(stack)
        for old, new in changes:
            assert old in text, f"the test's file has no {old!r}"
            text = text.replace(old, new, 1)
        self.write(stack, text)

    def fingerprint(self, stack: str = "staging") -> None:
        """Write the secrets' fingerprints, as `parity secret fingerprint` does."""
        found = self.load(stack)
        made = {path: fingerprints.current(found, path) for path in fingerprints.paths(found.catalog)}
        self.write(stack, stack_values.with_fingerprints(self.path(stack).name, self.text(stack), made))

    def load(self, stack: str = "staging", catalog: Any = CATALOG) -> settings.Settings:
        """With the engine's decrypted values."""
        values, secret_keys = engine_config(self.text(stack))
        return settings.load(stack, self.folder, values, secret_keys=secret_keys, catalog=catalog)

    def offline(self, stack: str = "staging", catalog: Any = CATALOG) -> settings.Settings:
        """From the file alone."""
        return settings.load(stack, self.folder, None, catalog=catalog)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


class Recorder(pulumi.runtime.Mocks):
    """An engine that notes each resource it is asked for."""

    def __init__(self) -> None:
        self.resources: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources.append(args.typ)
        return "1", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[Any, Any]:
        return {"id": "1"}


@pytest.fixture
def run_program(project, monkeypatch):
    """Run infra/__main__.py on the project's staging config; gives the recorder. What the program raises, it raises."""

    @pulumi.runtime.test
    def program() -> None:
        """Waits for every resource that was asked for."""
        runpy.run_path(str(ROOT / "infra" / "__main__.py"), run_name="__main__")

    def run() -> Recorder:
        recorder = Recorder()
        pulumi.runtime.set_mocks(recorder, project="storefront", stack="staging")
        values, secret_keys = engine_config(project.text())
        pulumi.runtime.set_all_config(values, list(secret_keys))
        monkeypatch.chdir(project.folder)
        monkeypatch.setattr("parity.vendors.in_engine.require_vendors", lambda _: None)
        try:
            program()
        except pulumi.RunError as error:
            error.recorder = recorder
            raise
        return recorder

    yield run
    pulumi.runtime.set_all_config({}, [])
