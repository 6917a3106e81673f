"""Vercel's API as the provider uses it, with errors that say what was asked and what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from parity.provider.errors import BadInput, NotFound, VercelError
from parity.vendors import http
from parity.vendors.rolling import Roll, path, roll_of
from parity.vendors.services import VERCEL_TOKEN, in_team, vercel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_REMEDIES = {
    401: f"{VERCEL_TOKEN} is wrong or has expired.",
    403: f"{VERCEL_TOKEN} lacks the right for it, or belongs to another team.",
    404: "It does not exist in this team, or the token may not see it.",
    429: "The rate limit did not end in time; run `pulumi up` again later.",
}


class Vercel:
    """Vercel's API, asked for whichever team a resource names; each of its calls may be repeated."""

    def __init__(
        self, token: str, *, transport: httpx.AsyncBaseTransport | None = None, limits: http.Limits | None = None
    ) -> None:
        """Take the token; `transport` replaces the network in tests, `limits` say when to give up."""
        self._client = http.Client(vercel(token), transport=transport, limits=limits)

    @classmethod
    def from_environment(cls) -> Vercel:
        """A client with the environment's token.

        Raises:
            BadInput: the variable is not set.
        """
        token = os.environ.get(VERCEL_TOKEN, "")
        if not token:
            raise BadInput(f"{VERCEL_TOKEN} is not set: export a Vercel token that may read and promote deployments.")
        return cls(token)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def project(self, team: str, project: str) -> dict[str, Any]:
        """The project's document (`GET /v9/projects/{idOrName}`).

        Raises:
            NotFound: there is none of that name or id in the team.
            VercelError: the call failed otherwise.
        """
        return await self._get(f"/v9/projects/{project}", team)

    async def deployment(self, team: str, deployment: str) -> dict[str, Any]:
        """The deployment's document (`GET /v13/deployments/{idOrUrl}`), with its `meta`."""
        return await self._get(f"/v13/deployments/{deployment}", team)

    async def variables(self, team: str, project: str) -> list[dict[str, Any]]:
        """The project's variables (`GET /v10/projects/{idOrName}/env`), those that are not sensitive with values.

        Raises:
            VercelError: the call failed, or the answer is no list of variables.
        """
        listed = f"/v10/projects/{project}/env"
        found: list[dict[str, Any]] = []
        try:
            async for page in self._client.pages(listed, limit=100, decrypt="true", **in_team(team)):
                rows = cast("list[dict[str, Any]]", cast("dict[str, Any]", page)["envs"])
                found += [await self._opened(team, project, row) for row in rows]
        except http.VendorError as error:
            raise _translated(error) from error
        except (KeyError, TypeError) as error:
            raise VercelError(
                f"The answer to GET {listed} has no `envs`: what the release got is not known."
            ) from error
        return found

    async def _opened(self, team: str, project: str, row: dict[str, Any]) -> dict[str, Any]:
        """A variable with its value, asked for alone where the list has it sealed; a sensitive one has none."""
        if row.get("type") == "sensitive" or row.get("decrypted", row.get("type") == "plain"):
            return row
        return await self._get(f"/v1/projects/{project}/env/{row['id']}", team)

    async def promote(self, team: str, project: str, deployment: str) -> None:
        """Ask for the switch (`POST /v10/projects/{id}/promote/{deploymentId}`); it is done some time later."""
        await self._send("POST", f"/v10/projects/{project}/promote/{deployment}", team, {})

    async def rolling_release(self, team: str, project: str) -> Roll | None:
        """The project's rolling release under way (`GET /v1/projects/{idOrName}/rolling-release`)."""
        return roll_of(await self._get(path(project), team, state="ACTIVE"))

    async def start(self, team: str, project: str, deployment: str) -> None:
        """Begin a rolling release (`POST .../rolling-release/start`); of the one under way it changes nothing."""
        await self._send("POST", f"{path(project)}/start", team, {"canaryDeploymentId": deployment})

    async def rollback(self, team: str, project: str, deployment: str) -> None:
        """Give all users a deployment that has served (`POST /v1/projects/{id}/rollback/{deploymentId}`), at once.

        A rolling release ends by it.
        """
        await self._send("POST", f"/v1/projects/{project}/rollback/{deployment}", team, {})

    async def change_bypass(self, team: str, project: str, change: Mapping[str, Any]) -> None:
        """Add or revoke an automation bypass (`PATCH /v1/projects/{idOrName}/protection-bypass`)."""
        await self._send("PATCH", f"/v1/projects/{project}/protection-bypass", team, change)

    async def domain(self, team: str, project: str, name: str) -> dict[str, Any]:
        """A project's domain (`GET /v9/projects/{idOrName}/domains/{domain}`); raises NotFound."""
        return await self._get(f"/v9/projects/{project}/domains/{name}", team)

    async def add_domain(self, team: str, project: str, wanted: Mapping[str, Any]) -> None:
        """Give a domain to a project (`POST /v10/projects/{idOrName}/domains`)."""
        await self._send("POST", f"/v10/projects/{project}/domains", team, wanted)

    async def change_domain(self, team: str, project: str, name: str, change: Mapping[str, Any]) -> None:
        """Set what a domain redirects to, or its branch (`PATCH /v9/projects/{idOrName}/domains/{domain}`)."""
        await self._send("PATCH", f"/v9/projects/{project}/domains/{name}", team, change)

    async def move_domain(self, team: str, project: str, name: str, to: str) -> None:
        """Move a domain to another project (`POST /v1/projects/{idOrName}/domains/{domain}/move`), with redirects."""
        await self._send("POST", f"/v1/projects/{project}/domains/{name}/move", team, {"projectId": to})

    async def remove_domain(self, team: str, project: str, name: str) -> None:
        """Take a domain from a project (`DELETE /v9/projects/{idOrName}/domains/{domain}`)."""
        await self._send("DELETE", f"/v9/projects/{project}/domains/{name}", team, {})

    async def tag(self, team: str, project: str, repository: str, tag: str) -> dict[str, Any]:
        """A tag in a project's registry (`GET /v1/vcr/repository/{idOrName}/tags/{tag}`); raises NotFound."""
        return (await self._get(f"/v1/vcr/repository/{repository}/tags/{tag}", team, projectId=project))["tag"]

    async def has_image(self, team: str, project: str, repository: str, digest: str) -> bool:
        """Whether the registry has an image (`GET /v1/vcr/repository/{idOrName}/images/{imageIdOrDigest}`)."""
        try:
            await self._get(f"/v1/vcr/repository/{repository}/images/{digest}", team, projectId=project)
        except NotFound:
            return False
        return True

    async def _get(self, path: str, team: str, **query: str) -> dict[str, Any]:
        try:
            return await self._client.get(path, **query, **in_team(team))
        except http.VendorError as error:
            raise _translated(error) from error

    async def _send(self, method: str, path: str, team: str, body: Mapping[str, Any]) -> None:
        try:
            await self._client.request(method, path, parameters=in_team(team), body=dict(body))
        except http.VendorError as error:
            raise _translated(error) from error


def _translated(error: http.VendorError) -> VercelError:
    """The client's error in the provider's words."""
    asked = f"{error.method} {error.path}"
    if error.status is None:
        return VercelError(
            f"Vercel did not answer {asked} ({error.message}). Check the network, HTTPS_PROXY and SSL_CERT_FILE, "
            "then run `pulumi up` again."
        )
    if isinstance(error, http.Unreadable):
        return VercelError(
            f"The answer to {asked} is no JSON object: something between here and Vercel answered. Check HTTPS_PROXY.",
            status=error.status,
        )
    text = f"Vercel refused {asked}: {error.status} {error.code} {error.message}"
    remedy = _REMEDIES.get(error.status, "Run `pulumi up` again; see Vercel's status page if it goes on.")
    kind = NotFound if isinstance(error, http.NotFound) else VercelError
    return kind(f"{text} {remedy}", status=error.status)
