//! A Friday night in the seed city, invented second by second.
//!
//! For the demo and for tests: patrol units on the streets of the seed basemap, calls that open, are answered and close, plate
//! hits, a street takeover that hops along 22nd Street, a march downtown, a drone, a water main break.
//!
//! Promises: the same seed, streets and span give the same reports, however a span is cut; every id begins with `sim-`; the story
//! repeats every [`CYCLE_S`] seconds with new ids and times. Refuses: to read a clock, to draw a random number that the seed does
//! not fix, and to say anything about who marches or why.
//!
//! ```text
//! roads.geojson ─▶ Streets ─▶ calls, crews ─dispatch─▶ legs ──────▶ units (on the fly)
//!                                   └──────────────▶ script of steps ─▶ every other feed
//! ```

mod alpr;
mod calls;
mod chance;
mod crews;
mod dispatch;
mod drone;
mod incidents;
mod legs;
mod march;
mod outages;
mod place;
mod roadworks;
mod route;
mod scenario;
mod script;
mod streets;
mod takeover;
#[cfg(test)]
mod tests;

pub use scenario::{CYCLE_S, Report, Scenario, shifted};
pub use streets::{Streets, StreetsError};
