//! Checksums over the tables of a checkpoint, so that a start finds damage that leaves the file readable.
//!
//! Of each table, `sums` has how many rows there are and the sum of the checksums (CRC-32) of them all. Triggers of the
//! one connection that writes keep them up to date; whoever reads a whole table adds up the same, and
//! compares. What the disk turned meanwhile, rows that are lost and rows that somebody else wrote all show.

use super::codec::odd;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

/// A table, with the columns that are summed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

pub(crate) const CHECKPOINT: Table = Table {
    name: "checkpoint",
    columns: &["epoch", "seq", "clock", "layers", "clearances", "sealed"],
};
pub(crate) const NAMES: Table = Table {
    name: "names",
    columns: &["id", "name"],
};
pub(crate) const HOT: Table = Table {
    name: "hot",
    columns: &[
        "layer",
        "seq",
        "received_at",
        "stale",
        "trail",
        "noticed",
        "feed",
        "feature",
        "observed_at",
        "stale_at",
        "expires_at",
        "geometry",
        "properties",
    ],
};
pub(crate) const TOMBSTONES: Table = Table {
    name: "tombstones",
    columns: &["layer", "feature", "at", "received_at"],
};
pub(crate) const MARKS: Table = Table {
    name: "marks",
    columns: &["layer", "key", "seq"],
};
pub(crate) const KEPT: Table = Table {
    name: "kept",
    columns: &["layer", "received_from", "segments"],
};
pub(crate) const RECOLLECTION: Table = Table {
    name: "recollection",
    columns: &["of", "generation", "pages"],
};

const TABLES: [Table; 7] = [
    CHECKPOINT,
    NAMES,
    HOT,
    TOMBSTONES,
    MARKS,
    KEPT,
    RECOLLECTION,
];

impl Table {
    /// Reads all summed columns, in the order that [`Sum::add`] wants them.
    pub(crate) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.columns.join(", "), self.name)
    }

    /// Compares all rows with what the file says of them.
    pub(crate) fn check(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut sum = Sum::default();
        let mut select = connection.prepare_cached(&self.select())?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            sum.add(self, row)?;
        }
        sum.check(self, connection)
    }

    /// The table has been emptied: what was wrong with its rows is gone with them.
    pub(crate) fn emptied(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "UPDATE sums SET rows = 0, sum = 0 WHERE name = ?1";
        connection.prepare_cached(sql)?.execute([self.name])?;
        Ok(())
    }

    /// Triggers of this connection for what is added, taken out and changed.
    fn triggers(&self) -> String {
        let name = self.name;
        let digest = |of: &str| {
            let columns = self.columns.iter().map(|column| format!("{of}.{column}"));
            format!("digest({})", columns.collect::<Vec<_>>().join(", "))
        };
        let (old, new) = (digest("OLD"), digest("NEW"));
        let trigger = |when: &str, set: String| {
            format!(
                "CREATE TEMP TRIGGER {name}_{when} AFTER {when} ON main.{name} BEGIN
                 UPDATE sums SET {set} WHERE name = '{name}'; END;"
            )
        };
        [
            trigger("INSERT", format!("rows = rows + 1, sum = sum + {new}")),
            trigger("DELETE", format!("rows = rows - 1, sum = sum - {old}")),
            trigger("UPDATE", format!("sum = sum - {old} + {new}")),
        ]
        .concat()
    }
}

/// The rows of a table, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    rows: i64,
    sum: i64,
}

impl Sum {
    /// Adds a row that begins with the summed columns.
    pub(crate) fn add(&mut self, table: &Table, row: &Row<'_>) -> rusqlite::Result<()> {
        let mut crc = flate2::Crc::new();
        for column in 0..table.columns.len() {
            update(&mut crc, row.get_ref(column)?);
        }
        self.add_all(Self {
            rows: 1,
            sum: i64::from(crc.sum()),
        });
        Ok(())
    }

    /// Adds rows that somebody else has added up.
    pub(crate) fn add_all(&mut self, other: Self) {
        self.rows = self.rows.wrapping_add(other.rows);
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// An error unless that is what the file says of the table.
    pub(crate) fn check(self, table: &Table, connection: &Connection) -> rusqlite::Result<()> {
        let said = connection
            .prepare_cached("SELECT rows, sum FROM sums WHERE name = ?1")?
            .query_row([table.name], |row| {
                Ok(Self {
                    rows: row.get(0)?,
                    sum: row.get(1)?,
                })
            })
            .optional()?;
        if said == Some(self) {
            return Ok(());
        }
        let detail = format!("{} is not what its checksum is of", table.name);
        Err(odd(0, detail))
    }
}

/// A value with its type and length, so that no two rows read alike.
fn update(crc: &mut flate2::Crc, value: ValueRef<'_>) {
    let (tag, head, bytes) = match value {
        ValueRef::Null => (0, 0, &[][..]),
        ValueRef::Integer(value) => (1, value.cast_unsigned(), &[][..]),
        ValueRef::Real(value) => (2, value.to_bits(), &[][..]),
        ValueRef::Text(bytes) => (3, length(bytes), bytes),
        ValueRef::Blob(bytes) => (4, length(bytes), bytes),
    };
    crc.update(&[tag]);
    crc.update(&head.to_le_bytes());
    crc.update(bytes);
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Gives a connection the function that the sums are made with.
pub(crate) fn define(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("digest", -1, flags, |context| {
        let mut crc = flate2::Crc::new();
        for at in 0..context.len() {
            update(&mut crc, context.get_raw(at));
        }
        Ok(i64::from(crc.sum()))
    })
}

/// Has a connection keep the sums of all that it writes.
pub(crate) fn keep(connection: &Connection) -> rusqlite::Result<()> {
    define(connection)?;
    // The triggers of a connection need no room on the disk then; what is replaced counts as deleted.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.execute_batch(&TABLES.map(|table| table.triggers()).concat())
}
