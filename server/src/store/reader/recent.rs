//! The newest of what was told: found by position first, in the log and in every archive that reaches
//! far enough, and then read in order.

use super::super::archive::{Rows, entries, folder, open_named};
use super::super::codec::seq;
use super::super::error::{StoreError, sqlite};
use super::Reader;
use atalaya_tiles::{Event, Record, Seq};
use rusqlite::Connection;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

impl Reader {
    /// Visits the last observations and withdrawals, `limit` of them or all there are, the newest last,
    /// and what is appended meanwhile: what a filter of duplicates must know after a start.
    pub fn recent_told(
        &mut self,
        limit: usize,
        visit: &mut dyn FnMut(Record),
    ) -> Result<(), StoreError> {
        if limit == 0 {
            return Ok(());
        }
        let from = newest(&mut self.rows, limit);
        let from = self.damage.note(from)?;
        self.records(Seq(from.0.saturating_sub(1)), None, None, &mut |record| {
            if record.event != Event::Clock {
                visit(record);
            }
            ControlFlow::Continue(())
        })
    }
}

/// The position from which on there are so many observations and withdrawals of layers that the
/// catalog knows; 0 if there are fewer.
fn newest(rows: &mut Rows, limit: usize) -> Result<Seq, StoreError> {
    let mut archives = entries(&rows.main).map_err(sqlite(&rows.path))?;
    archives.sort_by_key(|entry| Reverse(entry.last));
    let mut newest = Newest {
        limit,
        seqs: BinaryHeap::new(),
    };
    let all = Seq(i64::MAX.cast_unsigned());
    newest.take(rows, None, all).map_err(sqlite(&rows.path))?;
    for entry in &archives {
        if newest.has_passed(entry.last) {
            break;
        }
        if let Some(archive) = open_named(&rows.main, &rows.path, &entry.file)? {
            let taken = newest.take(rows, Some(&archive), entry.moved);
            taken.map_err(sqlite(&folder(&rows.path).join(&entry.file)))?;
        }
    }
    Ok(if newest.seqs.len() < limit {
        Seq(0)
    } else {
        newest.seqs.peek().map_or(Seq(0), |oldest| oldest.0)
    })
}

/// The newest positions so far, the oldest of them on top.
struct Newest {
    limit: usize,
    seqs: BinaryHeap<Reverse<Seq>>,
}

impl Newest {
    /// Whether nothing at or before a position can be among them.
    fn has_passed(&self, last: Seq) -> bool {
        self.seqs.len() == self.limit && self.seqs.peek().is_some_and(|oldest| oldest.0 >= last)
    }

    /// Takes what is newer from the log, or from an archive, up to a position.
    fn take(
        &mut self,
        rows: &mut Rows,
        of: Option<&Connection>,
        until: Seq,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT seq, layer FROM log WHERE kind IN (0, 1) AND seq <= ?1 ORDER BY seq DESC";
        let Rows {
            main,
            codec,
            interned,
            ..
        } = rows;
        let mut select = of.unwrap_or(main).prepare(sql)?;
        let mut found = select.query([until.0.cast_signed()])?;
        while let Some(row) = found.next()? {
            let at = seq(row, 0)?;
            if self.has_passed(at) {
                break;
            }
            if codec.layer(main, interned, row.get(1)?)?.is_none() {
                continue;
            }
            if self.seqs.len() == self.limit {
                self.seqs.pop();
            }
            self.seqs.push(Reverse(at));
        }
        Ok(())
    }
}
