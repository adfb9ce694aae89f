variable "project" {
  description = "Project of this environment, and of nothing else."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "us-east1"
}

variable "billing_account" {
  description = "Billing account of the project, as `gcloud billing accounts list` prints it."
  type        = string
}

variable "emails" {
  description = "Who is told when something is wrong."
  type        = list(string)
}
