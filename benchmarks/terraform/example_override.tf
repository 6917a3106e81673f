# Laid over the small program's own resources: what `prod` declares of them and `staging` does not.

resource "github_repository_environment" "prod" {
  prevent_self_review = true
  reviewers {
    teams = [var.reviewer_team]
  }
}
