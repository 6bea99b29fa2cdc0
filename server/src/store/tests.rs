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
    let failed = CASES.iter().filter(|(_, case)| {
        let dir = tempfile::tempdir().unwrap();
        std::panic::catch_unwind(|| case(&|| open(dir.path()))).is_err()
    });
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "conformance cases failed: {failed:?}");
}
