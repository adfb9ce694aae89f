terraform {
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }

  # A versioned bucket of its own, made by hand once: `terraform init -backend-config=bucket=...`.
  backend "gcs" {
    prefix = "tidegate/staging"
  }
}

provider "google" {
  project = var.project
  region  = var.region
  # Budgets are asked for in the name of this project.
  user_project_override = true
  billing_project       = var.project
}
