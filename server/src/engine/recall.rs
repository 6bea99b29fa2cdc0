//! What a start reads: the picture, and beside it what no picture holds, namely which events are known
//! already and when each feed last spoke. Both are in the checkpoint, and what came after it is read once
//! for both. Where a checkpoint has a picture alone, the newest part of the log tells the rest on a second
//! core.

use super::duplicates::{Duplicates, REMEMBERED};
use super::feeds::FeedTable;
use crate::identity::hex;
use crate::store::{Loaded, Page, Recollection, Store, StoreError};
use atalaya_tiles::{Catalog, Event, FeatureId, LayerIx, Record, RingLimits, Seq};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

/// Records that are passed on together, and how many such batches wait at most.
const BATCH: usize = 1_024;
const BATCHES: usize = 8;

/// Records at the end of the log that a start reads though the checkpoint has them: damage is said when the
/// server starts, not when the first replay meets it.
const READ_ANYHOW: usize = 10_000;

/// The number of the page that has the feeds; those of duplicates are below it.
const FEEDS: u64 = 1 << 40;
/// How what is remembered is written. Another number makes nothing of what is there.
const FORM: &str = "1";

/// What a start has read.
pub(super) struct Recalled {
    pub(super) loaded: Loaded,
    /// The memory of the picture.
    pub(super) duplicates: Duplicates,
    /// Features that left the picture while it was read.
    pub(super) removed: Vec<(LayerIx, FeatureId)>,
    /// The checkpoint that has both; 0 if there is none, or one without memory.
    pub(super) checkpoint: Seq,
    /// The generation of the memory that the checkpoint has; 0 if it has none.
    pub(super) generation: u64,
}

/// What the log told beside the picture.
struct Told {
    duplicates: Duplicates,
    /// The checkpoint that it began with, and its generation.
    began: Option<(Seq, u64)>,
    /// Features that something was told of after it.
    features: Vec<(LayerIx, FeatureId)>,
}

/// What the memory depends on besides the log: digests have layers and fields by their place in the catalog,
/// and feeds are those that are configured.
pub(super) fn depends_on(catalog_version: &str, feeds: &FeedTable) -> String {
    let mut digest = Sha256::new();
    digest.update(FORM);
    digest.update(REMEMBERED.to_be_bytes());
    digest.update(catalog_version);
    for name in feeds.names() {
        digest.update(name.as_str());
        digest.update([0]);
    }
    hex(digest.finalize().get(..16).unwrap_or_default())
}

/// What a checkpoint is to remember after a generation.
pub(super) fn recollection(
    of: &str,
    since: u64,
    duplicates: &mut Duplicates,
    feeds: &FeedTable,
) -> Recollection {
    let (generation, mut pages) = duplicates.changed_after(since);
    pages.push(Page {
        number: FEEDS,
        bytes: feeds.to_bytes(),
    });
    Recollection {
        of: of.to_owned(),
        since,
        generation,
        pages,
    }
}

/// Reads all of it.
pub(super) fn recall(
    store: &Store,
    catalog: &Arc<Catalog>,
    limits: RingLimits,
    feeds: &FeedTable,
    of: &str,
) -> Result<Recalled, StoreError> {
    let (loaded, told) = std::thread::scope(|scope| {
        let (tell, batches) = sync_channel(BATCHES);
        let told = scope.spawn(|| told(store, catalog, feeds, of, batches));
        let loaded = store.load_and_tell(catalog, limits, &mut |batch| {
            // Nobody takes it where it is read apart.
            tell.send(Arc::clone(batch)).ok();
        });
        drop(tell);
        let told = told.join();
        let told = told.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (loaded, told)
    });
    let (mut loaded, mut told) = (loaded?, told?);
    let removed = loaded.picture.take_removed();
    let view = loaded.picture.view();
    let began = told.began.filter(|(seq, _)| *seq == loaded.checkpoint);
    if began.is_some() {
        let features = told.features.iter().chain(&removed);
        let features = features.map(|(layer, feature)| (*layer, feature));
        told.duplicates.settle_features(features, &view);
    } else {
        told.duplicates.settle_all(&view);
    }
    Ok(Recalled {
        loaded,
        duplicates: told.duplicates,
        removed,
        checkpoint: began.map_or(Seq(0), |(seq, _)| seq),
        generation: told.began.map_or(0, |(_, generation)| generation),
    })
}

/// Takes the memory from the checkpoint and completes it with what came after; without one, from the log.
fn told(
    store: &Store,
    catalog: &Arc<Catalog>,
    feeds: &FeedTable,
    of: &str,
    batches: Receiver<Arc<Vec<Record>>>,
) -> Result<Told, StoreError> {
    let kept = store.recollection(of)?.and_then(|kept| {
        let duplicates = Duplicates::restored(kept.generation, &kept.pages)?;
        let spoke = kept.pages.iter().find(|page| page.number == FEEDS)?;
        let began = (kept.seq, kept.generation);
        feeds
            .take_bytes(&spoke.bytes)
            .then_some((duplicates, began))
    });
    let Some((mut duplicates, began)) = kept else {
        let mut duplicates = Duplicates::default();
        if store.checkpoint()? == Seq(0) {
            for batch in batches {
                learn(&batch, catalog, feeds, &mut duplicates);
            }
        } else {
            drop(batches);
            read_apart(store, catalog, feeds, &mut duplicates)?;
        }
        return Ok(Told {
            duplicates,
            began: None,
            features: Vec::new(),
        });
    };
    let mut reader = store.reader(Arc::clone(catalog))?;
    reader.recent_told(READ_ANYHOW, &mut |_| {})?;
    let mut features = Vec::new();
    for batch in batches {
        // Where the picture was damaged, it is told what the memory has already.
        let after = batch.partition_point(|record| record.seq <= began.0);
        let batch = batch.get(after..).unwrap_or_default();
        learn(batch, catalog, feeds, &mut duplicates);
        features.extend(batch.iter().filter_map(|record| match &record.event {
            Event::Observed(seen) => Some((seen.layer, seen.feature.clone())),
            Event::Withdrawn { .. } | Event::Clock => None,
        }));
    }
    Ok(Told {
        duplicates,
        began: Some(began),
        features,
    })
}

fn learn(records: &[Record], catalog: &Catalog, feeds: &FeedTable, duplicates: &mut Duplicates) {
    for record in records {
        feeds.note_known(&record.event, record.received_at);
        duplicates.learn(catalog, &record.event);
    }
}

/// Reads the newest part of the log on one thread and learns on another: each takes about as long.
fn read_apart(
    store: &Store,
    catalog: &Arc<Catalog>,
    feeds: &FeedTable,
    duplicates: &mut Duplicates,
) -> Result<(), StoreError> {
    let mut reader = store.reader(Arc::clone(catalog))?;
    std::thread::scope(|scope| {
        let (told, batches) = sync_channel::<Vec<Record>>(BATCHES);
        let learned = scope.spawn(move || {
            for batch in batches {
                learn(&batch, catalog, feeds, duplicates);
            }
        });
        let mut batch = Vec::with_capacity(BATCH);
        let pass = |batch: &mut Vec<Record>| {
            // One that nobody takes is of a thread that panicked, which is told below.
            told.send(std::mem::replace(batch, Vec::with_capacity(BATCH)))
                .ok();
        };
        let read = reader.recent_told(REMEMBERED as usize, &mut |record| {
            batch.push(record);
            if batch.len() == BATCH {
                pass(&mut batch);
            }
        });
        pass(&mut batch);
        drop(told);
        let learned = learned.join();
        learned.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read
    })
}

#[cfg(test)]
mod tests;
