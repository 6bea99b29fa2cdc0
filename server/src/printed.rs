//! Pages in `server/docs` that are printed from a table in the code, so that they cannot differ from it.

use std::path::Path;

/// Holds a page against what its table prints; with `BLESS` in the environment the page is written first.
#[track_caller]
pub(crate) fn is_in_the_docs(page: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, printed).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == printed,
        "server/docs/{page} is out of date: run this test with BLESS=1"
    );
}
