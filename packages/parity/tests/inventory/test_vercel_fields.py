"""Each field of Vercel's project is classified, against the names in Vercel's own description."""

from __future__ import annotations

import json

import pytest

from parity.inventory import vercel_project as fields
from support.paths import DATA

READ = frozenset(
    {*fields.SAME.values(), "link", "ssoProtection", "passwordProtection", "trustedIps", "trustedSources"}
    | {
        "oidcTokenConfig",
        "optionsAllowlist",
        "gitComments",
        "gitProviderOptions",
        "skewProtectionMaxAge",
        "resourceConfig",
    }
    | {"serverlessFunctionRegion"}
)
"""The fields of Vercel's document that `properties` reads."""

ELSEWHERE = frozenset(
    {"id", "accountId", "env", "targets", "latestDeployments", "protectionBypass", "deploymentExpiration", "crons"}
    | {"customEnvironments", "rollingRelease", "lastAliasRequest", "lastRollbackTarget", "alias"}
)
"""Fields that belong to another resource or identify the object."""

VOLATILE = frozenset(
    {"abuse", "analytics", "appliedCve55182Migration", "autoAssignCustomDomainsUpdatedBy", "avatar", "blobs"}
    | {"concurrencyBucketName", "connectBuildsEnabled", "connectConfigurationId", "connectConfigurations", "createdAt"}
    | {"creator", "dataCache", "defaultResourceConfig", "dismissedToasts", "expiration", "features", "jobs", "live"}
    | {"hasActiveBranches", "hasDeployments", "integrations", "internalRoutes", "ipBuckets", "microfrontends"}
    | {"passiveConnectConfigurationId", "permissions", "rollbackDescription", "sandbox", "security", "services"}
    | {"skewProtectionBoundaryAt", "speedInsights", "tier", "transferCompletedAt", "transferStartedAt", "updatedAt"}
    | {"transferToAccountId", "transferredFromAccountId", "usageStatus", "v0", "v0Created", "webAnalytics"}
)
"""Fields that Vercel changes by itself, that count or summarise, or that belong to products of their own (firewall,
analytics, private networking, data cache), which docs/drift.md lists as not read. A field that is in no class is
ignored, so that what Vercel adds overnight is no alarm; a test holds the classes to Vercel's description."""

NAMES = json.loads((DATA / "vercel-fields.json").read_text())
CLASSES = {
    "read": READ,
    "elsewhere": ELSEWHERE,
    "watched": frozenset(fields.WATCHED),
    "volatile": VOLATILE,
}


@pytest.mark.parametrize("name", sorted({*NAMES["getProject"], *NAMES["updateProject"]}))
def test_each_field_of_a_project_is_in_one_class(name: str):
    assert [title for title, names in CLASSES.items() if name in names] != [], f"{name} is in no class"
    assert len([title for title, names in CLASSES.items() if name in names]) == 1


def test_no_field_that_can_be_written_is_called_volatile():
    wrong = set(NAMES["updateProject"]) & VOLATILE
    assert wrong == {
        "autoAssignCustomDomainsUpdatedBy",  # who it was
        "connectConfigurations",  # private networking, a product of its own
        "dismissedToasts",  # what a person clicked away in the dashboard
        "skewProtectionBoundaryAt",  # moves by itself
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("paused", True), ("staticIps", {"enabled": True}), ("sourceFilesOutsideRootDirectory", False),
     ("crons", {"disabledAt": 1_795_000_000_000}), ("link", {"type": "github", "deployHooks": [{"name": "hook"}]})],
)  # fmt: skip
def test_what_a_person_set_beyond_the_provider_shows(field: str, value: object):
    assert fields.beyond({field: value})


@pytest.mark.parametrize(
    "document",
    [{}, {"staticIps": {"enabled": False, "builds": False, "regions": []}}, {"crons": {"disabledAt": None}},
     {"paused": False, "sourceFilesOutsideRootDirectory": True}, {"somethingNew": {"enabled": True}}],
)  # fmt: skip
def test_an_untouched_field_does_not_show(document: dict[str, object]):
    assert fields.beyond(document) == {}


def test_trusted_sources_are_read_as_the_program_declares_them():
    claims = {"repository": ["acme/shop"], "environment": ["staging-preview", "staging"]}
    given = {
        "oidcProviders": {"https://issuer.example": [{"to": {"slugs": ["production", "preview"]}, "claims": claims}]},
        "projects": {
            "prj_1": {
                "label": "other",
                "customAllow": [{"from": {"preset": "all-custom"}, "to": {"slugs": ["b", "a"]}}],
            },
            "prj_0": {},
        },
    }
    assert fields.properties({"trustedSources": given})["trustedSources"] == {
        "externalSources": [
            {
                "issuer": "https://issuer.example",
                "to": {"slugs": ["preview", "production"]},
                "claims": {"repository": ["acme/shop"], "environment": ["staging", "staging-preview"]},
            }
        ],
        "projects": [
            {"projectId": "prj_0"},
            {
                "projectId": "prj_1",
                "label": "other",
                "customAllow": [{"from": {"preset": "all-custom"}, "to": {"slugs": ["a", "b"]}}],
            },
        ],
    }
    assert "trustedSources" not in fields.properties({"trustedSources": None})
