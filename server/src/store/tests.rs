//! What only the embedded store has, and the conformance cases run on it.

mod backup;
mod crash;
mod disk;
mod files;
mod retention;
mod round_trip;
pub(crate) mod sample;

use super::conformance::CASES;
use super::{Embedded, Store, StoreOptions};
use std::path::Path;

/// Options with little reserve.
fn options() -> StoreOptions {
    StoreOptions {
        reserve_bytes: 1 << 16,
        ..StoreOptions::default()
    }
}

fn open(dir: &Path) -> Store {
    Store::Embedded(Embedded::open(dir, options()).unwrap())
}

#[test]
fn the_embedded_store_conforms() {
    for (name, case) in CASES {
        let dir = tempfile::tempdir().unwrap();
        let case = std::panic::catch_unwind(|| case(&|| open(dir.path())));
        assert!(case.is_ok(), "conformance case \"{name}\" failed");
    }
}
