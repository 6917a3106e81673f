"""The release guard on the real engine: its command, run as printed, ends with the new value live."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from parity.config import fingerprints

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

KEY = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
VALUE = "canary-payment-key-of-the-guard"
WRONG = {"PULUMI_CONFIG_PASSPHRASE": "wrong"}
LOCKED = 6
"""Exit code of an update, or a reading, that the engine could not do."""


def in_a_terminal(instance: Instance, *command: str, answer: str) -> tuple[int, str]:
    """Run a command with a terminal of its own and type an answer; gives its exit code and what was shown."""
    own, its = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=instance.project.root,
        env=instance.environment(),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    os.write(own, f"{answer}\n".encode())
    shown: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(own, 65536):
                shown.append(data)
        except OSError:
            return  # the other end is closed: Linux says so with EIO

    reader = threading.Thread(target=read)
    reader.start()
    code = process.wait(600)
    reader.join(10)
    os.close(own)
    return code, b"".join(shown).decode(errors="replace")


def deployed_with(instance: Instance, name: str) -> tuple[str, str]:
    """The newest release of the shop, and the fingerprint of a variable that it was built with."""
    rows = [row for row in instance.state()["vercel"]["deployments"] if row["name"] == "shop-staging"]
    newest = max((row for row in rows if "release" in row["meta"]), key=lambda row: int(row["meta"]["release"][1:]))
    return newest["meta"]["release"], newest["snapshot"]["variables"][name]


def printed(command: str, run: Run) -> list[str]:
    """The words of the command that a message prints between backquotes."""
    found = re.search(rf"`({command} [^`]*)`", run.said)
    assert found, run.said
    return shlex.split(found[1])


@pytest.mark.timeout(1200)
def test_a_secret_is_set_in_its_lines_and_the_guards_command_brings_it_live(small_instance: Instance):
    path = small_instance.project.root / "Pulumi.staging.yaml"
    before = path.read_text().splitlines()
    _, old = deployed_with(small_instance, "PAYMENT_SECRET_KEY")

    said = small_instance.run("parity", "secret", "set", "staging", KEY, stdin=f"{VALUE}\n").ok().said
    after = path.read_text().splitlines()
    changed = [new for was, new in zip(before, after, strict=True) if was != new]
    assert [line.split(":")[0].strip() for line in changed] == ["secure", "parity"]
    assert VALUE not in said + path.read_text()
    shown = small_instance.pulumi("config", "get", "--path", KEY, "--stack", "staging").ok().stdout
    assert shown.rstrip("\n") == VALUE

    refused = small_instance.pulumi("preview", "--stack", "staging")
    assert refused.code != 0
    code, shown = in_a_terminal(small_instance, *printed("parity release staging shop", refused), answer="yes")
    assert code == 0, shown
    release, new = deployed_with(small_instance, "PAYMENT_SECRET_KEY")
    assert release == "r2"
    assert new != old
    assert "live: r2" in path.read_text()
    answer = small_instance.run("parity", "releases", "staging", "shop").ok()
    assert VALUE not in answer.said + shown


@pytest.mark.timeout(600)
def test_each_stack_may_have_a_passphrase_of_its_own(small_instance: Instance, tmp_path: Path):
    sealed_for_others(small_instance.project.root / "Pulumi.staging.yaml")
    small_instance.run("parity", "config", "set", "prod", *EDITED, extra=WRONG).ok()
    # Neither passphrase is right: what is live in staging is read without its secrets, and prod's release recorded.
    small_instance.run("parity", "promote", "shop", "--to", "prod", extra=WRONG).ok()
    assert "live: r2" in (small_instance.project.root / "Pulumi.prod.yaml").read_text()

    refused = small_instance.run("parity", "secret", "fingerprint", "staging")
    assert refused.code == LOCKED
    assert "secrets of staging could not be opened" in refused.said
    assert "PARITY_PASSPHRASE_FILE_STAGING" in refused.said
    refused = small_instance.run("parity", "secret", "fingerprint", "prod", extra=WRONG)
    assert "secrets of prod could not be opened" in refused.said
    variable = re.search(r"\bPARITY_PASSPHRASE_FILE_\w+", refused.said)
    assert variable
    file = tmp_path / "prod"
    file.write_text(small_instance.environment()["PULUMI_CONFIG_PASSPHRASE"] + "\n")
    own = {**WRONG, variable[0]: str(file)}
    small_instance.run("parity", "secret", "fingerprint", "prod", extra=own).ok()

    # The remedy of a missing secret, run as printed.
    prod = small_instance.project.root / "Pulumi.prod.yaml"
    prod.write_text(re.sub(r" +PAYMENT_SECRET_KEY:\n +secure: .*\n", "", prod.read_text()))
    remedy = printed("parity secret set prod", small_instance.run("parity", "check"))
    small_instance.run(*remedy, stdin=VALUE, extra=own).ok()
    assert re.search(r"\n        PAYMENT_SECRET_KEY:\n          secure: v1:\S+\n", prod.read_text())
    assert "Release r2 of shop" in small_instance.run("parity", "check").said


EDITED = ("parity:applications.shop.variables.NEXT_PUBLIC_BASE_URL", "https://other.storefront.example")


def sealed_for_others(path: Path) -> None:
    """Put ciphertexts into a stack's file that another passphrase made, each with its fingerprint bound to it."""
    text = path.read_text()
    for cipher in re.findall(r"secure: (\S+)", text):
        other = cipher[:-8] + "AAAAAAA="
        old, new = (fingerprints.entry("", each) for each in (cipher, other))
        text = text.replace(cipher, other).replace(old, new)
    path.write_text(re.sub(r"(encryptionsalt: v1:[^:]+:v1:[^:]+:)\S+", r"\1" + "A" * 32 + "==", text))
