//! The rows of a checkpoint, statement by statement, within one transaction.

use super::Stand;
use crate::store::codec::instant::Instant;
use crate::store::codec::{Codec, Scratch, write_noticed, write_trail};
use crate::store::interned::Interned;
use crate::store::segments;
use crate::store::sums::{HOT, KEPT, MARKS, TOMBSTONES};
use atalaya_tiles::{FeatureId, HotFeature, LayerIx, MarkKey, Sealed, Seq, Tombstone};
use rusqlite::{Transaction, params};
use std::collections::HashMap;

const UPSERT: &str = "INSERT INTO hot (layer, seq, received_at, stale, trail, noticed, \
     feed, feature, observed_at, stale_at, expires_at, geometry, properties) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
     ON CONFLICT (layer, feature) DO UPDATE SET seq = excluded.seq, \
     received_at = excluded.received_at, stale = excluded.stale, trail = excluded.trail, \
     noticed = excluded.noticed, \
     feed = excluded.feed, observed_at = excluded.observed_at, stale_at = excluded.stale_at, \
     expires_at = excluded.expires_at, geometry = excluded.geometry, \
     properties = excluded.properties";

/// The rows of a checkpoint while it is being written.
pub(super) struct Rows<'c> {
    pub(super) transaction: &'c Transaction<'c>,
    pub(super) codec: &'c Codec,
    pub(super) interned: &'c mut Interned,
    pub(super) scratch: &'c mut Scratch,
}

impl Rows<'_> {
    fn layer(&mut self, layer: LayerIx) -> rusqlite::Result<i64> {
        self.interned.id(self.transaction, self.codec.name(layer))
    }

    pub(super) fn clear(&self) -> rusqlite::Result<()> {
        self.transaction.execute_batch(
            "DELETE FROM hot; DELETE FROM tombstones; DELETE FROM marks; DELETE FROM segments; \
             DELETE FROM kept;",
        )?;
        let emptied = [HOT, TOMBSTONES, MARKS, KEPT];
        emptied
            .iter()
            .try_for_each(|table| table.emptied(self.transaction))
    }

    pub(super) fn remove(&mut self, removed: &[(LayerIx, FeatureId)]) -> rusqlite::Result<()> {
        let mut delete = self
            .transaction
            .prepare_cached("DELETE FROM hot WHERE layer = ?1 AND feature = ?2")?;
        for (layer, id) in removed {
            delete.execute(params![self.layer(*layer)?, id.as_str()])?;
        }
        Ok(())
    }

    pub(super) fn upsert(&mut self, hot: &HotFeature) -> rusqlite::Result<()> {
        let layer = self.layer(hot.observation.layer)?;
        let feed = hot.observation.feed.as_str();
        let feed = self.interned.id(self.transaction, feed)?;
        let columns = self.codec.columns(&hot.observation, self.scratch);
        let trail = (!hot.trail.is_empty()).then(|| write_trail(&hot.trail));
        let noticed = (!hot.noticed.is_empty()).then(|| write_noticed(&hot.noticed));
        self.transaction.prepare_cached(UPSERT)?.execute(params![
            layer,
            hot.seq.0.cast_signed(),
            Instant(hot.received_at),
            hot.stale,
            trail,
            noticed,
            feed,
            hot.observation.feature.as_str(),
            columns.observed_at,
            columns.stale_at,
            columns.expires_at,
            columns.geometry,
            columns.properties,
        ])?;
        Ok(())
    }

    /// Makes the tombstones those that there are now: writes what is new and deletes what is gone.
    pub(super) fn bury(
        &mut self,
        held: &mut HashMap<(LayerIx, FeatureId), (Tombstone, u64)>,
        now: &[(LayerIx, FeatureId, Tombstone)],
        number: u64,
    ) -> rusqlite::Result<()> {
        let mut insert = self.transaction.prepare_cached(
            "INSERT OR REPLACE INTO tombstones (layer, feature, at, received_at)
             VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (layer, id, tombstone) in now {
            let before = held.insert((*layer, id.clone()), (*tombstone, number));
            if before.is_none_or(|(before, _)| before != *tombstone) {
                insert.execute(params![
                    self.layer(*layer)?,
                    id.as_str(),
                    Instant(tombstone.at),
                    Instant(tombstone.received_at),
                ])?;
            }
        }
        if held.len() == now.len() {
            return Ok(());
        }
        let mut delete = self
            .transaction
            .prepare_cached("DELETE FROM tombstones WHERE layer = ?1 AND feature = ?2")?;
        for ((layer, id), _) in held.extract_if(|_, (_, last)| *last != number) {
            delete.execute(params![self.layer(layer)?, id.as_str()])?;
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, marks: &[(LayerIx, MarkKey, Seq)]) -> rusqlite::Result<()> {
        let mut insert = self
            .transaction
            .prepare_cached("INSERT OR REPLACE INTO marks (layer, key, seq) VALUES (?1, ?2, ?3)")?;
        for (layer, key, seq) in marks {
            let layer = self.layer(*layer)?;
            insert.execute(params![
                layer,
                key.to_bits().cast_signed(),
                seq.0.cast_signed()
            ])?;
        }
        Ok(())
    }

    pub(super) fn seal(&mut self, sealed: &[Sealed]) -> rusqlite::Result<()> {
        segments::write(self.transaction, sealed, |layer| self.layer(layer))
    }

    pub(super) fn stand(&self, stand: &Stand, epoch: &str) -> rusqlite::Result<()> {
        let layers: Vec<String> = stand.layers.iter().cloned().collect();
        self.transaction.execute(
            "INSERT OR REPLACE INTO checkpoint (only, epoch, seq, clock, layers, clearances, sealed)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                epoch,
                stand.seq.0.cast_signed(),
                Instant(stand.clock),
                serde_json::Value::from(layers).to_string(),
                serde_json::Value::from(stand.clearances.clone()).to_string(),
                stand.sealed,
            ],
        )?;
        Ok(())
    }
}
