"""A project's `trustedSources`: its fields, and both ways between them and Vercel's form (client/project.go)."""

from __future__ import annotations

from typing import Any

from parity_sandbox.narrowing import as_list, as_object
from parity_sandbox.standin.checks import length, one_of, size
from parity_sandbox.standin.errors import UnknownToStandInError
from parity_sandbox.standin.golang import known, text, text_pointer, without_null
from parity_sandbox.standin.schema import Document, Field


def _says_where(value: Document) -> str | None:
    return None if any(each is not None for each in value.values()) else "needs at least one of `slugs` and `preset`"


_ENVIRONMENTS = {
    "slugs": Field("set", optional=True, checks=(size(1, 10),)),
    "preset": Field("string", optional=True, checks=(one_of("all-custom"),)),
}
_SOURCE = {
    "issuer": Field("string", required=True, checks=(length(1, 512),)),
    "label": Field("string", optional=True, checks=(length(1, 100),)),
    "to": Field("object", required=True, fields=_ENVIRONMENTS, checks=(_says_where,)),
    "claims": Field("map", required=True, element=Field("set")),
}
FIELDS = {"externalSources": Field("set", optional=True, element=Field("object", fields=_SOURCE))}


def wire(value: Any) -> Document | None:
    """As it is sent."""
    if not known(value):
        return None
    providers: dict[str, list[Document]] = {}
    for each in as_list(value["externalSources"]):
        to = without_null(as_object(each["to"]))
        rule = without_null({"to": to, "label": text_pointer(each["label"]), "claims": as_object(each["claims"])})
        providers.setdefault(text(each["issuer"]), []).append(rule)
    return {"oidcProviders": providers} if providers else {}


def state(value: Any) -> Document | None:
    """As Vercel has it; raises UnknownToStandInError where it has trusted projects."""
    if value is None:
        return None
    if value.get("projects"):
        raise UnknownToStandInError("`trustedSources.projects`, which the project has at Vercel")
    providers = value.get("oidcProviders")
    return {
        "externalSources": None
        if providers is None
        else [
            {"issuer": issuer, "label": None, **each, "to": {"slugs": None, "preset": None, **each["to"]}}
            for issuer, rules in providers.items()
            for each in rules
        ]
    }
