//! Retention of archives: a file all of whose layers are past their time is unlinked, and from one that
//! the border runs through what is past it is deleted.

use super::super::codec::instant::Instant;
use super::super::embedded::open_existing;
use super::super::error::{StoreError, io, sqlite};
use super::super::retainer::raise_horizon;
use super::{Entry, entries, folder, missing, runs};
use atalaya_tiles::Seq;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Records of a layer deleted from one archive in one call: the rest goes with the next.
const EDGE: u16 = 2_048;
/// How long a reader of the archive is waited for.
const PATIENCE: Duration = Duration::from_millis(50);

/// Drops what is past its time; returns how many records that were. `before` says from when on each
/// layer is kept, by its number; a layer that is not in it is kept. Nothing above `until` goes.
pub(crate) fn retire(
    main: &mut Connection,
    path: &Path,
    before: &BTreeMap<i64, Timestamp>,
    until: Seq,
) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for entry in entries(main).map_err(sqlite(path))? {
        if !entry.is_whole() || entry.last > until {
            continue;
        }
        let file = folder(path).join(&entry.file);
        let is_due = |id: &i64| {
            before
                .get(id)
                .is_some_and(|at| entry.last_received_at < *at)
        };
        if entry.layers.iter().all(is_due) {
            forget(main, &entry, before).map_err(sqlite(path))?;
            unlink(&file)?;
            deleted += entry.records;
        } else {
            deleted += trim(main, (path, &file), &entry, before)?;
        }
    }
    Ok(deleted)
}

/// Takes an archive out of the log's list: from then on nobody reads it.
fn forget(
    main: &mut Connection,
    entry: &Entry,
    before: &BTreeMap<i64, Timestamp>,
) -> rusqlite::Result<()> {
    let transaction = main.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("DELETE FROM archives WHERE file = ?1", [&entry.file])?;
    for id in &entry.layers {
        if let Some(at) = before.get(id) {
            raise_horizon(&transaction, *id, *at)?;
        }
    }
    transaction.commit()
}

fn unlink(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(io(file)(cause)),
        _ => Ok(()),
    }
}

/// Deletes the records of an archive that are past their time, while others are not.
fn trim(
    main: &mut Connection,
    (path, file): (&Path, &Path),
    entry: &Entry,
    before: &BTreeMap<i64, Timestamp>,
) -> Result<u64, StoreError> {
    let due = |id: &&i64| {
        before
            .get(id)
            .is_some_and(|at| entry.first_received_at < *at)
    };
    let due: Vec<i64> = entry.layers.iter().filter(due).copied().collect();
    if due.is_empty() {
        return Ok(0);
    }
    if !file.exists() {
        return Err(missing(file));
    }
    let mut archive = open_existing(file)?;
    let seqs = due_seqs(&archive, &due, before).map_err(sqlite(file))?;
    if seqs.is_empty() {
        return Ok(0);
    }
    // First the horizon, so that a crash in between leaves nobody to believe in what is gone.
    raise_horizons(main, entry, before).map_err(sqlite(path))?;
    let deleted = archive
        .busy_timeout(PATIENCE)
        .and_then(|()| archive.pragma_update(None, "secure_delete", true))
        .and_then(|()| delete(&mut archive, &seqs))
        .map_err(sqlite(file));
    match deleted {
        // Somebody reads it: later.
        Err(StoreError::Busy { .. }) => return Ok(0),
        outcome => outcome?,
    }
    let records = u64::try_from(seqs.len()).unwrap_or(u64::MAX);
    main.execute(
        "UPDATE archives SET records = records - ?2 WHERE file = ?1",
        params![entry.file, records.cast_signed()],
    )
    .map_err(sqlite(path))?;
    Ok(records)
}

/// A bounded number of the records of these layers that are past their time, the oldest first.
fn due_seqs(
    archive: &Connection,
    due: &[i64],
    before: &BTreeMap<i64, Timestamp>,
) -> rusqlite::Result<Vec<i64>> {
    let mut seqs = Vec::new();
    for layer in due {
        let mut select = archive.prepare(&runs("seq, received_at", &[*layer]))?;
        let mut rows = select.query((0, EDGE))?;
        while let Some(row) = rows.next()? {
            let received_at = row.get::<_, Instant>(1)?.0;
            if before.get(layer).is_none_or(|at| received_at >= *at) {
                break;
            }
            seqs.push(row.get(0)?);
        }
    }
    Ok(seqs)
}

fn delete(archive: &mut Connection, seqs: &[i64]) -> rusqlite::Result<()> {
    let transaction = archive.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for seq in seqs {
        transaction
            .prepare_cached("DELETE FROM log WHERE seq = ?1")?
            .execute([seq])?;
    }
    transaction.commit()
}

/// Notes in the log that the layers of an archive are whole from later on only.
fn raise_horizons(
    main: &mut Connection,
    entry: &Entry,
    before: &BTreeMap<i64, Timestamp>,
) -> rusqlite::Result<()> {
    let transaction = main.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in &entry.layers {
        if let Some(at) = before.get(id).filter(|at| entry.first_received_at < **at) {
            raise_horizon(&transaction, *id, *at)?;
        }
    }
    transaction.commit()
}
