"""The provider itself: the engine's requests, answered from the resource table."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, TypeVar

from pulumi.provider.experimental import provider as sdk

from parity_sandbox.standin.client import TIMEOUT_SECONDS, Client
from parity_sandbox.standin.errors import ApiError, ConfigurationError, ResourceError, UnknownToStandInError, not_found
from parity_sandbox.standin.inputs import after_import, after_refresh, check_values, ignore_changes, with_name
from parity_sandbox.standin.install import POLL_VARIABLE, VERSION
from parity_sandbox.standin.planning import Plan, contains_unknown, plan
from parity_sandbox.standin.redaction import without_secrets
from parity_sandbox.standin.resources import RESOURCES
from parity_sandbox.standin.resources.shared import Resource
from parity_sandbox.standin.schema import UNKNOWN, Document, Failure
from parity_sandbox.standin.table import schema
from parity_sandbox.standin.values import document, plain, properties, read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from pulumi.provider.experimental.property_value import PropertyValue

TOKEN_VARIABLE = "VERCEL_API_TOKEN"  # noqa: S105 - the name of a variable
_SETTINGS = frozenset({"apiToken", "team", "version", "pluginDownloadURL"})
_Result = TypeVar("_Result")
_TOKEN = re.compile("[0-9a-zA-Z]{24}")


class StandIn(sdk.Provider):
    """Imitates pulumi-resource-vercel for the resources in the table; anything else is an error that says so."""

    def __init__(self, environment: Mapping[str, str] | None = None, client: Client | None = None) -> None:
        """Take another environment, or a client that is ready, in tests."""
        self._environment: Mapping[str, str] = os.environ if environment is None else environment
        self._client = client

    async def get_schema(self, request: sdk.GetSchemaRequest) -> sdk.GetSchemaResponse:
        """The names and types of what the table holds."""
        del request
        return sdk.GetSchemaResponse(json.dumps(schema()))

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuse settings that the provider does not have."""
        failures = [
            sdk.CheckFailure(name, f"The Vercel provider has no setting `{name}`; it has `apiToken` and `team`.")
            for name in request.new_inputs
            if name not in _SETTINGS
        ]
        inputs = dict(request.new_inputs)
        if "apiToken" in inputs:
            inputs["apiToken"] = inputs["apiToken"].with_secret(is_secret=True)
        return sdk.CheckResponse(inputs, failures)

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Check the token's form, read the team, keep one client."""
        settings = {name: plain(value) for name, value in request.args.items()}
        # Like the bridge, secrets are left to the engine: it marks outputs whose inputs were secret.
        response = sdk.ConfigureResponse(supports_preview=True)
        token = settings.get("apiToken")
        if token is UNKNOWN:
            return response
        token = token if token is not None else self._environment.get(TOKEN_VARIABLE, "")
        if not token:
            raise ConfigurationError("Unable to find api_token: api_token cannot be an empty string")
        if not _TOKEN.search(token):
            raise ConfigurationError(
                "Invalid api_token: api_token (VERCEL_API_TOKEN) must be 24 characters and only contain characters "
                "0-9 and a-f (all lowercased)"
            )
        self._client = self._connect(token)
        if isinstance(settings.get("team"), str) and settings["team"]:
            await self._client.use_team(settings["team"])
        return response

    def _connect(self, token: str) -> Client:
        import httpx  # noqa: PLC0415 - a fifth of a second that only a configured provider needs

        return Client(token, httpx.AsyncClient(timeout=TIMEOUT_SECONDS), self._poll_seconds())

    def _poll_seconds(self) -> float:
        given = self._environment.get(POLL_VARIABLE)
        if given is None:
            return Client.poll_seconds
        try:
            seconds = float(given)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise ConfigurationError(f"{POLL_VARIABLE} is {given!r}: give seconds above 0, or unset it for 5.")
        return seconds

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Name what has no name, and refuse what the real provider's schema refuses."""
        resource = _resource(request.type)
        given = dict(request.new_inputs)
        if resource.named:
            given = with_name(given, request.old_inputs, request.name, request.random_seed)
        failures: list[Failure] = []
        inputs = read(resource.fields, given, failures)
        refused = {each.property for each in failures}
        failures += [each for each in check_values(resource.fields, inputs) if each.property not in refused]
        if resource.validate is not None and not failures:
            failures += await resource.validate(self._ready(), inputs)
        checked = properties(resource.fields, inputs)
        return sdk.CheckResponse(checked, [sdk.CheckFailure(each.property, each.reason) for each in failures])

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """What an update would change, and whether by replacement; never deleted first, as bridged."""
        resource = _resource(request.type)
        _, result = await self._plan(resource, request.old_state, request.new_inputs, request.ignore_changes)
        return sdk.DiffResponse(
            changes=bool(result.changes),
            replaces=list(result.replaces),
            diffs=list(result.changes),
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Make the resource; in a preview, say what can be known."""
        resource = _resource(request.type)
        with without_secrets(resource.fields, request.properties):
            _, result = await self._plan(resource, None, request.properties, [])
            if request.preview:
                return sdk.CreateResponse("", properties(resource.fields, result.planned))
            state = _known(await resource.create(self._ready(), result.planned))
        return sdk.CreateResponse(state["id"], properties(resource.fields, state))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Change the resource in place; in a preview, say what can be known."""
        resource = _resource(request.type)
        with without_secrets(resource.fields, {**request.olds, **request.news}):
            state, result = await self._plan(resource, request.olds, request.news, list(request.ignore_changes))
            if request.preview:
                return sdk.UpdateResponse(properties(resource.fields, result.planned))
            if resource.update is None or state is None:
                raise ResourceError(f"Updating {resource.token} is not supported", "every change replaces it")
            changed = _known(await resource.update(self._ready(), state, result.planned))
        return sdk.UpdateResponse(properties(resource.fields, changed))

    async def _plan(
        self,
        resource: Resource,
        olds: Mapping[str, PropertyValue] | None,
        news: Mapping[str, PropertyValue],
        ignored: list[str],
    ) -> tuple[Document | None, Plan]:
        state = None if olds is None else document(resource.fields, olds)
        inputs = document(resource.fields, news)
        if state is not None:
            inputs = ignore_changes(state, inputs, ignored)
        result = plan(resource.fields, state, inputs)
        if resource.review is not None:
            await resource.review(self._ready(), result.planned)
        return state, result

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Read the resource, or find it by its import id; an empty answer where it is gone."""
        resource = _resource(request.type)
        with without_secrets(resource.fields, request.properties):
            if request.properties:
                state = await _unless_gone(resource.read(self._ready(), document(resource.fields, request.properties)))
            else:
                state = await _unless_gone(self._find(resource, request.resource_id))
        if state is None:
            return sdk.ReadResponse()
        outputs = properties(resource.fields, state)
        if request.properties:
            inputs = after_refresh(resource.fields, request.inputs, outputs)
        else:
            inputs = after_import(resource.fields, outputs)
        return sdk.ReadResponse(state["id"], outputs, inputs)

    async def _find(self, resource: Resource, identifier: str) -> Document | None:
        if resource.find is None:
            raise ResourceError(
                "Resource Import Not Implemented",
                f"Vercel's provider cannot import {resource.token}. Create it again, or leave it unmanaged.",
            )
        found = await resource.find(self._ready(), identifier)
        return None if found is None else await resource.read(self._ready(), found)

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Remove the resource; one that is gone already is no error."""
        resource = _resource(request_type(request.urn))
        with without_secrets(resource.fields, request.properties):
            await _unless_gone(resource.delete(self._ready(), document(resource.fields, request.properties)))

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """No data source is imitated."""
        raise UnknownToStandInError(f"the function `{request.tok}`")

    def _ready(self) -> Client:
        if self._client is None:
            raise ConfigurationError(
                "The Vercel provider is not configured: its apiToken is not known yet. "
                f"Give one that is, or set {TOKEN_VARIABLE}."
            )
        return self._client


async def _unless_gone(doing: Awaitable[_Result]) -> _Result | None:
    """What it gives; None where Vercel says that the object does not exist."""
    try:
        return await doing
    except ApiError as error:
        if not not_found(error):
            raise
        return None


def request_type(urn: str) -> str:
    """The resource's type in a URN."""
    return urn.split("::")[-2].rpartition("$")[2]


def _resource(token: str) -> Resource:
    found = RESOURCES.get(token.rpartition("$")[2])
    if found is None:
        raise UnknownToStandInError(f"the resource `{token}` (version {VERSION})")
    return found


def _known(state: Document) -> Document:
    """Refuse a state with unknown values, as Terraform's framework does."""
    for name, value in state.items():
        if contains_unknown(value):
            raise ResourceError(
                "Provider returned invalid result object after apply",
                f"After the apply operation, the provider still indicated an unknown value for {name}.",
            )
    return state
