"""As which user PostgreSQL runs: the sandbox's own, or, where that is root, an unprivileged one that exists already.

PostgreSQL refuses root. Its data then belongs to that user, inside the sandbox's folder. Where a folder above cannot be
entered by that user (a project under /root, mode 0700), no mode is changed: the server is started with the one
capability that lets it pass through, CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE where a container keeps the first.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from parity_sandbox.errors import PostgresError
from parity_sandbox.store import Document

_USERS = ("nobody", "postgres")
_CAPABILITIES = ("dac_read_search", "dac_override")


@dataclass(frozen=True)
class Identity:
    """A user, and what goes in front of a command so that it runs as that user."""

    uid: int
    gid: int
    name: str
    prefix: tuple[str, ...] = ()
    capability: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether it is the sandbox's own user."""
        return self.uid == os.geteuid()

    def command(self, *words: str | Path) -> list[str]:
        """A command line that runs as this user."""
        return [*self.prefix, *(str(word) for word in words)]

    def spawn_options(self) -> Document:
        """What `subprocess` is given so that the command runs as this user."""
        if self.is_own or self.prefix:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all that is in it, to this user."""
        if self.is_own:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder) / name, self.uid, self.gid, follow_symlinks=False)


def identity_for(*paths: Path) -> Identity:
    """The user that PostgreSQL runs as and that can reach every one of `paths`.

    Raises:
        PostgresError: where the sandbox runs as root and no other user can reach them.
    """
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), pwd.getpwuid(os.geteuid()).pw_name)
    account = _unprivileged()
    if all(_reachable(path, account) for path in paths):
        return Identity(account.pw_uid, account.pw_gid, account.pw_name)
    for capability in _CAPABILITIES:
        identity = _with_capability(account, capability)
        if identity and _works(identity, paths):
            return identity
    raise PostgresError(
        f"PostgreSQL does not run as root, and the user {account.pw_name} cannot enter "
        f"{', '.join(str(path) for path in paths)}. Put the sandbox where other users may pass, for example "
        "`--dir /var/tmp/parity-sandbox`, or run it as a user that is not root."
    )


def _unprivileged() -> pwd.struct_passwd:
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError(
        f"PostgreSQL does not run as root, and this machine has no user {' or '.join(_USERS)} to run it as. "
        "Run the sandbox as a user that is not root."
    )


def _reachable(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the user may enter every folder above `path`, by the modes of user, group and others alone."""
    for folder in path.absolute().parents:
        status = folder.stat()
        bit = (
            stat.S_IXUSR
            if status.st_uid == account.pw_uid
            else stat.S_IXGRP
            if status.st_gid == account.pw_gid
            else stat.S_IXOTH
        )
        if not status.st_mode & bit:
            return False
    return True


def _with_capability(account: pwd.struct_passwd, capability: str) -> Identity | None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    prefix = (
        setpriv,
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        f"--bounding-set=-all,+{capability}",
        f"--inh-caps=-all,+{capability}",
        f"--ambient-caps=-all,+{capability}",
        "--",
    )
    return Identity(account.pw_uid, account.pw_gid, account.pw_name, prefix, capability)


def _works(identity: Identity, paths: tuple[Path, ...]) -> bool:
    for path in paths:
        asked = subprocess.run(identity.command("/bin/ls", "-d", path), check=False, capture_output=True, timeout=20)
        if asked.returncode:
            return False
    return True
