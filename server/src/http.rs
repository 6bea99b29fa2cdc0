//! The HTTP edge: who calls, what they may ask, and how they are answered.

pub mod caller;
pub mod params;
pub mod refusals;
pub mod security;
pub mod sign_in;
pub mod site;

#[cfg(test)]
mod trial;
