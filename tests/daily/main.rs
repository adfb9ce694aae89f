//! Days as they come: a date before and after its games, on the real engine with everything in memory and a
//! clock that only the test moves. Nothing here waits for the machine's clock.

mod bus;
mod morning;
mod on_demand;
mod seasons;
mod taken_back;
mod world;
