//! What a person types: settings, assembly, one file a subcommand.

mod query_output;

pub use query_output::{QueryFormat, QueryOutput};
