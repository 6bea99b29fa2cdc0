//! What a start reads: the picture, and beside it on a second core what the newest part of the log
//! tells that no picture holds, namely which events are known already and when each feed last spoke.

use super::duplicates::{Duplicates, REMEMBERED};
use super::feeds::FeedTable;
use crate::store::{Loaded, Store, StoreError};
use atalaya_tiles::{Catalog, RingLimits};
use std::sync::Arc;

/// Reads both; the memory of duplicates is that of the picture.
pub(super) fn recall(
    store: &Store,
    catalog: &Arc<Catalog>,
    limits: RingLimits,
    feeds: &FeedTable,
) -> Result<(Loaded, Duplicates), StoreError> {
    let (loaded, told) = std::thread::scope(|scope| {
        let told = scope.spawn(|| told(store, catalog, feeds));
        let loaded = store.load(catalog, limits);
        let told = told.join();
        (
            loaded,
            told.unwrap_or_else(|e| std::panic::resume_unwind(e)),
        )
    });
    let (loaded, mut duplicates) = (loaded?, told?);
    duplicates.settle_all(&loaded.picture.view());
    Ok((loaded, duplicates))
}

fn told(
    store: &Store,
    catalog: &Arc<Catalog>,
    feeds: &FeedTable,
) -> Result<Duplicates, StoreError> {
    let mut duplicates = Duplicates::default();
    let mut reader = store.reader(Arc::clone(catalog))?;
    reader.recent_told(REMEMBERED, &mut |record| {
        feeds.note_known(&record.event, record.received_at);
        duplicates.learn(catalog, &record.event);
    })?;
    Ok(duplicates)
}
