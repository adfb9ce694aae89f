# One service account for each role, which only that role's pods can be: Kubernetes account `tidegate-<role>` in the
# fleet's namespace. No key of any of them exists. What each may do is said beside what it may do it to.

variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the fleet."
  type        = string
}

variable "name" {
  description = "Beginning of the accounts' names."
  type        = string
}

locals {
  roles = {
    client    = "Runs, backfills and questions from a job or a person's pod."
    gate      = "Hears completions, sends work orders, records crashed ones."
    scheduler = "Opens days, fetches what is due."
    sink      = "Keeps BigQuery equal to the lake."
    worker    = "Does the work of one date at a time."
  }

  # In the whole project, because the resource has no policy of its own: to run a load job or a query.
  project_roles = {
    "client bigquery.jobUser" = { account = "client", role = "roles/bigquery.jobUser" }
    "sink bigquery.jobUser"   = { account = "sink", role = "roles/bigquery.jobUser" }
    "client pubsub.viewer"    = { account = "client", role = "roles/pubsub.viewer" }
    "nodes container"         = { account = "nodes", role = "roles/container.defaultNodeServiceAccount" }
    "keda monitoring.viewer"  = { account = "keda", role = "roles/monitoring.viewer" }
  }

  # The collector beside each role writes its traces.
  trace_roles = { for role in keys(local.roles) : "${role} cloudtrace.agent" => { account = role, role = "roles/cloudtrace.agent" } }

  accounts = merge({ for role, account in google_service_account.role : role => account }, {
    keda  = google_service_account.keda
    nodes = google_service_account.nodes
  })
}

resource "google_service_account" "role" {
  for_each = local.roles

  project      = var.project
  account_id   = "${var.name}-${each.key}"
  display_name = "Tidegate ${each.key}"
  description  = each.value
}

resource "google_service_account" "nodes" {
  project      = var.project
  account_id   = "${var.name}-nodes"
  display_name = "Tidegate nodes"
  description  = "The machines themselves: logs, metrics, images; nothing of the fleet's data."
}

resource "google_service_account" "keda" {
  project      = var.project
  account_id   = "${var.name}-keda"
  display_name = "Tidegate KEDA"
  description  = "Reads the metric on which workers are scaled."
}

resource "google_service_account_iam_binding" "pods" {
  for_each = local.roles

  service_account_id = google_service_account.role[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  members            = ["serviceAccount:${var.project}.svc.id.goog[${var.namespace}/tidegate-${each.key}]"]
}

resource "google_service_account_iam_binding" "keda" {
  service_account_id = google_service_account.keda.name
  role               = "roles/iam.workloadIdentityUser"
  members            = ["serviceAccount:${var.project}.svc.id.goog[keda/keda-operator]"]
}

resource "google_project_iam_member" "this" {
  for_each = merge(local.project_roles, local.trace_roles)

  project = var.project
  role    = each.value.role
  member  = local.accounts[each.value.account].member
}

# `tidegate doctor` looks whether Pub/Sub's agent may do its part and what buckets keep; no ready-made role has just that.
resource "google_project_iam_custom_role" "doctor" {
  project     = var.project
  role_id     = "tidegateDoctor"
  title       = "Tidegate doctor"
  description = "Read who may publish on topics and read subscriptions, and what buckets keep."
  permissions = ["pubsub.subscriptions.getIamPolicy", "pubsub.topics.getIamPolicy", "storage.buckets.get"]
}

resource "google_project_iam_member" "doctor" {
  project = var.project
  role    = google_project_iam_custom_role.doctor.name
  member  = google_service_account.role["client"].member
}

output "members" {
  description = "Each role's account as a member of a policy."
  value       = { for role, account in google_service_account.role : role => account.member }
}

output "emails" {
  description = "Each account's e-mail, for the annotations of Kubernetes' accounts."
  value       = { for role, account in local.accounts : role => account.email }
}

output "nodes" {
  description = "The nodes' account."
  value = {
    email  = google_service_account.nodes.email
    member = google_service_account.nodes.member
  }
}
