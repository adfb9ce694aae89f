//! The engine that runs declarations. Names no pipeline, no vendor, no file format.
