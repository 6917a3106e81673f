"""The table of the resources that the stand-in knows, each in a module of its own."""

from __future__ import annotations

from parity_sandbox.standin.resources import (
    alert_rule,
    deployment,
    domain,
    drains,
    environment_variable,
    project,
    project_tracing,
    retention,
    rolling_release,
    vcr_repository,
    vcr_repository_permission,
)

RESOURCES = {
    each.token: each
    for each in (
        project.RESOURCE,
        environment_variable.RESOURCE,
        domain.RESOURCE,
        retention.RESOURCE,
        rolling_release.RESOURCE,
        deployment.RESOURCE,
        drains.LOGS,
        drains.TRACES,
        project_tracing.RESOURCE,
        alert_rule.RESOURCE,
        vcr_repository.RESOURCE,
        vcr_repository_permission.RESOURCE,
    )
}
"""By their tokens, `vercel:index/project:Project` and so on."""
