//! What only the embedded store has, and the conformance cases run on it.

pub(super) mod archive;
mod archive_crash;
mod archive_files;
mod backup;
mod crash;
mod disk;
mod failing_checkpoints;
mod files;
mod retention;
mod round_trip;
pub(crate) mod sample;
mod segments;

use super::conformance::{ARCHIVED_BY_S, CASES};
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

fn conforms() {
    let failed = CASES.iter().filter(|(_, case)| {
        let dir = tempfile::tempdir().unwrap();
        std::panic::catch_unwind(|| case(&|| open(dir.path()))).is_err()
    });
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "conformance cases failed: {failed:?}");
}

#[test]
fn the_embedded_store_conforms() {
    conforms();
}

/// The same with all that was appended in archives, as far as the log has gone past it.
#[test]
fn the_embedded_store_conforms_with_archives() {
    ARCHIVED_BY_S.set(Some(7_200));
    conforms();
}
