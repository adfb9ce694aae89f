# A network of the fleet's own: nodes without public addresses, Google's services reached inside, one way out for
# the fetches of a scheduler, and a peered range in which the ledger's database lives.

variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
}

variable "name" {
  description = "Beginning of all names."
  type        = string
}

variable "deletion_policy" {
  description = "PREVENT where terraform may not delete, else DELETE."
  type        = string
}

resource "google_compute_network" "this" {
  project                 = var.project
  name                    = var.name
  auto_create_subnetworks = false
  deletion_policy         = var.deletion_policy
}

resource "google_compute_subnetwork" "nodes" {
  project                  = var.project
  region                   = var.region
  name                     = "${var.name}-nodes"
  network                  = google_compute_network.this.id
  ip_cidr_range            = "10.10.0.0/20"
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.12.0.0/16"
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.11.0.0/20"
  }
}

resource "google_compute_router" "this" {
  project = var.project
  region  = var.region
  name    = var.name
  network = google_compute_network.this.id
}

resource "google_compute_router_nat" "this" {
  project                            = var.project
  region                             = var.region
  name                               = var.name
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

resource "google_compute_global_address" "services" {
  project       = var.project
  name          = "${var.name}-peered"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = "10.20.0.0"
  prefix_length = 16
  network       = google_compute_network.this.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
  # The peering cannot be taken away while a deleted database still holds it.
  deletion_policy = "ABANDON"
}

output "network" {
  description = "The network's id."
  value       = google_compute_network.this.id
}

output "subnetwork" {
  description = "The nodes' subnetwork."
  value       = google_compute_subnetwork.nodes.id
}

output "peering" {
  description = "The peered range; a database with a private address waits for it."
  value       = google_service_networking_connection.services.peering
}
