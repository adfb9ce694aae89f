# To be copied to terraform.tfvars and filled in; that file stays out of the repository.
project         = "acme-tidegate-staging"
region          = "us-east1"
billing_account = "000000-000000-000000"
emails          = ["oncall@example.com"]
