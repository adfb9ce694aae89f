//! Days as they come: a date before and after its games, on the real engine with everything in memory and a
//! clock that only the test moves. Nothing here waits for the machine's clock.

mod bus;
#[path = "../gates/held.rs"]
mod held;
mod lanes;
mod morning;
mod no_go;
mod on_demand;
mod put_off;
mod seasons;
mod taken_back;
mod world;
