variable "project" {
  description = "Project of the fleet."
  type        = string
}

variable "region" {
  description = "Region of the database, its backups and its password."
  type        = string
}

variable "name" {
  description = "Beginning of all names."
  type        = string
}

variable "labels" {
  description = "Labels of the instance and the secret."
  type        = map(string)
}

variable "network" {
  description = "Id of the network in which the database has its address."
  type        = string
}

variable "peering" {
  description = "The network's peered range; the database waits for it."
  type        = string
}

variable "members" {
  description = "Each role's service account, as a member of a policy."
  type        = map(string)
}

variable "tier" {
  description = "Machine of the database."
  type        = string
}

variable "highly_available" {
  description = "Whether a standby in another zone takes over."
  type        = bool
}

variable "connections_max" {
  description = "Connections that the database takes."
  type        = number
}

variable "backups_kept" {
  description = "Daily backups that are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the database and its password refuse to be deleted."
  type        = bool
}

variable "password_version" {
  description = "One more makes a new password."
  type        = number
  default     = 1
}
