# The log drain is of every project.

resource "vercel_log_drain" "logs" {
  project_ids = concat([vercel_project.shop.id], [for name in var.more : vercel_project.more[name].id])
}
