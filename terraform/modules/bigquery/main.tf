# The dataset whose tables the sink keeps equal to the lake. The tables follow from the program's declarations, and the
# sink makes them; nothing about a column is said twice.

variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "location" {
  description = "Location of the dataset: with the lake's bucket, or a load job cannot read it."
  type        = string
}

variable "pipeline" {
  description = "The pipeline; the dataset's name."
  type        = string
}

variable "members" {
  description = "Each role's service account, as a member of a policy."
  type        = map(string)
}

variable "readers" {
  description = "Who else may read the tables: groups, users, service accounts."
  type        = list(string)
}

variable "deletion_policy" {
  description = "PREVENT where terraform may not delete, else DELETE."
  type        = string
}

locals {
  grants = merge(
    { "sink" = { role = "roles/bigquery.dataEditor", member = var.members["sink"] } },
    { "client" = { role = "roles/bigquery.dataViewer", member = var.members["client"] } },
    { for reader in var.readers : reader => { role = "roles/bigquery.dataViewer", member = reader } },
  )
}

resource "google_bigquery_dataset" "this" {
  project                    = var.project
  dataset_id                 = var.pipeline
  location                   = var.location
  description                = "The datasets of the ${var.pipeline} pipeline, a partition a date. Written by the sink alone."
  max_time_travel_hours      = "168"
  delete_contents_on_destroy = false
  deletion_policy            = var.deletion_policy
  labels                     = { pipeline = var.pipeline }
}

resource "google_bigquery_dataset_iam_member" "this" {
  for_each = local.grants

  project    = var.project
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = each.value.role
  member     = each.value.member
}

output "dataset" {
  description = "The dataset."
  value       = google_bigquery_dataset.this.dataset_id
}
