//! Recorded files, and what is said where they, or anything else that a test needs, are not at hand. The server's own tests
//! read this file as well.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Says that this test, or a part of it, did not run, and why, past the capture of the test runner; `make` lists and
/// counts what is said so.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "skipped: {test}: {why}").expect("stderr is open");
}

/// A recorded file, or `None` and a word about it where it is absent. They lie in `ATALAYA_TEST_DATA`, or in
/// `shared/data` beside any folder above.
pub fn recorded(path: &str) -> Option<PathBuf> {
    let named = std::env::var_os("ATALAYA_TEST_DATA").map(PathBuf::from);
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let beside = || {
        let found = above.find(|folder| folder.join("shared/data").is_dir());
        found.map(|folder| folder.join("shared/data"))
    };
    let file = named.or_else(beside).map(|folder| folder.join(path));
    let found = file.filter(|file| file.exists());
    if found.is_none() {
        skipped(&format!("{path} is absent"));
    }
    found
}
