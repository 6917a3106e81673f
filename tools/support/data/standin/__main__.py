"""A program for both plugins: every resource that v5.10.0 and the stand-in know; the config's `step` changes them."""

from __future__ import annotations

import pulumi
import pulumiverse_vercel as vercel

config = pulumi.Config()
STEP = config.require("step")
CHANGED = STEP != "made"
REPLACED = STEP in {"replaced", "clashing"}
COMMIT = "a" * 40
OTHER = "b" * 40

full = vercel.Project(
    "full",
    name="shop-staging",
    framework="nextjs",
    root_directory="apps/shop",
    build_command="npm run build:all" if CHANGED else "npm run build",
    node_version="22.x",
    auto_assign_custom_domains=False,
    automatically_expose_system_environment_variables=True,
    git_fork_protection=not CHANGED,
    skew_protection="12 hours" if CHANGED else None,
    git_repository=vercel.ProjectGitRepositoryArgs(type="github", repo="acme/storefront", production_branch="main"),
    git_comments=vercel.ProjectGitCommentsArgs(on_commit=False, on_pull_request=CHANGED),
    vercel_authentication=vercel.ProjectVercelAuthenticationArgs(
        deployment_type="all_deployments" if CHANGED else "standard_protection_new"
    ),
    password_protection=vercel.ProjectPasswordProtectionArgs(
        password=pulumi.Output.secret("open sesame"), deployment_type="standard_protection_new"
    ),
    options_allowlist=vercel.ProjectOptionsAllowlistArgs(paths=[vercel.ProjectOptionsAllowlistPathArgs(value="/api")]),
    resource_config=vercel.ProjectResourceConfigArgs(
        fluid=True, function_default_regions=["iad1", "fra1"] if CHANGED else ["fra1"], function_default_timeout=60
    ),
)
bare = vercel.Project("bare", name="bare-renamed" if CHANGED else "bare")

sensitive = vercel.ProjectEnvironmentVariable(
    "sensitive",
    project_id=full.id,
    key="PAYMENT_SECRET_KEY" if not REPLACED else "PAYMENT_KEY",
    value=pulumi.Output.secret("sk_changed_123456" if CHANGED else "sk_first_123456"),
    targets=["production"],
    sensitive=True,
)
plain = vercel.ProjectEnvironmentVariable(
    "plain",
    project_id=full.id,
    key="NEXT_PUBLIC_BASE_URL",
    value="https://new.example" if CHANGED else "https://old.example",
    targets=["production", "preview"] if CHANGED else ["production"],
    sensitive=False,
    comment="Where the shop is" if CHANGED else None,
)
derived = vercel.ProjectEnvironmentVariable(
    "derived", project_id=bare.id, key="SHOP_ID", value=full.id, targets=["preview"], sensitive=False
)
domain = vercel.ProjectDomain(
    "domain", project_id=full.id, domain="shop2.acme.example" if REPLACED else "shop.acme.example"
)
redirect = vercel.ProjectDomain(
    "redirect",
    project_id=full.id,
    domain="www.shop.acme.example",
    redirect=domain.domain,
    redirect_status_code=307 if CHANGED else 308,
)
retention = vercel.ProjectDeploymentRetention(
    "retention", project_id=full.id, expiration_preview="1m" if CHANGED else "3m", expiration_errored="1w"
)
deployment = vercel.Deployment(
    "deployment",
    project_id=full.id,
    production=True,
    ref=OTHER if REPLACED else COMMIT,
    meta={"release": "r1", "digest": "0123"},
    environment={"PARITY_RELEASE": "r1", "PARITY_TOKEN": pulumi.Output.secret("hidden-token")},
    delete_on_destroy=True,
    opts=pulumi.ResourceOptions(depends_on=[sensitive, plain, retention]),
)
drain = vercel.LogDrain(
    "drain",
    name="logs",
    delivery_format="ndjson",
    environments=["production"],
    sources=["lambda", "edge"],
    project_ids=[full.id],
    endpoint="https://logs.acme.example/drain",
    headers={"authorization": pulumi.Output.secret("Bearer hidden-header")},
    secret=pulumi.Output.secret("drain-secret-drain-secret-drain-secret"),
    sampling_rate=0.5 if REPLACED else None,
)
images = vercel.VcrRepository(
    "images", project_id=full.id, name="images2" if REPLACED else "images", public=True if CHANGED else None
)
share = vercel.VcrRepositoryPermission("share", project_id=full.id, repository=images.name, granted_team_slug="acme")
vercel.TraceDrain(
    "traces",
    name="traces",
    delivery_format="proto",
    endpoint="https://otlp.acme.example/v1/traces",
    project_ids=[full.id],
    headers={"authorization": pulumi.Output.secret("Bearer hidden-header")},
    secret=pulumi.Output.secret("trace-secret-trace-secret-trace-secret"),
    sampling_rules=[
        vercel.TraceDrainSamplingRuleArgs(rate=1, environment="production", request_path="/checkout"),
        vercel.TraceDrainSamplingRuleArgs(rate=0.5 if REPLACED else 0.1),
    ],
)
rolls = vercel.ProjectRollingReleaseStageArgs
vercel.ProjectRollingRelease(
    "stages",
    project_id=bare.id,
    advancement_type="automatic" if REPLACED else "manual-approval",
    stages=[
        rolls(target_percentage=10 if CHANGED else 5, duration=15 if REPLACED else None),
        rolls(target_percentage=100),
    ],
)
if STEP == "clashing":
    vercel.ProjectEnvironmentVariable(
        "clash", project_id=full.id, key="NEXT_PUBLIC_BASE_URL", value="x", targets=["production"], sensitive=False
    )
for name, value in {
    "project": full.id,
    "url": deployment.url,
    "verified": domain.verified,
    "secret": sensitive.value,
    "domains": deployment.domains,
}.items():
    pulumi.export(name, value)
