"""Reads a Vercel project's container registry: its repositories, who may pull from them, and its releases' images."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.inventory.model import moment
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.documents import Document
    from parity.inventory.model import LiveObject
    from parity.inventory.reading import OfProject

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


async def read(
    project: OfProject, slug: str, declared: Sequence[Tagged], deployments: Sequence[LiveObject]
) -> list[LiveObject]:
    """All of a project's registry; nothing is asked of one that is no container and is not declared to be one.

    `slug` is the team's; `declared` are the releases that have an image by the program.
    """
    if project.document.get("framework") != _CONTAINER and not declared:
        return []
    listed = await project.rows(_PATH, "repositories", "the registry", *TYPES, projectId=project.id)
    found = [_Repository(project, row, f"vcr.vercel.com/{slug}/{project.name}/{row['name']}") for row in listed]
    shares = await asyncio.gather(*(each.shares() for each in found))
    by_release = {release: each for each in deployments if (release := each.key[1])}
    asked = [each for each in found if any(one.repository == each.name for one in declared)]
    images = await asyncio.gather(*(each.images(declared, by_release) for each in asked))
    return [*(each.own() for each in found), *(one for part in (*shares, *images) for one in part)]


@dataclass(frozen=True)
class _Repository:
    project: OfProject
    row: Document
    address: str

    @property
    def name(self) -> str:
        return str(self.row["name"])

    async def _rows(self, list_: str, what: str, type_: str, *key: str) -> list[Document] | None:
        path, what, query = f"{_PATH}/{self.name}/{list_}", f"{what} {self.address}", {"projectId": self.project.id}
        return await self.project.reading.rows(path, list_, what, (type_,), (self.project.name, *key), query=query)

    def own(self) -> LiveObject:
        return self.project.object(
            kinds.REGISTRY,
            str(self.row["id"]),
            f"{self.project.at}/{self.name}",
            {
                "projectId": self.project.id,
                "name": self.name,
                "public": bool(self.row.get("public")),
                "url": self.address,
            },
            written_at=moment(self.row.get("updatedAt")),
        )

    async def shares(self) -> list[LiveObject]:
        listed = await self._rows("permissions", "who may pull from", kinds.REGISTRY_SHARE, self.name)
        place = {"projectId": self.project.id, "repository": self.name}
        return [
            self.project.object(
                kinds.REGISTRY_SHARE,
                f"{row['repositoryId']}/{row['teamId']}",
                f"{self.project.at}/{self.name}/{row['teamId']}",
                {**place, "grantedTeamSlug": row["teamSlug"], "grantedTeamId": row["teamId"]},
                written_at=moment(row.get("createdAt")),
            )
            for row in listed or []
        ]

    async def images(self, declared: Sequence[Tagged], deployments: Mapping[str, LiveObject]) -> list[LiveObject]:
        """What the tags of the declared releases name now, and which images there are.

        Of several releases of one commit the newest has the tag.
        """
        wanted = [each for each in declared if each.repository == self.name and each.release in deployments]
        newest = {each.tag: each.release for each in sorted(wanted, key=lambda one: int(one.release[1:]))}
        listed = await self._rows("images", "the images in", kinds.IMAGE)
        tags = dict(zip(newest, await asyncio.gather(*(map(self._tag, newest))), strict=True))
        if listed is None:
            return []
        stored = sorted(str(row["manifestDigest"]) for row in listed)
        return [
            self._image(each, deployments[each.release], stored, tags[each.tag], newest[each.tag] == each.release)
            for each in wanted
        ]

    async def _tag(self, tag: str) -> Document:
        """A tag; empty where there is none."""
        path, what = f"{_PATH}/{self.name}/tags/{tag}", f"the tag {tag} in {self.address}"
        key, query = (self.project.name,), {"projectId": self.project.id}
        answer = await self.project.reading.get(path, what, (kinds.IMAGE,), key, may_lack=True, query=query)
        return answer["tag"] if answer else {}

    def _image(
        self, declared: Tagged, deployment: LiveObject, stored: list[str], tag: Document, newest: bool
    ) -> LiveObject:
        properties: Document = {
            "team": self.project.team,
            "projectId": self.project.id,
            "release": declared.release,
            "repository": declared.repository,
            "address": self.address,
            "tag": declared.tag,
            "deploymentId": deployment.id,
            "stored": stored,
        }
        return self.project.object(
            kinds.IMAGE,
            deployment.id,
            "",
            {**properties, "digest": str(tag.get("manifestDigest") or "")} if newest else properties,
            written_at=moment(tag.get("updatedAt")) if newest else None,
            by=str(tag.get("pushedBy") or "") if newest else "",
            vacuous=True,  # it is what an update recorded of a build: nothing to take over
        )
