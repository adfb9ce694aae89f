//! What a person types: settings, assembly, one file a subcommand.
