# Three buckets: payloads as they landed, the lake's Parquet files, the documents for readers outside. Each keeps what
# was overwritten or deleted for a while, so that a mistake can be taken back; see docs/CLOUD.md, "The lake is lost".

variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "location" {
  description = "Location of the buckets: the cluster's region."
  type        = string
}

variable "prefix" {
  description = "Beginning of the buckets' names, which are unique in the world."
  type        = string
}

variable "labels" {
  description = "Labels of the buckets."
  type        = map(string)
}

variable "members" {
  description = "Each role's service account, as a member of a policy."
  type        = map(string)
}

variable "published_readers" {
  description = "Who else may read the published documents: a website's account, or allUsers."
  type        = list(string)
}

variable "noncurrent_days" {
  description = "Days for which an overwritten or deleted object is kept."
  type        = number
}

variable "deletion_policy" {
  description = "PREVENT where terraform may not delete, else DELETE."
  type        = string
}

locals {
  viewer = "roles/storage.objectViewer"
  user   = "roles/storage.objectUser"

  buckets = {
    # A scheduler that fetches writes; all that know the calendar read.
    landing = {
      (local.user)   = [var.members["scheduler"]]
      (local.viewer) = [var.members["client"], var.members["gate"], var.members["worker"]]
    }
    # Workers write units; a scheduler takes back the dates of a postponement, a client those of an accepted gap;
    # BigQuery's load jobs read with the sink's right.
    lake = {
      (local.user)   = [var.members["client"], var.members["scheduler"], var.members["worker"]]
      (local.viewer) = [var.members["sink"]]
    }
    # Workers publish; the status document is the scheduler's; both take back what a date no longer has, and a client
    # what an accepted gap had.
    published = {
      (local.user)   = [var.members["client"], var.members["scheduler"], var.members["worker"]]
      (local.viewer) = var.published_readers
    }
  }

  grants = merge([
    for bucket, roles in local.buckets : {
      for role, members in roles : "${bucket} ${role}" => { bucket = bucket, role = role, members = members }
      if length(members) > 0
    }
  ]...)
}

resource "google_storage_bucket" "this" {
  for_each = local.buckets

  project                     = var.project
  name                        = "${var.prefix}-${each.key}"
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = each.key == "published" && contains(var.published_readers, "allUsers") ? "inherited" : "enforced"
  force_destroy               = false
  deletion_policy             = var.deletion_policy
  labels                      = var.labels

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = var.noncurrent_days
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }
}

resource "google_storage_bucket_iam_binding" "this" {
  for_each = local.grants

  bucket  = google_storage_bucket.this[each.value.bucket].name
  role    = each.value.role
  members = each.value.members
}

output "names" {
  description = "The buckets' names: landing, lake, published."
  value       = { for name, bucket in google_storage_bucket.this : name => bucket.name }
}
