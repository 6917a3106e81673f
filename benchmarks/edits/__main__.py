"""What main.tf declares, from the same facts.json, by the providers' own resources: one Pulumi resource each."""

import json
from pathlib import Path

import pulumi
import pulumi_github as github
import pulumi_postgresql as postgresql
import pulumiverse_vercel as vercel

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text())
APPLICATIONS, DATABASE, REPOSITORY = FACTS["applications"], FACTS["database"], FACTS["repository"]

on_vercel = pulumi.ResourceOptions(provider=vercel.Provider("vercel", team=FACTS["team"]))
on_github = pulumi.ResourceOptions(provider=github.Provider("github", owner=FACTS["owner"], write_delay_ms=200))
on_server = pulumi.ResourceOptions(provider=postgresql.Provider("postgresql", superuser=False))


def after(options, *needed):
    return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=list(needed)))


# --- PostgreSQL -------------------------------------------------------------------------------------------------------

owner = postgresql.Role("owner", name=DATABASE["owner"], skip_reassign_owned=True, opts=on_server)
migrator = postgresql.Role(
    "migrator",
    name=DATABASE["migrator"],
    login=True,
    password=DATABASE["password"],
    roles=[owner.name],
    assume_role=owner.name,
    skip_reassign_owned=True,
    opts=on_server,
)
database = postgresql.Database(
    "storefront",
    name=DATABASE["name"],
    connection_limit=DATABASE["connections"],
    encoding="UTF8",
    template="template0",
    opts=on_server,
)
for name in DATABASE["extensions"]:
    postgresql.Extension(f"extension-{name}", name=name, database=database.name, schema="public", opts=on_server)
schemas = {
    name: postgresql.Schema(f"schema-{name}", name=name, database=database.name, owner=owner.name, opts=on_server)
    for name in DATABASE["schemas"]
}
postgresql.Grant(
    "grant-owner",
    role=owner.name,
    database=database.name,
    object_type="database",
    privileges=["CONNECT", "TEMPORARY"],
    opts=on_server,
)

# --- Vercel -----------------------------------------------------------------------------------------------------------

projects = {}
for name, each in APPLICATIONS.items():
    access = postgresql.Role(f"{name}-access", name=each["role"], skip_reassign_owned=True, opts=on_server)
    login = postgresql.Role(
        f"{name}-login",
        name=each["login"],
        login=True,
        password=f"example-{each['login']}",
        roles=[access.name],
        search_paths=each["schemas"],
        skip_reassign_owned=True,
        opts=on_server,
    )
    grants = [
        postgresql.Grant(
            f"{name}-connect",
            role=access.name,
            database=database.name,
            object_type="database",
            privileges=["CONNECT"],
            opts=on_server,
        ),
        *(
            postgresql.Grant(
                f"{name}-{schema}",
                role=access.name,
                database=database.name,
                schema=schemas[schema].name,
                object_type="schema",
                privileges=["USAGE"],
                opts=on_server,
            )
            for schema in each["schemas"]
        ),
    ]
    project = projects[name] = vercel.Project(
        f"{name}-project",
        name=each["project"],
        framework=each["framework"],
        root_directory=each["root"],
        node_version="22.x",
        vercel_authentication={"deployment_type": each["protection"]},
        git_repository={
            "type": "github",
            "repo": f"{FACTS['owner']}/{REPOSITORY}",
            "production_branch": "main",
        },
        opts=on_vercel,
    )
    url = pulumi.Output.format(
        "postgresql://{0}:{1}@{2}:5432/{3}?sslmode=require", login.name, login.password, FACTS["host"], database.name
    )
    values = {**each["variables"], **each["sensitive"], "DATABASE_URL": url}
    variables = [
        vercel.ProjectEnvironmentVariable(
            f"{name}-{key}",
            project_id=project.id,
            key=key,
            value=value,
            sensitive=key not in each["variables"],
            targets=["production"],
            opts=on_vercel,
        )
        for key, value in values.items()
    ]
    domains = {
        domain: vercel.ProjectDomain(domain, project_id=project.id, domain=domain, opts=on_vercel)
        for domain in each["domains"]
    }
    for domain, target in each["redirects"].items():
        vercel.ProjectDomain(
            domain,
            project_id=project.id,
            domain=domain,
            redirect=domains[target].domain,
            redirect_status_code=308,
            opts=on_vercel,
        )
    vercel.Deployment(
        f"{name}-{each['release']}",
        project_id=project.id,
        production=True,
        ref=each["commit"],
        environment={
            "PARITY_RELEASE": each["release"],
            "PARITY_COMMIT": each["commit"],
            "PARITY_ENVIRONMENT": "prod",
        },
        opts=after(on_vercel, *variables, *domains.values(), *grants),
    )

vercel.LogDrain(
    "logs",
    name=FACTS["drain"]["name"],
    delivery_format="ndjson",
    endpoint=FACTS["drain"]["endpoint"],
    environments=["production"],
    sources=FACTS["drain"]["sources"],
    secret="example-drain-example-drain-example",
    project_ids=[each.id for each in projects.values()],
    opts=on_vercel,
)

# --- GitHub -----------------------------------------------------------------------------------------------------------

environment = github.RepositoryEnvironment(
    "environment",
    repository=REPOSITORY,
    environment=FACTS["environment"],
    can_admins_bypass=False,
    deployment_branch_policy={"protected_branches": False, "custom_branch_policies": True},
    opts=on_github,
)
for branch in FACTS["branches"]:
    github.RepositoryEnvironmentDeploymentPolicy(
        f"branch-{branch}",
        repository=REPOSITORY,
        environment=environment.environment,
        branch_pattern=branch,
        opts=on_github,
    )
github.ActionsEnvironmentSecret(
    "migrator-url",
    repository=REPOSITORY,
    environment=environment.environment,
    secret_name="MIGRATOR_DATABASE_URL_STOREFRONT",
    value=pulumi.Output.format(
        "postgresql://{0}:{1}@{2}/{3}", migrator.name, migrator.password, FACTS["host"], database.name
    ),
    opts=on_github,
)
for name, project in projects.items():
    github.ActionsEnvironmentVariable(
        f"{name}-id",
        repository=REPOSITORY,
        environment=environment.environment,
        variable_name=f"VERCEL_PROJECT_ID_{name.upper()}",
        value=project.id,
        opts=on_github,
    )
github.RepositoryRuleset(
    "main",
    name="main",
    repository=REPOSITORY,
    target="branch",
    enforcement="active",
    conditions={"ref_name": {"includes": ["refs/heads/main"], "excludes": []}},
    rules={
        "deletion": True,
        "non_fast_forward": True,
        "pull_request": {"required_approving_review_count": FACTS["approvals"]},
    },
    opts=on_github,
)
