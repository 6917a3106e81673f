"""The types that the catalog's models are made of: a model's base, and the forms of texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from parity.config.forms import clean

Target = Literal["production", "preview", "development"]
"""Vercel's own environments of a project; `production` is what a stack's releases are built for."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]
"""Lower-case letters, digits and hyphens, 2 to 40 characters, beginning with a letter."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
"""A PostgreSQL name that needs no quotes, at most 41 characters, so that what is made from it stays under 63 bytes."""

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,254}$")]
"""An environment variable's name: capitals, digits and underscores."""


Text = Annotated[str, AfterValidator(clean)]
"""Text that is not empty and has no white space around it."""

NamePattern = Annotated[str, AfterValidator(clean)]
"""A name with places in braces: `{stack}` and, where it fits, `{application}`, `{database}`, `{generation}`."""

Folder = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\s]*$")]
"""A path in the repository, without a slash at its beginning."""

Period = Literal["1d", "1w", "1m", "2m", "3m", "6m", "1y", "unlimited"]
"""How long Vercel keeps a deployment; Vercel's own forms (deployment retention)."""

Targets = tuple[Target, ...]
ReleaseTargets = tuple[Literal["production", "preview"], ...]


class Parameters(BaseModel):
    """The base of every parameter object: frozen, complete, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
