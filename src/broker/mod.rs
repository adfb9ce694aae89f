//! The embedded Pub/Sub server. Knows no processor, no date, no run.
