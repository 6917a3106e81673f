# What the example's `prod` has of one application and the crash tests' small program has not, so that more of the
# differences of benchmarks/drift_recall.py concern something that Terraform manages.

variable "reviewer_team" {
  type        = number
  description = "GitHub's number of the team that reviews deployments."
}

resource "vercel_project_environment_variable" "base" {
  project_id = vercel_project.shop.id
  key        = "NEXT_PUBLIC_BASE_URL"
  value      = "https://shop.storefront.example"
  sensitive  = false
  target     = ["production"]
}

resource "vercel_project_environment_variable" "telemetry" {
  project_id = vercel_project.shop.id
  key        = "NEXT_TELEMETRY_DISABLED"
  value      = "1"
  sensitive  = false
  target     = ["production"]
}

resource "vercel_project_domain" "redirecting" {
  project_id           = vercel_project.shop.id
  domain               = "www.shop.storefront.example"
  redirect             = vercel_project_domain.shop.domain
  redirect_status_code = 308
}

resource "github_repository_ruleset" "main" {
  name        = "parity-main"
  repository  = "storefront"
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
      required_approving_review_count = 1
      dismiss_stale_reviews_on_push   = true
      require_last_push_approval      = true
    }
    required_status_checks {
      strict_required_status_checks_policy = true
      required_check {
        context = "ci"
      }
    }
  }
}

resource "github_actions_repository_permissions" "storefront" {
  repository      = "storefront"
  enabled         = true
  allowed_actions = "selected"
  allowed_actions_config {
    github_owned_allowed = true
    verified_allowed     = false
    patterns_allowed     = ["astral-sh/setup-uv@*"]
  }
}

resource "postgresql_schema" "extensions" {
  name     = "extensions"
  database = postgresql_database.storefront.name
  owner    = postgresql_role.owner.name
}

resource "postgresql_extension" "vector" {
  name     = "vector"
  database = postgresql_database.storefront.name
  schema   = postgresql_schema.extensions.name
}
