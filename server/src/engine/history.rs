//! The picture as it was at an instant: the fold of the log up to it.
//!
//! A few of the latest answers are kept, since a wall in replay asks for many tiles of one instant.

use crate::clock::monotonic;
use crate::metrics;
use crate::store::{Reader, StoreError};
use atalaya_tiles::{Catalog, LayerIx, Picture, Record, RingLimits, Seq, View};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// How many pictures of the past are kept.
const KEPT: usize = 4;
/// Records folded at a time.
const BATCH: usize = 4_096;

/// Why there is no picture of an instant.
#[derive(Debug, thiserror::Error)]
pub enum NoHistory {
    /// It lies before what is kept, or after now.
    #[error("{at} is outside what is kept: from {from}")]
    Outside {
        /// The instant asked for.
        at: Timestamp,
        /// The oldest instant there is something of, as text.
        from: String,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug)]
struct Past {
    at: Timestamp,
    layers: Vec<LayerIx>,
    view: Arc<View>,
}

/// The latest pictures of the past.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<VecDeque<Past>>);

impl Cache {
    pub(crate) fn view_at(
        &self,
        reader: &mut Reader,
        catalog: &Arc<Catalog>,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<Arc<View>, NoHistory> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(past) = kept
            .iter()
            .find(|past| past.at == at && past.layers == layers)
        {
            metrics::HISTORY_KEPT.increment(1);
            return Ok(Arc::clone(&past.view));
        }
        let started = monotonic();
        let view = picture_at(reader, catalog, at, layers)?;
        metrics::HISTORY_FOLD_SECONDS.record(started.elapsed());
        kept.push_front(Past {
            at,
            layers: layers.to_vec(),
            view: Arc::clone(&view),
        });
        if kept.len() > KEPT {
            kept.truncate(KEPT);
            metrics::EVICTED_HISTORY.increment(1);
        }
        Ok(view)
    }
}

/// The picture of some layers as it was at an instant.
pub(crate) fn picture_at(
    reader: &mut Reader,
    catalog: &Arc<Catalog>,
    at: Timestamp,
    layers: &[LayerIx],
) -> Result<Arc<View>, NoHistory> {
    let oldest = reader.oldest_received(layers)?;
    if oldest.is_none_or(|oldest| at < oldest) {
        return Err(NoHistory::Outside {
            at,
            from: oldest.map_or_else(|| "nothing".to_owned(), |oldest| oldest.to_string()),
        });
    }
    Ok(fold(reader, catalog, at, layers)?)
}

/// The fold of what was received by an instant, as far as it is kept.
pub(crate) fn fold(
    reader: &mut Reader,
    catalog: &Arc<Catalog>,
    at: Timestamp,
    layers: &[LayerIx],
) -> Result<Arc<View>, StoreError> {
    let limits = RingLimits {
        ticks: 1,
        changes: 1,
    };
    let mut picture = Picture::new(Arc::clone(catalog), limits);
    let mut batch: Vec<Record> = Vec::with_capacity(BATCH);
    reader.records(Seq(0), Some(at), Some(layers), &mut |record| {
        batch.push(record);
        if batch.len() == BATCH {
            picture.apply(&batch);
            batch.clear();
        }
        ControlFlow::Continue(())
    })?;
    picture.apply(&batch);
    Ok(picture.view())
}
