# More applications of the small program's kind: a variable, a domain and a deployment each, and no database.

variable "more" {
  type        = set(string)
  description = "Names of the applications."
}

variable "commit" {
  type        = string
  description = "The commit that they are deployed at."
}

resource "vercel_project" "more" {
  for_each                                          = var.more
  name                                              = "${each.key}-staging"
  framework                                         = "nextjs"
  root_directory                                    = "apps/${each.key}"
  node_version                                      = "22.x"
  automatically_expose_system_environment_variables = true
  git_fork_protection                               = true
  prioritise_production_builds                      = true
  customer_success_code_visibility                  = false
  directory_listing                                 = false
  function_failover                                 = false
  git_lfs                                           = false
  preview_deployments_disabled                      = false
  protected_sourcemaps                              = false
  git_repository = {
    type              = "github"
    repo              = "storefront-example/storefront"
    production_branch = "main"
  }
}

resource "vercel_project_environment_variable" "more" {
  for_each   = var.more
  project_id = vercel_project.more[each.key].id
  key        = "SEARCH_RESULTS_LIMIT"
  value      = "20"
  sensitive  = false
  target     = ["production"]
}

resource "vercel_project_domain" "more" {
  for_each   = var.more
  project_id = vercel_project.more[each.key].id
  domain     = "${each.key}.staging.storefront.example"
}

resource "vercel_project_deployment_retention" "more" {
  for_each              = var.more
  project_id            = vercel_project.more[each.key].id
  expiration_preview    = "1m"
  expiration_production = "unlimited"
  expiration_canceled   = "1w"
  expiration_errored    = "1m"
}

resource "vercel_deployment" "more" {
  for_each          = var.more
  project_id        = vercel_project.more[each.key].id
  production        = true
  ref               = var.commit
  delete_on_destroy = true
  environment = {
    PARITY_RELEASE     = "r1"
    PARITY_COMMIT      = var.commit
    PARITY_ENVIRONMENT = "staging"
  }
  depends_on = [vercel_project_environment_variable.more, vercel_project_domain.more]
}

resource "github_actions_environment_variable" "more" {
  for_each = merge([
    for name in var.more : {
      "VERCEL_PROJECT_ID_${upper(name)}" = vercel_project.more[name].id
      "LIVE_URL_${upper(name)}"          = "https://${name}.staging.storefront.example"
      "LIVE_RELEASE_${upper(name)}"      = "r1"
    }
  ]...)
  repository    = "storefront"
  environment   = github_repository_environment.staging.environment
  variable_name = each.key
  value         = each.value
}
