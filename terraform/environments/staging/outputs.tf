output "fleet" {
  description = "What k8s/overlays and tidegate.toml are filled in with."
  value       = module.fleet
}
