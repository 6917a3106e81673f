"""The provider `parity`: which resource does what when the engine asks."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental import provider as sdk

from parity.documents import lacking
from parity.provider import bypass, domain, live_release, migration, release_image
from parity.provider.errors import BadInput, Unfinished
from parity.provider.values import Properties, is_known, plain_map, wire_map
from parity.provider.vercel import Vercel
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

VERSION = version("pulumi-parity")
"""The package's own: the engine takes a distribution named `pulumi-...` for a plugin's SDK and asks for its version."""
_OF_VERCEL = {kinds.LIVE: live_release, kinds.BYPASS: bypass, kinds.DOMAIN: domain, kinds.IMAGE: release_image}
_KINDS = {**_OF_VERCEL, kinds.MIGRATION: migration}
_IDENTIFYING = {kinds.MIGRATION: ("database",), kinds.IMAGE: ("deploymentId",)}
"""The inputs that an id is made of, where these are not team and project."""
_FORMS = {kinds.LIVE: live_release.faults_in, kinds.BYPASS: bypass.faults_in}
_REMOVE = {kinds.BYPASS: bypass.delete, kinds.DOMAIN: domain.delete}
SECRETS = {type_: tuple(sorted(kinds.of(type_).secret)) for type_ in _KINDS}
"""Properties that are never recorded in the clear."""


class ParityProvider(sdk.Provider):
    """Serves LiveRelease, ReleaseImage, ProtectionBypass, ProjectDomain and Migration. A preview makes no call."""

    def __init__(
        self,
        vercel: Vercel | None = None,
        web: httpx.AsyncClient | None = None,
        *,
        notify: Callable[[str, str], None] = lambda _urn, _message: None,
    ) -> None:
        """Take the clients in tests; otherwise the environment's are made when first needed.

        `notify` shows a sentence of progress for a URN.
        """
        super().__init__()
        self._vercel = vercel
        self._web = web
        self._notify = notify

    @property
    def vercel(self) -> Vercel:
        """The API's client, made when it is first needed, so that a preview needs no token."""
        if self._vercel is None:
            self._vercel = Vercel.from_environment()
        return self._vercel

    async def get_schema(self, request: sdk.GetSchemaRequest) -> sdk.GetSchemaResponse:  # noqa: ARG002
        """Name and version; the resource classes are written by hand in parity.provider.resource."""
        return sdk.GetSchemaResponse(json.dumps({"name": "parity", "version": VERSION, "resources": {}}))

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """There is no configuration but the environment's."""
        return sdk.CheckResponse(request.new_inputs)

    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:  # noqa: ARG002
        """Report no difference: there is no configuration."""
        return sdk.DiffResponse(changes=False)

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:  # noqa: ARG002
        """Say what the engine may send: secrets, marked; unknown values in a preview."""
        return sdk.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False
        )

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Every fault of the inputs at once."""
        type_ = type_of(request.type)
        news = plain_map(request.new_inputs)
        faults = lacking(news, _KINDS[type_].REQUIRED)
        if type_ == kinds.MIGRATION and not faults:
            faults = migration.changed(plain_map(request.old_inputs), news)
        elif type_ in _FORMS:
            faults |= _FORMS[type_](news)
        failures = [sdk.CheckFailure(name, f"{name} {fault}.") for name, fault in sorted(faults.items())]
        return sdk.CheckResponse(_marked(type_, request.new_inputs), failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Say which differences need an update; a changed limit or health path alone is only recorded."""
        type_ = type_of(request.type)
        olds, news = plain_map(request.old_state), plain_map(request.new_inputs)
        replaces = _changed(olds, news, request.new_inputs, _KINDS[type_].REPLACES)
        updates = _changed(olds, news, request.new_inputs, _KINDS[type_].WATCHED)
        changes = dict.fromkeys(updates, sdk.PropertyDiffKind.UPDATE)
        changes |= dict.fromkeys(replaces, sdk.PropertyDiffKind.UPDATE_REPLACE)
        return sdk.DiffResponse(
            changes=bool(changes),
            replaces=replaces,
            diffs=sorted(changes),
            detailed_diff={name: sdk.PropertyDiff(kind, input_diff=True) for name, kind in sorted(changes.items())},
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Make the release live, record its image, add the bypass or the domain, or run the migration."""
        type_, inputs = type_of(request.type), plain_map(request.properties)
        if request.preview:
            needed = _IDENTIFYING.get(type_, ("team", "projectId"))
            known = all(is_known(request.properties[name]) for name in needed)
            return sdk.CreateResponse(_KINDS[type_].id_of(inputs) if known else "", dict(request.properties))
        outputs = await self._made(type_, request.urn, inputs, None)
        return sdk.CreateResponse(_KINDS[type_].id_of(inputs), wire_map(outputs, SECRETS[type_]))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Make another release live, move a domain, or make sure of a migration; a bypass is replaced."""
        type_, inputs = type_of(request.type), plain_map(request.news)
        if request.preview:
            return sdk.UpdateResponse(dict(request.news))
        outputs = await self._made(type_, request.urn, inputs, plain_map(request.olds))
        return sdk.UpdateResponse(wire_map(outputs, SECRETS[type_]))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Read the live state."""
        type_ = type_of(request.type)
        state, inputs = plain_map(request.properties), plain_map(request.inputs)
        if type_ == kinds.MIGRATION:
            found, properties, now = await migration.read(request.resource_id, state, inputs)
        else:
            found, properties, now = await _OF_VERCEL[type_].read(self.vercel, request.resource_id, state, inputs)
        secrets = SECRETS[type_]
        return sdk.ReadResponse(found, wire_map(properties, secrets), wire_map(now, secrets))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Take away a bypass or a domain.

        A LiveRelease leaves no trace: what is live goes with its deployment. A migration is not undone: its effect and
        its record stay.
        """
        if (remove := _REMOVE.get(type_of(request.type))) is not None:
            await remove(self.vercel, plain_map(request.properties))

    async def cancel(self) -> None:
        """Nothing is held open: each call ends at its own limit."""

    async def _made(
        self, type_: str, urn: str, inputs: dict[str, Any], olds: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Make or change a resource, and give the outputs to record; `olds` is what is recorded, None on create."""

        def say(message: str) -> None:
            self._notify(urn, message)

        if type_ == kinds.LIVE:
            return await live_release.switch(self.vercel, inputs, olds, say, web=self._web, urn=urn)
        if type_ == kinds.MIGRATION:
            return await migration.apply(inputs, say)
        if type_ == kinds.IMAGE and olds is not None:
            return release_image.update(olds, inputs)
        if type_ == kinds.IMAGE:
            return await release_image.create(self.vercel, inputs, say)
        if type_ == kinds.DOMAIN and olds is not None:
            return await domain.update(self.vercel, olds, inputs)
        return await (domain if type_ == kinds.DOMAIN else bypass).create(self.vercel, inputs)


def partial_failure(type_: str, failure: Unfinished, inputs: Properties) -> tuple[str, Properties, Properties]:
    """What the engine must record of an unfinished switch: id, outputs, inputs."""
    return failure.resource_id, wire_map(failure.properties, SECRETS[type_]), _marked(type_, inputs)


def _marked(type_: str, properties: Properties) -> Properties:
    """The properties with the secret ones marked, whatever the program said."""
    return {
        name: value.with_secret(is_secret=True) if name in SECRETS[type_] else value
        for name, value in properties.items()
    }


def _changed(olds: Mapping[str, Any], news: Mapping[str, Any], raw: Properties, names: tuple[str, ...]) -> list[str]:
    """The names whose values differ; a value that is not known yet counts as different."""
    unknown = {name for name in names if name in raw and not is_known(raw[name])}
    return [name for name in names if name in unknown or olds.get(name) != news.get(name)]


def type_of(qualified: str) -> str:
    """The resource's own type, from a URN's, which carries the parents' too."""
    type_ = qualified.rsplit("$", maxsplit=1)[-1]
    if type_ not in SECRETS:
        raise BadInput(f"The provider parity has no resource {type_}; it has {' and '.join(sorted(SECRETS))}.")
    return type_
