# The whole of one environment, in the order in which its parts need each other.

locals {
  topology        = jsondecode(file("${path.module}/../../topology/${var.pipeline}.json"))
  name            = "tidegate-${var.environment}"
  labels          = { environment = var.environment, pipeline = var.pipeline }
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"
  number          = data.google_project.this.number
}

data "google_project" "this" {
  project_id = var.project
}

module "services" {
  source  = "../services"
  project = var.project
}

module "identities" {
  source    = "../identities"
  project   = var.project
  name      = "tidegate"
  namespace = var.namespace

  depends_on = [module.services]
}

module "network" {
  source          = "../network"
  project         = var.project
  region          = var.region
  name            = local.name
  deletion_policy = local.deletion_policy

  depends_on = [module.services]
}

module "cluster" {
  source              = "../cluster"
  project             = var.project
  region              = var.region
  name                = local.name
  network             = module.network.network
  subnetwork          = module.network.subnetwork
  node_account        = module.identities.nodes.email
  node_member         = module.identities.nodes.member
  deletion_protection = var.deletion_protection
  release_channel     = var.release_channel
}

module "pubsub" {
  source            = "../pubsub"
  project           = var.project
  project_number    = local.number
  region            = var.region
  bigquery_location = var.region
  topology          = local.topology
  members           = module.identities.members
  deletion_policy   = local.deletion_policy

  depends_on = [module.services]
}

module "lake" {
  source            = "../lake"
  project           = var.project
  location          = var.region
  prefix            = "${var.project}-tidegate"
  labels            = local.labels
  members           = module.identities.members
  published_readers = var.published_readers
  noncurrent_days   = var.noncurrent_days
  deletion_policy   = local.deletion_policy
}

module "bigquery" {
  source          = "../bigquery"
  project         = var.project
  location        = var.region
  pipeline        = var.pipeline
  members         = module.identities.members
  readers         = var.bigquery_readers
  deletion_policy = local.deletion_policy
}

module "ledger" {
  source              = "../ledger"
  project             = var.project
  region              = var.region
  name                = local.name
  labels              = local.labels
  network             = module.network.network
  peering             = module.network.peering
  members             = module.identities.members
  tier                = var.ledger_tier
  highly_available    = var.ledger_highly_available
  connections_max     = var.ledger_connections_max
  backups_kept        = var.ledger_backups_kept
  password_version    = var.ledger_password_version
  deletion_protection = var.deletion_protection
}

module "monitoring" {
  source   = "../monitoring"
  project  = var.project
  name     = local.name
  pipeline = var.pipeline
  emails   = var.emails
  database = module.ledger.instance

  depends_on = [module.services]
}

module "budget" {
  source          = "../budget"
  billing_account = var.billing_account
  project_number  = local.number
  name            = local.name
  monthly_units   = var.budget_monthly
  currency        = var.budget_currency
  channels        = module.monitoring.channels

  depends_on = [module.services]
}
