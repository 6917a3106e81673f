"""The engine's own files in a self-managed backend (pulumi/pkg backend/diy): a stack's state, and its history.

Where the engine is set to gzip them, they have another ending.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from parity import documents
from parity.engine import passphrase
from parity.masked import SECRET, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.engine.passphrase import Open

GZIPPED = ".gz"
_FILE = "file://"
_VERSION = 3
"""Of the checkpoints that are read here; an engine that writes another one is asked itself."""
_UNDERSTOOD = {"manifest", "secrets_providers", "resources", "pending_operations", "metadata", "snapshotHash"}


def state_of(project: str, stack: str) -> str:
    """The key of a stack's state."""
    return f".pulumi/stacks/{project}/{stack}.json"


def history_of(project: str, stack: str) -> str:
    """The folder of a stack's history."""
    return f".pulumi/history/{project}/{stack}"


def folder_of(url: str) -> Path:
    """The folder of a backend at `file://`."""
    return Path(unquote(url.removeprefix(_FILE).partition("?")[0])).expanduser().absolute()


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


def exported(
    environment: Mapping[str, str], folder: Path, project: str, stack: str, *, show_secrets: bool
) -> dict[str, Any] | None:
    """The state as `pulumi stack export` would give it, from the file of a backend at `file://`.

    Args:
        environment: what the engine would be started in: the backend's address, and the passphrase.
        folder: the engine's working folder, which the passphrase's file is looked up from.
        project: the project's name.
        stack: the stack's name.
        show_secrets: whether its secrets are to be in the clear, as `--show-secrets` has them.

    Returns:
        None of another backend, of a stack that is not there, of a form that is not known here, and of secrets that
        the environment does not open: the engine is to be asked then, and says what is wrong.
    """
    url = environment.get("PULUMI_BACKEND_URL", "")
    if not url.startswith(_FILE) or "/" in stack:
        return None
    at = folder_of(url)
    try:
        data = read(lambda key: _bytes(at / key), state_of(project, stack))
        latest = _latest(documents.parse(data)) if data else None
        if latest is None or not show_secrets:
            return None if latest is None else {"version": _VERSION, "deployment": latest}
        open_ = _opener(latest, environment, folder)
        return None if open_ is None else {"version": _VERSION, "deployment": _shown(latest, open_)}
    except (OSError, ValueError, passphrase.Sealed):
        return None


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


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
    if documents.is_mapping(value):
        if value.get(SIGNATURE) == SECRET and "ciphertext" in value:
            return {SIGNATURE: SECRET, "plaintext": open_(str(value["ciphertext"]))}
        return {name: _shown(each, open_) for name, each in value.items()}
    if documents.is_list(value):
        return [_shown(each, open_) for each in value]
    return value
