# The small program of the crash tests as a Terraform configuration: the same objects under the same names, one by one.
# Two things differ, because Terraform's providers have nothing for them: the domains are assigned automatically to the
# newest production deployment, since there is no promotion, and the bypass secret is Vercel's own choice.

terraform {
  required_providers {
    vercel     = { source = "vercel/vercel" }
    github     = { source = "integrations/github" }
    postgresql = { source = "cyrilgdn/postgresql" }
  }
}

variable "releases" {
  type        = map(object({ commit = string, credentials = number }))
  description = "Kept releases; the newest is live."
}

variable "passwords" {
  type        = map(string)
  sensitive   = true
  description = "Of each login, by the role's suffix."
}

provider "vercel" {
  team = "storefront"
}

provider "github" {
  owner          = "storefront-example"
  write_delay_ms = 200
}

provider "postgresql" {
  superuser = false
}

locals {
  newest      = reverse(sort(keys(var.releases)))[0]
  generations = toset([for each in values(var.releases) : tostring(each.credentials)])
  live_role   = postgresql_role.shop_login[tostring(var.releases[local.newest].credentials)]
  place       = "db.staging.storefront.example:5432/storefront_staging?sslmode=require"
}

# --- PostgreSQL ---------------------------------------------------------------------------------------------------------

resource "postgresql_role" "owner" {
  name                = "storefront_staging_owner"
  skip_reassign_owned = true
}

resource "postgresql_role" "shop" {
  name                = "storefront_staging_shop"
  skip_reassign_owned = true
}

resource "postgresql_role" "readonly" {
  name                = "storefront_staging_readonly"
  login               = true
  password            = var.passwords["readonly"]
  connection_limit    = 20
  search_path         = ["shop"]
  skip_reassign_owned = true
}

resource "postgresql_role" "migrator" {
  name                = "storefront_staging_migrator"
  login               = true
  password            = var.passwords["migrator"]
  roles               = [postgresql_role.owner.name]
  assume_role         = postgresql_role.owner.name
  search_path         = ["shop"]
  skip_reassign_owned = true
}

resource "postgresql_role" "shop_login" {
  for_each            = local.generations
  name                = "storefront_staging_shop_g${each.key}"
  login               = true
  password            = var.passwords["shop_g${each.key}"]
  roles               = [postgresql_role.shop.name]
  connection_limit    = 20
  search_path         = ["shop"]
  skip_reassign_owned = true
}

resource "postgresql_database" "storefront" {
  name             = "storefront_staging"
  connection_limit = 60
  encoding         = "UTF8"
  template         = "template0"
  depends_on       = [postgresql_role.owner, postgresql_role.shop, postgresql_role.readonly, postgresql_role.migrator]
}

resource "postgresql_schema" "shop" {
  name     = "shop"
  database = postgresql_database.storefront.name
  owner    = postgresql_role.owner.name
}

resource "postgresql_grant" "database" {
  for_each = {
    owner    = { role = postgresql_role.owner.name, privileges = ["CONNECT", "TEMPORARY"] }
    readonly = { role = postgresql_role.readonly.name, privileges = ["CONNECT"] }
    shop     = { role = postgresql_role.shop.name, privileges = ["CONNECT"] }
  }
  role        = each.value.role
  database    = postgresql_database.storefront.name
  object_type = "database"
  privileges  = each.value.privileges
}

resource "postgresql_grant" "shop_schema" {
  role        = postgresql_role.shop.name
  database    = postgresql_database.storefront.name
  schema      = postgresql_schema.shop.name
  object_type = "schema"
  privileges  = ["USAGE"]
}

resource "postgresql_grant" "shop_tables" {
  role        = postgresql_role.shop.name
  database    = postgresql_database.storefront.name
  schema      = postgresql_schema.shop.name
  object_type = "table"
  privileges  = ["DELETE", "INSERT", "SELECT", "UPDATE"]
  depends_on  = [postgresql_grant.shop_schema]
}

resource "postgresql_default_privileges" "shop_tables" {
  role        = postgresql_role.shop.name
  owner       = postgresql_role.owner.name
  database    = postgresql_database.storefront.name
  schema      = postgresql_schema.shop.name
  object_type = "table"
  privileges  = ["DELETE", "INSERT", "SELECT", "UPDATE"]
  depends_on  = [postgresql_grant.shop_tables]
}

# --- Vercel -------------------------------------------------------------------------------------------------------------

resource "vercel_project" "shop" {
  name                                              = "shop-staging"
  framework                                         = "nextjs"
  root_directory                                    = "apps/shop"
  node_version                                      = "22.x"
  automatically_expose_system_environment_variables = true
  git_fork_protection                               = true
  # As the program: all that the provider sets in its second request.
  prioritise_production_builds     = true
  customer_success_code_visibility = false
  directory_listing                = false
  function_failover                = false
  git_lfs                          = false
  preview_deployments_disabled     = false
  protected_sourcemaps             = false
  git_repository = {
    type              = "github"
    repo              = "storefront-example/storefront"
    production_branch = "main"
  }
}

resource "vercel_project_environment_variable" "limit" {
  project_id = vercel_project.shop.id
  key        = "SEARCH_RESULTS_LIMIT"
  value      = "20"
  sensitive  = false
  target     = ["production"]
}

resource "vercel_project_environment_variable" "payment" {
  project_id = vercel_project.shop.id
  key        = "PAYMENT_SECRET_KEY"
  value      = var.passwords["payment"]
  sensitive  = true
  target     = ["production"]
}

resource "vercel_project_environment_variable" "database" {
  project_id = vercel_project.shop.id
  key        = "DATABASE_URL"
  value      = "postgresql://${local.live_role.name}:${local.live_role.password}@${local.place}"
  sensitive  = true
  target     = ["production"]
}

resource "vercel_project_domain" "shop" {
  project_id = vercel_project.shop.id
  domain     = "shop.staging.storefront.example"
}

resource "vercel_project_deployment_retention" "shop" {
  project_id            = vercel_project.shop.id
  expiration_preview    = "1m"
  expiration_production = "unlimited"
  expiration_canceled   = "1w"
  expiration_errored    = "1m"
}

resource "vercel_deployment" "shop" {
  for_each          = var.releases
  project_id        = vercel_project.shop.id
  production        = true
  ref               = each.value.commit
  delete_on_destroy = true
  environment = {
    PARITY_RELEASE     = each.key
    PARITY_COMMIT      = each.value.commit
    PARITY_ENVIRONMENT = "staging"
  }
  depends_on = [
    vercel_project_environment_variable.limit,
    vercel_project_environment_variable.payment,
    vercel_project_environment_variable.database,
    vercel_project_domain.shop,
    postgresql_grant.database,
    postgresql_default_privileges.shop_tables,
  ]
}

resource "vercel_log_drain" "logs" {
  name            = "storefront-staging"
  delivery_format = "ndjson"
  endpoint        = "https://logs.staging.storefront.example/drain"
  environments    = ["production"]
  sources         = ["lambda"]
  sampling_rate   = 1
  secret          = var.passwords["logs"]
  project_ids     = [vercel_project.shop.id]
}

# --- GitHub -------------------------------------------------------------------------------------------------------------

resource "github_repository_environment" "staging" {
  repository        = "storefront"
  environment       = "staging"
  can_admins_bypass = false
  deployment_branch_policy {
    protected_branches     = false
    custom_branch_policies = true
  }
}

resource "github_repository_environment_deployment_policy" "main" {
  repository     = "storefront"
  environment    = github_repository_environment.staging.environment
  branch_pattern = "main"
}

resource "github_actions_environment_secret" "migrator" {
  repository      = "storefront"
  environment     = github_repository_environment.staging.environment
  secret_name     = "MIGRATOR_DATABASE_URL_STOREFRONT"
  plaintext_value = "postgresql://${postgresql_role.migrator.name}:${postgresql_role.migrator.password}@${local.place}"
}

resource "github_actions_environment_variable" "delivery" {
  for_each = {
    VERCEL_TEAM              = "storefront"
    DATABASE_HOST_STOREFRONT = "db.staging.storefront.example"
    DATABASE_NAME_STOREFRONT = postgresql_database.storefront.name
    VERCEL_PROJECT_ID_SHOP   = vercel_project.shop.id
    LIVE_URL_SHOP            = "https://shop.staging.storefront.example"
    LIVE_RELEASE_SHOP        = local.newest
  }
  repository    = "storefront"
  environment   = github_repository_environment.staging.environment
  variable_name = each.key
  value         = each.value
  depends_on    = [vercel_deployment.shop]
}
