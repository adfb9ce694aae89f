//! One folder for each outside thing; the only rooms that know a vendor.

pub mod lake;
