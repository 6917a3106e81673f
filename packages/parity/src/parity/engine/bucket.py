"""A bucket as a store (`s3://`, `gs://`, `azblob://`), opened with the credentials that the engine would find.

The engine opens the same address with gocloud.dev, so its parameters and its variables are read here. What it would
find and this cannot is refused with a way on: with two identities, state and ledger would be two people's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from parity import redact
from parity.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from urllib.parse import SplitResult

    from obstore.store import S3Credential

_LONGEST = 400
"""Characters of a client's error that are shown; the rest is the answer's body."""

_LOGIN = re.compile(
    r"[Cc]redential|Access Key|Account must|service account|[Aa]zure [Cc]li|metadata|Expired|InvalidAccessKeyId"
    r"|InvalidToken|SignatureDoesNotMatch|AuthenticationFailed|invalid_grant"
)
"""What clients and buckets say of a credential that is missing, expired or not known."""

_REMEDIES = {
    "s3": "Log in as for `pulumi`: name a profile (AWS_PROFILE, or `profile=` in the address) or export AWS keys; "
    "`aws sso login` renews a login by SSO.",
    "gs": "Log in as for `pulumi`: `gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS with a "
    "service account's file. A federated one is not read: export GOOGLE_OAUTH_ACCESS_TOKEN.",
    "azblob": "Log in as for `pulumi`: AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, "
    "AZURE_CLIENT_ID with AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or `az login`.",
}
_ASKED_AGAIN = timedelta(minutes=5)
"""How long the client uses a key that it was given; shorter than the time before its end in which it is renewed."""

_NAMES = re.compile(r"https?://\S+|(?:location|path) \S+|<(Resource|BucketName|Key|RequestId|HostId)>.*?</\1>")
"""What a client's error names: a port, a bucket or an object may read like a cause."""

_WAYS = {
    "code: 403|PermissionDenied": "Its identity needs to list, read, create and delete objects there.",
    "NoSuchBucket|code: 404": "Name a bucket that exists: `pulumi login`, PULUMI_BACKEND_URL or PARITY_LEDGER_URL.",
}
_AGAIN = "See that the address is right and that it can be reached from here; try again."


@dataclass(frozen=True)
class BucketStore:
    """A bucket, as FolderStore has a folder."""

    place: str
    client: Any
    """An `obstore` store."""

    @property
    def shared(self) -> bool:
        """A bucket is everybody's who has the key."""
        return True

    def names(self, folder: str, after: str = "") -> list[str]:
        """See FolderStore."""
        prefix = folder.rstrip("/") + "/"
        with _asked(self.place):
            listed = self.client.list(prefix, offset=prefix + after).collect()
            return sorted(str(row["path"]).removeprefix(prefix) for row in listed)

    def read(self, key: str) -> bytes | None:
        """See FolderStore."""
        with contextlib.suppress(FileNotFoundError), _asked(self.place, missing=True):
            return bytes(self.client.get(key).bytes())
        return None

    def create(self, key: str, data: bytes) -> bool:
        """See FolderStore. A conditional write: S3's and Azure's `If-None-Match`, Google's generation 0."""
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415 - only for a bucket

        with _asked(self.place):
            try:
                self.client.put(key, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def delete(self, key: str) -> None:
        """See FolderStore."""
        with contextlib.suppress(FileNotFoundError), _asked(self.place, missing=True):
            self.client.delete(key)


_OPENING = threading.Lock()
"""State and ledger are opened by two threads, and the second is to find what the first has resolved."""


def open_bucket(address: SplitResult) -> BucketStore:
    """The bucket at an address.

    Raises:
        StoreError: there are no credentials for it, or they cannot be used.
    """
    query = {key: values[-1] for key, values in parse_qs(address.query).items()}
    place = f"{address.scheme}://{address.netloc}{address.path}"
    with _OPENING, _asked(place):
        return BucketStore(
            place, _OPENERS[address.scheme](place, address.netloc, address.path.strip("/") or None, query)
        )


@contextlib.contextmanager
def _asked(place: str, *, missing: bool = False) -> Generator[None]:
    """Turn a client's error into one with a place and a remedy; an object that is missing stays one where it may be."""
    from obstore.exceptions import BaseError  # noqa: PLC0415 - only for a bucket

    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        said = str(error).partition("\n\nDebug source")[0]  # what follows is the client's own debug output
        if missing and isinstance(error, FileNotFoundError) and "NoSuchBucket" not in said:
            raise
        cause = _NAMES.sub("", said)
        found = (way for pattern, way in _WAYS.items() if re.search(pattern, cause))
        raise _failed(place, said, _remedy(place) if _LOGIN.search(cause) else next(found, _AGAIN)) from error


def _failed(place: str, said: str, remedy: str) -> StoreError:
    line = " ".join(redact.masked(said).split())
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return StoreError(f"the bucket of state and ledger does not open: {shown}", where=place, remedy=remedy)


def _remedy(place: str) -> str:
    return _REMEDIES[place.partition(":")[0]]


# --- S3 ---------------------------------------------------------------------------------------------------------------


def _s3(place: str, bucket: str, prefix: str | None, query: Mapping[str, str]) -> Any:
    from obstore.store import S3Store  # noqa: PLC0415 - only for a bucket

    if "role" in query:
        raise _failed(place, "`role=` in the address is not read", "Name a profile that has it as `role_arn`.")
    region = query.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    provider = _exported_keys() if region and "profile" not in query else None
    if provider is None:
        session = _session(query.get("profile"), frozenset(os.environ.items()))
        provider = _aws_credentials(place, session)
        region = region or session.get_config_variable("region")
    settings: dict[str, Any] = {"region": region} if region else {}
    endpoint = query.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL_S3")
    if endpoint:
        plain = query.get("disableSSL", query.get("disable_https")) == "true"
        url = endpoint if "://" in endpoint else f"{'http' if plain else 'https'}://{endpoint}"
        settings["endpoint"] = url
        settings["client_options"] = {"allow_http": url.startswith("http://")}
    for name, option in (("ssetype", "server_side_encryption"), ("kmskeyid", "sse_kms_key_id")):
        if name in query:
            settings[option] = query[name]
    if "true" in {query.get("s3ForcePathStyle"), query.get("use_path_style")}:
        settings["virtual_hosted_style_request"] = False
    return S3Store(bucket, prefix=prefix, credential_provider=provider, **settings)


def _exported_keys() -> Callable[[], S3Credential] | None:
    """The keys of the environment, where they are all that is there, as in a job: botocore is half a second to load."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret or os.environ.get("AWS_PROFILE"):
        return None
    token = os.environ.get("AWS_SESSION_TOKEN")
    redact.current().learn(filter(None, (secret, token)))
    return lambda: {"access_key_id": key, "secret_access_key": secret, "token": token, "expires_at": None}


@lru_cache(maxsize=4)
def _session(profile: str | None, _environment: frozenset[tuple[str, str]]) -> Any:
    """What finds the keys: one for all of a command, since to resolve a role or a login by SSO asks AWS each time.

    As in the engine, a profile in the address wins over keys in the environment, and these over AWS_PROFILE.
    """
    from botocore.session import (  # noqa: PLC0415 - slow # pyright: ignore[reportMissingTypeStubs]
        Session,
    )

    return Session(profile=profile)


def _aws_credentials(place: str, session: Any) -> Callable[[], S3Credential]:
    """What gives the client its keys, again whenever they are about to expire: profile, SSO, role, keys, instance."""
    from botocore.exceptions import (  # noqa: PLC0415 - only for a bucket # pyright: ignore[reportMissingTypeStubs]
        BotoCoreError,
        ClientError,
    )

    def keys() -> S3Credential:
        try:
            found = session.get_credentials()
            frozen = found and found.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise _failed(place, str(error), _aws_remedy(session, error)) from error
        if frozen is None:
            raise _failed(place, "no AWS credentials were found", _remedy(place))
        redact.current().learn([frozen.secret_key, *([frozen.token] if frozen.token else [])])
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            # It keeps what it found, and renews it in time.
            "expires_at": datetime.now(UTC) + _ASKED_AGAIN,
        }

    keys()
    return keys


def _aws_remedy(session: Any, error: Exception) -> str:
    named = session.profile or "default"
    if "SSO" in type(error).__name__ or "Token" in type(error).__name__:
        return f"`aws sso login --profile {named}`"
    return _REMEDIES["s3"]


# --- Google and Azure -------------------------------------------------------------------------------------------------


def _gs(_place: str, bucket: str, prefix: str | None, _query: Mapping[str, str]) -> Any:
    from obstore.store import GCSStore  # noqa: PLC0415 - only for a bucket

    # The engine's own two variables, before Google's (pulumi/pulumi, pkg/authhelpers/gcpauth.go).
    if key := os.environ.get("GOOGLE_CREDENTIALS"):
        return GCSStore(bucket, prefix=prefix, service_account_key=key)
    if token := os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return GCSStore(bucket, prefix=prefix, credential_provider=lambda: {"token": token, "expires_at": None})
    return GCSStore(bucket, prefix=prefix)


def _azblob(_place: str, container: str, prefix: str | None, query: Mapping[str, str]) -> Any:
    from obstore.store import AzureStore  # noqa: PLC0415 - only for a bucket

    # gocloud.dev/blob/azureblob's variables; the client's own are others.
    given = {
        "account_name": query.get("storage_account") or os.environ.get("AZURE_STORAGE_ACCOUNT"),
        "account_key": os.environ.get("AZURE_STORAGE_KEY"),
        "sas_key": os.environ.get("AZURE_STORAGE_SAS_TOKEN"),
    }
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING") or os.environ.get("AZURE_STORAGEBLOB_CONNECTIONSTRING", "")
    parts = {name: value for name, _, value in (part.partition("=") for part in text.split(";"))}
    given |= {
        name: parts[key]
        for name, key in (("account_name", "AccountName"), ("account_key", "AccountKey"), ("endpoint", "BlobEndpoint"))
        if key in parts
    }
    settings: dict[str, Any] = {name: value for name, value in given.items() if value}
    alone = not {"account_key", "sas_key"}.intersection(settings) and not os.environ.get("AZURE_CLIENT_ID")
    if alone and shutil.which("az"):
        settings["use_azure_cli"] = True
    return AzureStore(container, prefix=prefix, **settings)


_OPENERS = {"s3": _s3, "gs": _gs, "azblob": _azblob}
