# What k8s/overlays and tidegate.toml are filled in with; docs/CLOUD.md says where each goes.

output "cluster" {
  description = "The cluster, for `gcloud container clusters get-credentials`."
  value       = module.cluster.name
}

output "images" {
  description = "Where images are pushed to."
  value       = module.cluster.images
}

output "ledger_host" {
  description = "`[ledger] host`."
  value       = module.ledger.host
}

output "ledger_secret" {
  description = "The password's place in Secret Manager."
  value       = module.ledger.secret
}

output "buckets" {
  description = "`[lake]`, `[published]` and the mounted landing zone."
  value       = module.lake.names
}

output "accounts" {
  description = "E-mails of the service accounts, for Kubernetes' accounts."
  value       = module.identities.emails
}

output "dead_letter_archive" {
  description = "The table of everything that was set aside."
  value       = module.pubsub.archive
}
