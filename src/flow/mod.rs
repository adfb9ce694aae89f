//! The vocabulary and its rules: dates, windows, cascade, readiness. Pure: no IO, no clock, no async.
