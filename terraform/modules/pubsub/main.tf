# Every topic and subscription of a pipeline, as the program's declarations have it: `topology` is what
# `tidegate topology --sink` prints. Who may publish where, and who reads what.

locals {
  topics        = { for topic in var.topology.topics : topic.name => one(regex("\\.(completed|dead-letters|work)(?:\\.|$)", topic.name)) }
  subscriptions = { for subscription in var.topology.subscriptions : subscription.name => subscription }
  dead_letters  = { for name, kind in local.topics : name => kind if kind == "dead-letters" }

  # A subscription's reader, by its purpose. A purpose that is not here is an error, not a subscription without a reader.
  readers = {
    gate         = "gate"
    work         = "worker"
    dead_letters = "gate"
    sink         = "sink"
  }

  # Who may publish, by the topic's kind. The sink publishes nothing; a client sends the work orders of the runs
  # that it submits. Google's agent sets aside what was delivered too often.
  engine = [var.members["gate"], var.members["scheduler"], var.members["worker"]]
  publishers = {
    completed    = local.engine
    work         = concat(local.engine, [var.members["client"]])
    dead-letters = concat(local.engine, [local.agent])
  }

  agent  = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  labels = { pipeline = var.topology.pipeline }
}

resource "google_pubsub_topic" "this" {
  for_each = local.topics

  project                    = var.project
  name                       = each.key
  message_retention_duration = var.topic_retention
  deletion_policy            = var.deletion_policy
  labels                     = merge(local.labels, { kind = each.value })

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_subscription" "this" {
  for_each = local.subscriptions

  project                    = var.project
  name                       = each.key
  topic                      = google_pubsub_topic.this[each.value.topic].id
  ack_deadline_seconds       = each.value.ack_deadline_seconds
  message_retention_duration = var.subscription_retention
  deletion_policy            = var.deletion_policy
  labels                     = merge(local.labels, { purpose = each.value.purpose })

  # Never: a summer without games is longer than the thirty-one days after which an idle one would go.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "${each.value.retry_backoff_min_ms / 1000}s"
    maximum_backoff = "${each.value.retry_backoff_max_ms / 1000}s"
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.dead_letter_topic == null ? [] : [each.value.dead_letter_topic]
    content {
      dead_letter_topic     = google_pubsub_topic.this[dead_letter_policy.value].id
      max_delivery_attempts = each.value.delivery_attempts_max
    }
  }
}

# What was set aside, kept for good and readable with SQL, whatever becomes of the ledger.
resource "google_pubsub_subscription" "archive" {
  for_each = local.dead_letters

  project                    = var.project
  name                       = "${each.key}.archive"
  topic                      = google_pubsub_topic.this[each.key].id
  ack_deadline_seconds       = 60
  message_retention_duration = var.subscription_retention
  deletion_policy            = var.deletion_policy
  labels                     = merge(local.labels, { purpose = "archive" })

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  bigquery_config {
    table          = local.archive
    write_metadata = true
  }

  depends_on = [google_bigquery_table_iam_member.agent]
}

# Bindings, not members: whoever else was let in is shut out by the next apply.
resource "google_pubsub_topic_iam_binding" "publishers" {
  for_each = local.topics

  project = var.project
  topic   = google_pubsub_topic.this[each.key].name
  role    = "roles/pubsub.publisher"
  members = local.publishers[each.value]
}

resource "google_pubsub_subscription_iam_binding" "subscribers" {
  for_each = local.subscriptions

  project      = var.project
  subscription = google_pubsub_subscription.this[each.key].name
  role         = "roles/pubsub.subscriber"
  members = concat(
    [var.members[local.readers[each.value.purpose]]],
    each.value.dead_letter_topic == null ? [] : [local.agent],
  )
}
