use super::*;
use crate::store::{Embedded, StoreOptions, backup};
use std::path::PathBuf;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_reads_a_store_or_a_backup() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("city").join("data");
    let store = Embedded::open(&dir, StoreOptions::default()).unwrap();
    let copy = scratch.path().join("copy.db");
    store.backup(&copy).unwrap();
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&copy), 0o600);
    let files = std::fs::read_dir(&dir).unwrap();
    let mut found: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    found.retain(|file| file.to_string_lossy().contains(".db"));
    assert!(found.len() >= 2, "{found:?}");
    for file in found {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(store);
    // One that an earlier version left open is closed.
    let main = dir.join("main.db");
    std::fs::set_permissions(&main, Permissions::from_mode(0o644)).unwrap();
    drop(Embedded::open(&dir, StoreOptions::default()).unwrap());
    assert_eq!(mode(&main), 0o600);
}

#[test]
fn a_backup_never_goes_over_the_store_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("data");
    let store = Embedded::open(&dir, StoreOptions::default()).unwrap();
    let inside = [
        dir.join("main.db"),
        dir.join("new.db"),
        dir.join("../data/lock"),
    ];
    for file in inside {
        let refused = backup(&dir, &file).unwrap_err().to_string();
        assert!(refused.contains("inside the store"), "{refused}");
    }
    store.backup(&scratch.path().join("beside.db")).unwrap();
    assert!(!dir.join("new.db").exists());
}
