variable "project" {
  description = "Project of this environment, and of nothing else."
  type        = string
}

variable "region" {
  description = "Region of everything: topics, buckets, database, cluster, BigQuery."
  type        = string
}

variable "billing_account" {
  description = "Billing account of the project."
  type        = string
}

variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "pipeline" {
  description = "The pipeline; terraform/topology has its topics."
  type        = string
  default     = "nba"
}

variable "namespace" {
  description = "Kubernetes namespace of the fleet, as in k8s/base."
  type        = string
  default     = "tidegate"
}

variable "emails" {
  description = "Who is told when something is wrong."
  type        = list(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "Name at least one e-mail address: an alert that nobody gets is none."
  }
}

variable "deletion_protection" {
  description = "Whether whatever holds data refuses to be deleted."
  type        = bool
}

variable "release_channel" {
  description = "How early the cluster is upgraded: RAPID, REGULAR or STABLE."
  type        = string
}

variable "ledger_tier" {
  description = "Machine of the ledger's database."
  type        = string
}

variable "ledger_highly_available" {
  description = "Whether a standby in another zone takes over."
  type        = bool
}

variable "ledger_connections_max" {
  description = "Connections that the ledger takes: processes at most, times `connections_max` of tidegate.toml, and some for people."
  type        = number
}

variable "ledger_backups_kept" {
  description = "Daily backups of the ledger that are kept."
  type        = number
}

variable "ledger_password_version" {
  description = "One more makes a new password."
  type        = number
  default     = 1
}

variable "noncurrent_days" {
  description = "Days for which an overwritten or deleted object of a bucket is kept."
  type        = number
}

variable "published_readers" {
  description = "Who may read the published documents: a website's account, or allUsers."
  type        = list(string)
  default     = []
}

variable "bigquery_readers" {
  description = "Who may read the tables in BigQuery: `group:analysts@example.com`."
  type        = list(string)
  default     = []
}

variable "budget_monthly" {
  description = "What a month may cost, in whole units of the currency."
  type        = number
}

variable "budget_currency" {
  description = "Currency of the billing account."
  type        = string
  default     = "USD"
}
