variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "project_number" {
  description = "Its number; the name of Pub/Sub's own agent has it."
  type        = string
}

variable "region" {
  description = "Region in which messages are stored."
  type        = string
}

variable "bigquery_location" {
  description = "Location of the archive's dataset."
  type        = string
}

variable "members" {
  description = "Each role's service account, as a member of a policy: client, gate, scheduler, sink, worker."
  type        = map(string)
}

variable "deletion_policy" {
  description = "PREVENT where terraform may not delete, else DELETE."
  type        = string
}

variable "topic_retention" {
  description = "How long topics keep what was published, so that a subscription can be turned back in time."
  type        = string
  default     = "604800s"
}

variable "subscription_retention" {
  description = "How long an unanswered message is kept; the most that Pub/Sub allows."
  type        = string
  default     = "2678400s"
}

variable "topology" {
  description = "What `tidegate topology --sink` prints."
  type = object({
    pipeline = string
    topics   = list(object({ name = string }))
    subscriptions = list(object({
      name                  = string
      topic                 = string
      purpose               = string
      dataset               = string
      lane                  = optional(string)
      ack_deadline_seconds  = number
      retry_backoff_min_ms  = number
      retry_backoff_max_ms  = number
      dead_letter_topic     = optional(string)
      delivery_attempts_max = optional(number)
    }))
  })
}
