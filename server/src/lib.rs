//! The shell of Atalaya: what talks to the world, keeps the store and answers requests.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::float_cmp,
        reason = "tests may fail loudly"
    )
)]

pub mod clock;
pub mod http;
pub mod identity;
pub mod problem;
