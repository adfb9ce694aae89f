//! Tidegate: an event-driven worker fleet for data that arrives by date.
//!
//! The rooms, in the order in which they may depend on one another; `docs/ARCHITECTURE.md` is the map.

pub mod flow;

pub mod domain;

pub mod pipelines;

pub mod fleet;

pub mod doctor;

pub mod adapters;

pub mod broker;

pub mod cli;
