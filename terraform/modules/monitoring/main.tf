# Who is told, and of what: one policy for each thing that a person must know. All but the last two ask the fleet's
# own metrics (`/metrics` of gates and schedulers, collected by Managed Prometheus); `nothing reports` and
# `gates do not answer` notice when there are none.

locals {
  of_pipeline = "pipeline=\"${var.pipeline}\""

  # Every gate and scheduler reports what it reads in the ledger, so the largest of equal figures is taken.
  promises = merge(
    {
      "dead letters" = {
        query    = "max by (processor, code) (tidegate_dead_letters_open{${local.of_pipeline}}) > 0"
        duration = "60s"
        severity = "ERROR"
        advice   = "A date failed for good, and holds what depends on it. `tidegate dead-letters list` has the reason and the file; after mending it, `tidegate dead-letters replay`."
      }
      "held units" = {
        query    = "sum(max by (processor) (tidegate_held_units{${local.of_pipeline}})) > 0"
        duration = "1800s"
        severity = "WARNING"
        advice   = "Dates wait for a dead letter. `tidegate why <dataset> <date>` names it."
      }
      "sink lag" = {
        query    = "max(tidegate_sink_oldest_lag_seconds{${local.of_pipeline}}) > ${var.sink_lag_max_seconds}"
        duration = "600s"
        severity = "WARNING"
        advice   = "BigQuery is behind the lake. `tidegate bigquery status` says what lags and which limit it waits for."
      }
      # By dataset; counts from the latest date that should be there to the latest that is, so a summer is no delay.
      "freshness" = {
        query    = "max by (dataset) (tidegate_dataset_freshness_days{${local.of_pipeline}}) > 0"
        duration = "${var.freshness_max_hours * 3600}s"
        severity = "WARNING"
        advice   = "A dataset lacks a date. `tidegate why <dataset> <date>` follows the cause down to the payload."
      }
      "nothing reports" = {
        query    = "absent(tidegate_runnable_units{${local.of_pipeline}})"
        duration = "600s"
        severity = "CRITICAL"
        advice   = "No gate and no scheduler has reported for ten minutes. `kubectl -n tidegate get pods`, then the logs of one that does not start."
      }
    },
    {
      for lane, seconds in var.waits_max_seconds : "oldest runnable unit, ${lane}" => {
        query    = "max by (processor) (tidegate_oldest_runnable_age_seconds{${local.of_pipeline},lane=\"${lane}\"}) > ${seconds}"
        duration = "300s"
        severity = "WARNING"
        advice   = "Work is ready and nobody does it: too few workers, or workers that fail. `kubectl -n tidegate get pods -l app.kubernetes.io/component=worker`, `tidegate status`."
      }
    },
  )

  channels = [for channel in google_monitoring_notification_channel.email : channel.name]
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.emails)

  project      = var.project
  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
}

resource "google_monitoring_alert_policy" "promise" {
  for_each = local.promises

  project               = var.project
  display_name          = "${var.name}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.key
    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"
      # The metric is there once the fleet has run; the policy comes before it.
      disable_metric_validation = true
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.advice
  }
}

resource "google_monitoring_alert_policy" "gates" {
  project               = var.project
  display_name          = "${var.name}: gates do not answer"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "a completion has waited for ten minutes"
    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND metadata.user_labels.purpose = \"gate\""
      comparison      = "COMPARISON_GT"
      threshold_value = 600
      duration        = "300s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Completions are published and no gate takes them. `kubectl -n tidegate get pods -l app.kubernetes.io/component=gate`."
  }
}

resource "google_monitoring_alert_policy" "database" {
  project               = var.project
  display_name          = "${var.name}: the ledger's disk fills"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = "more than four fifths are used"
    condition_threshold {
      filter          = "resource.type = \"cloudsql_database\" AND resource.labels.database_id = \"${var.project}:${var.database}\" AND metric.type = \"cloudsql.googleapis.com/database/disk/utilization\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0.8
      duration        = "900s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MEAN"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The disk grows by itself up to `disk_autoresize_limit`. A ledger of four seasons has some hundred megabytes: look at what else is in it."
  }
}

output "channels" {
  description = "The notification channels, for the budget."
  value       = local.channels
}
