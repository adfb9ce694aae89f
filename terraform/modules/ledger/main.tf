# The ledger's database: Postgres 15 with a private address only, encrypted connections only, backups every day and a
# log that takes it to any second of the last week. The password is made here and goes into the database and into
# Secret Manager through write-only arguments: neither the state nor a plan has it.

locals {
  secret_id = "${var.name}-ledger-password"
}

resource "google_sql_database_instance" "this" {
  project             = var.project
  region              = var.region
  name                = "${var.name}-ledger"
  database_version    = "POSTGRES_15"
  deletion_protection = var.deletion_protection

  settings {
    edition                     = "ENTERPRISE"
    tier                        = var.tier
    availability_type           = var.highly_available ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = 10
    disk_autoresize             = true
    disk_autoresize_limit       = 200
    deletion_protection_enabled = var.deletion_protection
    retain_backups_on_delete    = true
    user_labels                 = var.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled                        = true
      location                       = var.region
      start_time                     = "18:00"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = var.backups_kept
      }
    }

    final_backup_config {
      enabled        = true
      retention_days = 90
    }

    maintenance_window {
      day          = 2
      hour         = 17
      update_track = "stable"
    }

    # Processes times `connections_max` of tidegate.toml, and some for people.
    database_flags {
      name  = "max_connections"
      value = tostring(var.connections_max)
    }

    insights_config {
      query_insights_enabled = true
    }
  }

  lifecycle {
    precondition {
      condition     = var.peering != ""
      error_message = "The database has a private address only: give it the network's peered range."
    }
  }
}

resource "google_sql_database" "this" {
  project         = var.project
  instance        = google_sql_database_instance.this.name
  name            = "tidegate"
  deletion_policy = "ABANDON"
}

ephemeral "random_password" "ledger" {
  length  = 32
  special = false
}

resource "google_sql_user" "this" {
  project             = var.project
  instance            = google_sql_database_instance.this.name
  name                = "tidegate"
  password_wo         = ephemeral.random_password.ledger.result
  password_wo_version = var.password_version
  deletion_policy     = "ABANDON"
}

resource "google_secret_manager_secret" "password" {
  project             = var.project
  secret_id           = local.secret_id
  deletion_protection = var.deletion_protection
  labels              = var.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

resource "google_secret_manager_secret_version" "password" {
  secret                 = google_secret_manager_secret.password.id
  secret_data_wo         = ephemeral.random_password.ledger.result
  secret_data_wo_version = tostring(var.password_version)

  # The pods that have the old one in hand keep their connections; a new connection takes the new one.
  depends_on = [google_sql_user.this]
}

resource "google_secret_manager_secret_iam_binding" "readers" {
  project   = var.project
  secret_id = google_secret_manager_secret.password.secret_id
  role      = "roles/secretmanager.secretAccessor"
  members   = [for role in ["client", "gate", "scheduler", "sink", "worker"] : var.members[role]]
}

output "host" {
  description = "The database's private address: `[ledger] host` of tidegate.toml."
  value       = google_sql_database_instance.this.private_ip_address
}

output "secret" {
  description = "The password's newest version in Secret Manager."
  value       = "projects/${var.project}/secrets/${local.secret_id}/versions/latest"
}

output "instance" {
  description = "The instance's name, for backups and clones."
  value       = google_sql_database_instance.this.name
}
