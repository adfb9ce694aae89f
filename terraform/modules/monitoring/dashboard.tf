# One page: what is ready, what waits, what failed, how fast it goes, how far BigQuery is.

locals {
  charts = [
    { title = "Runnable units, by lane", queries = ["sum by (lane) (max by (lane, processor) (tidegate_runnable_units{${local.of_pipeline}}))"] },
    { title = "Oldest runnable unit, by lane (s)", queries = ["max by (lane) (tidegate_oldest_runnable_age_seconds{${local.of_pipeline}})"] },
    { title = "Open dead letters, by cause", queries = ["sum by (code) (max by (processor, code) (tidegate_dead_letters_open{${local.of_pipeline}}))"] },
    { title = "Held units, by processor", queries = ["max by (processor) (tidegate_held_units{${local.of_pipeline}})"] },
    { title = "Tasks a second, by outcome", queries = ["sum by (lane, outcome) (rate(tidegate_tasks_total{${local.of_pipeline}}[5m]))"] },
    { title = "Task duration, 95th percentile, by processor (s)", queries = ["histogram_quantile(0.95, sum by (le, processor) (rate(tidegate_task_duration_seconds_bucket{${local.of_pipeline}}[15m])))"] },
    { title = "Age of each dataset's newest date (days)", queries = ["max by (dataset) (tidegate_dataset_freshness_days{${local.of_pipeline}})"] },
    { title = "BigQuery behind the lake (units)", queries = ["sum by (dataset) (max by (dataset) (tidegate_sink_lag_units{${local.of_pipeline}}))"] },
    { title = "Publish and ack errors, lease extensions a second", queries = ["sum(rate(tidegate_publish_errors_total[5m]))", "sum(rate(tidegate_ack_errors_total[5m]))", "sum(rate(tidegate_lease_extensions_total[5m]))"] },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project
  dashboard_json = jsonencode({
    displayName = var.name
    mosaicLayout = {
      columns = 12
      tiles = [
        for at, chart in local.charts : {
          xPos   = at % 3 * 4
          yPos   = floor(at / 3) * 4
          width  = 4
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [
                for query in chart.queries : {
                  plotType        = "LINE"
                  timeSeriesQuery = { prometheusQuery = query }
                }
              ]
            }
          }
        }
      ]
    }
  })
}
