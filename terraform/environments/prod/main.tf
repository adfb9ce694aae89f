# Prod: whatever holds data refuses to be deleted, the ledger has a standby, and upgrades come late.

module "fleet" {
  source = "../../modules/fleet"

  environment     = "prod"
  project         = var.project
  region          = var.region
  billing_account = var.billing_account
  emails          = var.emails

  deletion_protection     = true
  release_channel         = "STABLE"
  ledger_tier             = "db-custom-2-7680"
  ledger_highly_available = true
  ledger_connections_max  = 450
  ledger_backups_kept     = 30
  noncurrent_days         = 30
  budget_monthly          = 700
}
