"""The table of the resources that the stand-in knows, each in a module of its own."""

from __future__ import annotations

from parity_sandbox.standin.resources import (
    alert_rule,
    deployment,
    domain,
    environment_variable,
    log_drain,
    project,
    project_tracing,
    protection_bypass,
    retention,
    rolling_release,
    trace_drain,
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
        log_drain.RESOURCE,
        trace_drain.RESOURCE,
        project_tracing.RESOURCE,
        alert_rule.RESOURCE,
        protection_bypass.RESOURCE,
        vcr_repository.RESOURCE,
        vcr_repository_permission.RESOURCE,
    )
}
"""By their tokens, `vercel:index/project:Project` and so on."""
