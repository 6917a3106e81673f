"""Where a stack's state is kept, as files by key: a local folder or a bucket, found as the engine finds it.

What Parity keeps with the state (the ledger) goes the same way, with the same credentials of the environment. Writes
are complete or not there at all: an object is created under a new key, never changed.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from parity.config.project import Project
from parity.documents import mapping, parse
from parity.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.documents import Document
    from parity.engine.bucket import BucketStore

Store: TypeAlias = "FolderStore | BucketStore"

LEDGER_VARIABLE = "PARITY_LEDGER_URL"
"""Names a folder or bucket for the ledger where the state is with Pulumi Cloud, which keeps no files of ours."""

_TEMPORARY = ".parity/writing"
_SIDECAR = ".attrs"
"""The engine's file store (gocloud.dev's fileblob) writes one next to each of its objects, and shows none."""


@dataclass(frozen=True)
class FolderStore:
    """Objects by key in a folder on this machine (`file://`)."""

    root: Path

    @property
    def place(self) -> str:
        """Where it is, for people; without credentials."""
        return str(self.root)

    @property
    def shared(self) -> bool:
        """Whether other machines may write to it too: a folder is this machine's."""
        return False

    def names(self, folder: str, after: str = "") -> list[str]:
        """The names of the objects in a folder, in order, behind the name `after`; an absent folder is empty."""
        try:
            with os.scandir(self.root / folder) as found:
                return sorted(each.name for each in found if each.name > after and not each.name.endswith(_SIDECAR))
        except FileNotFoundError:
            return []

    def read(self, key: str) -> bytes | None:
        """The object's bytes; None where there is none."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object completely or not; False, and nothing is changed, where the key is taken.

        A link into place fails where the name is taken, and shows no half written file. It is written in a folder of
        its own: the engine takes every other file in a lock's folder for another lock.
        """
        path = self.root / key
        temporary = self.root / _TEMPORARY / uuid.uuid4().hex
        for folder in (path.parent, temporary.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return True

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is no fault."""
        (self.root / key).unlink(missing_ok=True)
        (self.root / f"{key}{_SIDECAR}").unlink(missing_ok=True)


def address_of(environment: Mapping[str, str], folder: Path) -> str:
    """The address of the backend that the engine uses: PULUMI_BACKEND_URL, Pulumi.yaml, or what `pulumi login` chose.

    As pulumi/pkg/workspace/creds.go has it; empty where none of them names one.

    Args:
        environment: what the engine would be started in.
        folder: the project's.
    """
    if given := environment.get("PULUMI_BACKEND_URL"):
        return given
    named = mapping(Project(folder).stack_document(folder / "Pulumi.yaml").get("backend")).get("url")
    try:
        return str(named or parse(login_file(environment).read_bytes()).get("current") or "")
    except (OSError, ValueError):
        return ""


def login_file(environment: Mapping[str, str]) -> Path:
    """Where `pulumi login` keeps its own (pulumi's sdk/go/common/workspace/creds.go)."""
    folder = environment.get("PULUMI_CREDENTIALS_PATH") or environment.get("PULUMI_HOME") or Path.home() / ".pulumi"
    return Path(folder) / "credentials.json"


def document_of(data: bytes, form: int, place: str, what: str) -> Document:
    """What an object of ours holds: JSON of a form that this version knows, with the time that it was written.

    Args:
        data: its bytes.
        form: the one that is known.
        place: where it is, for people.
        what: what it is, for people.

    Raises:
        ProjectError: it cannot be read.
    """
    document: Document = {}
    try:
        document = parse(data)
        fault = "" if document["form"] == form else f"its form is {document['form']}, and this version knows {form}"
        if not fault:
            datetime.fromisoformat(str(document["time"]))
    except (ValueError, KeyError, TypeError) as error:
        fault = str(error) or "it is empty"
    if fault:
        raise ProjectError(
            f"{what} cannot be read: {fault}",
            where=place,
            remedy="use the version of Parity that wrote it, or set the object aside",
        )
    return document


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
