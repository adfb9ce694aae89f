# The archive of dead letters: one table for all dead-letter topics, in the shape in which Pub/Sub writes a message
# with its metadata.

locals {
  archive = "${var.project}.${google_bigquery_dataset.archive.dataset_id}.${google_bigquery_table.archive.table_id}"
}

resource "google_bigquery_dataset" "archive" {
  project         = var.project
  dataset_id      = "${var.topology.pipeline}_operations"
  location        = var.bigquery_location
  description     = "What Pub/Sub set aside, message by message."
  deletion_policy = var.deletion_policy
  labels          = local.labels
}

resource "google_bigquery_table" "archive" {
  project             = var.project
  dataset_id          = google_bigquery_dataset.archive.dataset_id
  table_id            = "dead_letters"
  description         = "Every message of every dead-letter topic, as it was published."
  deletion_protection = var.deletion_policy == "PREVENT"
  clustering          = ["subscription_name"]
  labels              = local.labels

  time_partitioning {
    type  = "DAY"
    field = "publish_time"
  }

  schema = jsonencode([
    { name = "subscription_name", type = "STRING", mode = "NULLABLE", description = "Subscription that wrote the row; names the processor." },
    { name = "message_id", type = "STRING", mode = "NULLABLE", description = "Pub/Sub's number of the message." },
    { name = "publish_time", type = "TIMESTAMP", mode = "NULLABLE", description = "When it was published." },
    { name = "data", type = "BYTES", mode = "NULLABLE", description = "The envelope, protobuf: proto/tidegate/v1/messages.proto." },
    { name = "attributes", type = "JSON", mode = "NULLABLE", description = "kind, pipeline, dataset, date, run, lane." },
  ])
}

resource "google_bigquery_table_iam_member" "agent" {
  for_each = toset(["roles/bigquery.dataEditor", "roles/bigquery.metadataViewer"])

  project    = var.project
  dataset_id = google_bigquery_dataset.archive.dataset_id
  table_id   = google_bigquery_table.archive.table_id
  role       = each.value
  member     = local.agent
}

output "archive" {
  description = "The table of dead letters."
  value       = local.archive
}
