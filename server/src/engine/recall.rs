//! What a start reads: the picture, and beside it on a second core what the newest part of the log
//! tells that no picture holds, namely which events are known already and when each feed last spoke.

use super::duplicates::{Duplicates, REMEMBERED};
use super::feeds::FeedTable;
use crate::store::{Loaded, Store, StoreError};
use atalaya_tiles::{Catalog, Record, RingLimits};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// Records that are passed on together, and how many such batches wait at most.
const BATCH: usize = 1_024;
const BATCHES: usize = 8;

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

/// Reads on one thread and learns on another: each takes about as long.
fn told(
    store: &Store,
    catalog: &Arc<Catalog>,
    feeds: &FeedTable,
) -> Result<Duplicates, StoreError> {
    let mut reader = store.reader(Arc::clone(catalog))?;
    std::thread::scope(|scope| {
        let (told, batches) = sync_channel::<Vec<Record>>(BATCHES);
        let learned = scope.spawn(move || {
            let mut duplicates = Duplicates::default();
            for record in batches.into_iter().flatten() {
                feeds.note_known(&record.event, record.received_at);
                duplicates.learn(catalog, &record.event);
            }
            duplicates
        });
        let mut batch = Vec::with_capacity(BATCH);
        let pass = |batch: &mut Vec<Record>| {
            // One that nobody takes is of a thread that panicked, which is told below.
            told.send(std::mem::replace(batch, Vec::with_capacity(BATCH)))
                .ok();
        };
        let read = reader.recent_told(REMEMBERED, &mut |record| {
            batch.push(record);
            if batch.len() == BATCH {
                pass(&mut batch);
            }
        });
        pass(&mut batch);
        drop(told);
        let learned = learned.join();
        let learned = learned.unwrap_or_else(|e| std::panic::resume_unwind(e));
        read.map(|()| learned)
    })
}
