"""The engine's own files in a self-managed backend (pulumi/pkg backend/diy): a stack's state, and its history.

Where the engine is set to gzip them, they have another ending.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from parity import documents
from parity.engine import passphrase
from parity.engine.bucket import open_bucket
from parity.engine.store import FolderStore, address_of
from parity.errors import ParityError, ProjectError, StoreError
from parity.masked import SECRET, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from parity.documents import Document
    from parity.engine.passphrase import Open
    from parity.engine.store import Store

GZIPPED = ".gz"
HISTORY = ".history.json"
"""How the name of a history's entry ends; its checkpoint has the same name with another ending."""
_VERSION = 3
"""Of the checkpoints that are read here; an engine that writes another one is asked itself."""
_UNDERSTOOD = {"manifest", "secrets_providers", "resources", "pending_operations", "metadata", "snapshotHash"}


def state_of(project: str, stack: str) -> str:
    """The key of a stack's state."""
    return f".pulumi/stacks/{project}/{stack}.json"


def history_of(project: str, stack: str) -> str:
    """The folder of a stack's history."""
    return f".pulumi/history/{project}/{stack}"


def open_store(url: str, folder: Path = Path()) -> Store | None:
    """The store at a backend's address; None for Pulumi Cloud (`https://`), which is none.

    Args:
        url: the address.
        folder: what a relative `file://` starts from.

    Raises:
        ProjectError: the address is of no kind that is known.
        StoreError: a bucket does not open with the credentials that the engine would find.
    """
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"}:
        return None
    if parts.scheme == "file":
        named = unquote(url.removeprefix("file://").partition("?")[0])
        return FolderStore((folder / Path(named).expanduser()).absolute())
    if parts.scheme in {"s3", "gs", "azblob"}:
        return open_bucket(parts)
    raise ProjectError(
        f"the backend {parts.scheme}:// is not known",
        where="PULUMI_BACKEND_URL or `pulumi login`",
        remedy="use file://, s3://, gs://, azblob:// or Pulumi Cloud",
    )


def read(read_object: Callable[[str], bytes | None], key: str) -> bytes | None:
    """A file's text, gzipped or not; None where there is none.

    Args:
        read_object: gives an object by its key, None where there is none.
        key: the file's, as if it were not gzipped.
    """
    data = read_object(key)
    if data is None and (packed := read_object(key + GZIPPED)) is not None:
        return gzip.decompress(packed)
    return data


def has_state(store: Store, project: str, stack: str) -> bool:
    """Whether the backend has the stack; nothing of its state is read for it."""
    folder, _, name = state_of(project, stack).rpartition("/")
    return not {name, f"{name}{GZIPPED}"}.isdisjoint(store.names(folder))


def history(store: Store, project: str, stack: str) -> Iterator[Document]:
    """The entries of a stack's history (pulumi/pkg backend/updates.go, UpdateInfo), newest first.

    What cannot be read is left out, as the engine does.
    """
    folder = history_of(project, stack)
    names = {each.removesuffix(GZIPPED) for each in store.names(folder)}
    for name in sorted((each for each in names if each.endswith(HISTORY)), reverse=True):
        try:
            found = documents.parse(read(store.read, f"{folder}/{name}") or b"")
        except ValueError:
            continue
        yield found


def exported(
    environment: Mapping[str, str], folder: Path, project: str, stack: str, *, show_secrets: bool
) -> dict[str, Any] | None:
    """The state as `pulumi stack export` would give it, from the file of a backend that is a folder or a bucket.

    Args:
        environment: what the engine would be started in: the backend's address, and the passphrase.
        folder: the engine's working folder, which the passphrase's file is looked up from.
        project: the project's name.
        stack: the stack's name.
        show_secrets: whether its secrets are to be in the clear, as `--show-secrets` has them.

    Returns:
        None of another backend, a stack that is not there, a form that is not known here, and secrets that the
        environment does not open: the engine is to be asked then, and says what is wrong.

    Raises:
        StoreError: a bucket does not open.
    """
    try:
        url = address_of(environment, folder)
        store = open_store(url, folder) if url and "/" not in stack else None
        data = read(store.read, state_of(project, stack)) if store else None
        latest = _latest(documents.parse(data)) if data else None
        if latest is None or not show_secrets:
            return None if latest is None else {"version": _VERSION, "deployment": latest}
        open_ = _opener(latest, environment, folder)
        return None if open_ is None else {"version": _VERSION, "deployment": _shown(latest, open_)}
    except StoreError:
        raise
    except (ImportError, OSError, ValueError, ParityError, passphrase.Sealed):
        return None


def deployment_of(checkpoint: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a checkpoint, of the state or of the history, has recorded; empty where nothing was."""
    return documents.mapping(documents.mapping(checkpoint.get("checkpoint")).get("latest"))


def _latest(document: Mapping[str, Any]) -> dict[str, Any] | None:
    latest = deployment_of(document)
    understood = document.get("version") == _VERSION and latest.keys() <= _UNDERSTOOD
    return dict(latest) if latest and understood else None


def _opener(latest: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Open | None:
    provider = documents.mapping(latest.get("secrets_providers"))
    salt = documents.mapping(provider.get("state")).get("salt")
    if provider.get("type") != "passphrase" or not isinstance(salt, str):
        return None
    return passphrase.opener(salt, environment, folder)


def _shown(value: Any, open_: Open) -> Any:
    def leaf(each: Any) -> Any:
        sealed = documents.mapping(each).get("ciphertext")
        return each if sealed is None else {SIGNATURE: SECRET, "plaintext": open_(str(sealed))}

    return documents.mapped(value, leaf, lambda each: each.get(SIGNATURE) == SECRET and "ciphertext" in each)
