# Says when a month costs more than was meant. It stops nothing: a fleet that is switched off loses days.

variable "billing_account" {
  description = "Billing account of the project."
  type        = string
}

variable "project_number" {
  description = "Number of the project."
  type        = string
}

variable "name" {
  description = "Name of the budget."
  type        = string
}

variable "monthly_units" {
  description = "What a month may cost, in whole units of the currency."
  type        = number
}

variable "currency" {
  description = "Currency of the billing account."
  type        = string
}

variable "channels" {
  description = "Notification channels."
  type        = list(string)
}

resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = var.name

  budget_filter {
    projects        = ["projects/${var.project_number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      currency_code = var.currency
      units         = tostring(var.monthly_units)
    }
  }

  threshold_rules {
    threshold_percent = 0.5
  }

  threshold_rules {
    threshold_percent = 1.0
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = var.channels
    disable_default_iam_recipients   = false
  }
}
