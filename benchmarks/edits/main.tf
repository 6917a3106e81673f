# What benchmarks/edits_compared.py edits: two applications, their database and their delivery, from facts.json. The
# program next to it declares the same objects from the same file.

terraform {
  required_providers {
    vercel     = { source = "vercel/vercel" }
    github     = { source = "integrations/github" }
    postgresql = { source = "cyrilgdn/postgresql" }
  }
}

locals {
  facts        = jsondecode(file("${path.module}/facts.json"))
  applications = local.facts.applications
  database     = local.facts.database
  domains   = merge([for name, each in local.applications : { for domain in each.domains : domain => name }]...)
  redirects = merge([for name, each in local.applications : { for domain, target in each.redirects : domain => { application = name, target = target } }]...)
  variables = merge([for name, each in local.applications : { for key, value in each.variables : "${name}/${key}" => { application = name, key = key, value = value } }]...)
  sensitive = merge([for name, each in local.applications : { for key, value in each.sensitive : "${name}/${key}" => { application = name, key = key, value = value } }]...)
  usages    = merge([for name, each in local.applications : { for schema in each.schemas : "${name}/${schema}" => { application = name, schema = schema } }]...)
}

provider "vercel" {
  team = local.facts.team
}

provider "github" {
  owner          = local.facts.owner
  write_delay_ms = 200
}

provider "postgresql" {
  superuser = false
}

# --- PostgreSQL ---------------------------------------------------------------------------------------------------------

resource "postgresql_role" "owner" {
  name                = local.database.owner
  skip_reassign_owned = true
}

resource "postgresql_role" "migrator" {
  name                = local.database.migrator
  login               = true
  password            = local.database.password
  roles               = [postgresql_role.owner.name]
  assume_role         = postgresql_role.owner.name
  skip_reassign_owned = true
}

resource "postgresql_role" "access" {
  for_each            = local.applications
  name                = each.value.role
  skip_reassign_owned = true
}

resource "postgresql_role" "login" {
  for_each            = local.applications
  name                = each.value.login
  login               = true
  password            = "example-${each.value.login}"
  roles               = [postgresql_role.access[each.key].name]
  search_path         = each.value.schemas
  skip_reassign_owned = true
}

resource "postgresql_database" "storefront" {
  name             = local.database.name
  connection_limit = local.database.connections
  encoding         = "UTF8"
  template         = "template0"
}

resource "postgresql_extension" "each" {
  for_each = toset(local.database.extensions)
  name     = each.key
  database = postgresql_database.storefront.name
  schema   = "public"
}

resource "postgresql_schema" "each" {
  for_each = toset(local.database.schemas)
  name     = each.key
  database = postgresql_database.storefront.name
  owner    = postgresql_role.owner.name
}

resource "postgresql_grant" "database" {
  for_each    = local.applications
  role        = postgresql_role.access[each.key].name
  database    = postgresql_database.storefront.name
  object_type = "database"
  privileges  = ["CONNECT"]
}

resource "postgresql_grant" "owner" {
  role        = postgresql_role.owner.name
  database    = postgresql_database.storefront.name
  object_type = "database"
  privileges  = ["CONNECT", "TEMPORARY"]
}

resource "postgresql_grant" "schema" {
  for_each    = local.usages
  role        = postgresql_role.access[each.value.application].name
  database    = postgresql_database.storefront.name
  schema      = postgresql_schema.each[each.value.schema].name
  object_type = "schema"
  privileges  = ["USAGE"]
}

# --- Vercel -------------------------------------------------------------------------------------------------------------

resource "vercel_project" "each" {
  for_each       = local.applications
  name           = each.value.project
  framework      = each.value.framework
  root_directory = each.value.root
  node_version   = "22.x"
  vercel_authentication = {
    deployment_type = each.value.protection
  }
  git_repository = {
    type              = "github"
    repo              = "${local.facts.owner}/${local.facts.repository}"
    production_branch = "main"
  }
}

resource "vercel_project_environment_variable" "plain" {
  for_each   = local.variables
  project_id = vercel_project.each[each.value.application].id
  key        = each.value.key
  value      = each.value.value
  sensitive  = false
  target     = ["production"]
}

resource "vercel_project_environment_variable" "sensitive" {
  for_each   = local.sensitive
  project_id = vercel_project.each[each.value.application].id
  key        = each.value.key
  value      = each.value.value
  sensitive  = true
  target     = ["production"]
}

resource "vercel_project_environment_variable" "database" {
  for_each   = local.applications
  project_id = vercel_project.each[each.key].id
  key        = "DATABASE_URL"
  value      = "postgresql://${postgresql_role.login[each.key].name}:${postgresql_role.login[each.key].password}@${local.facts.host}:5432/${postgresql_database.storefront.name}?sslmode=require"
  sensitive  = true
  target     = ["production"]
}

resource "vercel_project_domain" "each" {
  for_each   = local.domains
  project_id = vercel_project.each[each.value].id
  domain     = each.key
}

resource "vercel_project_domain" "redirect" {
  for_each             = local.redirects
  project_id           = vercel_project.each[each.value.application].id
  domain               = each.key
  redirect             = vercel_project_domain.each[each.value.target].domain
  redirect_status_code = 308
}

resource "vercel_deployment" "each" {
  for_each   = { for name, each in local.applications : "${name}/${each.release}" => name }
  project_id = vercel_project.each[each.value].id
  production = true
  ref        = local.applications[each.value].commit
  environment = {
    PARITY_RELEASE     = local.applications[each.value].release
    PARITY_COMMIT      = local.applications[each.value].commit
    PARITY_ENVIRONMENT = "prod"
  }
  depends_on = [
    vercel_project_environment_variable.plain,
    vercel_project_environment_variable.sensitive,
    vercel_project_environment_variable.database,
    vercel_project_domain.each,
    postgresql_grant.database,
    postgresql_grant.schema,
  ]
}

resource "vercel_log_drain" "logs" {
  name            = local.facts.drain.name
  delivery_format = "ndjson"
  endpoint        = local.facts.drain.endpoint
  environments    = ["production"]
  sources         = local.facts.drain.sources
  secret          = "example-drain-example-drain-example"
  project_ids     = [for name in keys(local.applications) : vercel_project.each[name].id]
}

# --- GitHub -------------------------------------------------------------------------------------------------------------

resource "github_repository_environment" "each" {
  repository        = local.facts.repository
  environment       = local.facts.environment
  can_admins_bypass = false
  deployment_branch_policy {
    protected_branches     = false
    custom_branch_policies = true
  }
}

resource "github_repository_environment_deployment_policy" "each" {
  for_each       = toset(local.facts.branches)
  repository     = local.facts.repository
  environment    = github_repository_environment.each.environment
  branch_pattern = each.key
}

resource "github_actions_environment_secret" "migrator" {
  repository      = local.facts.repository
  environment     = github_repository_environment.each.environment
  secret_name     = "MIGRATOR_DATABASE_URL_STOREFRONT"
  plaintext_value = "postgresql://${postgresql_role.migrator.name}:${postgresql_role.migrator.password}@${local.facts.host}/${postgresql_database.storefront.name}"
}

resource "github_actions_environment_variable" "project" {
  for_each      = local.applications
  repository    = local.facts.repository
  environment   = github_repository_environment.each.environment
  variable_name = "VERCEL_PROJECT_ID_${upper(each.key)}"
  value         = vercel_project.each[each.key].id
}

resource "github_repository_ruleset" "main" {
  name        = "main"
  repository  = local.facts.repository
  target      = "branch"
  enforcement = "active"
  conditions {
    ref_name {
      include = ["refs/heads/main"]
      exclude = []
    }
  }
  rules {
    deletion         = true
    non_fast_forward = true
    pull_request {
      required_approving_review_count = local.facts.approvals
    }
  }
}
