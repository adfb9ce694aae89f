variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "name" {
  description = "Beginning of all names."
  type        = string
}

variable "pipeline" {
  description = "The pipeline that is watched."
  type        = string
}

variable "emails" {
  description = "Who is told."
  type        = list(string)
}

variable "database" {
  description = "Name of the ledger's instance."
  type        = string
}

variable "waits_max_seconds" {
  description = "How long a runnable unit may wait, by lane."
  type        = map(number)
  default     = { daily = 900, backfill = 21600 }
}

variable "sink_lag_max_seconds" {
  description = "How long a changed unit may be missing in BigQuery."
  type        = number
  default     = 3600
}

variable "freshness_max_hours" {
  description = "How long a dataset may lack a date that has gone by. A night's results come in by the morning."
  type        = number
  default     = 12
}
