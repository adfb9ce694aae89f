//! Limits and name rules.
