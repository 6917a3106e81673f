"""Reads a Vercel project's container registry: its repositories, who may pull from them, and its releases' images."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.inventory.model import live_object, moment
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.documents import Document
    from parity.inventory.model import LiveObject
    from parity.inventory.reading import Reading

TYPES = frozenset({kinds.REGISTRY, kinds.REGISTRY_SHARE, kinds.IMAGE})
_PATH = "/v1/vcr/repository"
_CONTAINER = "container"
"""The framework of a project that is built as one."""


@dataclass(frozen=True)
class Tagged:
    """A release that is declared to have an image."""

    release: str
    repository: str
    tag: str


@dataclass(frozen=True)
class Account:
    """Whose registry it is."""

    reading: Reading
    team: str
    """Vercel's id."""
    slug: str


class Images:
    """Reads the registry of one project."""

    def __init__(self, account: Account, document: Document) -> None:
        """Take the account and the project's document."""
        self.account, self.document, self.reading = account, document, account.reading
        self.name = str(document["name"])

    async def read(self, declared: Sequence[Tagged], deployments: Sequence[LiveObject]) -> list[LiveObject]:
        """All of it; nothing is asked of a project that is no container and is not declared to be one.

        `declared` are the releases that have an image by the program.
        """
        if self.document.get("framework") != _CONTAINER and not declared:
            return []
        what = f"the registry of {self.name}"
        listed = await self.reading.rows(_PATH, "repositories", what, TYPES, (self.name,), query=self._scope)
        repositories = {str(row["name"]): row for row in listed or []}
        shares = await asyncio.gather(*(self._shares(each) for each in repositories))
        by_release = {release: each for each in deployments if (release := each.key[1])}
        asked = {name for name in repositories if any(each.repository == name for each in declared)}
        images = await asyncio.gather(*(self._images(name, declared, by_release) for name in sorted(asked)))
        return [*map(self._repository, repositories.values()), *(one for part in (*shares, *images) for one in part)]

    @property
    def _scope(self) -> dict[str, str]:
        return {"projectId": str(self.document["id"])}

    def _address(self, repository: str) -> str:
        return f"vcr.vercel.com/{self.account.slug}/{self.name}/{repository}"

    def _repository(self, row: Document) -> LiveObject:
        name = str(row["name"])
        return live_object(
            kinds.REGISTRY,
            str(row["id"]),
            f"{self.account.team}/{self.document['id']}/{name}",
            {**self._scope, "name": name, "public": bool(row.get("public")), "url": self._address(name)},
            project=self.name,
            written_at=moment(row.get("updatedAt")),
        )

    async def _shares(self, repository: str) -> list[LiveObject]:
        path, what = f"{_PATH}/{repository}/permissions", f"who may pull from {self._address(repository)}"
        key = (self.name, repository)
        listed = await self.reading.rows(path, "permissions", what, (kinds.REGISTRY_SHARE,), key, query=self._scope)
        place = {**self._scope, "repository": repository}
        return [
            live_object(
                kinds.REGISTRY_SHARE,
                f"{row['repositoryId']}/{row['teamId']}",
                f"{self.account.team}/{self.document['id']}/{repository}/{row['teamId']}",
                {**place, "grantedTeamSlug": row["teamSlug"], "grantedTeamId": row["teamId"]},
                project=self.name,
                written_at=moment(row.get("createdAt")),
            )
            for row in listed or []
        ]

    async def _images(
        self, repository: str, declared: Sequence[Tagged], deployments: Mapping[str, LiveObject]
    ) -> list[LiveObject]:
        """What the tags of the declared releases name now, and which images there are.

        Of several releases of one commit the newest has the tag.
        """
        wanted = [each for each in declared if each.repository == repository and each.release in deployments]
        newest = {each.tag: each.release for each in sorted(wanted, key=lambda one: int(one.release[1:]))}
        path, what = f"{_PATH}/{repository}/images", f"the images in {self._address(repository)}"
        listed = await self.reading.rows(path, "images", what, (kinds.IMAGE,), (self.name,), query=self._scope)
        tags = await asyncio.gather(*(self._tag(repository, each) for each in newest))
        named = dict(zip(newest, tags, strict=True))
        if listed is None:
            return []
        stored = sorted(str(row["manifestDigest"]) for row in listed)
        return [
            self._image(each, deployments[each.release], stored, named[each.tag], newest[each.tag] == each.release)
            for each in wanted
        ]

    async def _tag(self, repository: str, tag: str) -> Document:
        """A tag; empty where there is none."""
        path, what = f"{_PATH}/{repository}/tags/{tag}", f"the tag {tag} in {self._address(repository)}"
        key = (self.name,)
        answer = await self.reading.get(path, what, (kinds.IMAGE,), key, may_lack=True, query=self._scope)
        return answer["tag"] if answer else {}

    def _image(
        self, declared: Tagged, deployment: LiveObject, stored: list[str], tag: Document, newest: bool
    ) -> LiveObject:
        properties: Document = {
            "team": self.account.team,
            "projectId": self.document["id"],
            "release": declared.release,
            "repository": declared.repository,
            "address": self._address(declared.repository),
            "tag": declared.tag,
            "deploymentId": deployment.id,
            "stored": stored,
        }
        return live_object(
            kinds.IMAGE,
            deployment.id,
            "",
            {**properties, "digest": str(tag.get("manifestDigest") or "")} if newest else properties,
            project=self.name,
            written_at=moment(tag.get("updatedAt")) if newest else None,
            by=str(tag.get("pushedBy") or "") if newest else "",
            vacuous=True,  # it is what an update recorded of a build: nothing to take over
        )
