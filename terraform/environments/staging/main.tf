# Staging: the same parts as prod, smaller, and deletable: it is made anew from the landing zone in an hour.

module "fleet" {
  source = "../../modules/fleet"

  environment     = "staging"
  project         = var.project
  region          = var.region
  billing_account = var.billing_account
  emails          = var.emails

  deletion_protection     = false
  release_channel         = "REGULAR"
  ledger_tier             = "db-custom-1-3840"
  ledger_highly_available = false
  ledger_connections_max  = 150
  ledger_backups_kept     = 7
  noncurrent_days         = 7
  budget_monthly          = 300
}
