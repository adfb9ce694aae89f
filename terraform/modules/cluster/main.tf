# Kubernetes in Autopilot: nodes come and go with the pods, on spot machines where a pod asks for them. Workload
# identity, network policies and the drivers for buckets and secrets are part of it. Beside it the images' repository.

variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
}

variable "name" {
  description = "Name of the cluster and of the images' repository."
  type        = string
}

variable "network" {
  description = "Id of the network."
  type        = string
}

variable "subnetwork" {
  description = "Id of the nodes' subnetwork."
  type        = string
}

variable "node_account" {
  description = "E-mail of the service account of the nodes."
  type        = string
}

variable "node_member" {
  description = "The same account, as a member of a policy."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the cluster refuses to be deleted."
  type        = bool
}

variable "release_channel" {
  description = "How early the cluster is upgraded: RAPID, REGULAR or STABLE."
  type        = string
}

resource "google_container_cluster" "this" {
  project             = var.project
  location            = var.region
  name                = var.name
  enable_autopilot    = true
  network             = var.network
  subnetwork          = var.subnetwork
  deletion_protection = var.deletion_protection

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes = true
  }

  # The control plane is reached by its DNS name, with an identity that IAM lets in, from nowhere by address.
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = false
    }
  }

  cluster_autoscaling {
    auto_provisioning_defaults {
      service_account = var.node_account
      oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    }
  }

  secret_manager_config {
    enabled = true
  }

  release_channel {
    channel = var.release_channel
  }

  # Not while a day's results come in: the nights' games end before 07:00 UTC.
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-01T15:00:00Z"
      end_time   = "2026-01-01T21:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH"
    }
  }
}

resource "google_artifact_registry_repository" "images" {
  project       = var.project
  location      = var.region
  repository_id = var.name
  format        = "DOCKER"
  description   = "Images of the fleet, by digest."

  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-the-last-ten"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  cleanup_policies {
    id     = "delete-after-ninety-days"
    action = "DELETE"
    condition {
      older_than = "7776000s"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "nodes" {
  project    = var.project
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = var.node_member
}

output "name" {
  description = "The cluster's name."
  value       = google_container_cluster.this.name
}

output "images" {
  description = "Where images are pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}
