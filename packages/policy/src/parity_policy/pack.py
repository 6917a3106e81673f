"""Makes a Pulumi policy of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, policy

from parity_policy.rules import RULES

if TYPE_CHECKING:
    from pulumi_policy import Policy, ReportViolation, ResourceValidationArgs

    from parity_policy.rule import Rule

NAME = "parity"


def make() -> PolicyPack:
    """The pack with every rule; creating it serves it to the engine."""
    return PolicyPack(name=NAME, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)


def servicer() -> Any:
    """What answers the engine's calls, for a process that serves them itself; `PolicyPack` would serve and not return.

    A name that the SDK does not publish, so its version is pinned.
    """
    version = "0.0.1"  # as the SDK says it: the engine shows the one of PulumiPolicy.yaml, where there is one
    every: Any = policy
    more = (None,) * 7
    return every._PolicyAnalyzerServicer(NAME, version, policies(), EnforcementLevel.MANDATORY, *more)  # noqa: SLF001


def policies() -> list[Policy]:
    """Each rule as the SDK takes it."""
    return [_policy(rule) for rule in RULES]


def _policy(rule: Rule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.concerns(args.resource_type) and rule.about not in (args.opts.ignore_changes or ()):
            for what in rule.judge(cast("dict[str, Any]", args.props)):
                report(what, None)

    return ResourceValidationPolicy(rule.name, rule.description, validate, EnforcementLevel.MANDATORY)
