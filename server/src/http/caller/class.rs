//! Classes of viewers: those who may see the same share what is made for one of them.

use crate::identity::hex;
use atalaya_tiles::{Catalog, Viewer};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::sync::Arc;

/// Bytes of the class that an `ETag` carries.
const CLASS_BYTES: usize = 8;

/// What two viewers share when they may see the same, in 16 hexadecimal digits. Nearly every request is
/// of a viewer who asked before, so the last one is kept.
pub(super) fn class(viewer: Viewer, catalog: &Arc<Catalog>) -> Arc<str> {
    thread_local! {
        static LAST: RefCell<Option<Classed>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some(last) if last.viewer == viewer && Arc::ptr_eq(&last.catalog, catalog) => {
            Arc::clone(&last.class)
        }
        _ => {
            let digest = Sha256::digest(viewer.class(catalog).as_bytes());
            let class: Arc<str> = hex(digest.get(..CLASS_BYTES).unwrap_or_default()).into();
            *last = Some(Classed {
                viewer,
                catalog: Arc::clone(catalog),
                class: Arc::clone(&class),
            });
            class
        }
    })
}

/// A viewer of a catalog, with their class.
struct Classed {
    viewer: Viewer,
    catalog: Arc<Catalog>,
    class: Arc<str>,
}
